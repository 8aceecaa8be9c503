/* SPDX-License-Identifier: Apache-2.0 */
/* Texts and directories, without what stdio, strtol(3) and malloc(3) would take: insula-keeper's memory is counted. */
#ifndef RUNTIME_KEEPER_TEXT_H
#define RUNTIME_KEEPER_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Room for any number. */
#define NUMBER_SIZE 24

/* text_number - @value in decimal. Return: it, in @buffer. */
const char *text_number(char buffer[NUMBER_SIZE], uint64_t value);

/**
 * text_join - texts one behind the other
 * @to: ends with a zero
 * @size: of it; what does not fit is cut off
 * @...: the texts
 *
 * Return: the length.
 */
#define text_join(to, size, ...)                                                                   \
	text_join_all((to), (size), (const char *const[]){ __VA_ARGS__ },                          \
		sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *))
size_t text_join_all(char *to, size_t size, const char *const texts[], size_t n_texts);

/* text_take_number - the decimal number that @text begins with; 0 if it begins with none, or with one that is too
 * large. @text is left behind it. */
uint64_t text_take_number(const char **text);

/* A directory that is read. */
struct directory {
	int fd;
	size_t at, n;
	_Alignas(uint64_t) char entries[1024];
};

/* directory_next - Return: the next name, valid until the next call; NULL: there is none. */
const char *directory_next(struct directory *directory);

#endif

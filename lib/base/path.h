/* SPDX-License-Identifier: Apache-2.0 */
/* Paths as text: to compare what a configuration names, never to find a file. */
#ifndef INSULA_BASE_PATH_H
#define INSULA_BASE_PATH_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

/**
 * ins_path_clean - the shortest way to write a path, taken as starting from the root directory
 * @buffer: gets an absolute path without empty components, "." and ".."; links are not looked at
 *
 * Return: its length, or −ENAMETOOLONG.
 */
int ins_path_clean(const char *path, char *buffer, size_t size);

/* ins_path_is_below - @path is @directory or something below it; both clean. */
bool ins_path_is_below(const char *path, const char *directory);

#endif

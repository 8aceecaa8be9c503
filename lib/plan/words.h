/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line for people, put together from pieces: what describe.c says about operations, and how namespaces, flags of
 * mounts, id maps, capabilities and limits are called in it.
 */
#ifndef INSULA_PLAN_WORDS_H
#define INSULA_PLAN_WORDS_H

#include <stddef.h>
#include <stdint.h>

#include "plan/plan.h"

/* What has been written so far, and how much room there is. Begin with {.text, .size}, size above 0. */
struct ins_words {
	char *text; /* the caller's; always ends with a zero byte */
	size_t size, used;
};

/* ins_words_say - put more behind what is there, and cut what does not fit. */
void ins_words_say(struct ins_words *words, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* ins_words_say_namespaces - "pid, mount". @flags: CLONE_NEW… */
void ins_words_say_namespaces(struct ins_words *words, uint32_t flags);

/* ins_words_say_attrs - ", ro,nosuid, recursively private"; nothing if there is nothing to change. */
void ins_words_say_attrs(struct ins_words *words, const struct ins_mount_attrs *attrs);

/* ins_words_say_maps - "uid 0 is 100000, 65536 in all; uid …". @what: "uid" or "gid". */
void ins_words_say_maps(struct ins_words *words, const char *what,
	const struct ins_plan_id_map *maps, uint32_t n);

/* ins_words_say_caps - @what, then the names, or "none". @set: a bit for each number of <linux/capability.h>. */
void ins_words_say_caps(struct ins_words *words, const char *what, uint64_t set);

/* ins_words_say_limit - a value of setrlimit(2), or "unlimited". */
void ins_words_say_limit(struct ins_words *words, uint64_t value);

#endif

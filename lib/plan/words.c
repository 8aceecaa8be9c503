/* SPDX-License-Identifier: Apache-2.0 */
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "base/cleanup.h"
#include "plan/words.h"
#include "spec/names.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

void ins_words_say(struct ins_words *words, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(words->text + words->used, words->size - words->used, fmt, ap);
	va_end(ap);
	if (n > 0)
		words->used += (size_t)n;
	if (words->used >= words->size)
		words->used = words->size - 1;
}

struct bit_name {
	uint64_t bit;
	const char *name;
};

static void say_bits(struct ins_words *words, uint64_t bits, const struct bit_name *names, size_t n,
	const char *separator)
{
	const char *between = "";

	for (size_t i = 0; i < n; i++) {
		if (!names[i].bit || (bits & names[i].bit) != names[i].bit)
			continue;
		ins_words_say(words, "%s%s", between, names[i].name);
		between = separator;
	}
}

void ins_words_say_namespaces(struct ins_words *words, uint32_t flags)
{
	static const struct bit_name names[] = {
		{ CLONE_NEWUSER, "user" },
		{ CLONE_NEWPID, "pid" },
		{ CLONE_NEWNET, "network" },
		{ CLONE_NEWNS, "mount" },
		{ CLONE_NEWIPC, "ipc" },
		{ CLONE_NEWUTS, "uts" },
		{ CLONE_NEWCGROUP, "cgroup" },
		{ CLONE_NEWTIME, "time" },
	};

	say_bits(words, flags, names, ARRAY_LENGTH(names), ", ");
}

void ins_words_say_attrs(struct ins_words *words, const struct ins_mount_attrs *attrs)
{
	/* The bits of mount_setattr(2); the access time ones are a field of their own. */
	static const struct bit_name names[] = {
		{ 0x01, "ro" },
		{ 0x02, "nosuid" },
		{ 0x04, "nodev" },
		{ 0x08, "noexec" },
		{ 0x10, "noatime" },
		{ 0x20, "strictatime" },
		{ 0x80, "nodiratime" },
		{ 0x00200000, "nosymfollow" },
	};
	static const struct bit_name cleared[] = {
		{ 0x01, "rw" },
		{ 0x02, "suid" },
		{ 0x04, "dev" },
		{ 0x08, "exec" },
	};
	static const struct bit_name propagations[] = {
		{ MS_SHARED, "shared" },
		{ MS_SLAVE, "slave" },
		{ MS_PRIVATE, "private" },
		{ MS_UNBINDABLE, "unbindable" },
	};

	if (attrs->set) {
		ins_words_say(words, ", ");
		say_bits(words, attrs->set, names, ARRAY_LENGTH(names), ",");
	}
	if (attrs->clear & ~attrs->set & 0x0f) {
		ins_words_say(words, ", ");
		say_bits(words, attrs->clear & ~attrs->set, cleared, ARRAY_LENGTH(cleared), ",");
	}
	if (attrs->rec_set) {
		ins_words_say(words, ", recursively ");
		say_bits(words, attrs->rec_set, names, ARRAY_LENGTH(names), ",");
	}
	if (attrs->rec_clear & ~attrs->rec_set & 0x0f) {
		ins_words_say(words, ", recursively ");
		say_bits(words, attrs->rec_clear & ~attrs->rec_set, cleared, ARRAY_LENGTH(cleared),
			",");
	}
	if (attrs->propagation) {
		ins_words_say(words, attrs->propagation_recursive ? ", recursively " : ", ");
		say_bits(words, attrs->propagation, propagations, ARRAY_LENGTH(propagations), ",");
	}
}

void ins_words_say_maps(
	struct ins_words *words, const char *what, const struct ins_plan_id_map *maps, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		ins_words_say(words, "%s%s %u is %u, %u in all", i ? "; " : "", what,
			maps[i].container, maps[i].host, maps[i].size);
}

void ins_words_say_caps(struct ins_words *words, const char *what, uint64_t set)
{
	const char *between = "";

	ins_words_say(words, "%s", what);
	if (!set)
		ins_words_say(words, "none");
	for (int i = 0; i < 64; i++) {
		const char *name = ins_capability_name(i);

		if (!(set >> i & 1))
			continue;
		if (name)
			ins_words_say(words, "%s%s", between, name);
		else
			ins_words_say(words, "%s%d", between, i);
		between = " ";
	}
}

void ins_words_say_limit(struct ins_words *words, uint64_t value)
{
	if (value == RLIM64_INFINITY)
		ins_words_say(words, "unlimited");
	else
		ins_words_say(words, "%llu", (unsigned long long)value);
}

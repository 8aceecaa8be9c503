/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/mount.h>
#include <string.h>

#include "base/cleanup.h"
#include "mount/options.h"

/* Linux 5.14; before, mount_setattr(2) answers EINVAL. */
#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif

enum option_kind {
	OPTION_ATTRS,       /* set and clear are attributes of the mount (mount_setattr(2)) */
	OPTION_SUPER,       /* set and clear are flags of the superblock */
	OPTION_BOTH,        /* ro and rw: attribute and flag of the superblock */
	OPTION_PROPAGATION, /* set is the propagation type */
	OPTION_SWITCH,      /* sets the bool at offset; recursive: and the one behind it */
	OPTION_NOTHING,     /* names what is so anyway */
};

struct option {
	const char *name;
	enum option_kind kind;
	bool recursive;
	uint64_t set, clear;
	size_t offset;
};

/* clang-format off */
#define ATTR(name, set, clear)   { name, OPTION_ATTRS, false, set, clear, 0 }
#define RATTR(name, set, clear)  { name, OPTION_ATTRS, true, set, clear, 0 }
#define SUPER(name, set, clear)  { name, OPTION_SUPER, false, set, clear, 0 }
#define PROPAGATION(name, type)  { name, OPTION_PROPAGATION, false, type, 0, 0 }
#define RPROPAGATION(name, type) { name, OPTION_PROPAGATION, true, type, 0, 0 }
#define SWITCH(name, field)      \
	{ name, OPTION_SWITCH, false, 0, 0, offsetof(struct ins_mount_options, field) }
#define RSWITCH(name, field)     \
	{ name, OPTION_SWITCH, true, 0, 0, offsetof(struct ins_mount_options, field) }
#define NOTHING(name)            { name, OPTION_NOTHING, false, 0, 0, 0 }

/*
 * In alphabetical order: it is searched by halving.
 *
 * When files were last read is one field with three values to the kernel, and relatime is its zero.
 * What says "not this one" ("atime" is: not noatime) goes back to the default, which is relatime.
 */
static const struct option options[] = {
	SUPER("async", 0, MS_SYNCHRONOUS),
	ATTR("atime", 0, MOUNT_ATTR__ATIME),
	SWITCH("bind", bind),
	NOTHING("defaults"),
	SWITCH("dest-nofollow", destination_no_follow),
	ATTR("dev", 0, MOUNT_ATTR_NODEV),
	ATTR("diratime", 0, MOUNT_ATTR_NODIRATIME),
	SUPER("dirsync", MS_DIRSYNC, 0),
	ATTR("exec", 0, MOUNT_ATTR_NOEXEC),
	SWITCH("idmap", idmap),
	SUPER("iversion", MS_I_VERSION, 0),
	SUPER("lazytime", MS_LAZYTIME, 0),
	NOTHING("loud"),
	SUPER("mand", MS_MANDLOCK, 0),
	ATTR("noatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME),
	ATTR("nodev", MOUNT_ATTR_NODEV, 0),
	ATTR("nodiratime", MOUNT_ATTR_NODIRATIME, 0),
	ATTR("noexec", MOUNT_ATTR_NOEXEC, 0),
	SUPER("noiversion", 0, MS_I_VERSION),
	SUPER("nolazytime", 0, MS_LAZYTIME),
	SUPER("nomand", 0, MS_MANDLOCK),
	ATTR("norelatime", 0, MOUNT_ATTR__ATIME),
	ATTR("nostrictatime", 0, MOUNT_ATTR__ATIME),
	ATTR("nosuid", MOUNT_ATTR_NOSUID, 0),
	ATTR("nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, 0),
	PROPAGATION("private", MS_PRIVATE),
	RATTR("ratime", 0, MOUNT_ATTR__ATIME),
	RSWITCH("rbind", bind),
	RATTR("rdev", 0, MOUNT_ATTR_NODEV),
	RATTR("rdiratime", 0, MOUNT_ATTR_NODIRATIME),
	ATTR("relatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME),
	SWITCH("remount", remount),
	RATTR("rexec", 0, MOUNT_ATTR_NOEXEC),
	RSWITCH("ridmap", idmap),
	RATTR("rnoatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME),
	RATTR("rnodev", MOUNT_ATTR_NODEV, 0),
	RATTR("rnodiratime", MOUNT_ATTR_NODIRATIME, 0),
	RATTR("rnoexec", MOUNT_ATTR_NOEXEC, 0),
	RATTR("rnorelatime", 0, MOUNT_ATTR__ATIME),
	RATTR("rnostrictatime", 0, MOUNT_ATTR__ATIME),
	RATTR("rnosuid", MOUNT_ATTR_NOSUID, 0),
	RATTR("rnosymfollow", MOUNT_ATTR_NOSYMFOLLOW, 0),
	{ "ro", OPTION_BOTH, false, MOUNT_ATTR_RDONLY, 0, 0 },
	RPROPAGATION("rprivate", MS_PRIVATE),
	RATTR("rrelatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME),
	RATTR("rro", MOUNT_ATTR_RDONLY, 0),
	RATTR("rrw", 0, MOUNT_ATTR_RDONLY),
	RPROPAGATION("rshared", MS_SHARED),
	RPROPAGATION("rslave", MS_SLAVE),
	RATTR("rstrictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME),
	RATTR("rsuid", 0, MOUNT_ATTR_NOSUID),
	RATTR("rsymfollow", 0, MOUNT_ATTR_NOSYMFOLLOW),
	RPROPAGATION("runbindable", MS_UNBINDABLE),
	{ "rw", OPTION_BOTH, false, 0, MOUNT_ATTR_RDONLY, 0 },
	PROPAGATION("shared", MS_SHARED),
	SWITCH("silent", silent),
	PROPAGATION("slave", MS_SLAVE),
	SWITCH("src-nofollow", source_no_follow),
	ATTR("strictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME),
	ATTR("suid", 0, MOUNT_ATTR_NOSUID),
	ATTR("symfollow", 0, MOUNT_ATTR_NOSYMFOLLOW),
	SUPER("sync", MS_SYNCHRONOUS, 0),
	SWITCH("tmpcopyup", copy_up),
	PROPAGATION("unbindable", MS_UNBINDABLE),
};
/* clang-format on */

static int compare_name(const void *name, const void *option)
{
	return strcmp(name, ((const struct option *)option)->name);
}

/* The last word on a bit counts, so it leaves the other set. */
static void change(uint64_t *all_set, uint64_t *all_clear, uint64_t set, uint64_t clear)
{
	*all_set = (*all_set & ~clear) | set;
	*all_clear = (*all_clear & ~set) | clear;
}

bool ins_mount_options_apply(struct ins_mount_options *all, const char *name)
{
	const struct option *option =
		bsearch(name, options, ARRAY_LENGTH(options), sizeof(options[0]), compare_name);
	struct ins_mount_attrs *attrs = &all->attrs;
	bool *flag;

	if (!option)
		return false;
	switch (option->kind) {
	case OPTION_BOTH:
		change(&all->super_set, &all->super_clear, option->set ? MS_RDONLY : 0,
			option->clear ? MS_RDONLY : 0);
		change(&attrs->set, &attrs->clear, option->set, option->clear);
		break;
	case OPTION_ATTRS:
		if (option->recursive)
			change(&attrs->rec_set, &attrs->rec_clear, option->set, option->clear);
		else
			change(&attrs->set, &attrs->clear, option->set, option->clear);
		break;
	case OPTION_SUPER:
		change(&all->super_set, &all->super_clear, option->set, option->clear);
		break;
	case OPTION_PROPAGATION:
		attrs->propagation = option->set;
		attrs->propagation_recursive = option->recursive;
		break;
	case OPTION_SWITCH:
		flag = (bool *)((char *)all + option->offset);
		flag[0] = true;
		if (option->recursive)
			flag[1] = true;
		break;
	case OPTION_NOTHING:
		break;
	}
	return true;
}

const char *const *ins_mount_option_names(size_t *ret_n)
{
	static const char *names[ARRAY_LENGTH(options)];

	for (size_t i = 0; i < ARRAY_LENGTH(options); i++)
		names[i] = options[i].name;
	*ret_n = ARRAY_LENGTH(options);
	return names;
}

const char *ins_mount_super_word(uint64_t flag, bool set)
{
	static const struct {
		uint64_t flag;
		const char *set, *clear;
	} words[] = {
		{ MS_RDONLY, "ro", "rw" },
		{ MS_SYNCHRONOUS, "sync", "async" },
		{ MS_MANDLOCK, "mand", "nomand" },
		{ MS_DIRSYNC, "dirsync", NULL },
		{ MS_LAZYTIME, "lazytime", "nolazytime" },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
		if (words[i].flag == flag)
			return set ? words[i].set : words[i].clear;
	}
	return NULL;
}

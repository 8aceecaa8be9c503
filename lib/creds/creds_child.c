/* SPDX-License-Identifier: Apache-2.0 */
/* Session, groups, ids, capabilities: who the program is. */
#include <asm/errno.h>
#include <asm/fcntl.h>
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/keyctl.h>
#include <linux/prctl.h>
#include <linux/stat.h>

#include "init/child.h"
#include "init/text.h"
#include "sys/bare.h"

int ins_creds_setsid_op(struct ins_child *child, const struct ins_op *op)
{
	(void)child;
	(void)op;
	return (int)ins_sys(setsid);
}

/*
 * A session keyring of its own keeps the program from the keys of whoever called the runtime. It has
 * no name: one with a name is joined if there is one that lets itself be found, and any guest that
 * knows the name could have laid it ready (keyctl(2), KEYCTL_JOIN_SESSION_KEYRING).
 */
int ins_creds_keyring_op(struct ins_child *child, const struct ins_op *op)
{
	long result = ins_sys(keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL, 0, 0, 0);

	(void)op;
	/* A kernel without keys has none to hide. */
	if (result >= 0 || result == -ENOSYS)
		return 0;
	if (result == -EDQUOT)
		return ins_child_detail(child,
			"the user has no keys left (kernel.keys.maxkeys, maxbytes); "
			"--no-new-keyring does without",
			-EDQUOT);
	return (int)result;
}

int ins_creds_no_new_privs_op(struct ins_child *child, const struct ins_op *op)
{
	(void)child;
	(void)op;
	return (int)ins_sys(prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/* Takes effect with the execve. The file is the kernel's own, whatever lies over the guest's /proc
 * (CVE-2019-16884, CVE-2023-28642). */
int ins_creds_lsm_label_op(struct ins_child *child, const struct ins_op *op)
{
	char path[64] = "thread-self/";
	long result = ins_text_append(path, sizeof(path), op->text.file);

	if (result < 0)
		return (int)result;
	result = ins_child_proc_write(child, path, op->text.text);
	if (result == -ENOENT)
		return ins_child_detail(child, "there is no such profile", -ENOENT);
	return (int)result;
}

int ins_creds_bounding_op(struct ins_child *child, const struct ins_op *op)
{
	for (int i = 0; i < 64; i++) {
		long result;

		if (op->caps.bounding >> i & 1)
			continue;
		result = ins_sys(prctl, PR_CAPBSET_DROP, i, 0, 0, 0);
		/* Past the last that this kernel knows. */
		if (result == -EINVAL)
			return 0;
		if (result == -EPERM && ins_sys(prctl, PR_CAPBSET_READ, i, 0, 0, 0) == 0)
			continue;
		if (result < 0)
			return ins_child_detail(child, "dropping takes CAP_SETPCAP", (int)result);
	}
	return 0;
}

/* A user namespace whose map an ordinary user wrote forbids setgroups(2) for good. */
static bool setgroups_is_denied(struct ins_child *child)
{
	char text[8] = "";
	long fd = ins_sys(
		openat, child->slots[INS_SLOT_PROC], "self/setgroups", O_RDONLY | O_CLOEXEC, 0);

	if (fd < 0)
		return false;
	(void)ins_sys(read, fd, text, sizeof(text) - 1);
	(void)ins_sys(close, fd);
	return ins_text_starts(text, "deny");
}

static int set_groups(struct ins_child *child, const struct ins_op *op)
{
	long result = ins_sys(setgroups, op->ids.n_groups, op->ids.groups);

	if (result == -EPERM && setgroups_is_denied(child)) {
		/* Then there are none to add, and none that could be given up. */
		if (!op->ids.n_groups)
			return 0;
		return ins_child_detail(child,
			"setgroups is denied in this user namespace, whose map an ordinary user "
			"wrote",
			-EPERM);
	}
	if (result == -EINVAL)
		return ins_child_detail(child,
			"a supplementary group is not mapped in the user namespace", -EINVAL);
	return result < 0 ? ins_child_detail(child, "setgroups", (int)result) : 0;
}

int ins_creds_ids_op(struct ins_child *child, const struct ins_op *op)
{
	long result;

	/* What the program may keep is set afterwards, by CAPS, from what is permitted now. */
	result = ins_sys(prctl, PR_SET_KEEPCAPS, 1, 0, 0, 0);
	if (result < 0)
		return ins_child_detail(child, "keep the capabilities", (int)result);
	if (!op->ids.keep_groups) {
		result = set_groups(child, op);
		if (result < 0)
			return (int)result;
	}
	result = ins_sys(setresgid, op->ids.gid, op->ids.gid, op->ids.gid);
	if (result < 0)
		return ins_child_detail(child,
			result == -EINVAL ? "the gid is not mapped in the user namespace"
					  : "setresgid",
			(int)result);
	result = ins_sys(setresuid, op->ids.uid, op->ids.uid, op->ids.uid);
	if (result < 0)
		return ins_child_detail(child,
			result == -EINVAL ? "the uid is not mapped in the user namespace"
					  : "setresuid",
			(int)result);
	return 0;
}

int ins_creds_caps_op(struct ins_child *child, const struct ins_op *op)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {
		{ (uint32_t)op->caps.effective, (uint32_t)op->caps.permitted,
			(uint32_t)op->caps.inheritable },
		{ (uint32_t)(op->caps.effective >> 32), (uint32_t)(op->caps.permitted >> 32),
			(uint32_t)(op->caps.inheritable >> 32) },
	};
	long result;

	/* init itself came through its execve with ambient capabilities. */
	result = ins_sys(prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (result < 0)
		return ins_child_detail(child, "clear the ambient set", (int)result);
	result = ins_sys(capset, &header, data);
	if (result < 0)
		return ins_child_detail(child, "capset", (int)result);
	for (int i = 0; i < 64; i++) {
		if (!(op->caps.ambient >> i & 1))
			continue;
		result = ins_sys(prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0);
		if (result < 0)
			return ins_child_detail(child, "raise an ambient capability", (int)result);
	}
	return 0;
}

/* Before the root may become read-only. Other runtimes make it too, and images count on that. */
int ins_creds_cwd_make_op(struct ins_child *child, const struct ins_op *op)
{
	int fd = ins_child_make(child, op->path, S_IFDIR);

	if (fd < 0)
		return fd;
	(void)ins_sys(close, fd);
	return 0;
}

/*
 * Tried twice: as root, who gets into directories that the program's user may not enter, and if
 * root is refused (a network filesystem, FUSE) as that user. The path is resolved below the root
 * and never through a magic link, so that no fd of ours can serve as a way out; that the place is
 * inside the root is looked at nevertheless (CVE-2024-21626).
 */
int ins_creds_cwd_op(struct ins_child *child, const struct ins_op *op)
{
	char place[4096];
	long result;
	int fd;

	if (child->in_cwd)
		return 0;
	fd = ins_child_open(child, op->path, O_PATH | O_DIRECTORY);
	result = fd < 0 ? fd : ins_sys(fchdir, fd);
	if (fd >= 0)
		(void)ins_sys(close, fd);
	if (result == -EACCES && op->cwd.may_fail)
		return 0;
	if (result < 0)
		return (int)result;
	result = ins_sys(getcwd, place, sizeof(place));
	if (result < 0)
		return ins_child_detail(child, "getcwd", (int)result);
	if (place[0] != '/')
		return ins_child_detail(child, "it is outside of the root", -EXDEV);
	child->in_cwd = true;
	return 0;
}

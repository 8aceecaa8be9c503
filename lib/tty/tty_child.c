/* SPDX-License-Identifier: Apache-2.0 */
/* The program's terminal: made inside, by the container's own devpts; its master goes outside. */
#include <asm/errno.h>
#include <asm/fcntl.h>
#include <asm/ioctls.h>
#include <asm/statfs.h>
#include <asm/termbits.h>
#include <asm/termios.h>
#include <linux/fcntl.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/stat.h>

#include "init/child.h"
#include "init/text.h"
#include "sys/bare.h"

/* Whatever the image holds at this place, only a devpts makes terminals (CVE-2025-52565). */
static int open_master(struct ins_child *child)
{
	struct statfs fs;
	int fd = ins_child_open_strict(child, "/dev/pts/ptmx", O_RDWR | O_NOCTTY);
	long result;

	if (fd == -ENOSPC)
		return ins_child_detail(child,
			"all terminals are in use: of its devpts (max=), or of the host "
			"(kernel.pty.max)",
			fd);
	if (fd < 0)
		return ins_child_detail(child, "a terminal needs a devpts mounted on /dev/pts", fd);
	result = ins_sys(fstatfs, fd, &fs);
	if (result == 0 && fs.f_type == DEVPTS_SUPER_MAGIC)
		return fd;
	(void)ins_sys(close, fd);
	return ins_child_detail(
		child, "/dev/pts is not a devpts", result < 0 ? (int)result : -ENODEV);
}

/* The slave by its master, and not by a name that could lead elsewhere. Linux 4.13. */
static int open_slave(int master)
{
	int unlocked = 0;
	long result = ins_sys(ioctl, master, TIOCSPTLCK, &unlocked);

	if (result == 0)
		result = ins_sys(ioctl, master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	return (int)result;
}

/* Output without carriage returns: that is the caller's terminal's business. And it belongs to the
 * program's user, who could not open it by its name else. */
static int set_up(int slave, const struct ins_op *op)
{
	struct winsize size = { .ws_row = op->console.height, .ws_col = op->console.width };
	struct termios settings;
	long result = ins_sys(ioctl, slave, TCGETS, &settings);

	settings.c_oflag &= ~ONLCR;
	if (result == 0)
		result = ins_sys(ioctl, slave, TCSETS, &settings);
	if (result == 0 && op->console.has_size)
		result = ins_sys(ioctl, slave, TIOCSWINSZ, &size);
	if (result == 0)
		result = ins_sys(fchown, slave, op->console.uid, -1);
	return (int)result;
}

/* /dev/console: the slave itself, by its fd, on a file that is no link. */
static int bind_console(struct ins_child *child, int slave)
{
	int target = ins_child_open_strict(child, "/dev/console", O_PATH | O_NOFOLLOW);
	long tree, result;

	if (target == -ENOENT)
		target = ins_child_make(child, "/dev/console", S_IFREG);
	if (target < 0)
		return target;
	tree = ins_sys(open_tree, slave, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	result = tree;
	if (tree >= 0) {
		result = ins_sys(move_mount, tree, "", target, "",
			MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
		(void)ins_sys(close, tree);
	}
	(void)ins_sys(close, target);
	return (int)result;
}

/* The session has no terminal yet (SETSID); this becomes its own, and the program's stdio. */
static int take(int slave)
{
	long result = ins_sys(ioctl, slave, TIOCSCTTY, 0);

	for (int fd = 0; fd < 3 && result >= 0; fd++)
		result = ins_sys(dup3, slave, fd, 0);
	return result < 0 ? (int)result : 0;
}

static int hand_over(struct ins_child *child, int master)
{
	struct ins_message message = { .type = INS_MESSAGE_CONSOLE };

	return ins_child_send(child, &message, master);
}

int ins_tty_console_op(struct ins_child *child, const struct ins_op *op)
{
	int master, slave, result;

	master = open_master(child);
	if (master < 0)
		return master;
	slave = open_slave(master);
	if (slave < 0) {
		(void)ins_sys(close, master);
		return ins_child_detail(child, "open the terminal's other side", slave);
	}
	result = set_up(slave, op);
	if (result < 0)
		(void)ins_child_detail(child, "set it up", 0);
	if (result == 0)
		result = hand_over(child, master);
	if (result == 0 && op->console.bind_console) {
		result = bind_console(child, slave);
		if (result < 0)
			(void)ins_child_detail(child, "mount it on /dev/console", 0);
	}
	if (result == 0)
		result = take(slave);
	(void)ins_sys(close, master);
	(void)ins_sys(close, slave);
	return result;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "net/forwarding.h"

#define FORWARD4 "/proc/sys/net/ipv4/ip_forward"
#define FORWARD6 "/proc/sys/net/ipv6/conf/all/forwarding"
#define SETTINGS "/proc/sys/net/ipv6/conf"

static bool has_text(int dir, const char *path, const char *text)
{
	char found[16] = "";
	cleanup_fd int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);

	return fd >= 0 && read(fd, found, sizeof(found) - 1) > 0 &&
	       strncmp(found, text, strlen(text)) == 0;
}

static int write_text(int dir, const char *path, const char *text)
{
	cleanup_fd int fd = openat(dir, path, O_WRONLY | O_CLOEXEC);

	return fd < 0 || write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

/* A host that forwards no longer takes router advertisements, unless it is told to with this. What is still to come
 * keeps what it was to have: it may be a guest's of others. */
static void keep_advertisements(void)
{
	cleanup_dir DIR *dir = opendir(SETTINGS);
	const struct dirent *entry;
	char path[512];

	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "%s/accept_ra", entry->d_name);
		if (strcmp(entry->d_name, "default") != 0 && has_text(dirfd(dir), path, "1"))
			(void)write_text(dirfd(dir), path, "2");
	}
}

/* Without IPv6 there is no such file. */
int ins_net_distrust(const char *interface, struct ins_error *err)
{
	char path[sizeof(SETTINGS "//accept_ra") + IFNAMSIZ];
	int r;

	snprintf(path, sizeof(path), SETTINGS "/%s/accept_ra", interface);
	r = write_text(AT_FDCWD, path, "0");
	return r == 0 || r == -ENOENT ? 0 : ins_error_set(err, -r, "write %s", path);
}

int ins_net_forward(struct ins_run *run, bool ipv4, bool ipv6, struct ins_error *err)
{
	bool is_off4 = ipv4 && has_text(AT_FDCWD, FORWARD4, "0");
	bool is_off6 = ipv6 && has_text(AT_FDCWD, FORWARD6, "0");
	int r = is_off4 ? write_text(AT_FDCWD, FORWARD4, "1") : 0;
	char words[160];

	if (!is_off4 && !is_off6)
		return 0;
	if (r == 0 && is_off6) {
		keep_advertisements();
		r = write_text(AT_FDCWD, FORWARD6, "1");
	}
	if (r < 0)
		return ins_error_set(err, -r, "let the host forward packets (%s)",
			is_off6 ? FORWARD6 : FORWARD4);
	snprintf(words, sizeof(words),
		"the host forwards packets from now on%s%s: net routed needs it",
		is_off4 ? ", net.ipv4.ip_forward = 1" : "",
		is_off6 ? ", net.ipv6.conf.all.forwarding = 1" : "");
	ins_run_warn(run, words);
	return 0;
}

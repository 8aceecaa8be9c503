/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "net/net.h"
#include "partition/bundle_directory.h"
#include "partition/files.h"
#include "partition/groups.h"
#include "partition/network.h"

/* --- records --------------------------------------------------------------------------------------------- */

struct member {
	char *name, *record; /* owned; the rest are the record's words */
	const char *hostname, *ipv4, *ipv6;
	size_t n_groups;
	const char *groups[INS_NETWORK_GROUPS];
};

struct members {
	size_t n;
	struct member *v;
};

static void clear_member(struct member *member)
{
	free(member->name);
	free(member->record);
}

static void clear_members(struct members *members)
{
	for (size_t i = 0; i < members->n; i++)
		clear_member(&members->v[i]);
	free(members->v);
}

static void split_record(struct member *member)
{
	char *at = member->record;

	member->hostname = strsep(&at, " ");
	member->ipv4 = strsep(&at, " ");
	member->ipv6 = strsep(&at, " ");
	while (at && member->n_groups < INS_NETWORK_GROUPS)
		member->groups[member->n_groups++] = strsep(&at, " ");
}

/* Return: 0, −ENOENT (it is in no group), −errno. @ret_member: to be cleared. */
static int load_member(int dir, const char *name, struct member *ret_member)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(dir, name, target, sizeof(target) - 1);
	struct member member = { 0 };

	if (n < 0)
		return -errno;
	target[n] = '\0';
	member.name = strdup(name);
	member.record = strdup(target);
	if (!member.name || !member.record) {
		clear_member(&member);
		return -ENOMEM;
	}
	split_record(&member);
	*ret_member = member;
	return 0;
}

static int compare_members(const void *a, const void *b)
{
	return strcmp(((const struct member *)a)->name, ((const struct member *)b)->name);
}

static int load_members(int dir, struct members *members)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	cleanup_dir DIR *entries = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!entries) {
		r = -errno;
		ins_close(fd);
	}
	while (r == 0 && (errno = 0, entry = readdir(entries))) {
		struct member *grown;

		if (entry->d_name[0] == '.')
			continue;
		grown = reallocarray(members->v, members->n + 1, sizeof(*members->v));
		if (!grown)
			return -ENOMEM;
		members->v = grown;
		r = load_member(dir, entry->d_name, &grown[members->n]);
		members->n += r == 0;
	}
	if (r == 0)
		r = -errno;
	if (r == 0 && members->n > 1)
		qsort(members->v, members->n, sizeof(*members->v), compare_members);
	return r;
}

static bool shares_group(const struct member *a, const struct member *b)
{
	for (size_t i = 0; i < a->n_groups; i++) {
		for (size_t k = 0; k < b->n_groups; k++) {
			if (!strcmp(a->groups[i], b->groups[k]))
				return true;
		}
	}
	return false;
}

/* --- hosts ----------------------------------------------------------------------------------------------- */

/*
 * In place: the guest has this very file mounted. Where the new text is shorter, empty lines cover the rest of
 * the old one before that is cut off, so that at no moment half a line stands there.
 */
static int overwrite(int fd, const char *text, size_t size)
{
	cleanup_free char *padded = NULL;
	struct stat s;
	size_t whole;
	ssize_t n;

	if (fstat(fd, &s) < 0)
		return -errno;
	whole = (size_t)s.st_size > size ? (size_t)s.st_size : size;
	padded = malloc(whole);
	if (!padded)
		return -ENOMEM;
	memset(padded, '\n', whole);
	memcpy(padded, text, size);
	n = pwrite(fd, padded, whole, 0);
	if (n != (ssize_t)whole)
		return n < 0 ? -errno : -ENOSPC;
	return ftruncate(fd, (off_t)size) < 0 ? -errno : 0;
}

/* Names that stand for something else everywhere: whoever is called so is found by his address. */
static bool is_reserved(const char *name)
{
	uint8_t address[16];

	return !strcasecmp(name, "localhost") || !strncasecmp(name, "ip6-", strlen("ip6-")) ||
	       inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1;
}

static int hosts_text(const struct members *members, const struct member *member, char **ret_text,
	size_t *ret_size)
{
	FILE *out = open_memstream(ret_text, ret_size);

	if (!out)
		return -ENOMEM;
	ins_hosts_begin(out, member->ipv4, member->hostname);
	for (size_t i = 0; i < members->n; i++) {
		const struct member *other = &members->v[i];

		if (other != member && shares_group(other, member) && !is_reserved(other->name))
			fprintf(out, "%s %s\n%s %s\n", other->ipv4, other->name, other->ipv6,
				other->name);
	}
	return fclose(out) == 0 ? 0 : -ENOMEM;
}

static int rewrite_hosts(const struct ins_context *context, const struct members *members,
	const struct member *member, struct ins_error *err)
{
	cleanup_free char *text = NULL;
	cleanup_fd int fd = -1;
	char path[PATH_MAX];
	size_t size = 0;
	int r = ins_bundle_directory_path(context, member->name, "hosts", path, sizeof(path), err);

	if (r < 0)
		return r;
	fd = open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	/* Whoever has removed it is about to leave the groups. */
	if (fd < 0 && errno == ENOENT)
		return 0;
	r = fd < 0 ? -errno : hosts_text(members, member, &text, &size);
	if (r == 0)
		r = overwrite(fd, text, size);
	return r < 0 ? ins_error_set(err, -r, "write %s", path) : 0;
}

static int rewrite_all(int dir, const struct ins_context *context, const struct member *before,
	const struct member *after, struct ins_error *err)
{
	cleanup_with(clear_members) struct members members = { 0 };
	int r = load_members(dir, &members);

	if (r < 0)
		return ins_error_set(err, -r, "read the groups of partitions");
	for (size_t i = 0; i < members.n; i++) {
		const struct member *member = &members.v[i];
		int one = 0;

		if (shares_group(member, before) || shares_group(member, after) ||
			(after->name && !strcmp(member->name, after->name)))
			one = rewrite_hosts(context, &members, member, err);
		if (r == 0)
			r = one;
	}
	return r;
}

/* --- joining and leaving --------------------------------------------------------------------------------- */

static int open_locked(const char *state_directory, bool make, int *ret_dir, struct ins_error *err)
{
	char path[PATH_MAX];
	cleanup_fd int dir = -1;

	snprintf(path, sizeof(path), "%s/" INS_GROUPS_DIRECTORY, state_directory);
	if (make && ((mkdir(state_directory, 0700) < 0 && errno != EEXIST) ||
			    (mkdir(path, 0700) < 0 && errno != EEXIST)))
		return ins_error_set(err, errno, "make %s", path);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0 && errno == ENOENT)
		return -ENOENT;
	if (dir < 0 || flock(dir, LOCK_EX) < 0)
		return ins_error_set(err, errno, "lock %s", path);
	*ret_dir = TAKE_FD(dir);
	return 0;
}

/* @record: NULL: it leaves. */
static int change(int dir, const struct ins_context *context, const char *name, const char *record,
	struct ins_error *err)
{
	cleanup_with(clear_member) struct member before = { 0 }, after = { 0 };
	int r = load_member(dir, name, &before);

	if (r < 0 && r != -ENOENT)
		return ins_error_set(err, -r, "read the groups of partition %s", name);
	if ((r == 0 && unlinkat(dir, name, 0) < 0) || (record && symlinkat(record, dir, name) < 0))
		return ins_error_set(err, errno, "change the groups of partition %s", name);
	r = record ? load_member(dir, name, &after) : 0;
	if (r < 0)
		return ins_error_set(err, -r, "read the groups of partition %s", name);
	return rewrite_all(dir, context, &before, &after, err);
}

static int make_record(const struct ins_partition *partition, const struct ins_network *network,
	const struct ins_definition *definition, char *record, size_t size, struct ins_error *err)
{
	const char *hostname = ins_definition_get(definition, INS_SETTING_HOSTNAME);
	struct ins_network_addresses addresses;
	int n, r = ins_network_address(network, &addresses, err);

	if (r < 0)
		return r;
	n = snprintf(record, size, "%s %s %s", hostname ? hostname : partition->name,
		addresses.ipv4, addresses.ipv6);
	for (size_t i = 0; i < network->groups.n; i++)
		n += snprintf(record + n, size - (size_t)n, " %s", network->groups.v[i]);
	return 0;
}

/* Does anybody know of it? */
static bool has_record(const char *state_directory, const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/" INS_GROUPS_DIRECTORY "/%s", state_directory, name);
	return faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int ins_groups_join(const struct ins_partition *partition, const struct ins_definition *definition,
	struct ins_error *err)
{
	const char *state_directory = partition->context->root;
	cleanup_fd int dir = -1;
	struct ins_network network;
	char record[PATH_MAX];
	int r;

	if (!ins_partition_network(definition, partition->state.number, &network) ||
		(network.groups.n == 0 && !has_record(state_directory, partition->name)))
		return 0;
	r = make_record(partition, &network, definition, record, sizeof(record), err);
	if (r == 0)
		r = open_locked(state_directory, true, &dir, err);
	return r < 0 ? r : change(dir, partition->context, partition->name, record, err);
}

int ins_groups_leave(const struct ins_context *context, const char *name, struct ins_error *err)
{
	cleanup_fd int dir = -1;
	int r;

	if (!has_record(context->root, name))
		return 0;
	r = open_locked(context->root, false, &dir, err);
	return r < 0 ? r : change(dir, context, name, NULL, err);
}

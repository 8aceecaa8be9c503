/* SPDX-License-Identifier: Apache-2.0 */
/* What is left on the host of networks whose partitions are gone. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/number.h"
#include "net/net.h"
#include "net/table.h"
#include "partition/gc.h"
#include "partition/network.h"
#include "partition/number.h"

/* All that a library has given out, whether their partitions run or not: what stops gives its network back itself.
 * @numbers: its directory, which is closed here, or −1 with errno set. */
static int read_numbers(int numbers, bool is_live[], struct ins_error *err)
{
	cleanup_dir DIR *dir = numbers < 0 ? NULL : fdopendir(numbers);
	struct dirent *entry;

	if (!dir) {
		ins_close(numbers);
		return ins_error_set(err, errno, "read the numbers of partitions");
	}
	while (errno = 0, entry = readdir(dir)) {
		uint64_t number;

		if (ins_number_u64(entry->d_name, 0, INS_NUMBERS - 1, &number) == 0)
			is_live[number] = true;
	}
	return errno ? ins_error_set(err, errno, "read the numbers of partitions") : 0;
}

/* Of all libraries of the host: what is another one's is no leftover. */
static int read_all_numbers(const struct ins_claims *claims, bool is_live[], struct ins_error *err)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
	int r = read_numbers(openat(claims->library->numbers, ".", flags), is_live, err), usual;

	if (r == 0)
		r = ins_claims_read(claims, is_live, err);
	usual = open(INS_LIBRARY_USUAL "/numbers", flags);
	if (r < 0 || (usual < 0 && errno == ENOENT)) {
		ins_close(usual);
		return r;
	}
	return read_numbers(usual, is_live, err);
}

/* The claims are locked until it is done: nobody gets a number of which something is being taken away. */
static int sweep(struct ins_gc *gc, unsigned int *ret_removed, struct ins_error *err)
{
	cleanup_claims struct ins_claims claims = INS_CLAIMS_CLOSED;
	bool is_live[INS_NUMBERS] = { false };
	uint32_t numbers[INS_NUMBERS];
	size_t n = 0;
	int r = ins_claims_open(&gc->library, &claims, err);

	/* Who cannot lock them has never had a network, and cannot know whose they are. */
	if (r == 0 && claims.dir < 0)
		return 0;
	if (r == 0)
		r = read_all_numbers(&claims, is_live, err);
	if (r == 0)
		ins_network_wait(is_live, INS_NUMBERS);
	for (uint32_t i = 0; i < INS_NUMBERS; i++) {
		if (is_live[i])
			numbers[n++] = i;
	}
	return r < 0 ? r : ins_network_sweep(numbers, n, ret_removed, err);
}

int ins_partition_remove_end(struct ins_context *context, struct ins_error *err)
{
	cleanup_library struct ins_library library = INS_LIBRARY_CLOSED;
	bool is_live[INS_NUMBERS] = { false };
	int r = ins_library_open(context->library, false, &library, err);

	/* There is nobody whom it could be of. */
	if (r == -ENOENT)
		return 0;
	if (r == 0) {
		cleanup_claims struct ins_claims claims = INS_CLAIMS_CLOSED;

		r = ins_claims_open(&library, &claims, err);
		if (r == 0 && claims.dir < 0)
			return 0;
		if (r == 0)
			r = read_all_numbers(&claims, is_live, err);
	}
	if (r == 0)
		ins_network_wait(is_live, INS_NUMBERS);
	return r;
}

/* What a killed start has in the table, a port for one, nobody else can have. */
static int remove_elements(struct ins_gc *gc, int dir, const char *name, struct ins_error *err)
{
	uint64_t number;
	int r = ins_number_u64(name, 0, INS_NUMBERS - 1, &number);

	(void)gc;
	(void)dir;
	return r < 0 ? ins_error_set(err, -r, "read the number %s", name)
		     : ins_network_release((uint32_t)number, err);
}

static void release_those_away(struct ins_gc *gc)
{
	int fd = openat(gc->library.numbers, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	enum ins_net_table table = INS_NET_TABLE_WITHOUT;
	struct ins_error ignored = { 0 };
	struct dirent *entry;

	if (!dir)
		ins_close(fd);
	while (dir && table != INS_NET_TABLE_MISSING && (entry = readdir(dir))) {
		char owner[NAME_MAX + 1];
		cleanup_fd int lock = -1;
		uint64_t number;

		if (ins_number_u64(entry->d_name, 0, INS_NUMBERS - 1, &number) < 0 ||
			ins_number_owner(dirfd(dir), (uint32_t)number, owner, sizeof(owner), NULL) <
				0 ||
			!ins_gc_is_away(gc, owner, &lock))
			continue;
		/* A kernel without nftables has no networks either. */
		if (ins_net_table_look((uint32_t)number, &table, &ignored) < 0)
			return;
		if (table == INS_NET_TABLE_WITH)
			ins_gc_take(gc, "network", "", -1, entry->d_name, remove_elements);
	}
}

/* --- what runs without its rules -------------------------------------------------------------------------- */

static int restore(struct ins_gc *gc, int dir, const char *name, struct ins_error *err)
{
	cleanup_partition struct ins_partition partition = INS_PARTITION_CLOSED;
	struct ins_network network;
	int r = ins_partition_open(gc->context, name, INS_PARTITION_CHANGE, &partition, err);

	(void)dir;
	if (r < 0 ||
		!ins_partition_network(&partition.definition, partition.state.number, &network))
		return r;
	return ins_network_change(&network, err);
}

/* A firewall that begins with `flush ruleset` takes our table along, and the next start makes one that has nothing of
 * those that run. */
static bool lacks_rules(struct ins_gc *gc, const char *name)
{
	cleanup_partition struct ins_partition partition = INS_PARTITION_CLOSED;
	struct ins_error ignored = { 0 };
	enum ins_net_table table;
	struct ins_network network;
	enum ins_status status;

	if (ins_partition_open(gc->context, name, INS_PARTITION_LOOK, &partition, &ignored) < 0 ||
		ins_partition_status(&partition, &status, NULL, &ignored) < 0 ||
		(status != INS_STATUS_RUNNING && status != INS_STATUS_PAUSED) ||
		!ins_partition_network(&partition.definition, partition.state.number, &network) ||
		strcmp(network.kind, "routed") != 0 ||
		ins_net_table_look(network.number, &table, &ignored) < 0)
		return false;
	return table == INS_NET_TABLE_MISSING ||
	       (table == INS_NET_TABLE_WITHOUT && network.publish.n + network.groups.n > 0);
}

static void restore_rules(struct ins_gc *gc)
{
	struct ins_error why = { 0 };
	char **names = NULL;
	size_t n = 0;

	if (ins_partition_names(gc->context, &names, &n, &why) < 0)
		ins_gc_fail(gc, &why);
	for (size_t i = 0; i < n; i++) {
		if (!gc->is_over && lacks_rules(gc, names[i]))
			ins_gc_take(gc, "rules", "", -1, names[i], restore);
		free(names[i]);
	}
	free(names);
}

void ins_gc_networks(struct ins_gc *gc)
{
	struct ins_error why = { 0 };
	unsigned int removed = 0;
	char text[16];
	int r;

	release_those_away(gc);
	restore_rules(gc);
	if (gc->dry || gc->is_over)
		return;
	r = sweep(gc, &removed, &why);
	/* Without insula-net there has never been a network. */
	if (r == -EOPNOTSUPP)
		return;
	if (r < 0) {
		ins_gc_fail(gc, &why);
		return;
	}
	snprintf(text, sizeof(text), "%u", removed);
	if (removed > 0)
		ins_gc_tell(gc, "networks", text);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Finding, locking and reading partitions. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/directory.h"
#include "base/error.h"
#include "base/file.h"
#include "guest/record.h"
#include "partition/bundle_directory.h"
#include "partition/elsewhere.h"
#include "partition/own.h"
#include "partition/partition.h"

static int does_not_exist(const struct ins_partition *partition, struct ins_error *err)
{
	char hint[128];

	return ins_error_text(err, ENOENT, "there is no partition \"%s\"%s", partition->name,
		ins_directory_hint(
			partition->library.partitions, partition->name, hint, sizeof(hint)));
}

bool ins_partition_exists(const struct ins_library *library, const char *name)
{
	return faccessat(library->partitions, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int lock(int dir, const char *name, struct ins_error *err)
{
	static const struct timespec pause = { .tv_nsec = 10 * 1000 * 1000 };

	for (int tries = 0; flock(dir, LOCK_EX | LOCK_NB) < 0; tries++) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return ins_error_set(err, errno, "lock partition %s", name);
		if (tries >= INS_PARTITION_LOCK_SECONDS * 100)
			return ins_error_text(err, EBUSY,
				"partition \"%s\" is busy: another command has been at work on it "
				"for "
				"%d s",
				name, INS_PARTITION_LOCK_SECONDS);
		(void)nanosleep(&pause, NULL);
	}
	return 0;
}

/* Whoever had the lock before us may have removed it. */
static bool is_still_there(const struct ins_partition *partition)
{
	struct stat held, named;

	return fstat(partition->dir, &held) == 0 &&
	       fstatat(partition->library.partitions, partition->name, &named,
		       AT_SYMLINK_NOFOLLOW) == 0 &&
	       held.st_ino == named.st_ino && held.st_dev == named.st_dev;
}

static int load_definition(struct ins_partition *partition, struct ins_error *err)
{
	cleanup_free char *text = NULL;
	size_t size;
	int r = ins_file_read(
		partition->dir, INS_DEFINITION_FILE, INS_DEFINITION_SIZE_MAX, &text, &size, err);

	if (r < 0)
		return r;
	r = ins_definition_parse(text, size, &partition->definition, err);
	return r < 0 ? ins_error_prefix(err, INS_DEFINITION_FILE) : 0;
}

/* Return: 0 with a warning if that does not matter to who mends it, or the failure. */
static int overlook(struct ins_partition *partition, bool mends, int r, struct ins_error *why,
	struct ins_error *err)
{
	/* A file that is missing is no partition that is. */
	if (r == -ENOENT)
		r = -EINVAL;
	if (!mends)
		return ins_error_text(err, -r, "%s", why->text);
	(void)ins_error_prefix(why, "partition %s", partition->name);
	ins_context_warn(partition->context, why->text);
	return 0;
}

static int load_state(struct ins_partition *partition, bool mends, struct ins_error *err)
{
	struct ins_partition_state *state = &partition->state;
	struct ins_error why = { 0 }, told = { 0 };
	int r = ins_partition_state_load(partition->dir, state, &why);

	if (r == 0)
		return 0;
	(void)ins_error_text(&told, -r,
		"%s: only `insula stop` and `insula remove` can do something with it any more",
		why.text);
	r = overlook(partition, mends, r, &told, err);
	if (r < 0)
		return r;
	partition->has_no_state = true;
	*state = (struct ins_partition_state){ .exit_status = -1 };
	state->number = ins_number_find(&partition->library, partition->name);
	return 0;
}

static int load(struct ins_partition *partition, bool mends, struct ins_error *err)
{
	struct ins_error why = { 0 };
	int r = load_state(partition, mends, err);

	if (r < 0)
		return r;
	r = load_definition(partition, &why);
	if (r < 0) {
		ins_definition_clear(&partition->definition);
		r = overlook(partition, mends, r, &why, err);
	}
	return r;
}

int ins_partition_open(struct ins_context *context, const char *name, enum ins_partition_lock how,
	struct ins_partition *ret_partition, struct ins_error *err)
{
	cleanup_partition struct ins_partition partition = INS_PARTITION_CLOSED;
	int r = ins_name_check("partition", name, err);

	if (r < 0)
		return r;
	partition.context = context;
	snprintf(partition.name, sizeof(partition.name), "%s", name);
	r = ins_library_open(context->library, false, &partition.library, err);
	if (r < 0)
		return r == -ENOENT ? does_not_exist(&partition, err) : r;
	partition.dir = openat(partition.library.partitions, name,
		O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (partition.dir < 0)
		return errno == ENOENT ? does_not_exist(&partition, err)
				       : ins_error_set(err, errno, "open partition %s", name);
	if (how != INS_PARTITION_LOOK) {
		r = lock(partition.dir, name, err);
		if (r < 0)
			return r;
		if (!is_still_there(&partition))
			return does_not_exist(&partition, err);
	}
	if (how != INS_PARTITION_LOOK) {
		r = ins_elsewhere_check(&partition, err);
		if (r < 0)
			return r;
	}
	r = load(&partition, how == INS_PARTITION_MEND, err);
	if (r == 0 && how != INS_PARTITION_LOOK)
		r = ins_own_settle(&partition, err);
	/* Who mends or ends it does not depend on it. */
	if (r == 0 && how == INS_PARTITION_CHANGE)
		r = ins_partition_settle_change(&partition, err);
	if (r < 0)
		return ins_error_prefix(err, "partition %s", name);
	*ret_partition = partition;
	partition = INS_PARTITION_CLOSED;
	return 0;
}

void ins_partition_close(struct ins_partition *partition)
{
	ins_definition_clear(&partition->definition);
	ins_partition_state_clear(&partition->state);
	partition->dir = ins_close(partition->dir);
	ins_library_close(&partition->library);
}

int ins_partition_save_definition(
	int dir, const struct ins_definition *definition, struct ins_error *err)
{
	cleanup_free char *text = NULL;
	int r = ins_definition_text(definition, &text, err);

	return r < 0 ? r
		     : ins_file_write_durable(
			       dir, INS_DEFINITION_FILE, text, strlen(text), 0600, err);
}

int ins_partition_path(const struct ins_partition *partition, const char *file, char *path,
	size_t size, struct ins_error *err)
{
	int n = snprintf(path, size, "%s/partitions/%s%s%s", partition->library.path,
		partition->name, file[0] ? "/" : "", file);

	return n < 0 || (size_t)n >= size ? ins_error_set(err, ENAMETOOLONG,
						    "the path of partition %s", partition->name)
					  : 0;
}

/* A container of that name may have been made since, out of another bundle: it is none of ours. */
static int check_bundle(const struct ins_partition *partition, const struct ins_record *record,
	struct ins_error *err)
{
	struct stat ours, theirs;
	char link[PATH_MAX];

	if (!record->bundle)
		return 0;
	snprintf(link, sizeof(link), "%s/" INS_BUNDLE_PARTITION, record->bundle);
	if (fstat(partition->dir, &ours) < 0)
		return ins_error_set(err, errno, "stat of partition %s", partition->name);
	if (stat(link, &theirs) == 0 && ours.st_ino == theirs.st_ino &&
		ours.st_dev == theirs.st_dev)
		return 0;
	return ins_error_text(err, EEXIST,
		"there is a container \"%s\" that is not the partition's (of the bundle %s): "
		"delete it first",
		partition->name, record->bundle);
}

int ins_partition_status(const struct ins_partition *partition, enum ins_status *ret_status,
	pid_t *ret_pid, struct ins_error *err)
{
	struct ins_store store = { .root = -1, .dir = -1 };
	struct ins_error why = { 0 };
	enum ins_status status = INS_STATUS_STOPPED;
	pid_t pid = 0;
	int r = ins_store_open(
		partition->context, partition->name, INS_LOCK_NONE, false, &store, &why);

	if (r == 0)
		r = check_bundle(partition, &store.record, &why);
	if (r == 0)
		r = ins_store_status(&store, &status, &why);
	if (r == 0 && status != INS_STATUS_STOPPED)
		pid = store.record.pid;
	ins_store_close(&store);
	if (r < 0 && r != -ENOENT)
		return ins_error_text(err, -r, "%s", why.text);
	*ret_status = status;
	if (ret_pid)
		*ret_pid = pid;
	return 0;
}

void ins_partition_now(char *text, size_t size)
{
	time_t now = time(NULL);
	struct tm parts;

	gmtime_r(&now, &parts);
	strftime(text, size, "%Y-%m-%dT%H:%M:%SZ", &parts);
}

int ins_partition_names(
	struct ins_context *context, char ***ret_names, size_t *ret_n, struct ins_error *err)
{
	cleanup_library struct ins_library library = INS_LIBRARY_CLOSED;
	int fd, r = ins_library_open(context->library, false, &library, err);

	if (r == -ENOENT) {
		*ret_names = NULL;
		*ret_n = 0;
		return 0;
	}
	if (r < 0)
		return r;
	fd = openat(library.partitions, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = fd < 0 ? -errno : ins_directory_names(fd, ret_names, ret_n);
	return r < 0 ? ins_error_set(err, -r, "list the partitions") : 0;
}

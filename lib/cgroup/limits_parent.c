/* SPDX-License-Identifier: Apache-2.0 */
/* Limits into the files of a cgroup, and back out of them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/number.h"
#include "cgroup/directory.h"
#include "cgroup/limits.h"
#include "cgroup/stats.h"
#include "plan/run.h"

/* More than any file of limits has: a line for each block device of a large host. */
#define LARGEST_FILE ((size_t)1 << 20)

/* --- writing -------------------------------------------------------------------------------------
 */

/* What the kernel means by it. Files by the beginning of their names; the first that fits counts. */
static const struct {
	const char *file;
	int code;
	const char *words;
} meanings[] = {
	{ "cpu.max.burst", EINVAL, "the burst cannot be larger than the quota in cpu.max" },
	{ "cpu.max", EINVAL,
		"quota and period are microseconds, the quota at least 1000 and not below "
		"cpu.max.burst, the period from 1000 to 1000000" },
	{ "cpu.weight", EINVAL, "cpu.idle is 1, which leaves no weight" },
	{ "cpu.weight", ERANGE, "a weight is from 1 to 10000" },
	{ "cpuset.cpus", EINVAL, "this host has no such cpus" },
	{ "cpuset.cpus", ERANGE, "this host has no such cpus" },
	{ "cpuset.mems", EINVAL, "this host has no such memory nodes" },
	{ "cpuset.mems", ERANGE, "this host has no such memory nodes" },
	{ "io.", ENODEV, "there is no such block device" },
	{ "io.", EOPNOTSUPP, "the device's scheduler knows no weights" },
	{ "hugetlb.", EBUSY, "more is in use already" },
	{ "hugetlb.", ENOENT, "the kernel has no pages of this size" },
	{ "memory.swap.max", ENOENT, "the kernel does not count swap" },
	{ "rdma.max", ENODEV, "there is no such device" },
	{ "rdma.max", EINVAL, "there is no such device" },
	{ "", ENOENT, "the cgroup has no such file" },
	{ "", EACCES, "the file belongs to somebody else" },
	{ "", EBUSY, "more is in use already" },
	{ "", EINVAL, "the kernel does not take this value" },
	{ "", ERANGE, "the kernel does not take a value of this size" },
};

static int explain(int code, const char *file, const char *text, struct ins_error *err)
{
	for (size_t i = 0; i < ARRAY_LENGTH(meanings); i++) {
		if (meanings[i].code == code &&
			strncmp(file, meanings[i].file, strlen(meanings[i].file)) == 0)
			return ins_error_text(err, code, "write \"%s\" to %s: %s (%s)", text, file,
				strerror(code), meanings[i].words);
	}
	return ins_error_set(err, code, "write \"%s\" to %s", text, file);
}

static void forget_last(struct ins_limits_before *before)
{
	struct ins_limit_before *last = &before->v[--before->n];

	free(last->name);
	free(last->text);
	free(last->written);
}

static int keep_before(
	int cgroup, const char *file, const char *text, struct ins_limits_before *before)
{
	struct ins_limit_before *entry;
	int r;

	if (before->n == before->capacity) {
		size_t capacity = before->capacity ? before->capacity * 2 : 8;
		void *grown = reallocarray(before->v, capacity, sizeof(*before->v));

		if (!grown)
			return -ENOMEM;
		before->v = grown;
		before->capacity = capacity;
	}
	entry = &before->v[before->n];
	*entry = (struct ins_limit_before){};
	r = ins_file_read(cgroup, file, LARGEST_FILE, &entry->text, NULL, NULL);
	if (r < 0)
		return r;
	before->n++;
	entry->name = strdup(file);
	entry->written = strdup(text);
	if (entry->name && entry->written)
		return 0;
	forget_last(before);
	return -ENOMEM;
}

static int keep_and_write(
	int cgroup, const char *file, const char *text, struct ins_limits_before *before)
{
	int r = before ? keep_before(cgroup, file, text, before) : 0;

	if (r < 0)
		return r;
	r = ins_cgroup_write(cgroup, file, text);
	/* What the kernel refuses it has not changed. */
	if (r < 0 && before)
		forget_last(before);
	return r;
}

static int check_usage(
	int cgroup, const struct ins_limit_files *files, const char *text, struct ins_error *err)
{
	cleanup_free char *usage_text = NULL;
	uint64_t usage, limit;
	int r = ins_file_read(cgroup, files->usage, 64, &usage_text, NULL, err);

	if (r < 0)
		return r;
	usage_text[strcspn(usage_text, "\n")] = '\0';
	if (ins_number_u64(usage_text, 0, UINT64_MAX, &usage) == 0 &&
		ins_number_u64(text, 0, UINT64_MAX, &limit) == 0 && usage > limit)
		return ins_error_text(
			err, EBUSY, "%s bytes is less than the %s in use", text, usage_text);
	return 0;
}

/* The kernel takes any set, and where nothing of it is to be had goes by the set further up instead:
 * the container would run where it was not to. */
static int check_set(int cgroup, const char *file, const char *text, struct ins_error *err)
{
	unsigned char asked[INS_CPU_MASK_BYTES] = { 0 }, found[INS_CPU_MASK_BYTES] = { 0 };
	cleanup_free char *effective = NULL;
	char name[32];
	int r;

	if ((strcmp(file, "cpuset.cpus") != 0 && strcmp(file, "cpuset.mems") != 0) || !text[0])
		return 0;
	snprintf(name, sizeof(name), "%s.effective", file);
	r = ins_file_read(cgroup, name, LARGEST_FILE, &effective, NULL, err);
	if (r < 0)
		return r;
	effective[strcspn(effective, "\n")] = '\0';
	if (ins_cpu_list_parse(text, asked, sizeof(asked)) < 0 ||
		ins_cpu_list_parse(effective, found, sizeof(found)) < 0)
		return 0;
	for (size_t i = 0; i < sizeof(asked); i++) {
		if (found[i] & ~asked[i])
			return ins_error_text(err, EINVAL,
				"%s of \"%s\": none of it is to be had here, only %s", file, text,
				effective);
	}
	return 0;
}

int ins_limits_write(int cgroup, const struct ins_limit_files *files,
	struct ins_limits_before *before, struct ins_error *err)
{
	bool found = false;

	if (files->usage) {
		int r = check_usage(cgroup, files, files->v[0].text, err);

		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < ARRAY_LENGTH(files->v) && files->v[i].name; i++) {
		const char *file = files->v[i].name, *text = files->v[i].text;
		int r = keep_and_write(cgroup, file, text, before);

		if (r == -ENOENT)
			continue;
		if (r == 0)
			r = check_set(cgroup, file, text, err);
		if (r < 0)
			return explain(-r, file, text, err);
		found = true;
	}
	return found || files->if_there ? 0
					: explain(ENOENT, files->v[0].name, files->v[0].text, err);
}

int ins_cgroup_limit_op(struct ins_run *run, const struct ins_op *op, struct ins_error *err)
{
	return ins_limits_write(run->cgroup_fd, &op->limit.files, run->limits_before, err);
}

/* --- taking it back ------------------------------------------------------------------------------
 */

/* What takes away all that was set for a device, in the files that have a line for each. */
static const struct {
	const char *file, *nothing;
} device_files[] = {
	{ "io.max", "rbps=max wbps=max riops=max wiops=max" },
	{ "io.weight", "default" },
	{ "io.bfq.weight", "default" },
	{ "io.latency", "target=0" },
	{ "rdma.max", "hca_handle=max hca_object=max" },
};

/* The line of @text that begins with @word, without its end. NULL: there is none. */
static char *find_line(const char *text, const char *word, size_t length)
{
	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		if (strncmp(text, word, length) == 0 && text[length] == ' ')
			return strndup(text, strcspn(text, "\n"));
	}
	return NULL;
}

/* While it has processes a cgroup's set cannot become the empty one, which stands for that of its parent:
 * then it gets what the parent has. */
static int restore_value(int cgroup, const char *file, const char *value)
{
	cleanup_free char *inherited = NULL;
	char name[64];
	int r = ins_cgroup_write(cgroup, file, value);

	if (r != -ENOSPC || strncmp(file, "cpuset.", 7) != 0)
		return r;
	snprintf(name, sizeof(name), "../%s.effective", file);
	r = ins_file_read(cgroup, name, LARGEST_FILE, &inherited, NULL, NULL);
	return r < 0 ? r : ins_cgroup_write(cgroup, file, inherited);
}

/* A file with one value takes its old text; of those with a line for each device, it is the line of
 * the device, or the default one, that was changed. */
static int restore_one(int cgroup, const struct ins_limit_before *entry)
{
	cleanup_free char *line = NULL, *reset = NULL;
	const char *nothing = NULL;
	size_t length = strcspn(entry->written, " ");
	int r = 0;

	for (size_t i = 0; i < ARRAY_LENGTH(device_files); i++) {
		if (strcmp(entry->name, device_files[i].file) == 0)
			nothing = device_files[i].nothing;
	}
	if (!nothing)
		return restore_value(cgroup, entry->name, entry->text);
	if (!entry->written[length])
		line = find_line(entry->text, "default", 7);
	else if (asprintf(&reset, "%.*s %s", (int)length, entry->written, nothing) < 0)
		return -ENOMEM;
	else
		line = find_line(entry->text, entry->written, length);
	if (reset)
		r = ins_cgroup_write(cgroup, entry->name, reset);
	return r == 0 && line ? ins_cgroup_write(cgroup, entry->name, line) : r;
}

int ins_limits_restore(int cgroup, struct ins_limits_before *before, struct ins_error *err)
{
	int result = 0;

	for (size_t i = before->n; i-- > 0;) {
		const struct ins_limit_before *entry = &before->v[i];
		int r = restore_one(cgroup, entry);

		if (r < 0 && result == 0)
			result = ins_error_set(err, -r, "write back the old %s", entry->name);
	}
	ins_limits_forget(before);
	return result;
}

void ins_limits_forget(struct ins_limits_before *before)
{
	while (before->n > 0)
		forget_last(before);
	free(before->v);
	*before = (struct ins_limits_before){};
}

/* --- reading -------------------------------------------------------------------------------------
 */

/* Up to two numbers or words "max" of a file; what is not there stays as it is. */
static int read_numbers(
	int cgroup, const char *file, uint64_t *first, uint64_t *second, struct ins_error *err)
{
	cleanup_free char *text = NULL;
	char *rest, *word;
	int r = ins_file_read(cgroup, file, 256, &text, NULL, NULL);

	if (r < 0)
		return r == -ENOENT ? 0 : ins_error_set(err, -r, "read the cgroup's %s", file);
	word = strtok_r(text, " \n", &rest);
	for (uint64_t *to = first; word && to; to = to == first ? second : NULL) {
		if (strcmp(word, "max") == 0)
			*to = INS_LIMIT_NONE;
		else if (ins_number_u64(word, 0, UINT64_MAX, to) < 0)
			return ins_error_text(err, EPROTO, "the cgroup's %s is not a number", file);
		word = strtok_r(NULL, " \n", &rest);
	}
	return 0;
}

int ins_limits_read_now(int cgroup, struct ins_limits_now *ret, struct ins_error *err)
{
	struct ins_limits_now now = ins_limits_of_new;
	int r = read_numbers(cgroup, "memory.max", &now.memory, NULL, err);

	if (r == 0)
		r = read_numbers(cgroup, "cpu.max", &now.quota, &now.period, err);
	if (r == 0)
		r = read_numbers(cgroup, "cpu.max.burst", &now.burst, NULL, err);
	if (r == 0)
		*ret = now;
	return r;
}

bool ins_limits_memory_was_short(int cgroup)
{
	cleanup_free char *text = NULL;
	uint64_t times = 0;

	return ins_file_read(cgroup, "memory.events", 4096, &text, NULL, NULL) == 0 &&
	       ins_stat_find(text, "oom", &times) && times > 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Containers and partitions in one list. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "guest/record.h"
#include "partition/bundle_directory.h"
#include "partition/partition.h"

struct merge {
	struct ins_context *context;
	char **names; /* of the partitions, sorted */
	size_t n, next;
	ins_container_visit_fn *visit;
	void *data;
	struct ins_error *err;
};

/* A partition that has no container shows itself as one that has stopped. */
static int visit_stopped(struct merge *merge, const char *name)
{
	cleanup_partition struct ins_partition partition = INS_PARTITION_CLOSED;
	struct ins_container_info info = { .id = name, .status = INS_STATUS_STOPPED };
	struct ins_error why = { 0 };
	struct ins_state state = { .id = name, .status = ins_status_name(INS_STATUS_STOPPED) };
	struct ins_record record = { .id = name, .owner = geteuid() };
	char bundle[PATH_MAX], rootfs[PATH_MAX], owner[INS_OWNER_SIZE];
	cleanup_free char *json = NULL;
	int r = ins_partition_open(merge->context, name, INS_PARTITION_LOOK, &partition, &why);

	if (r == -ENOENT)
		return 0;
	/* One that is broken does not hide the others. */
	if (r < 0) {
		ins_context_warn(merge->context, why.text);
		return 0;
	}
	/* Where they will be. */
	r = ins_bundle_directory_path(merge->context, name, "", bundle, sizeof(bundle), merge->err);
	if (r == 0)
		r = ins_bundle_directory_path(
			merge->context, name, "rootfs", rootfs, sizeof(rootfs), merge->err);
	if (r < 0)
		return r;
	record.bundle = info.bundle = bundle;
	record.rootfs = info.rootfs = rootfs;
	record.created = info.created = partition.state.made;
	ins_record_state(&record, state.status, &state, owner, sizeof(owner));
	r = ins_state_emit(&state, false, &json, merge->err);
	if (r < 0)
		return r;
	info.owner = owner;
	info.json = json;
	return merge->visit(merge->data, &info);
}

/* Those that come before @id; @id itself is told of as what it is. */
static int visit_until(struct merge *merge, const char *id)
{
	int r = 0;

	while (r >= 0 && merge->next < merge->n) {
		int order = id ? strcmp(merge->names[merge->next], id) : -1;

		if (order > 0)
			break;
		if (order < 0)
			r = visit_stopped(merge, merge->names[merge->next]);
		merge->next++;
	}
	return r;
}

static int visit_container(void *data, const struct ins_container_info *info)
{
	struct merge *merge = data;
	int r = visit_until(merge, info->id);

	return r < 0 ? r : merge->visit(merge->data, info);
}

int ins_partition_list(struct ins_context *context, ins_container_visit_fn *visit, void *data,
	struct ins_error *err)
{
	struct merge merge = { .context = context, .visit = visit, .data = data, .err = err };
	int r = ins_partition_names(context, &merge.names, &merge.n, err);

	if (r == 0)
		r = ins_list(context, visit_container, &merge, err);
	if (r >= 0)
		r = visit_until(&merge, NULL);
	for (size_t i = 0; i < merge.n; i++)
		free(merge.names[i]);
	free(merge.names);
	return r < 0 ? r : 0;
}

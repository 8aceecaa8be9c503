/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "partition/partition.h"

int ins_partition_show(struct ins_context *context, const char *name, ins_partition_visit_fn *visit,
	void *data, struct ins_error *err)
{
	cleanup_partition struct ins_partition partition = INS_PARTITION_CLOSED;
	struct ins_partition_info info = { 0 };
	char directory[PATH_MAX];
	int r = ins_partition_open(context, name, INS_PARTITION_LOOK, &partition, err);

	if (r == 0)
		r = ins_partition_status(&partition, &info.status, &info.pid, err);
	if (r == 0)
		r = ins_partition_path(&partition, "", directory, sizeof(directory), err);
	if (r < 0)
		return r;
	info.name = partition.name;
	info.template = ins_definition_get(&partition.definition, INS_SETTING_TEMPLATE);
	info.image = partition.state.image;
	info.number = partition.state.number;
	info.first_id = ins_number_first_id(partition.state.number);
	info.made = partition.state.made;
	info.exit_status = partition.state.exit_status;
	info.definition = &partition.definition;
	info.directory = directory;
	return visit(data, &info);
}

int ins_partition_definition(struct ins_context *context, const char *name,
	struct ins_definition *ret_definition, struct ins_error *err)
{
	cleanup_partition struct ins_partition partition = INS_PARTITION_CLOSED;
	int r = ins_partition_open(context, name, INS_PARTITION_LOOK, &partition, err);

	if (r < 0)
		return r;
	*ret_definition = partition.definition;
	partition.definition = (struct ins_definition){ 0 };
	return 0;
}

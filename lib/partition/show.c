/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of partitions, for people and their programs. */
#include <jansson.h>
#include <limits.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "guest/record.h"
#include "net/net.h"
#include "partition/network.h"
#include "partition/supervisor.h"
#include "spec/emit.h"

static void emit_definition(
	struct ins_emit *emit, json_t *root, const struct ins_definition *definition)
{
	json_t *object = ins_emit_object(emit, root, "definition");

	ins_definition_emit(emit, object, definition);
}

/* As shells have it. */
static int exit_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int describe(const struct ins_partition_info *info, char **ret_text, struct ins_error *err)
{
	struct ins_emit emit = { 0 };
	json_t *root = ins_emit_root(&emit);

	ins_emit_string(&emit, root, "name", info->name);
	ins_emit_string(&emit, root, "status", ins_status_name(info->status));
	ins_emit_put(&emit, root, "pid", json_integer(info->pid));
	ins_emit_string(&emit, root, "template", info->template);
	ins_emit_string(&emit, root, "image", info->image);
	ins_emit_put(&emit, root, "number", json_integer(info->number));
	ins_emit_put(&emit, root, "firstId", json_integer(info->first_id));
	ins_emit_string(&emit, root, "address", info->address);
	ins_emit_string(&emit, root, "address6", info->address6);
	ins_emit_string(&emit, root, "made", info->made);
	ins_emit_put(&emit, root, "enabled", json_boolean(info->enabled));
	if (info->exit_status >= 0)
		ins_emit_put(
			&emit, root, "exitStatus", json_integer(exit_status(info->exit_status)));
	ins_emit_string(&emit, root, "directory", info->directory);
	ins_emit_string(&emit, root, "unit", info->unit);
	emit_definition(&emit, root, info->definition);
	return ins_emit_text(&emit, JSON_INDENT(2), ret_text, err);
}

static int find_addresses(const struct ins_partition *partition, struct ins_network_addresses *ret,
	struct ins_error *err)
{
	struct ins_network network;

	*ret = (struct ins_network_addresses){ 0 };
	return ins_partition_network(&partition->definition, partition->state.number, &network)
		       ? ins_network_address(&network, ret, err)
		       : 0;
}

int ins_partition_show(struct ins_context *context, const char *name, ins_partition_visit_fn *visit,
	void *data, struct ins_error *err)
{
	cleanup_partition struct ins_partition partition = INS_PARTITION_CLOSED;
	struct ins_partition_info info = { 0 };
	struct ins_supervisor_unit unit;
	struct ins_network_addresses addresses;
	cleanup_free char *json = NULL;
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
	info.enabled = partition.state.is_enabled;
	info.exit_status = partition.state.exit_status;
	info.definition = &partition.definition;
	info.directory = directory;
	unit = ins_supervisor_find_unit(context, partition.name);
	info.unit = unit.name[0] ? unit.name : NULL;
	r = find_addresses(&partition, &addresses, err);
	if (r < 0)
		return r;
	info.address = addresses.ipv4[0] ? addresses.ipv4 : NULL;
	info.address6 = addresses.ipv6[0] ? addresses.ipv6 : NULL;
	r = describe(&info, &json, err);
	info.json = json;
	return r < 0 ? r : visit(data, &info);
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

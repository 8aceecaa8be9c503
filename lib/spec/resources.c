/* SPDX-License-Identifier: Apache-2.0 */
/* linux.resources */
#include <ctype.h>
#include <string.h>

#include "spec/parts.h"

/* −1 stands for "no limit". */
static const struct ins_range limit_range = { -1, INT64_MAX };

/* The kernel's dev_t has 12 and 20 bits for them. */
static const struct ins_range major_range = { 0, 4095 };
static const struct ins_range minor_range = { 0, 1048575 };

/* --- devices -------------------------------------------------------------------------------------
 */

static int parse_rule_type(
	struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	const char *type = "a";
	int r = ins_parse_text(cursor, value, &type, detail);

	if (r < 0)
		return r;
	if (type[1] != '\0' || !strchr("abc", type[0]))
		return ins_cursor_fail(cursor, "unknown value \"%s\"", type);
	*(char *)target = type[0];
	return 0;
}

/* The target is the rule. */
static int parse_access(struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	struct ins_spec_device_rule *rule = target;
	const char *access = "rwm";
	int r = ins_parse_text(cursor, value, &access, detail);

	if (r < 0)
		return r;
	rule->read = strchr(access, 'r');
	rule->write = strchr(access, 'w');
	rule->mknod = strchr(access, 'm');
	if (access[strspn(access, "rwm")] != '\0')
		return ins_cursor_fail(
			cursor, "\"%s\" is not made of \"r\", \"w\" and \"m\"", access);
	return 0;
}

static const struct ins_range any_major_range = { -1, 4095 };
static const struct ins_range any_minor_range = { -1, 1048575 };

static const struct ins_field rule_rows[] = {
	INS_REQUIRED("allow", ins_parse_bool, struct ins_spec_device_rule, allow, NULL),
	INS_FIELD("type", parse_rule_type, struct ins_spec_device_rule, type, NULL),
	INS_FIELD("major", ins_parse_i64, struct ins_spec_device_rule, major, &any_major_range),
	INS_FIELD("minor", ins_parse_i64, struct ins_spec_device_rule, minor, &any_minor_range),
	{ "access", parse_access, 0, INS_NO_FIELD, false, NULL },
};
static const struct ins_fields rule_fields = INS_FIELDS(rule_rows);

/* What is not said means "all". */
static int parse_rule(struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	struct ins_spec_device_rule *rule = target;

	(void)detail;
	*rule = (struct ins_spec_device_rule){
		.type = 'a',
		.major = -1,
		.minor = -1,
		.read = true,
		.write = true,
		.mknod = true,
	};
	return ins_parse_object(cursor, value, rule, &rule_fields);
}

static const struct ins_list_kind rules = { sizeof(struct ins_spec_device_rule), parse_rule, NULL };

/* --- memory, cpu ---------------------------------------------------------------------------------
 */

#define ROW(key, fn, member, has_member, detail) \
	INS_OPTIONAL(key, fn, struct ins_spec_resources, member, has_member, detail)

static const struct ins_range swappiness_range = { 0, 100 };

static const struct ins_field memory_rows[] = {
	ROW("limit", ins_parse_i64, memory.limit, memory.has_limit, &limit_range),
	ROW("reservation", ins_parse_i64, memory.reservation, memory.has_reservation, &limit_range),
	ROW("swap", ins_parse_i64, memory.swap, memory.has_swap, &limit_range),
	ROW("kernel", ins_parse_i64, memory.kernel, memory.has_kernel, &limit_range),
	ROW("kernelTCP", ins_parse_i64, memory.kernel_tcp, memory.has_kernel_tcp, &limit_range),
	/* The range keeps it positive, so that the types agree. */
	ROW("swappiness", ins_parse_i64, memory.swappiness, memory.has_swappiness,
		&swappiness_range),
	ROW("disableOOMKiller", ins_parse_bool, memory.disable_oom_killer,
		memory.has_disable_oom_killer, NULL),
	ROW("useHierarchy", ins_parse_bool, memory.use_hierarchy, memory.has_use_hierarchy, NULL),
	ROW("checkBeforeUpdate", ins_parse_bool, memory.check_before_update,
		memory.has_check_before_update, NULL),
};
static const struct ins_fields memory_fields = INS_FIELDS(memory_rows);

static const struct ins_range idle_range = { 0, 1 };

static const struct ins_field cpu_rows[] = {
	ROW("shares", ins_parse_u64, cpu.shares, cpu.has_shares, NULL),
	ROW("quota", ins_parse_i64, cpu.quota, cpu.has_quota, NULL),
	ROW("burst", ins_parse_u64, cpu.burst, cpu.has_burst, NULL),
	ROW("period", ins_parse_u64, cpu.period, cpu.has_period, NULL),
	ROW("realtimeRuntime", ins_parse_i64, cpu.realtime_runtime, cpu.has_realtime_runtime, NULL),
	ROW("realtimePeriod", ins_parse_u64, cpu.realtime_period, cpu.has_realtime_period, NULL),
	ROW("idle", ins_parse_i64, cpu.idle, cpu.has_idle, &idle_range),
	INS_FIELD("cpus", ins_parse_cpu_list, struct ins_spec_resources, cpu.cpus, NULL),
	INS_FIELD("mems", ins_parse_cpu_list, struct ins_spec_resources, cpu.mems, NULL),
};
static const struct ins_fields cpu_fields = INS_FIELDS(cpu_rows);

static int parse_cpu(struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	const struct ins_spec_resources *resources = target;
	int r = ins_parse_object(cursor, value, target, &cpu_fields);

	(void)detail;
	if (r < 0)
		return r;
	if (resources->cpu.has_burst && resources->cpu.has_quota && resources->cpu.quota > 0 &&
		resources->cpu.burst > (uint64_t)resources->cpu.quota)
		return ins_cursor_fail(cursor, "burst is larger than quota");
	return 0;
}

/* --- block I/O -----------------------------------------------------------------------------------
 */

static const struct ins_field weight_rows[] = {
	INS_REQUIRED("major", ins_parse_u32, struct ins_spec_weight_device, major, &major_range),
	INS_REQUIRED("minor", ins_parse_u32, struct ins_spec_weight_device, minor, &minor_range),
	INS_OPTIONAL(
		"weight", ins_parse_u16, struct ins_spec_weight_device, weight, has_weight, NULL),
	INS_OPTIONAL("leafWeight", ins_parse_u16, struct ins_spec_weight_device, leaf_weight,
		has_leaf_weight, NULL),
};
static const struct ins_fields weight_fields = INS_FIELDS(weight_rows);

static int parse_weight(struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	struct ins_spec_weight_device *device = target;
	int r = ins_parse_object(cursor, value, device, &weight_fields);

	(void)detail;
	if (r < 0)
		return r;
	if (!device->has_weight && !device->has_leaf_weight)
		return ins_cursor_fail(cursor, "weight or leafWeight is required");
	return 0;
}

static const struct ins_list_kind weights = { sizeof(struct ins_spec_weight_device), parse_weight,
	NULL };

static const struct ins_field throttle_rows[] = {
	INS_REQUIRED("major", ins_parse_u32, struct ins_spec_throttle, major, &major_range),
	INS_REQUIRED("minor", ins_parse_u32, struct ins_spec_throttle, minor, &minor_range),
	INS_REQUIRED("rate", ins_parse_u64, struct ins_spec_throttle, rate, NULL),
};
static const struct ins_fields throttle_fields = INS_FIELDS(throttle_rows);
static const struct ins_list_kind throttles = { sizeof(struct ins_spec_throttle), ins_parse_object,
	&throttle_fields };

#define THROTTLE(key, member) \
	INS_FIELD(key, ins_parse_list, struct ins_spec_resources, block_io.member, &throttles)

static const struct ins_field block_io_rows[] = {
	ROW("weight", ins_parse_u16, block_io.weight, block_io.has_weight, NULL),
	ROW("leafWeight", ins_parse_u16, block_io.leaf_weight, block_io.has_leaf_weight, NULL),
	INS_LIST("weightDevice", struct ins_spec_resources, block_io.n_weight_devices,
		block_io.weight_devices, &weights),
	THROTTLE("throttleReadBpsDevice", read_bps),
	THROTTLE("throttleWriteBpsDevice", write_bps),
	THROTTLE("throttleReadIOPSDevice", read_iops),
	THROTTLE("throttleWriteIOPSDevice", write_iops),
};
static const struct ins_fields block_io_fields = INS_FIELDS(block_io_rows);

/* --- huge pages, network, pids, rdma, unified ----------------------------------------------------
 */

/* "64KB", "2MB", "1GB": becomes a part of the name of a file. */
static int parse_page_size(
	struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	const char *size, *unit;
	int r = ins_parse_string(cursor, value, &size, detail);

	if (r < 0)
		return r;
	unit = size + strspn(size, "0123456789");
	if (unit == size || size[0] == '0' || *unit == '\0' || !strchr("KMG", *unit) ||
		strcmp(unit + 1, "B") != 0)
		return ins_cursor_fail(
			cursor, "\"%s\" is not a size like \"64KB\", \"2MB\", \"1GB\"", size);
	*(const char **)target = size;
	return 0;
}

static const struct ins_field hugepage_rows[] = {
	INS_REQUIRED("pageSize", parse_page_size, struct ins_spec_hugepage, page_size, NULL),
	INS_REQUIRED("limit", ins_parse_u64, struct ins_spec_hugepage, limit, NULL),
};
static const struct ins_fields hugepage_fields = INS_FIELDS(hugepage_rows);
static const struct ins_list_kind hugepages = { sizeof(struct ins_spec_hugepage), ins_parse_object,
	&hugepage_fields };

static const struct ins_field priority_rows[] = {
	INS_REQUIRED("name", ins_parse_string, struct ins_spec_interface_priority, name, NULL),
	INS_REQUIRED("priority", ins_parse_u32, struct ins_spec_interface_priority, priority, NULL),
};
static const struct ins_fields priority_fields = INS_FIELDS(priority_rows);
static const struct ins_list_kind priorities = { sizeof(struct ins_spec_interface_priority),
	ins_parse_object, &priority_fields };

static const struct ins_field network_rows[] = {
	ROW("classID", ins_parse_u32, network.class_id, network.has_class_id, NULL),
	INS_LIST("priorities", struct ins_spec_resources, network.n_priorities, network.priorities,
		&priorities),
};
static const struct ins_fields network_fields = INS_FIELDS(network_rows);

static const struct ins_field pids_rows[] = {
	{ "limit", ins_parse_i64, offsetof(struct ins_spec_resources, pids_limit),
		offsetof(struct ins_spec_resources, has_pids_limit), true, &limit_range },
};
static const struct ins_fields pids_fields = INS_FIELDS(pids_rows);

static const struct ins_field rdma_rows[] = {
	INS_OPTIONAL("hcaHandles", ins_parse_u32, struct ins_spec_rdma, handles, has_handles, NULL),
	INS_OPTIONAL("hcaObjects", ins_parse_u32, struct ins_spec_rdma, objects, has_objects, NULL),
};
static const struct ins_fields rdma_fields = INS_FIELDS(rdma_rows);

static int parse_rdma(struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	struct ins_spec_rdma *rdma = target;
	int r;

	(void)detail;
	rdma->device = ins_cursor_key(cursor);
	/* It becomes the first word of a line in rdma.max. */
	for (const char *at = rdma->device; *at; at++) {
		if (isspace((unsigned char)*at) || iscntrl((unsigned char)*at))
			return ins_cursor_fail(cursor, "a blank in the name of a device");
	}
	r = ins_parse_object(cursor, value, rdma, &rdma_fields);
	if (r < 0)
		return r;
	if (!rdma->has_handles && !rdma->has_objects)
		return ins_cursor_fail(cursor, "hcaHandles or hcaObjects is required");
	return 0;
}

static const struct ins_list_kind rdma = { sizeof(struct ins_spec_rdma), parse_rdma, NULL };

/* A key is the name of a file in the cgroup. */
static int parse_unified(struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	const struct ins_pairs *pairs = target;
	int r = ins_parse_pairs(cursor, value, target, detail);

	for (size_t i = 0; r == 0 && i < pairs->n; i++) {
		const char *key = pairs->v[i].key;

		if (strchr(key, '/') || strcmp(key, ".") == 0 || strcmp(key, "..") == 0)
			return ins_cursor_fail(
				cursor, "\"%s\" is no name of a file in a cgroup", key);
	}
	return r;
}

/* --- the whole -----------------------------------------------------------------------------------
 */

/* Rows with offset 0 fill several fields of the resources themselves. */
static const struct ins_field resources_rows[] = {
	INS_LIST("devices", struct ins_spec_resources, n_devices, devices, &rules),
	{ "memory", ins_parse_object, 0, INS_NO_FIELD, false, &memory_fields },
	{ "cpu", parse_cpu, 0, INS_NO_FIELD, false, NULL },
	{ "blockIO", ins_parse_object, 0, INS_NO_FIELD, false, &block_io_fields },
	INS_LIST("hugepageLimits", struct ins_spec_resources, n_hugepage_limits, hugepage_limits,
		&hugepages),
	{ "network", ins_parse_object, 0, INS_NO_FIELD, false, &network_fields },
	{ "pids", ins_parse_object, 0, INS_NO_FIELD, false, &pids_fields },
	INS_FIELD("rdma", ins_parse_map, struct ins_spec_resources, n_rdma, &rdma),
	INS_FIELD("unified", parse_unified, struct ins_spec_resources, unified, NULL),
};
static const struct ins_fields resources_fields = INS_FIELDS(resources_rows);

int ins_resources_parse(struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	struct ins_spec_resources *resources = target;

	(void)detail;
	resources->present = true;
	return ins_parse_object(cursor, value, resources, &resources_fields);
}

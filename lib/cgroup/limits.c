/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The specification's limits are cgroup1's. 0 stands for "not set" wherever 0 cannot be meant: engines
 * hand over whole structures of which they have filled one member (Docker 20.10's update does).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/number.h"
#include "cgroup/conversion.h"
#include "cgroup/limits.h"
#include "cgroup/weight.h"

const struct ins_limits_now ins_limits_of_new = {
	.memory = INS_LIMIT_NONE, .quota = INS_LIMIT_NONE, .period = 100000, /* the kernel's own */
};

/* --- elements ------------------------------------------------------------------------------------
 */

const char *ins_conversion_keep(struct ins_conversion *c, const char *text)
{
	c->no_memory |= !text;
	return text;
}

struct ins_limit *ins_conversion_add(struct ins_conversion *c, enum ins_controller controller,
	const char *key, const char *file, const char *text)
{
	struct ins_limit *limit = &c->v[c->n++];

	limit->key = ins_conversion_keep(c, key);
	limit->controller = controller == INS_CONTROLLER_COUNT ? 0 : 1U << controller;
	limit->files.v[0].name = ins_conversion_keep(c, file);
	limit->files.v[0].text = ins_conversion_keep(c, text);
	return limit;
}

static const char *number_text(struct ins_conversion *c, uint64_t value)
{
	if (value == INS_LIMIT_NONE)
		return "max";
	return ins_arena_printf(c->arena, "%llu", (unsigned long long)value);
}

static void set_holding(struct ins_limit *limit, bool holds)
{
	limit->holds_in_new = limit->files.if_there = holds;
}

static struct ins_limit *add_number(struct ins_conversion *c, enum ins_controller controller,
	const char *key, const char *file, uint64_t value, const char *property)
{
	struct ins_limit *limit =
		ins_conversion_add(c, controller, key, file, number_text(c, value));

	set_holding(limit, value == INS_LIMIT_NONE);
	limit->properties[0] =
		(struct ins_limit_property){ .name = property, .type = "t", .number = value };
	return limit;
}

static uint64_t maximum(int64_t value)
{
	return value < 0 ? INS_LIMIT_NONE : (uint64_t)value;
}

static int refuse(struct ins_conversion *c, bool asked, const char *key, const char *why)
{
	return asked ? ins_error_key(c->err, EOPNOTSUPP, key, "%s", why) : 0;
}

/* --- memory --------------------------------------------------------------------------------------
 */

static int refuse_memory(struct ins_conversion *c, const struct ins_spec_resources *resources)
{
	static const char counted[] = "cgroup2 counts it in with all other memory";
	const typeof(resources->memory) *m = &resources->memory;
	int r = refuse(
		c, m->has_kernel && m->kernel > 0, INS_KEY_RESOURCES "memory.kernel", counted);

	if (r == 0)
		r = refuse(c, m->has_kernel_tcp && m->kernel_tcp > 0,
			INS_KEY_RESOURCES "memory.kernelTCP", counted);
	if (r == 0)
		r = refuse(c, m->has_swappiness, INS_KEY_RESOURCES "memory.swappiness",
			"cgroup2 has one swappiness for the whole host");
	if (r == 0)
		r = refuse(c, m->has_disable_oom_killer && m->disable_oom_killer,
			INS_KEY_RESOURCES "memory.disableOOMKiller",
			"cgroup2 always has an OOM killer");
	if (r == 0)
		r = refuse(c, m->has_use_hierarchy && !m->use_hierarchy,
			INS_KEY_RESOURCES "memory.useHierarchy",
			"cgroup2 always counts hierarchically");
	return r;
}

/* cgroup1 limits memory and swap together, cgroup2 swap alone. @limit: of memory, 0: unknown. */
static int convert_swap(struct ins_conversion *c, int64_t swap, uint64_t limit)
{
	static const char key[] = INS_KEY_RESOURCES "memory.swap";
	uint64_t value = maximum(swap);

	if (value != INS_LIMIT_NONE) {
		if (limit == INS_LIMIT_NONE)
			return ins_error_key(c->err, EINVAL, key,
				"is the sum of memory and swap, so memory.limit is needed too");
		if (value < limit)
			return ins_error_key(c->err, EINVAL, key,
				"is the sum of memory and swap: it cannot be below memory.limit "
				"(%llu)",
				(unsigned long long)limit);
		value -= limit;
	}
	add_number(c, INS_CONTROLLER_MEMORY, key, "memory.swap.max", value, "MemorySwapMax");
	return 0;
}

static int convert_memory(struct ins_conversion *c, const struct ins_spec_resources *resources)
{
	const typeof(resources->memory) *m = &resources->memory;
	bool has_limit = m->has_limit && m->limit != 0;
	bool has_swap = m->has_swap && m->swap != 0;
	uint64_t limit = has_limit ? maximum(m->limit) : c->now->memory;
	int r = refuse_memory(c, resources);

	if (r == 0 && has_limit) {
		struct ins_limit *element = add_number(c, INS_CONTROLLER_MEMORY,
			INS_KEY_RESOURCES "memory.limit", "memory.max", limit, "MemoryMax");

		if (m->has_check_before_update && m->check_before_update && m->limit > 0)
			element->files.usage = "memory.current";
	}
	/* Without a limit of memory the sum of both has none either. */
	if (r == 0 && (has_swap || (has_limit && m->limit < 0)))
		r = convert_swap(c, has_swap ? m->swap : -1, limit);
	/* cgroup1 takes from those first who are above it, cgroup2 spares those below it. "Unlimited"
	 * is that nobody is spared for it: what would be "max" here would spare all. */
	if (r == 0 && m->has_reservation && m->reservation != 0) {
		uint64_t low = m->reservation < 0 ? 0 : (uint64_t)m->reservation;

		set_holding(
			add_number(c, INS_CONTROLLER_MEMORY, INS_KEY_RESOURCES "memory.reservation",
				"memory.low", low, "MemoryLow"),
			low == 0);
	}
	return r;
}

/* --- cpu -----------------------------------------------------------------------------------------
 */

/* systemd keeps whole percents, so that only a multiple of these survives a daemon-reload; a limit is
 * rather a little too wide than tighter than asked for. */
#define PERCENT_USEC 10000

void ins_conversion_set_quota(struct ins_limit *limit, uint64_t quota, uint64_t period)
{
	uint64_t rate = INS_LIMIT_NONE;

	if (quota != INS_LIMIT_NONE && period > 0) {
		unsigned __int128 exact = (unsigned __int128)quota * 1000000 / period;

		rate = exact < INT64_MAX ? (uint64_t)exact : INT64_MAX;
		rate = (rate + PERCENT_USEC - 1) / PERCENT_USEC * PERCENT_USEC;
	}
	limit->properties[0] = (struct ins_limit_property){
		.name = "CPUQuotaPerSecUSec", .type = "t", .number = rate
	};
	limit->properties[1] = (struct ins_limit_property){
		.name = "CPUQuotaPeriodUSec", .type = "t", .number = period
	};
}

static void convert_burst(struct ins_conversion *c, uint64_t burst)
{
	set_holding(ins_conversion_add(c, INS_CONTROLLER_CPU, INS_KEY_RESOURCES "cpu.burst",
			    "cpu.max.burst", number_text(c, burst)),
		burst == 0);
}

/* The kernel refuses a burst above the quota, whichever of them is written. */
static void convert_quota(struct ins_conversion *c, const struct ins_spec_resources *resources)
{
	const typeof(resources->cpu) *cpu = &resources->cpu;
	bool has_quota = cpu->has_quota && cpu->quota != 0;
	bool has_period = cpu->has_period && cpu->period != 0;
	uint64_t quota = has_quota ? maximum(cpu->quota) : c->now->quota;
	uint64_t period = has_period ? cpu->period : c->now->period;
	bool burst_first = has_quota && c->now->burst > quota;

	if (cpu->has_burst && burst_first)
		convert_burst(c, cpu->burst);
	if (has_quota || has_period) {
		struct ins_limit *limit = ins_conversion_add(c, INS_CONTROLLER_CPU,
			has_quota ? INS_KEY_RESOURCES "cpu.quota" : INS_KEY_RESOURCES "cpu.period",
			"cpu.max",
			ins_arena_printf(c->arena, "%s %llu", number_text(c, quota),
				(unsigned long long)period));

		set_holding(limit, quota == INS_LIMIT_NONE);
		ins_conversion_set_quota(limit, quota, period);
	}
	if (cpu->has_burst && !burst_first)
		convert_burst(c, cpu->burst);
}

static void convert_idle(struct ins_conversion *c, int64_t idle)
{
	struct ins_limit *limit = ins_conversion_add(c, INS_CONTROLLER_CPU,
		INS_KEY_RESOURCES "cpu.idle", "cpu.idle", number_text(c, (uint64_t)idle));

	set_holding(limit, idle == 0);
	/* systemd's word "idle" is the weight 0 on the bus (version 252). */
	if (idle)
		limit->properties[0] =
			(struct ins_limit_property){ .name = "CPUWeight", .type = "t" };
}

/* The kernel refuses a weight while the cgroup is idle. */
static void convert_weight(struct ins_conversion *c, const struct ins_spec_resources *resources)
{
	const typeof(resources->cpu) *cpu = &resources->cpu;

	if (cpu->has_idle && cpu->idle == 0)
		convert_idle(c, cpu->idle);
	if (cpu->has_shares && cpu->shares != 0) {
		uint64_t weight = ins_shares_to_weight(cpu->shares);

		set_holding(add_number(c, INS_CONTROLLER_CPU, INS_KEY_RESOURCES "cpu.shares",
				    "cpu.weight", weight, "CPUWeight"),
			weight == 100);
	}
	if (cpu->has_idle && cpu->idle != 0)
		convert_idle(c, cpu->idle);
}

void ins_conversion_set_mask(
	struct ins_conversion *c, struct ins_limit *limit, const char *property)
{
	unsigned char mask[INS_CPU_MASK_BYTES] = { 0 };
	const char *text = limit->files.v[0].text;
	size_t n = sizeof(mask);

	if (!text || ins_cpu_list_parse(text, mask, sizeof(mask)) < 0)
		return;
	while (n > 0 && mask[n - 1] == 0)
		n--;
	limit->properties[0] = (struct ins_limit_property){ .name = property,
		.type = "ay",
		.bytes = ins_arena_copy(c->arena, mask, n ? n : 1),
		.n_bytes = (uint32_t)n };
	c->no_memory |= !limit->properties[0].bytes;
}

static void convert_set(struct ins_conversion *c, const char *set, const char *key,
	const char *file, const char *property)
{
	if (set && set[0])
		ins_conversion_set_mask(c,
			ins_conversion_add(c, INS_CONTROLLER_CPUSET, key, file,
				ins_arena_strdup(c->arena, set)),
			property);
}

static int convert_cpu(struct ins_conversion *c, const struct ins_spec_resources *resources)
{
	static const char realtime[] = "cgroup2 cannot share out real-time scheduling";
	const typeof(resources->cpu) *cpu = &resources->cpu;
	int r = refuse(c, cpu->has_realtime_runtime && cpu->realtime_runtime != 0,
		INS_KEY_RESOURCES "cpu.realtimeRuntime", realtime);

	if (r == 0)
		r = refuse(c, cpu->has_realtime_period && cpu->realtime_period != 0,
			INS_KEY_RESOURCES "cpu.realtimePeriod", realtime);
	if (r < 0)
		return r;
	convert_set(c, cpu->cpus, INS_KEY_RESOURCES "cpu.cpus", "cpuset.cpus", "AllowedCPUs");
	convert_set(
		c, cpu->mems, INS_KEY_RESOURCES "cpu.mems", "cpuset.mems", "AllowedMemoryNodes");
	convert_weight(c, resources);
	convert_quota(c, resources);
	return 0;
}

/* --- block I/O -----------------------------------------------------------------------------------
 */

#define BLOCK_IO INS_KEY_RESOURCES "blockIO."

static struct ins_limit_property device_property(
	struct ins_conversion *c, const char *name, uint32_t major, uint32_t minor, uint64_t number)
{
	return (struct ins_limit_property){ .name = name,
		.type = "a(st)",
		.number = number,
		.device = ins_conversion_keep(
			c, ins_arena_printf(c->arena, "/dev/block/%u:%u", major, minor)) };
}

/*
 * Who heeds a weight is the scheduler of the device: BFQ looks at a file of its own, with cgroup1's
 * numbers, which is there once its module is loaded.
 * @device: before the number; "" for all
 */
static int add_weight(struct ins_conversion *c, const char *key, const char *device,
	uint16_t weight, struct ins_limit **ret)
{
	struct ins_limit *limit;

	if (weight < INS_BLKIO_WEIGHT_MIN || weight > INS_BLKIO_WEIGHT_MAX)
		return ins_error_key(c->err, EINVAL, key, "%u is not a weight from %d to %d",
			weight, INS_BLKIO_WEIGHT_MIN, INS_BLKIO_WEIGHT_MAX);
	limit = ins_conversion_add(c, INS_CONTROLLER_IO, key, "io.weight",
		ins_arena_printf(c->arena, "%s%llu", device,
			(unsigned long long)ins_blkio_to_weight(weight)));
	limit->files.v[1].name = "io.bfq.weight";
	limit->files.v[1].text =
		ins_conversion_keep(c, ins_arena_printf(c->arena, "%s%u", device, weight));
	*ret = limit;
	return 0;
}

static int convert_weight_device(
	struct ins_conversion *c, const struct ins_spec_weight_device *device, size_t index)
{
	struct ins_limit *limit;
	char number[32];
	const char *key = ins_arena_printf(c->arena, BLOCK_IO "weightDevice[%zu]", index);
	int r = refuse(c, device->has_leaf_weight && device->leaf_weight != 0,
		ins_conversion_keep(c, key), "cgroup2 has no leafWeight");

	if (r < 0 || !device->has_weight || device->weight == 0)
		return r;
	snprintf(number, sizeof(number), "%u:%u ", device->major, device->minor);
	r = add_weight(c, key, number, device->weight, &limit);
	if (r == 0)
		limit->properties[0] = device_property(c, "IODeviceWeight", device->major,
			device->minor, ins_blkio_to_weight(device->weight));
	return r;
}

static void convert_throttles(struct ins_conversion *c, const struct ins_spec_throttles *throttles,
	const char *name, const char *word, const char *property)
{
	for (size_t i = 0; i < throttles->n; i++) {
		const struct ins_spec_throttle *throttle = &throttles->v[i];
		/* As in cgroup1, 0 takes a limit away. */
		uint64_t rate = throttle->rate ? throttle->rate : INS_LIMIT_NONE;
		struct ins_limit *limit = ins_conversion_add(c, INS_CONTROLLER_IO,
			ins_arena_printf(c->arena, BLOCK_IO "%s[%zu]", name, i), "io.max",
			ins_arena_printf(c->arena, "%u:%u %s=%s", throttle->major, throttle->minor,
				word, number_text(c, rate)));

		set_holding(limit, rate == INS_LIMIT_NONE);
		limit->properties[0] =
			device_property(c, property, throttle->major, throttle->minor, rate);
	}
}

static int convert_io(struct ins_conversion *c, const struct ins_spec_resources *resources)
{
	const typeof(resources->block_io) *io = &resources->block_io;
	struct ins_limit *limit;
	int r = refuse(c, io->has_leaf_weight && io->leaf_weight != 0, BLOCK_IO "leafWeight",
		"cgroup2 has no leafWeight");

	if (r == 0 && io->has_weight && io->weight != 0) {
		r = add_weight(c, BLOCK_IO "weight", "", io->weight, &limit);
		if (r == 0)
			limit->properties[0] = (struct ins_limit_property){ .name = "IOWeight",
				.type = "t",
				.number = ins_blkio_to_weight(io->weight) };
	}
	for (size_t i = 0; r == 0 && i < io->n_weight_devices; i++)
		r = convert_weight_device(c, &io->weight_devices[i], i);
	if (r < 0)
		return r;
	convert_throttles(c, &io->read_bps, "throttleReadBpsDevice", "rbps", "IOReadBandwidthMax");
	convert_throttles(
		c, &io->write_bps, "throttleWriteBpsDevice", "wbps", "IOWriteBandwidthMax");
	convert_throttles(c, &io->read_iops, "throttleReadIOPSDevice", "riops", "IOReadIOPSMax");
	convert_throttles(c, &io->write_iops, "throttleWriteIOPSDevice", "wiops", "IOWriteIOPSMax");
	return 0;
}

/* --- huge pages, pids, rdma, network -------------------------------------------------------------
 */

/* What is reserved and what is touched are counted apart; a mapping can do either without the other. */
static void convert_hugepages(struct ins_conversion *c, const struct ins_spec_resources *resources)
{
	for (size_t i = 0; i < resources->n_hugepage_limits; i++) {
		const struct ins_spec_hugepage *page = &resources->hugepage_limits[i];
		struct ins_limit *limit = ins_conversion_add(c, INS_CONTROLLER_HUGETLB,
			ins_arena_printf(c->arena, INS_KEY_RESOURCES "hugepageLimits[%zu]", i),
			ins_arena_printf(c->arena, "hugetlb.%s.max", page->page_size),
			number_text(c, page->limit));

		limit->files.v[1].name = ins_conversion_keep(
			c, ins_arena_printf(c->arena, "hugetlb.%s.rsvd.max", page->page_size));
		limit->files.v[1].text = limit->files.v[0].text;
	}
}

/* 0 is a limit (runtime-spec 1.3): who is in there may not fork. systemd knows none below 1. */
static void convert_pids(struct ins_conversion *c, const struct ins_spec_resources *resources)
{
	if (resources->has_pids_limit)
		add_number(c, INS_CONTROLLER_PIDS, INS_KEY_RESOURCES "pids.limit", "pids.max",
			maximum(resources->pids_limit), resources->pids_limit ? "TasksMax" : NULL);
}

static void convert_rdma(struct ins_conversion *c, const struct ins_spec_resources *resources)
{
	for (size_t i = 0; i < resources->n_rdma; i++) {
		const struct ins_spec_rdma *rdma = &resources->rdma[i];
		char handles[32] = "", objects[32] = "";

		if (rdma->has_handles)
			snprintf(handles, sizeof(handles), " hca_handle=%u", rdma->handles);
		if (rdma->has_objects)
			snprintf(objects, sizeof(objects), " hca_object=%u", rdma->objects);
		ins_conversion_add(c, INS_CONTROLLER_RDMA,
			ins_arena_printf(
				c->arena, INS_KEY_RESOURCES "rdma[\"%.80s\"]", rdma->device),
			"rdma.max",
			ins_arena_printf(c->arena, "%s%s%s", rdma->device, handles, objects));
	}
}

static int refuse_network(struct ins_conversion *c, const struct ins_spec_resources *resources)
{
	int r = refuse(c, resources->network.has_class_id && resources->network.class_id != 0,
		INS_KEY_RESOURCES "network.classID", "cgroup2 has no net_cls controller");

	return r < 0 ? r
		     : refuse(c, resources->network.n_priorities > 0,
			       INS_KEY_RESOURCES "network.priorities",
			       "cgroup2 has no net_prio controller");
}

/* --- the whole -----------------------------------------------------------------------------------
 */

/* No configuration gives more elements: memory 3, cpu 5 (burst once), io 1, pids 1, and the lists. */
static size_t count_most(const struct ins_spec_resources *resources)
{
	const typeof(resources->block_io) *io = &resources->block_io;
	size_t n = 16 + io->n_weight_devices + io->read_bps.n + io->write_bps.n + io->read_iops.n +
		   io->write_iops.n + resources->n_hugepage_limits + resources->n_rdma;

	for (size_t i = 0; i < resources->unified.n; i++) {
		n++;
		for (const char *at = resources->unified.v[i].value; *at; at++)
			n += *at == '\n';
	}
	return n;
}

int ins_limits_convert(const struct ins_spec_resources *resources, const struct ins_limits_now *now,
	struct ins_arena *arena, struct ins_limits *ret, struct ins_error *err)
{
	struct ins_conversion c = { .now = now, .arena = arena, .err = err };
	struct ins_limits limits;
	int r;

	c.v = ins_arena_array(arena, count_most(resources), sizeof(*c.v));
	if (!c.v)
		return ins_error_set(err, ENOMEM, "convert the limits");
	r = convert_memory(&c, resources);
	if (r == 0)
		r = convert_cpu(&c, resources);
	if (r == 0)
		r = convert_io(&c, resources);
	if (r == 0)
		r = refuse_network(&c, resources);
	if (r < 0)
		return r;
	convert_hugepages(&c, resources);
	convert_rdma(&c, resources);
	convert_pids(&c, resources);
	r = ins_conversion_unified(&c, resources);
	if (r == 0 && c.no_memory)
		r = ins_error_set(err, ENOMEM, "convert the limits");
	if (r < 0)
		return r;
	limits = (struct ins_limits){ .n = c.n, .v = c.v };
	for (size_t i = 0; i < c.n; i++)
		limits.controllers |= c.v[i].holds_in_new ? 0 : c.v[i].controller;
	*ret = limits;
	return 0;
}

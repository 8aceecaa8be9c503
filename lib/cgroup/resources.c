/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What linux.resources and its relatives ask for and is not supported yet. What asks for nothing
 * passes.
 */
#include <stdio.h>

#include "base/cleanup.h"
#include "cgroup/resources.h"

/* A property, and whether it asks for something. */
struct wish {
	bool asked;
	const char *key;
};

/* Who is told of a property that is not supported. */
struct listener {
	ins_unsupported_fn *tell;
	void *data;
	struct ins_error *err;
};

static int check_wishes(const struct wish *wishes, size_t n, const struct listener *listener)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		if (wishes[i].asked)
			r = listener->tell(listener->data, wishes[i].key, listener->err);
	}
	return r;
}

static int check_memory(const struct ins_spec_resources *resources, const struct listener *listener)
{
	const typeof(resources->memory) *m = &resources->memory;
	/* −1 is "unlimited", as a new cgroup is. cgroup2 always counts hierarchically and always
	 * has an OOM killer. checkBeforeUpdate is about a limit, and each limit is refused. */
	const struct wish wishes[] = {
		{ m->has_limit && m->limit != -1, "linux.resources.memory.limit" },
		{ m->has_reservation && m->reservation != -1,
			"linux.resources.memory.reservation" },
		{ m->has_swap && m->swap != -1, "linux.resources.memory.swap" },
		{ m->has_kernel && m->kernel != -1, "linux.resources.memory.kernel" },
		{ m->has_kernel_tcp && m->kernel_tcp != -1, "linux.resources.memory.kernelTCP" },
		{ m->has_swappiness, "linux.resources.memory.swappiness" },
		{ m->has_disable_oom_killer && m->disable_oom_killer,
			"linux.resources.memory.disableOOMKiller" },
		{ m->has_use_hierarchy && !m->use_hierarchy,
			"linux.resources.memory.useHierarchy" },
	};

	return check_wishes(wishes, ARRAY_LENGTH(wishes), listener);
}

static int check_cpu(const struct ins_spec_resources *resources, const struct listener *listener)
{
	const typeof(resources->cpu) *c = &resources->cpu;
	/* 1024 shares are the weight of every cgroup. No shares, no quota and no period are below
	 * what the kernel takes, so 0 says "not set". A period without a quota limits nothing. */
	const struct wish wishes[] = {
		{ c->has_shares && c->shares != 0 && c->shares != 1024,
			"linux.resources.cpu.shares" },
		{ c->has_quota && c->quota != 0 && c->quota != -1, "linux.resources.cpu.quota" },
		{ c->has_burst && c->burst != 0, "linux.resources.cpu.burst" },
		{ c->has_realtime_runtime && c->realtime_runtime != 0,
			"linux.resources.cpu.realtimeRuntime" },
		{ c->has_realtime_period && c->realtime_period != 0,
			"linux.resources.cpu.realtimePeriod" },
		{ c->has_idle && c->idle != 0, "linux.resources.cpu.idle" },
		{ c->cpus && c->cpus[0], "linux.resources.cpu.cpus" },
		{ c->mems && c->mems[0], "linux.resources.cpu.mems" },
	};

	return check_wishes(wishes, ARRAY_LENGTH(wishes), listener);
}

static int check_io(const struct ins_spec_resources *resources, const struct listener *listener)
{
	const typeof(resources->block_io) *io = &resources->block_io;
	/* Weights begin at 10. */
	const struct wish wishes[] = {
		{ io->has_weight && io->weight != 0, "linux.resources.blockIO.weight" },
		{ io->has_leaf_weight && io->leaf_weight != 0,
			"linux.resources.blockIO.leafWeight" },
		{ io->n_weight_devices > 0, "linux.resources.blockIO.weightDevice" },
		{ io->read_bps.n > 0, "linux.resources.blockIO.throttleReadBpsDevice" },
		{ io->write_bps.n > 0, "linux.resources.blockIO.throttleWriteBpsDevice" },
		{ io->read_iops.n > 0, "linux.resources.blockIO.throttleReadIOPSDevice" },
		{ io->write_iops.n > 0, "linux.resources.blockIO.throttleWriteIOPSDevice" },
	};

	return check_wishes(wishes, ARRAY_LENGTH(wishes), listener);
}

static int check_others(const struct ins_spec *spec, const struct listener *listener)
{
	const struct ins_spec_resources *r = &spec->resources;
	/* pids.limit: 0 is a limit, −1 is none. */
	const struct wish wishes[] = {
		{ r->has_pids_limit && r->pids_limit != -1, "linux.resources.pids.limit" },
		{ r->n_hugepage_limits > 0, "linux.resources.hugepageLimits" },
		{ r->network.has_class_id && r->network.class_id != 0,
			"linux.resources.network.classID" },
		{ r->network.n_priorities > 0, "linux.resources.network.priorities" },
		{ r->n_rdma > 0, "linux.resources.rdma" },
		{ spec->intel_rdt.present, "linux.intelRdt" },
		{ spec->memory_policy.present, "linux.memoryPolicy" },
		{ spec->n_net_devices > 0, "linux.netDevices" },
	};
	int result = check_wishes(wishes, ARRAY_LENGTH(wishes), listener);
	char key[128];

	for (size_t i = 0; result == 0 && i < r->unified.n; i++) {
		snprintf(key, sizeof(key), "linux.resources.unified[\"%.80s\"]",
			r->unified.v[i].key);
		result = listener->tell(listener->data, key, listener->err);
	}
	return result;
}

int ins_resources_check(
	const struct ins_spec *spec, ins_unsupported_fn *tell, void *data, struct ins_error *err)
{
	const struct listener listener = { tell, data, err };
	int r = check_memory(&spec->resources, &listener);

	if (r == 0)
		r = check_cpu(&spec->resources, &listener);
	if (r == 0)
		r = check_io(&spec->resources, &listener);
	return r < 0 ? r : check_others(spec, &listener);
}

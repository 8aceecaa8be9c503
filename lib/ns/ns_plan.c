/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which namespaces are made, which are entered, and what is set in them.
 *
 * Most new ones come into being with the clone. Two do not: a cgroup namespace has its root where
 * the process is when it is made, and the cgroup is only entered by the clone; and the clocks of a
 * time namespace can only be set before its first process is in it. Both are unshared afterwards.
 */
#include <errno.h>
#include <linux/capability.h>

#include "base/error.h"
#include "ns/ns.h"

/* New ones of these are unshared by the container process itself. */
static bool is_unshared(enum ins_ns ns)
{
	return ns == INS_NS_CGROUP || ns == INS_NS_TIME;
}

/* Whether something is set in the namespace, so that it had better not be the host's. */
static bool changes(const struct ins_spec *spec, enum ins_ns ns)
{
	return ins_ns_has_sysctl(spec, ns) ||
	       (ns == INS_NS_UTS && (spec->hostname || spec->domainname));
}

static int add_join(struct ins_plan_builder *builder, enum ins_ns ns, struct ins_error *err)
{
	const struct ins_spec_namespace *namespace = &builder->spec->namespaces[ns];
	int32_t slot = ins_plan_new_slot(builder);
	struct ins_op *op;
	int r;

	r = ins_plan_add(builder, INS_STAGE_PREPARE, INS_OP_NS_OPEN, &op, err,
		"linux.namespaces[%zu].path", namespace->index);
	if (r < 0)
		return r;
	op->slot = slot;
	op->ns.type = ins_ns_flag(ns);
	op->ns.must_differ = changes(builder->spec, ns);
	r = ins_plan_strdup(builder, namespace->path, &op->path, err);
	if (r < 0)
		return r;
	r = ins_plan_add(builder, INS_STAGE_JOIN, INS_OP_NS_JOIN, &op, err,
		"linux.namespaces[%zu].path", namespace->index);
	if (r < 0)
		return r;
	op->slot = slot;
	op->ns.type = ins_ns_flag(ns);
	builder->plan->join_flags |= ins_ns_flag(ns);
	return 0;
}

static int add_groups_drop(struct ins_plan_builder *builder, struct ins_error *err)
{
	struct ins_op *op;

	if (!builder->spec->namespaces[INS_NS_USER].path ||
		!(builder->host->capabilities >> CAP_SETGID & 1) ||
		ins_spec_annotation(builder->spec, INS_ANNOTATION_GROUPS))
		return 0;
	return ins_plan_add(builder, INS_STAGE_JOIN, INS_OP_GROUPS_DROP, &op, err, "%s", "");
}

/*
 * setns(2) wants CAP_SYS_ADMIN both in the namespace's owner and in the caller's user namespace. A
 * privileged runtime has that everywhere as long as it stays outside, so it enters the user
 * namespace last; an unprivileged one gets it by entering the user namespace first.
 */
static int add_joins(struct ins_plan_builder *builder, struct ins_error *err)
{
	bool privileged = builder->host->capabilities >> CAP_SYS_ADMIN & 1;
	enum ins_ns order[INS_NS_COUNT];
	size_t n = 0;
	int r;

	if (!privileged)
		order[n++] = INS_NS_USER;
	for (int ns = 0; ns < INS_NS_COUNT; ns++) {
		if (ns != INS_NS_USER)
			order[n++] = (enum ins_ns)ns;
	}
	if (privileged)
		order[n++] = INS_NS_USER;
	r = add_groups_drop(builder, err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct ins_spec_namespace *namespace = &builder->spec->namespaces[order[i]];

		if (!namespace->present || !namespace->path)
			continue;
		r = add_join(builder, order[i], err);
	}
	return r;
}

static int add_unshare(struct ins_plan_builder *builder, enum ins_ns ns, struct ins_error *err)
{
	struct ins_op *op;
	int r = ins_plan_add(builder, INS_STAGE_IDMAP, INS_OP_NS_UNSHARE, &op, err,
		"linux.namespaces[%zu]", builder->spec->namespaces[ns].index);

	if (r == 0)
		op->ns.type = ins_ns_flag(ns);
	return r;
}

static int add_new(struct ins_plan_builder *builder, struct ins_error *err)
{
	for (int ns = 0; ns < INS_NS_COUNT; ns++) {
		int r;

		if (!ins_plan_has_own(builder, (enum ins_ns)ns))
			continue;
		if (!is_unshared((enum ins_ns)ns)) {
			builder->plan->clone_flags |= ins_ns_flag((enum ins_ns)ns);
			continue;
		}
		r = add_unshare(builder, (enum ins_ns)ns, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* One line of timens_offsets (time_namespaces(7)), or nothing. */
static int offset_text(
	const char *clock, const struct ins_spec_time_offset *offset, char *text, size_t size)
{
	if (!offset->present)
		return 0;
	return snprintf(
		text, size, "%s %lld %u\n", clock, (long long)offset->secs, offset->nanosecs);
}

static int add_time_offsets(struct ins_plan_builder *builder, struct ins_error *err)
{
	const struct ins_spec *spec = builder->spec;
	struct ins_op *op;
	char text[128] = "";
	int r, used;

	if (!ins_plan_has_own(builder, INS_NS_TIME)) {
		if (spec->monotonic.present || spec->boottime.present)
			return ins_error_key(err, EINVAL, "linux.timeOffsets",
				"needs a new time namespace in linux.namespaces");
		return 0;
	}
	used = offset_text("monotonic", &spec->monotonic, text, sizeof(text));
	offset_text("boottime", &spec->boottime, text + used, sizeof(text) - (size_t)used);
	r = ins_plan_add(builder, INS_STAGE_IDMAP, INS_OP_TIME_OFFSETS, &op, err, "%s",
		text[0] ? "linux.timeOffsets" : "");
	if (r < 0)
		return r;
	return ins_plan_strdup(builder, text, &op->time.text, err);
}

static int add_name(struct ins_plan_builder *builder, enum ins_op_kind kind, const char *key,
	const char *value, struct ins_error *err)
{
	struct ins_op *op;
	int r;

	if (!value)
		return 0;
	if (!builder->spec->namespaces[INS_NS_UTS].present)
		return ins_error_key(err, EINVAL, key,
			"needs a uts namespace in linux.namespaces, or it would be the host's");
	r = ins_plan_add(builder, INS_STAGE_ROOT, kind, &op, err, "%s", key);
	if (r < 0)
		return r;
	return ins_plan_strdup(builder, value, &op->text.text, err);
}

static int check_user(const struct ins_plan_builder *builder, struct ins_error *err)
{
	const struct ins_spec *spec = builder->spec;
	const struct ins_spec_namespace *user = &spec->namespaces[INS_NS_USER];
	const char *key = spec->uid_mappings.n ? "linux.uidMappings" : "linux.gidMappings";
	bool has_maps = spec->uid_mappings.n || spec->gid_mappings.n;

	if (has_maps && !user->present)
		return ins_error_key(
			err, EINVAL, key, "needs a user namespace in linux.namespaces");
	return 0;
}

int ins_ns_plan(struct ins_plan_builder *builder, struct ins_error *err)
{
	const struct ins_spec *spec = builder->spec;
	int r = check_user(builder, err);

	if (r == 0)
		r = add_joins(builder, err);
	if (r == 0)
		r = add_new(builder, err);
	if (r == 0)
		r = add_time_offsets(builder, err);
	if (r == 0)
		r = add_name(builder, INS_OP_HOSTNAME, "hostname", spec->hostname, err);
	if (r == 0)
		r = add_name(builder, INS_OP_DOMAINNAME, "domainname", spec->domainname, err);
	if (r == 0)
		r = ins_ns_sysctl_plan(builder, err);
	return r;
}

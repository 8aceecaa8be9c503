/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the container's root process to the program: process.* in the order in which the kernel lets
 * it be done. What needs privilege comes first; then the bounding set, working directory, ids and
 * capabilities; the filter last, so that it has to allow nothing but the execve.
 */
#include <linux/capability.h>
#include <sched.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "creds/creds.h"

bool ins_creds_in_userns(const struct ins_plan_builder *builder)
{
	return ins_plan_has_userns(builder) || builder->plan->join_flags & CLONE_NEWUSER;
}

static int add_session(struct ins_plan_builder *builder, struct ins_error *err)
{
	struct ins_op *op;
	int r = ins_plan_add(builder, INS_STAGE_IDMAP, INS_OP_SETSID, &op, err, "%s", "");

	if (r < 0 || builder->args->no_new_keyring)
		return r;
	return ins_plan_add(builder, INS_STAGE_IDMAP, INS_OP_KEYRING, &op, err, "%s", "");
}

/* Only if it is asked for: runtime-spec forbids to touch it otherwise. */
static int add_oom_score(struct ins_plan_builder *builder, struct ins_error *err)
{
	const struct ins_spec_process *process = &builder->spec->process;
	struct ins_op *op;
	int r;

	if (!process->has_oom_score_adj)
		return 0;
	/* Where the parent has work anyway. With a user namespace in IDMAP: later the file is
	 * root's inside, and an unprivileged runtime may not write it any more. */
	r = ins_plan_add(builder,
		builder->plan->is_exec || ins_plan_has_own(builder, INS_NS_USER)
			? INS_STAGE_IDMAP
			: INS_STAGE_CREATED,
		INS_OP_OOM_SCORE, &op, err, "%s", "process.oomScoreAdj");
	if (r == 0)
		op->oom.score = process->oom_score_adj;
	return r;
}

/* /dev/stdout leads to the pipe, which is opened once more then, and that is for its owner alone. */
static int add_stdio_owner(struct ins_plan_builder *builder, struct ins_error *err)
{
	const struct ins_spec_process *process = &builder->spec->process;
	bool in_userns = ins_creds_in_userns(builder);
	struct ins_op *op;
	int r;

	if (process->terminal || (!in_userns && process->uid == 0))
		return 0;
	r = ins_plan_add(builder, in_userns ? INS_STAGE_IDMAP : INS_STAGE_PREPARE,
		INS_OP_STDIO_OWNER, &op, err, "%s", "process.user.uid");
	if (r < 0)
		return r;
	op->stdio.uid = process->uid;
	op->stdio.in_userns = in_userns;
	return 0;
}

static bool has_control(const char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	}
	return false;
}

static int add_label(struct ins_plan_builder *builder, const char *key, const char *file,
	const char *prefix, const char *label, struct ins_error *err)
{
	struct ins_op *op;
	int r;

	if (has_control(label))
		return ins_error_key(err, EINVAL, key, "holds a control character");
	r = ins_plan_add(builder, INS_STAGE_EXEC, INS_OP_LSM_LABEL, &op, err, "%s", key);
	if (r < 0)
		return r;
	r = ins_plan_strdup(builder, file, &op->text.file, err);
	if (r < 0)
		return r;
	op->text.text = ins_arena_printf(builder->arena, "%s%s", prefix, label);
	return op->text.text ? 0 : ins_error_set(err, ENOMEM, "build the plan");
}

static int add_labels(struct ins_plan_builder *builder, struct ins_error *err)
{
	const char *apparmor = builder->spec->process.apparmor_profile;
	const char *selinux = builder->spec->process.selinux_label;
	int r = 0;

	if (apparmor) {
		if (builder->host->has_apparmor)
			r = add_label(builder, "process.apparmorProfile", "attr/apparmor/exec",
				"exec ", apparmor, err);
		else if (strcmp(apparmor, "unconfined"))
			return ins_error_key(err, EOPNOTSUPP, "process.apparmorProfile",
				"AppArmor is not active on this host");
	}
	if (r < 0 || !selinux)
		return r;
	if (!builder->host->has_selinux)
		return ins_error_key(err, EOPNOTSUPP, "process.selinuxLabel",
			"SELinux is not active on this host");
	return add_label(builder, "process.selinuxLabel", "attr/exec", "", selinux, err);
}

static int check_mapped(const struct ins_plan_builder *builder, const struct ins_id_maps *maps,
	uint32_t id, const char *key, const char *maps_key, struct ins_error *err)
{
	if (!ins_plan_has_own(builder, INS_NS_USER))
		return 0;
	for (size_t i = 0; i < maps->n; i++) {
		if (id >= maps->v[i].container && id - maps->v[i].container < maps->v[i].size)
			return 0;
	}
	return ins_error_key(err, EINVAL, key, "%u is not in %s", id, maps_key);
}

static int check_ids(const struct ins_plan_builder *builder, struct ins_error *err)
{
	const struct ins_spec *spec = builder->spec;
	const struct ins_spec_process *process = &spec->process;
	int r = check_mapped(builder, &spec->uid_mappings, process->uid, "process.user.uid",
		"linux.uidMappings", err);

	if (r == 0)
		r = check_mapped(builder, &spec->gid_mappings, process->gid, "process.user.gid",
			"linux.gidMappings", err);
	for (size_t i = 0; i < process->n_additional_gids && r == 0; i++) {
		char key[64];

		snprintf(key, sizeof(key), "process.user.additionalGids[%zu]", i);
		r = check_mapped(builder, &spec->gid_mappings, process->additional_gids[i], key,
			"linux.gidMappings", err);
	}
	return r;
}

static int add_ids(struct ins_plan_builder *builder, struct ins_error *err)
{
	const struct ins_spec_process *process = &builder->spec->process;
	struct ins_op *op;
	int r = check_ids(builder, err);

	if (r == 0)
		r = ins_plan_add(
			builder, INS_STAGE_EXEC, INS_OP_IDS, &op, err, "%s", "process.user");
	if (r < 0)
		return r;
	op->ids.uid = process->uid;
	op->ids.gid = process->gid;
	op->ids.keep_groups = ins_spec_annotation(builder->spec, INS_ANNOTATION_GROUPS) != NULL;
	if (!process->n_additional_gids)
		return 0;
	op->ids.n_groups = (uint32_t)process->n_additional_gids;
	op->ids.groups = ins_arena_copy(builder->arena, process->additional_gids,
		process->n_additional_gids * sizeof(uint32_t));
	return op->ids.groups ? 0 : ins_error_set(err, ENOMEM, "build the plan");
}

static int add_cwd(struct ins_plan_builder *builder, bool may_fail, struct ins_error *err)
{
	struct ins_op *op;
	int r = ins_plan_add(builder, INS_STAGE_EXEC, INS_OP_CWD, &op, err, "%s", "process.cwd");

	if (r < 0)
		return r;
	op->cwd.may_fail = may_fail;
	return ins_plan_strdup(builder, builder->spec->process.cwd, &op->path, err);
}

static int add_caps(struct ins_plan_builder *builder, enum ins_op_kind kind,
	const struct ins_spec_caps *caps, struct ins_error *err)
{
	struct ins_op *op;
	int r = ins_plan_add(builder, INS_STAGE_EXEC, kind, &op, err, "%s", "process.capabilities");

	if (r < 0)
		return r;
	op->caps.bounding = caps->bounding;
	op->caps.effective = caps->effective;
	op->caps.permitted = caps->permitted;
	op->caps.inheritable = caps->inheritable;
	op->caps.ambient = caps->ambient;
	return 0;
}

static int add_seccomp(struct ins_plan_builder *builder, enum ins_op_kind kind,
	const struct ins_plan_filter *filter, struct ins_error *err)
{
	struct ins_op *op;
	int r = ins_plan_add(builder, INS_STAGE_EXEC, kind, &op, err, "%s", "linux.seccomp");

	if (r == 0)
		op->seccomp = *filter;
	return r;
}

/*
 * seccomp(2) wants no_new_privs or CAP_SYS_ADMIN. If the program has one of them, the filter comes
 * last of all. If not, it has to be loaded before the ids and capabilities change, and must allow
 * that too; so everything else is done before it.
 */
static int add_identity(struct ins_plan_builder *builder, const struct ins_plan_filter *filter,
	struct ins_error *err)
{
	const struct ins_spec_process *process = &builder->spec->process;
	struct ins_spec_caps caps;
	struct ins_op *op;
	bool early;
	int r = 0;

	ins_creds_caps_plan(builder, &caps);
	early = filter && !process->no_new_privileges && !(caps.effective >> CAP_SYS_ADMIN & 1);
	if (process->no_new_privileges)
		r = ins_plan_add(builder, INS_STAGE_EXEC, INS_OP_NO_NEW_PRIVS, &op, err, "%s",
			"process.noNewPrivileges");
	if (r == 0)
		r = add_caps(builder, INS_OP_BOUNDING, &caps, err);
	if (r == 0)
		r = add_cwd(builder, process->uid != 0, err);
	/* From here on a limit of a few open files is no obstacle. */
	if (r == 0)
		r = ins_creds_rlimits_plan(builder, err);
	if (r == 0 && early)
		r = ins_plan_add(builder, INS_STAGE_EXEC, INS_OP_PREPARE_EXEC, &op, err, "%s", "");
	if (r == 0 && early)
		r = add_seccomp(builder, INS_OP_SECCOMP_EARLY, filter, err);
	if (r == 0)
		r = add_ids(builder, err);
	if (r == 0 && process->uid != 0)
		r = add_cwd(builder, false, err);
	if (r == 0)
		r = add_caps(builder, INS_OP_CAPS, &caps, err);
	if (r == 0 && !early)
		r = ins_plan_add(builder, INS_STAGE_EXEC, INS_OP_PREPARE_EXEC, &op, err, "%s", "");
	if (r == 0 && filter && !early)
		r = add_seccomp(builder, INS_OP_SECCOMP, filter, err);
	return r;
}

static bool has_variable(const struct ins_strings *env, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < env->n; i++) {
		if (!strncmp(env->v[i], name, length) && env->v[i][length] == '=')
			return true;
	}
	return false;
}

/* The sockets of a service manager are announced as sd_listen_fds(3) has it, unless process.env already
 * has something to say about that. */
static bool announces_fds(const struct ins_plan_builder *builder)
{
	return builder->args->listen_fds > 0 &&
	       !has_variable(&builder->spec->process.env, "LISTEN_FDS");
}

static int add_environment(
	struct ins_plan_builder *builder, struct ins_text_list *ret_env, struct ins_error *err)
{
	const struct ins_create_args *args = builder->args;
	const struct ins_strings *env = &builder->spec->process.env;
	cleanup_free const char **v = NULL;
	cleanup_free char *names = NULL;
	struct ins_strings all = { 0 };
	char fds[32];

	if (!announces_fds(builder))
		return ins_plan_strings(builder, env, ret_env, err);
	v = calloc(env->n + 2, sizeof(*v));
	if (!v || (args->listen_fdnames &&
			  asprintf(&names, "LISTEN_FDNAMES=%s", args->listen_fdnames) < 0))
		return ins_error_set(err, ENOMEM, "process.env");
	for (; all.n < env->n; all.n++)
		v[all.n] = env->v[all.n];
	snprintf(fds, sizeof(fds), "LISTEN_FDS=%u", args->listen_fds);
	v[all.n++] = fds;
	if (names)
		v[all.n++] = names;
	all.v = v;
	return ins_plan_strings(builder, &all, ret_env, err);
}

/* FIND_PROGRAM in ROOT, so that `create` already says what is missing; EXECVE at the very end. */
static int add_program(struct ins_plan_builder *builder, struct ins_error *err)
{
	const struct ins_spec_process *process = &builder->spec->process;
	struct ins_op *find, *execve;
	struct ins_text_list args, env;
	const char *cwd;
	bool want_home = !has_variable(&process->env, "HOME");
	int r = ins_plan_strings(builder, &process->args, &args, err);

	if (r == 0)
		r = add_environment(builder, &env, err);
	if (r == 0)
		r = ins_plan_strdup(builder, process->cwd, &cwd, err);
	if (r == 0)
		r = ins_plan_add(builder, INS_STAGE_ROOT, INS_OP_FIND_PROGRAM, &find, err, "%s",
			"process.args[0]");
	if (r < 0)
		return r;
	find->path = cwd;
	find->exec.args = args;
	find->exec.env = env;
	find->exec.want_home = want_home;
	find->exec.want_listen_pid = announces_fds(builder);
	find->exec.uid = process->uid;
	r = ins_plan_add(
		builder, INS_STAGE_EXEC, INS_OP_EXECVE, &execve, err, "%s", "process.args");
	if (r < 0)
		return r;
	execve->exec.args = args;
	execve->exec.env = env;
	return 0;
}

static int add_cwd_make(struct ins_plan_builder *builder, struct ins_error *err)
{
	struct ins_op *op;
	int r;

	if (builder->plan->is_exec)
		return 0;
	r = ins_plan_add(builder, INS_STAGE_MOUNT, INS_OP_CWD_MAKE, &op, err, "%s", "process.cwd");
	if (r < 0)
		return r;
	return ins_plan_strdup(builder, builder->spec->process.cwd, &op->path, err);
}

static int add_umask(struct ins_plan_builder *builder, struct ins_error *err)
{
	struct ins_op *op;
	int r;

	if (!builder->spec->process.has_umask)
		return 0;
	r = ins_plan_add(
		builder, INS_STAGE_EXEC, INS_OP_UMASK, &op, err, "%s", "process.user.umask");
	if (r == 0)
		op->umask.mask = builder->spec->process.umask;
	return r;
}

int ins_creds_plan(struct ins_plan_builder *builder, struct ins_error *err)
{
	const struct ins_spec_process *process = &builder->spec->process;
	const struct ins_plan_filter *filter = builder->exec_filter;
	struct ins_plan_filter own;
	int r = add_session(builder, err);

	/* A container may be made without a process; it cannot be started then. */
	if (r < 0 || !process->present)
		return r;
	if (builder->spec->seccomp.present) {
		r = ins_seccomp_compile(builder, &own, err);
		filter = &own;
	}
	if (r == 0)
		r = add_cwd_make(builder, err);
	if (r == 0)
		r = add_oom_score(builder, err);
	if (r == 0)
		r = add_stdio_owner(builder, err);
	if (r == 0)
		r = ins_creds_tuning_plan(builder, err);
	if (r == 0)
		r = add_umask(builder, err);
	if (r == 0)
		r = add_labels(builder, err);
	if (r == 0)
		r = add_identity(builder, filter, err);
	if (r == 0)
		r = add_program(builder, err);
	return r;
}

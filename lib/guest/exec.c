/* SPDX-License-Identifier: Apache-2.0 */
/* `exec`: one more process in a container that is there. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/number.h"
#include "cgroup/cgroup.h"
#include "guest/guest.h"
#include "seccomp/seccomp.h"
#include "spec/plain.h"
#include "spec/emit.h"

#define PROCESS_SIZE_MAX ((size_t)4 << 20)

static void release_json(json_t **json)
{
	json_decref(*json);
}

#define cleanup_json cleanup_with(release_json)

static int set_strings(json_t *process, const char *key, char *const *list, bool append)
{
	json_t *array = append ? json_object_get(process, key) : NULL;

	if (!array) {
		array = json_array();
		if (json_object_set_new(process, key, array) < 0)
			return -ENOMEM;
	}
	for (size_t i = 0; list && list[i]; i++) {
		json_t *string = json_string(list[i]);

		if (!string)
			return -EILSEQ;
		if (json_array_append_new(array, string) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* --user UID[:GID] and --additional-gids change and extend the container's own process.user. */
static int set_user(json_t *process, const struct ins_exec_args *args, struct ins_error *err)
{
	json_t *user = json_object_get(process, "user");
	uint32_t uid, gid;
	bool has_gid = false;
	int failed = 0, r;

	if (!user) {
		user = json_pack("{s:i, s:i}", "uid", 0, "gid", 0);
		if (json_object_set_new(process, "user", user) < 0)
			return ins_error_set(err, ENOMEM, "exec: build the process object");
	}
	if (args->user) {
		r = ins_user_parse(args->user, &uid, &has_gid, &gid);
		if (r < 0)
			return ins_error_text(err, -r,
				"--user '%s': expected UID or UID:GID, both numbers", args->user);
		failed |= json_object_set_new(user, "uid", json_integer(uid));
	}
	if (has_gid)
		failed |= json_object_set_new(user, "gid", json_integer(gid));
	if (args->additional_gids_count && !json_object_get(user, "additionalGids"))
		failed |= json_object_set_new(user, "additionalGids", json_array());
	for (size_t i = 0; i < args->additional_gids_count; i++)
		failed |= json_array_append_new(json_object_get(user, "additionalGids"),
			json_integer(args->additional_gids[i]));
	return failed ? ins_error_set(err, ENOMEM, "exec: build the process object") : 0;
}

/* --cap adds to what the container's own process may have; never to the inheritable set, which would
 * let programs without it gain it (CVE-2022-29162). */
static int add_caps(json_t *process, char *const *caps, struct ins_error *err)
{
	static const char *const sets[] = { "bounding", "effective", "permitted" };
	json_t *object = json_object_get(process, "capabilities");
	char name[32], *one[] = { name, NULL };

	if (!caps || !caps[0])
		return 0;
	if (!object) {
		object = json_object();
		if (json_object_set_new(process, "capabilities", object) < 0)
			return ins_error_set(err, ENOMEM, "--cap");
	}
	for (size_t i = 0; caps[i]; i++) {
		/* As people know them, too. */
		snprintf(name, sizeof(name), "%s%s", strncmp(caps[i], "CAP_", 4) ? "CAP_" : "",
			caps[i]);
		if (ins_capability_number(name) < 0)
			return ins_error_text(err, EINVAL,
				"--cap '%s': no such capability (names are as CAP_NET_ADMIN)",
				caps[i]);
		for (size_t k = 0; k < ARRAY_LENGTH(sets); k++) {
			if (set_strings(object, sets[k], one, true) < 0)
				return ins_error_set(err, ENOMEM, "--cap");
		}
	}
	return 0;
}

static int set_text(json_t *process, const char *key, const char *text)
{
	return !text || json_object_set_new(process, key, json_string(text)) == 0 ? 0 : -ENOMEM;
}

/* The container's process object, changed by what the command line says. */
static int edit_process(json_t *process, const struct ins_exec_args *args, struct ins_error *err)
{
	int r;

	if (!args->args || !args->args[0])
		return ins_error_text(err, EINVAL, "exec: a program is needed");
	r = set_strings(process, "args", args->args, false);
	if (r == 0)
		r = set_strings(process, "env", args->env, true);
	if (r == 0)
		r = set_text(process, "cwd", args->cwd);
	if (r == 0)
		r = set_text(process, "apparmorProfile", args->apparmor);
	if (r == 0)
		r = set_text(process, "selinuxLabel", args->process_label);
	if (r == 0 && json_object_set_new(process, "terminal", json_boolean(args->tty)) < 0)
		r = -ENOMEM;
	if (r == 0 && args->no_new_privs)
		r = json_object_set_new(process, "noNewPrivileges", json_true()) < 0 ? -ENOMEM : 0;
	if (r < 0)
		return ins_error_set(err, -r, "exec: build the process object");
	json_object_del(process, "consoleSize");
	r = set_user(process, args, err);
	return r < 0 ? r : add_caps(process, args->caps, err);
}

static int process_from_record(struct ins_guest *guest, char **ret_text, struct ins_error *err)
{
	const char *text = guest->record.process_json ? guest->record.process_json : "{}";
	cleanup_json json_t *process = NULL;
	json_error_t why;
	bool has_big;
	int r = ins_json_read(text, strlen(text), &process, &has_big, &why);

	if (r == -ENOMEM)
		return ins_error_set(err, ENOMEM, "exec: read the process object");
	if (r < 0)
		return ins_error_text(err, EINVAL,
			"the process object in the container's state is damaged: %s", why.text);
	r = edit_process(process, guest->exec, err);
	/* Big numbers stay marked: the parser of the specification takes them so, too. */
	return r < 0 ? r : ins_emit_dump(process, JSON_COMPACT, ret_text, err);
}

static int load_process(struct ins_guest *guest, struct ins_error *err)
{
	cleanup_free char *text = NULL;
	const char *file = guest->exec->process_file;
	size_t size = 0;
	int r;

	if (file)
		r = ins_file_read(AT_FDCWD, file, PROCESS_SIZE_MAX, &text, &size, err);
	else
		r = process_from_record(guest, &text, err);
	if (r < 0)
		return r;
	r = ins_spec_process_parse(text, file ? size : strlen(text), &guest->spec, err);
	if (r < 0)
		return file ? ins_error_prefix(err, "%s", file) : r;
	/* What no process object says, for it holds for the whole container. */
	guest->spec->annotations = guest->record.annotations;
	guest->spec->has_personality = guest->record.personality != NULL;
	guest->spec->personality_domain = guest->record.personality;
	/* conmon says it twice, in the file and by the option. */
	if (guest->exec->tty)
		guest->spec->process.terminal = true;
	for (size_t i = 0; i < guest->spec->warnings.n; i++)
		ins_context_warn(guest->context, guest->spec->warnings.v[i]);
	return 0;
}

/*
 * The user namespace is entered if it is another than ours (setns() into one's own is EINVAL), whatever
 * create was asked for: the container's process may have made one for itself, and then its mount
 * namespace, too, is one in which only its own rights must count.
 */
static int namespaces_to_join(
	const struct ins_record *record, uint32_t *ret_flags, struct ins_error *err)
{
	uint32_t user = ins_ns_flag(INS_NS_USER);
	struct stat theirs, ours;
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)record->pid);
	if (stat(path, &theirs) < 0 || stat("/proc/self/ns/user", &ours) < 0)
		return ins_error_set(err, errno, "compare %s with the runtime's own", path);
	*ret_flags = record->namespaces & ~user;
	if (theirs.st_ino != ours.st_ino || theirs.st_dev != ours.st_dev)
		*ret_flags |= user;
	return 0;
}

/* The container's own filter: what runs in it is never under a weaker one. */
static int load_filter(struct ins_guest *guest, struct ins_arena **ret_arena,
	struct ins_plan_filter *ret_filter, struct ins_error *err)
{
	int r = ins_arena_new(NULL, INS_ARENA_RESERVE, ret_arena, err);

	return r < 0 ? r
		     : ins_seccomp_filter_load(
			       *ret_arena, guest->store.dir, INS_FILTER_FILE, ret_filter, err);
}

static int build_plan(struct ins_guest *guest, struct ins_error *err)
{
	const struct ins_create_args args = { .id = guest->exec->id,
		.preserve_fds = guest->exec->preserve_fds };
	struct ins_plan_builder builder = { 0 };
	struct ins_plan_filter filter = { 0 };
	cleanup_arena struct ins_arena *scratch = NULL;
	uint32_t join = 0;
	int r = ins_host_probe(&guest->host, ins_guest_has_labels(guest->spec), err);

	if (r == 0)
		r = ins_arena_new(INS_PLAN_ADDRESS, INS_ARENA_RESERVE, &guest->arena, err);
	if (r == 0 && guest->record.has_filter)
		r = load_filter(guest, &scratch, &filter, err);
	if (r == 0)
		r = namespaces_to_join(&guest->record, &join, err);
	if (r < 0)
		return r;
	builder = (struct ins_plan_builder){ .spec = guest->spec,
		.host = &guest->host,
		.args = &args,
		.cgroup_manager = guest->context->cgroup_manager,
		.arena = guest->arena,
		.bundle = guest->record.bundle,
		.state_root = guest->context->root,
		.exec_root = guest->record.root_in_place ? guest->record.rootfs : NULL,
		.exec_pid = guest->record.pid,
		.warn = ins_context_warn,
		.note = ins_context_note,
		.warn_data = guest->context };
	r = ins_plan_build_exec(&builder, join, guest->record.has_filter ? &filter : NULL, err);
	guest->plan = builder.plan;
	return r;
}

static int open_cgroup(struct ins_guest *guest, struct ins_error *err)
{
	const struct ins_record *record = &guest->record;
	const char *sub = guest->exec->cgroup;
	int r;

	if (!record->cgroup)
		return sub ? ins_error_text(err, EINVAL,
				     "--cgroup: the container has no cgroup of its own")
			   : 0;
	r = ins_cgroup_open(record->cgroup_mount, record->cgroup, &guest->run.cgroup_fd, err);
	if (r == 0 && sub) {
		r = ins_cgroup_open_sub(&guest->run.cgroup_fd, sub, err);
		return r < 0 ? ins_error_prefix(err, "--cgroup") : 0;
	}
	if (r == 0)
		r = ins_cgroup_open_leaf(&guest->run.cgroup_fd, record->cgroup, record->pid, err);
	guest->run.cgroup_is_shared = true;
	guest->run.unit = record->unit;
	guest->run.user_manager = record->user_manager;
	return r;
}

static int exec_steps(struct ins_guest *guest, struct ins_error *err)
{
	struct ins_run *run = &guest->run;
	int r = ins_run_init(run, guest->context, guest->plan, &guest->host, err);

	if (r < 0)
		return r;
	run->guest = guest;
	run->attendance = guest->exec->detach ? INS_ATTENDANCE_NONE : INS_ATTENDANCE_COMES;
	run->waits_frozen = guest->exec->ignore_paused;
	run->state_json = ins_guest_state_json;
	run->warn = ins_context_warn;
	run->warn_data = guest->context;
	run->slots[INS_SLOT_TARGET] = ins_record_pidfd(&guest->record);
	if (run->slots[INS_SLOT_TARGET] == -ESRCH)
		return ins_error_text(err, ESRCH, "container not running");
	if (run->slots[INS_SLOT_TARGET] < 0)
		return ins_error_set(
			err, -run->slots[INS_SLOT_TARGET], "look at the container process");
	r = open_cgroup(guest, err);
	if (r == 0)
		r = ins_run_stage(run, INS_STAGE_PREPARE, err);
	if (r == 0)
		r = ins_launch(run, guest->arena, err);
	if (r == 0)
		r = ins_converse(run, INS_CONVERSE_EXECUTED, -1, err);
	/* The pid file comes last: its presence tells conmon that the program itself was reached. */
	if (r == 0)
		r = ins_guest_hand_over(guest, err);
	if (r < 0)
		ins_undo_run(&run->undo);
	else
		ins_undo_forget(&run->undo);
	return r;
}

/* Who holds the container's lock may have frozen it for a moment only: until he is done nothing is known. */
static int await_status(struct ins_guest *guest, enum ins_status *ret_status, struct ins_error *err)
{
	struct ins_store locked = { .root = -1, .dir = -1 };
	int r = ins_store_status(&guest->store, ret_status, err);

	if (r == 0 && *ret_status == INS_STATUS_PAUSED && !guest->exec->ignore_paused)
		r = ins_store_busy(&guest->store, err);
	if (r <= 0)
		return r;
	r = ins_store_open(guest->context, guest->exec->id, INS_LOCK_WAIT, false, &locked, err);
	ins_store_close(&locked);
	return r < 0 ? r : ins_store_status(&guest->store, ret_status, err);
}

static int check_status(struct ins_guest *guest, struct ins_error *err)
{
	enum ins_status status;
	int r = await_status(guest, &status, err);

	if (r < 0)
		return r;
	if (status == INS_STATUS_PAUSED && guest->exec->ignore_paused)
		return 0;
	if (status == INS_STATUS_PAUSED)
		return ins_error_text(err, EBUSY,
			"cannot exec in container \"%s\": it is paused (--ignore-paused waits)",
			guest->exec->id);
	if (status != INS_STATUS_RUNNING && status != INS_STATUS_CREATED)
		return ins_error_text(err, ESRCH,
			"cannot exec in container \"%s\": container not running", guest->exec->id);
	return 0;
}

int ins_exec(struct ins_context *context, const struct ins_exec_args *args, int *ret_status,
	struct ins_error *err)
{
	cleanup_guest struct ins_guest guest = { .context = context,
		.exec = args,
		.store = { .root = -1, .dir = -1 },
		.console_socket = -1 };
	int r = ins_guest_preserve_check(args->preserve_fds, err);

	if (r == 0)
		r = ins_store_open(context, args->id, INS_LOCK_NONE, false, &guest.store, err);
	if (r < 0)
		return r;
	guest.record = guest.store.record;
	r = check_status(&guest, err);
	if (r == 0)
		r = load_process(&guest, err);
	if (r == 0)
		r = ins_guest_console_check(&guest, args->console_socket, !args->detach, err);
	if (r == 0) {
		ins_guest_fit_terminal(&guest, args->console_socket);
		r = build_plan(&guest, err);
	}
	if (r == 0)
		r = exec_steps(&guest, err);
	if (r < 0 || args->detach)
		return r;
	return ins_guest_attend(&guest, ret_status, err);
}

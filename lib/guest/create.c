/* SPDX-License-Identifier: Apache-2.0 */
/* runtime.md "create", and the part of it that `run` and `plan` share. */
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "cgroup/systemd.h"
#include "guest/guest.h"
#include "hook/hook.h"
#include "net/net.h"
#include "tty/tty.h"

static int read_config(struct ins_guest *guest, struct ins_error *err)
{
	const struct ins_create_args *args = guest->create;
	char path[PATH_MAX];
	int r;

	if (args->config)
		r = snprintf(path, sizeof(path), "%s", args->config);
	else
		r = snprintf(path, sizeof(path), "%s/config.json", guest->bundle);
	if (r < 0 || (size_t)r >= sizeof(path))
		return ins_error_set(err, ENAMETOOLONG, "the configuration's path");
	r = ins_spec_load(AT_FDCWD, path, &guest->spec, err);
	if (r == -ENOENT && !args->config) {
		ins_error_clear(err);
		return ins_error_text(err, ENOENT,
			"open %s: No such file or directory (--bundle names the bundle, `insula "
			"spec` makes this file)",
			path);
	}
	return r;
}

static int load_spec(struct ins_guest *guest, bool dry, struct ins_error *err)
{
	const char *bundle = guest->create->bundle ? guest->create->bundle : ".";
	int r = 0;

	guest->bundle = realpath(bundle, NULL);
	if (!guest->bundle)
		return ins_error_set(err, errno, "bundle %s", bundle);
	if (guest->extras && guest->extras->spec)
		guest->spec = TAKE_PTR(*guest->extras->spec);
	else
		r = read_config(guest, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < guest->spec->warnings.n; i++)
		ins_context_warn(guest->context, guest->spec->warnings.v[i]);
	/* A mistyped name looks like this, and so does each property of a later specification. */
	for (size_t i = 0; i < guest->spec->unknown.n; i++)
		ins_context_log(guest->context, dry ? INS_LOG_WARNING : INS_LOG_INFO, "%s",
			guest->spec->unknown.v[i]);
	return 0;
}

bool ins_guest_has_labels(const struct ins_spec *spec)
{
	return spec->process.apparmor_profile || spec->process.selinux_label || spec->mount_label;
}

void ins_guest_fit_terminal(struct ins_guest *guest, const char *console_socket)
{
	struct ins_spec_process *process = &guest->spec->process;
	struct winsize size;

	if (!process->terminal || console_socket || !ins_tty_caller_size(&size))
		return;
	process->has_console_size = true;
	process->console_height = size.ws_row;
	process->console_width = size.ws_col;
}

int ins_guest_load(struct ins_guest *guest, struct ins_context *context,
	const struct ins_create_args *args, bool waits, bool dry, struct ins_error *err)
{
	struct ins_plan_builder builder = { 0 };
	int r;

	guest->context = context;
	guest->create = args;
	r = load_spec(guest, dry, err);
	if (r == 0 && !dry)
		ins_guest_fit_terminal(guest, args->console_socket);
	if (r == 0)
		r = ins_host_probe(&guest->host, ins_guest_has_labels(guest->spec), err);
	if (r == 0 && guest->spec->resources.present)
		r = ins_host_probe_controllers(&guest->host, err);
	if (r == 0 && guest->spec->intel_rdt.present)
		ins_host_probe_resctrl(&guest->host);
	/* init maps the real plan at its place; one that is only printed may be anywhere. */
	if (r == 0)
		r = ins_arena_new(
			dry ? NULL : INS_PLAN_ADDRESS, INS_ARENA_RESERVE, &guest->arena, err);
	if (r < 0)
		return r;
	builder = (struct ins_plan_builder){ .spec = guest->spec,
		.host = &guest->host,
		.args = args,
		.cgroup_manager = context->cgroup_manager,
		.user_manager = context->cgroup_manager == INS_CGROUP_SYSTEMD &&
				ins_systemd_wants_user(context->rootless),
		.arena = guest->arena,
		.dry = dry,
		.waits_for_start = waits,
		.bundle = guest->bundle,
		.state_root = context->root,
		.warn = ins_context_warn,
		.note = ins_context_note,
		.warn_data = context };
	if (guest->extras) {
		builder.overlay = guest->extras->overlay;
		builder.network = guest->extras->network;
	}
	r = ins_plan_build(&builder, err);
	guest->plan = builder.plan;
	return r;
}

void ins_guest_release(struct ins_guest *guest)
{
	if (guest->run.plan)
		ins_run_release(&guest->run);
	ins_store_close(&guest->store);
	guest->console_socket = ins_close(guest->console_socket);
	ins_arena_free(TAKE_PTR(guest->arena));
	ins_spec_free(TAKE_PTR(guest->spec));
	free(TAKE_PTR(guest->bundle));
	free(TAKE_PTR(guest->cgroup));
	if (guest->plan_size)
		(void)munmap((void *)guest->plan, guest->plan_size);
}

int ins_guest_preserve_check(unsigned int n, struct ins_error *err)
{
	for (unsigned int i = 0; i < n; i++) {
		if (fcntl((int)(3 + i), F_GETFD) < 0)
			return ins_error_text(err, EBADF,
				"--preserve-fds %u: file descriptor %u is not open", n, 3 + i);
	}
	return 0;
}

int ins_guest_console_check(
	struct ins_guest *guest, const char *console_socket, bool stays, struct ins_error *err)
{
	bool terminal = guest->spec->process.terminal;

	if (!console_socket) {
		if (terminal && !stays)
			return ins_error_key(err, EINVAL, "process.terminal",
				"nobody is here to serve it: --console-socket is needed, or "
				"false here");
		return 0;
	}
	if (!terminal)
		return ins_error_text(
			err, EINVAL, "--console-socket is given, but process.terminal is not true");
	guest->console_socket = ins_tty_connect(console_socket, err);
	return guest->console_socket < 0 ? guest->console_socket : 0;
}

/* The socket that init waits on. */
static int make_listener(struct ins_guest *guest, struct ins_error *err)
{
	const struct sockaddr_un address = ins_store_start_address(&guest->store);
	cleanup_fd int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return ins_error_set(err, errno, "make the container's start socket");
	/* The file gets the mode that the socket has, less the umask. */
	if (fchmod(fd, 0600) < 0 ||
		bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
		listen(fd, 1) < 0)
		return ins_error_set(err, errno, "bind the container's start socket");
	return TAKE_FD(fd);
}

/*
 * Now, as RFC 3339 wants it. The days since 1970 become a date by counting in years that begin in
 * March, so that the leap day is the last: gmtime_r() would read the time zone's file for it.
 */
static void name_time(char *buffer, size_t size)
{
	struct timespec now;
	long days, era, day_of_era, year_of_era, day_of_year, month, second;

	clock_gettime(CLOCK_REALTIME, &now);
	days = now.tv_sec / 86400 + 719468; /* from 0000-03-01 */
	second = now.tv_sec % 86400;
	era = days / 146097; /* of 400 years */
	day_of_era = days % 146097;
	year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	month = (5 * day_of_year + 2) / 153; /* 0 is March */
	snprintf(buffer, size, "%04ld-%02ld-%02ldT%02ld:%02ld:%02ld.%09ldZ",
		era * 400 + year_of_era + (month >= 10), month < 10 ? month + 3 : month - 9,
		day_of_year - (153 * month + 2) / 5 + 1, second / 3600, second / 60 % 60,
		second % 60, now.tv_nsec);
}

static void fill_record(struct ins_guest *guest)
{
	const struct ins_spec *spec = guest->spec;

	name_time(guest->created, sizeof(guest->created));
	guest->record = (struct ins_record){ .status = INS_STATUS_CREATING,
		.id = guest->create->id,
		.bundle = guest->bundle,
		.rootfs = guest->plan->rootfs,
		.created = guest->created,
		.owner = geteuid(),
		.cgroup_mount = guest->plan->cgroup ? guest->host.cgroup_mount : NULL,
		.cgroup = guest->plan->unit ? NULL : guest->plan->cgroup,
		.unit = guest->plan->unit,
		.user_manager = guest->plan->user_manager,
		.no_new_privileges = spec->process.no_new_privileges,
		.root_in_place = !spec->namespaces[INS_NS_MOUNT].present ||
				 spec->namespaces[INS_NS_MOUNT].path,
		.has_filter = spec->seccomp.present && spec->process.present,
		.listener_path = spec->seccomp.listener_path,
		.listener_metadata = spec->seccomp.listener_metadata,
		.personality = spec->has_personality ? spec->personality_domain : NULL,
		.annotations = spec->annotations,
		.hooks_json = spec->hooks_json,
		.process_json = spec->process_json };
	for (int ns = 0; ns < INS_NS_COUNT; ns++) {
		if (spec->namespaces[ns].present)
			guest->record.namespaces |= ins_ns_flag((enum ins_ns)ns);
	}
}

/* The record of a run: hooks are told the state by it. */
static int run_state_json(
	struct ins_run *run, const char *status, char **ret_text, struct ins_error *err)
{
	struct ins_guest *guest = run->guest;

	guest->record.pid = run->pid;
	if (!strcmp(status, "creating"))
		guest->wants_poststop = true;
	return ins_guest_state_json(run, status, ret_text, err);
}

static int save_record(struct ins_run *run, struct ins_error *err)
{
	int r = ins_store_save(&run->guest->store, &run->guest->record, err);

	run->record_failed = r < 0;
	return r;
}

static int cgroup_will_be_made(struct ins_run *run, unsigned int made, struct ins_error *err)
{
	run->guest->record.cgroup_made = made;
	return save_record(run, err);
}

/* What is at the path that was expected may be somebody else's: only now it is known to be ours. */
static int cgroup_was_made(struct ins_run *run, const char *path, struct ins_error *err)
{
	struct ins_guest *guest = run->guest;

	guest->cgroup = strdup(path);
	if (!guest->cgroup)
		return ins_error_set(err, ENOMEM, "record the cgroup %s", path);
	guest->record.cgroup = guest->cgroup;
	return save_record(run, err);
}

static int rdt_will_be_used(struct ins_run *run, struct ins_error *err)
{
	run->guest->record.rdt_group = run->rdt_group;
	run->guest->record.rdt_made = run->rdt_made;
	return save_record(run, err);
}

static void remove_store(void *data, long number)
{
	struct ins_guest *guest = data;

	(void)number;
	if (guest->wants_poststop)
		ins_guest_poststop(guest->context, &guest->record);
	if (!guest->run.undo_failed)
		(void)ins_store_remove(&guest->store, guest->create->id, NULL);
}

void ins_guest_remove_pid_file(const struct ins_guest *guest)
{
	const char *path = guest->create ? guest->create->pid_file : guest->exec->pid_file;

	if (path)
		(void)unlink(path);
}

static void remove_pid_file(void *data, long number)
{
	(void)number;
	ins_guest_remove_pid_file(data);
}

int ins_guest_hand_over(struct ins_guest *guest, struct ins_error *err)
{
	const char *pidfd_socket =
		guest->create ? guest->create->pidfd_socket : guest->exec->pidfd_socket;
	const char *pid_file = guest->create ? guest->create->pid_file : guest->exec->pid_file;
	char text[16];
	int r = 0;

	if (guest->console_socket >= 0) {
		if (guest->run.console < 0)
			return ins_error_text(err, EPROTO, "the container made no terminal");
		r = ins_tty_send(guest->console_socket, guest->run.console, err);
		guest->run.console = ins_close(guest->run.console);
	}
	if (r == 0 && pidfd_socket) {
		cleanup_fd int fd = ins_tty_connect(pidfd_socket, err);

		r = fd < 0 ? ins_error_prefix(err, "--pidfd-socket")
			   : ins_tty_send(fd, guest->run.pidfd, err);
	}
	if (r == 0 && pid_file) {
		snprintf(text, sizeof(text), "%d", (int)guest->run.pid);
		if (guest->create)
			ins_undo_push(&guest->run.undo, remove_pid_file, guest, 0);
		r = ins_file_write(AT_FDCWD, pid_file, text, strlen(text), 0644, err);
		if (r < 0)
			ins_error_prefix(err, "--pid-file");
	}
	return r;
}

/* The operation STATE_CREATED: everything but the program is there. */
int ins_guest_created_op(struct ins_run *run, const struct ins_op *op, struct ins_error *err)
{
	struct ins_guest *guest = run->guest;
	int r;

	(void)op;
	guest->record.pid = run->pid;
	guest->record.status = INS_STATUS_CREATED;
	guest->record.rdt_group = run->rdt_group;
	r = ins_process_start_time(run->pid, run->pidfd, &guest->record.start_time);
	if (r == -ESRCH)
		return ins_error_text(err, ESRCH, "the container process is gone");
	if (r < 0)
		return ins_error_set(err, -r, "read the container process's start time");
	r = ins_guest_hand_over(guest, err);
	if (r == 0)
		r = ins_store_save(&guest->store, &guest->record, err);
	/* There is a container now: what fails later, in a run, ends it in the ordinary way. */
	guest->wants_poststop |= r == 0;
	return r;
}

static int make_steps(struct ins_guest *guest, bool waits, struct ins_error *err)
{
	cleanup_fd int listener = -1;
	int r = 0;

	/* The first record: with a cgroup the operation that makes it writes one. A unit is named
	 * from the beginning. */
	if (!guest->plan->cgroup || guest->plan->unit)
		r = ins_store_save(&guest->store, &guest->record, err);
	if (r == 0 && guest->spec->seccomp.present)
		r = ins_guest_save_filter(guest, err);
	if (r == 0 && waits)
		r = ins_guest_save_plan(guest, err);
	if (r == 0 && waits) {
		listener = make_listener(guest, err);
		r = listener < 0 ? listener : 0;
	}
	if (r == 0)
		r = ins_run_stage(&guest->run, INS_STAGE_PREPARE, err);
	if (r == 0)
		r = ins_launch(&guest->run, guest->arena, err);
	if (r == 0)
		r = ins_converse(&guest->run, waits ? INS_CONVERSE_CREATED : INS_CONVERSE_EXECUTED,
			listener, err);
	if (r == 0 && !waits)
		r = ins_run_stage(&guest->run, INS_STAGE_STARTED, err);
	return r;
}

/* A partition is a container of its name as soon as it is started. */
static int check_partition(const struct ins_guest *guest, struct ins_error *err)
{
	const char *library = guest->context->library, *id = guest->create->id;
	char path[PATH_MAX];

	if (guest->extras || ins_id_check(id, NULL) < 0 ||
		snprintf(path, sizeof(path), "%s/partitions/%s", library, id) >=
			(int)sizeof(path) ||
		access(path, F_OK) < 0)
		return 0;
	return ins_error_text(err, EEXIST,
		"there is a partition \"%s\" already (in the library %s): a container of this name "
		"would keep it from being started",
		id, library);
}

int ins_guest_make(struct ins_guest *guest, bool waits, struct ins_error *err)
{
	struct ins_run *run = &guest->run;
	int r = ins_run_init(run, guest->context, guest->plan, &guest->host, err);

	if (r < 0)
		return r;
	run->guest = guest;
	run->is_sibling = guest->extras && guest->extras->is_sibling;
	run->owner = guest->extras ? guest->extras->owner : 0;
	run->attendance =
		waits || guest->create->detach ? INS_ATTENDANCE_NONE : INS_ATTENDANCE_COMES;
	run->state_json = run_state_json;
	run->cgroup_will_be_made = cgroup_will_be_made;
	run->cgroup_was_made = cgroup_was_made;
	run->rdt_will_be_used = rdt_will_be_used;
	run->warn = ins_context_warn;
	run->warn_data = guest->context;
	r = check_partition(guest, err);
	if (r == 0)
		r = ins_store_create(guest->context, guest->create->id, &guest->store, err);
	if (r < 0)
		return r;
	ins_undo_push(&run->undo, remove_store, guest, 0);
	fill_record(guest);
	r = make_steps(guest, waits, err);
	if (r < 0)
		ins_undo_run(&run->undo);
	else
		ins_undo_forget(&run->undo);
	if (r == 0)
		ins_net_keep(run);
	return r;
}

int ins_create(
	struct ins_context *context, const struct ins_create_args *args, struct ins_error *err)
{
	cleanup_guest struct ins_guest guest = { .store = { .root = -1, .dir = -1 },
		.console_socket = -1 };
	int r = ins_id_check(args->id, err);

	if (r == 0)
		r = ins_guest_preserve_check(args->preserve_fds, err);
	if (r == 0)
		r = ins_guest_load(&guest, context, args, true, false, err);
	if (r == 0)
		r = ins_guest_console_check(&guest, args->console_socket, false, err);
	return r < 0 ? r : ins_guest_make(&guest, true, err);
}

int ins_plan(struct ins_context *context, const struct ins_create_args *args,
	enum ins_format format, char **ret_text, struct ins_error *err)
{
	cleanup_guest struct ins_guest guest = { .store = { .root = -1, .dir = -1 },
		.console_socket = -1 };
	int r = ins_guest_load(&guest, context, args, true, true, err);

	return r < 0 ? r : ins_plan_print(guest.plan, &guest.host, format, ret_text, err);
}

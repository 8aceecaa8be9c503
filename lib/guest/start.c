/* SPDX-License-Identifier: Apache-2.0 */
/* runtime.md "start": takes the parent's place in the conversation with the waiting init. */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "guest/guest.h"
#include "sys/memfd.h"

int ins_guest_save_plan(struct ins_guest *guest, struct ins_error *err)
{
	return ins_file_write(guest->store.dir, INS_PLAN_FILE, ins_arena_base(guest->arena),
		ins_arena_used(guest->arena), 0600, err);
}

/* The plan that create has made, at the address that it was made for. */
static int map_plan(struct ins_guest *guest, struct ins_error *err)
{
	cleanup_fd int fd =
		openat(guest->store.dir, INS_PLAN_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat s;
	void *address;

	if (fd < 0 || fstat(fd, &s) < 0)
		return ins_error_set(err, errno, "open the container's plan");
	if ((size_t)s.st_size < sizeof(struct ins_plan))
		return ins_error_text(err, EINVAL, "the container's plan is damaged");
	address = mmap(INS_PLAN_ADDRESS, (size_t)s.st_size, PROT_READ,
		MAP_PRIVATE | MAP_FIXED_NOREPLACE, fd, 0);
	if (address == MAP_FAILED)
		return ins_error_set(err, errno, "map the container's plan");
	guest->plan = address;
	guest->plan_size = (size_t)s.st_size;
	return 0;
}

static int connect_to_init(struct ins_guest *guest, struct ins_error *err)
{
	const struct sockaddr_un address = ins_store_start_address(&guest->store);
	cleanup_fd int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return ins_error_set(err, errno, "make a socket");
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return ins_error_set(err, errno, "connect to the waiting container process");
	return TAKE_FD(fd);
}

static bool has_start_hooks(const struct ins_plan *plan)
{
	return plan->stage_start[INS_STAGE_START] < plan->stage_start[INS_STAGE_START + 1];
}

static int say_start(struct ins_guest *guest, struct ins_error *err)
{
	struct ins_message message = { .type = INS_MESSAGE_START };
	cleanup_free char *text = NULL;
	cleanup_fd int state = -1;
	int r = 0;

	if (has_start_hooks(guest->plan)) {
		r = ins_guest_state_json(&guest->run, "created", &text, err);
		if (r == 0) {
			state = ins_memfd_text("insula-state", text, err);
			r = state < 0 ? state : 0;
		}
	}
	/* What came before was told by `create`. */
	guest->run.told = guest->plan->stage_start[INS_STAGE_START];
	ins_run_tell(&guest->run, INS_STAGE_EXEC);
	if (r == 0)
		r = ins_message_send(guest->run.socket, &message, &state, state >= 0, err);
	return r == -EPIPE ? ins_run_child_ended(&guest->run, err) : r;
}

static int start_steps(struct ins_guest *guest, struct ins_error *err)
{
	struct ins_record *record = &guest->record;
	int r;

	guest->run.pidfd = ins_record_pidfd(record);
	if (guest->run.pidfd == -ESRCH)
		return ins_error_text(err, ESRCH, "the container process is gone");
	if (guest->run.pidfd < 0)
		return ins_error_set(err, -guest->run.pidfd, "look at the container process");
	guest->run.pid = record->pid;
	guest->run.socket = connect_to_init(guest, err);
	if (guest->run.socket < 0)
		return guest->run.socket;
	r = say_start(guest, err);
	if (r < 0)
		return r;
	r = ins_converse(&guest->run, INS_CONVERSE_EXECUTED, -1, err);
	/* Without its socket a container is not waiting any more: see ins_store_status(). */
	if (r == 0 && unlinkat(guest->store.dir, INS_START_SOCKET, 0) < 0)
		r = ins_error_set(err, errno, "remove the container's start socket");
	/* init was told to go on, and whoever reads that start has failed counts on that nothing runs. */
	if (r < 0)
		(void)ins_guest_kill_process(record, NULL);
	return r;
}

/* runtime.md, lifecycle 9 and 11: a failing hook ends the container and all that is left of it. */
static void destroy_after_hook(struct ins_guest *guest)
{
	struct ins_error ignored = { 0 };

	if (ins_guest_destroy(guest->context, &guest->store, guest->record.id, &ignored) < 0)
		ins_context_log(
			guest->context, INS_LOG_WARNING, "after a failed hook: %s", ignored.text);
}

static int start_locked(struct ins_guest *guest, const char *id, struct ins_error *err)
{
	enum ins_status status;
	int r = ins_store_status(&guest->store, &status, err);

	if (r < 0)
		return r;
	guest->record = guest->store.record;
	if (status != INS_STATUS_CREATED)
		return ins_error_text(err, EINVAL,
			"cannot start container \"%s\": it is %s, not created", id,
			ins_status_name(status));
	if (!guest->record.process_json)
		return ins_error_key(
			err, EINVAL, "process", "is needed to start container \"%s\"", id);
	r = map_plan(guest, err);
	if (r == 0)
		r = ins_run_init(&guest->run, guest->context, guest->plan, &guest->host, err);
	if (r < 0)
		return r;
	guest->run.guest = guest;
	guest->run.stage = INS_STAGE_CREATED;
	guest->run.state_json = ins_guest_state_json;
	r = start_steps(guest, err);
	if (r < 0) {
		if (guest->run.failed_kind == INS_OP_HOOK_CHILD)
			destroy_after_hook(guest);
		return r;
	}
	r = ins_run_stage(&guest->run, INS_STAGE_STARTED, err);
	if (r < 0)
		destroy_after_hook(guest);
	return r;
}

int ins_start(struct ins_context *context, const char *id, struct ins_error *err)
{
	cleanup_guest struct ins_guest guest = {
		.context = context, .store = { .root = -1, .dir = -1 }, .console_socket = -1
	};
	int r = ins_store_open(context, id, INS_LOCK_WAIT, false, &guest.store, err);

	return r < 0 ? r : start_locked(&guest, id, err);
}

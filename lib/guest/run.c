/* SPDX-License-Identifier: Apache-2.0 */
/* `run`: create and start in one walk, then wait in the foreground. */
#include <sys/prctl.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "guest/guest.h"

/* The container is ours again, unless somebody has deleted it. */
static int destroy_after_run(struct ins_guest *guest, struct ins_error *err)
{
	const char *id = guest->create->id;
	struct ins_error why = { 0 };
	int r = ins_store_open(guest->context, id, INS_LOCK_WAIT, false, &guest->store, &why);

	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = ins_guest_destroy(guest->context, &guest->store, id, &why);
	return r < 0 ? ins_error_text(err, -r, "%s", why.text) : 0;
}

static int run_attached(struct ins_guest *guest, int *ret_status, struct ins_error *err)
{
	int status = 0, destroyed = 0, r;

	/* Other commands may work on the container while it runs. */
	ins_store_close(&guest->store);
	r = ins_guest_attend(guest, &status, err);
	if (!guest->create->keep)
		destroyed = destroy_after_run(guest, err);
	if (r == 0)
		r = destroyed;
	if (r == 0)
		*ret_status = status;
	return r;
}

int ins_run(struct ins_context *context, const struct ins_create_args *args, int *ret_status,
	struct ins_error *err)
{
	cleanup_guest struct ins_guest guest = { .store = { .root = -1, .dir = -1 },
		.console_socket = -1 };
	bool stays = !args->detach;
	int r = ins_id_check(args->id, err);

	if (r == 0)
		r = ins_guest_preserve_check(args->preserve_fds, err);
	if (r == 0)
		r = ins_guest_load(&guest, context, args, false, false, err);
	if (r == 0 && !guest.spec->process.present)
		r = ins_error_key(err, EINVAL, "process", "is needed to run a container");
	if (r == 0)
		r = ins_guest_console_check(&guest, args->console_socket, stays, err);
	/* What the container's process leaves behind in our pid namespace becomes our child. */
	if (r == 0 && stays && !args->no_subreaper && prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		r = ins_error_set(err, errno, "become a subreaper");
	if (r == 0)
		r = ins_guest_make(&guest, false, err);
	if (r < 0 || args->detach)
		return r;
	return run_attached(&guest, ret_status, err);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* linux.seccomp → the filter of the plan: from the cache, or compiled. */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "plan/build.h"
#include "seccomp/seccomp.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

static int check_listener(const struct ins_spec_seccomp *spec, bool wanted, struct ins_error *err)
{
	const struct sockaddr_un *address = NULL;

	if (spec->listener_metadata && !spec->listener_path)
		return ins_error_key(err, EINVAL, "linux.seccomp.listenerMetadata",
			"needs linux.seccomp.listenerPath");
	/* The kernel answers ENOSYS for a call that nobody listens for. */
	if (wanted && !spec->listener_path)
		return ins_error_key(err, EINVAL, "linux.seccomp.listenerPath",
			"is required by SCMP_ACT_NOTIFY");
	if (wanted && strlen(spec->listener_path) >= sizeof(address->sun_path))
		return ins_error_key(err, ENAMETOOLONG, "linux.seccomp.listenerPath",
			"longer than the %zu bytes of a socket's address",
			sizeof(address->sun_path) - 1);
	return 0;
}

static int compile(struct ins_plan_builder *builder, const void *key, size_t key_size,
	struct ins_plan_filter *filter, struct ins_error *err)
{
	struct ins_seccomp_program program = {};
	cleanup_free struct sock_filter *instructions = NULL;
	int r = ins_seccomp_generate(
		&builder->spec->seccomp, &program, builder->warn, builder->warn_data, err);

	if (r < 0)
		return r;
	instructions = program.instructions;
	filter->n = program.n;
	filter->flags = program.flags;
	filter->listener = program.listener;
	filter->instructions =
		ins_arena_copy(builder->arena, instructions, program.n * sizeof(*instructions));
	if (!filter->instructions)
		return ins_error_set(err, ENOMEM, "build the plan");
	/* A warning has to be given each time, so each time it has to be found. */
	if (!builder->dry && !program.has_hole)
		ins_seccomp_cache_write(builder->state_root, key, key_size, filter);
	return 0;
}

int ins_seccomp_compile(
	struct ins_plan_builder *builder, struct ins_plan_filter *ret_filter, struct ins_error *err)
{
	const struct ins_spec_seccomp *spec = &builder->spec->seccomp;
	struct ins_plan_filter filter = {};
	cleanup_free void *key = NULL;
	size_t key_size;
	int r;

	if (!spec->present) {
		*ret_filter = filter;
		return 0;
	}
	r = ins_seccomp_key(spec, &key, &key_size, err);
	if (r < 0)
		return r;
	/* A hit needs no further check of its values: they were checked when it was made, and the
	 * key says that they are the same. */
	if (!ins_seccomp_cache_read(builder->state_root, key, key_size, builder->arena, &filter))
		r = compile(builder, key, key_size, &filter, err);
	if (r == 0)
		r = check_listener(spec, filter.listener, err);
	if (r == 0 && (filter.flags & SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV) &&
		!ins_host_kernel_at_least(builder->host, 5, 19))
		r = ins_error_key(err, EOPNOTSUPP, "linux.seccomp.flags",
			"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV needs Linux 5.19");
	if (r < 0)
		return r;
	*ret_filter = filter;
	return 0;
}

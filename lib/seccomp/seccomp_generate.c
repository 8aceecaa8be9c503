/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiling: the values of linux.seccomp get their numbers, libseccomp makes the program, and
 * seccomp_optimize.c makes it a faster one.
 *
 * What the specification leaves open is done as the field does it:
 * - The machine's own architecture is in the filter also if `architectures` does not list it. A
 * call that comes by any other that is not listed kills the process.
 * - Several comparisons of one argument in one rule are alternatives: a rule each. Comparisons of
 *   different arguments have to be true together.
 * - A rule without comparisons beats those with, for the same call; of two without, the first one
 *   counts. (libseccomp; where comparisons of several rules overlap, it makes no promise.)
 * - A rule whose action is the default says nothing, and is left out.
 * - A system call that libseccomp does not know, or that an architecture does not have, is left
 * out: profiles are written for newer and for other kernels. If the rule forbids what the default
 *   allows, that is a hole, and is warned of.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "seccomp/seccomp.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

/* The kernel cuts greater numbers down to this (MAX_ERRNO). */
#define GREATEST_ERRNO 4095

/* Room for "linux.seccomp.syscalls[18446744073709551615].args[…].index". */
#define KEY_SIZE 96

static void cleanup_context(scmp_filter_ctx *context)
{
	if (*context)
		seccomp_release(*context);
}

static int action_number(const char *name, bool has_data, uint32_t data, const char *key,
	const char *data_key, uint32_t *ret_action, struct ins_error *err)
{
	static const struct {
		const char *name;
		uint32_t action;
		uint32_t greatest_data; /* 0: the action has none */
	} actions[] = {
		{ "SCMP_ACT_ALLOW", SCMP_ACT_ALLOW, 0 },
		{ "SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(0), GREATEST_ERRNO },
		{ "SCMP_ACT_KILL", SCMP_ACT_KILL_THREAD, 0 },
		{ "SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS, 0 },
		{ "SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD, 0 },
		{ "SCMP_ACT_LOG", SCMP_ACT_LOG, 0 },
		{ "SCMP_ACT_NOTIFY", SCMP_ACT_NOTIFY, 0 },
		{ "SCMP_ACT_TRACE", SCMP_ACT_TRACE(0), SECCOMP_RET_DATA },
		{ "SCMP_ACT_TRAP", SCMP_ACT_TRAP, 0 },
	};

	if (!name)
		return ins_error_key(err, EINVAL, key, "is required");
	for (size_t i = 0; i < ARRAY_LENGTH(actions); i++) {
		if (strcmp(name, actions[i].name) != 0)
			continue;
		if (has_data && !actions[i].greatest_data)
			return ins_error_key(err, EINVAL, data_key, "%s takes no errno", name);
		if (has_data && data > actions[i].greatest_data)
			return ins_error_key(err, EINVAL, data_key, "%u is greater than %u", data,
				actions[i].greatest_data);
		if (!has_data)
			data = actions[i].greatest_data ? EPERM : 0;
		*ret_action = actions[i].action | data;
		return 0;
	}
	return ins_error_key(err, EINVAL, key, "unknown action %s", name);
}

static int operator_number(
	const char *name, const char *key, enum scmp_compare *ret_operator, struct ins_error *err)
{
	static const struct {
		const char *name;
		enum scmp_compare operator;
	} operators[] = {
		{ "SCMP_CMP_NE", SCMP_CMP_NE },
		{ "SCMP_CMP_LT", SCMP_CMP_LT },
		{ "SCMP_CMP_LE", SCMP_CMP_LE },
		{ "SCMP_CMP_EQ", SCMP_CMP_EQ },
		{ "SCMP_CMP_GE", SCMP_CMP_GE },
		{ "SCMP_CMP_GT", SCMP_CMP_GT },
		{ "SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ },
	};

	if (!name)
		return ins_error_key(err, EINVAL, key, "is required");
	for (size_t i = 0; i < ARRAY_LENGTH(operators); i++) {
		if (strcmp(name, operators[i].name) == 0) {
			*ret_operator = operators[i].operator;
			return 0;
		}
	}
	return ins_error_key(err, EINVAL, key, "unknown operator %s", name);
}

/* TSYNC has nothing to do in init, which has one thread, but is what was asked for. */
static int flag_numbers(
	const struct ins_strings *names, bool listener, uint32_t *ret_flags, struct ins_error *err)
{
	static const struct {
		const char *name;
		uint32_t flag;
	} flags[] = {
		{ "SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC },
		{ "SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG },
		{ "SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW },
		{ "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
			SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV },
	};
	uint32_t all = 0;

	for (size_t i = 0; i < names->n; i++) {
		size_t j = 0;

		while (j < ARRAY_LENGTH(flags) && strcmp(names->v[i], flags[j].name) != 0)
			j++;
		if (j == ARRAY_LENGTH(flags)) {
			char key[KEY_SIZE];

			snprintf(key, sizeof(key), "linux.seccomp.flags[%zu]", i);
			return ins_error_key(err, EINVAL, key, "unknown flag %s", names->v[i]);
		}
		all |= flags[j].flag;
	}
	if (listener) {
		/* With both, the kernel needs a way to tell an fd from a thread's id (Linux 5.7).
		 */
		if (all & SECCOMP_FILTER_FLAG_TSYNC)
			all |= SECCOMP_FILTER_FLAG_TSYNC_ESRCH;
		all |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
	} else {
		/* The kernel refuses it without a listener, for whom alone it means something. */
		all &= ~(uint32_t)SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	}
	*ret_flags = all;
	return 0;
}

/* "SCMP_ARCH_X86_64" is libseccomp's "x86_64". */
static uint32_t architecture_number(const char *name)
{
	static const char prefix[] = "SCMP_ARCH_";
	char lower[32];
	size_t n = 0;

	if (strncmp(name, prefix, sizeof(prefix) - 1) != 0)
		return 0;
	for (name += sizeof(prefix) - 1; n < sizeof(lower) - 1 && name[n]; n++) {
		/* Its own spelling must not pass for the specification's. */
		if (name[n] >= 'a' && name[n] <= 'z')
			return 0;
		lower[n] = (char)(name[n] >= 'A' && name[n] <= 'Z' ? name[n] | 0x20 : name[n]);
	}
	if (n == 0 || name[n] || strcmp(name, "NATIVE") == 0)
		return 0;
	lower[n] = '\0';
	return seccomp_arch_resolve_name(lower);
}

static int add_architectures(
	scmp_filter_ctx context, const struct ins_strings *names, struct ins_error *err)
{
	for (size_t i = 0; i < names->n; i++) {
		uint32_t number = architecture_number(names->v[i]);
		char key[KEY_SIZE];
		int r;

		snprintf(key, sizeof(key), "linux.seccomp.architectures[%zu]", i);
		if (!number)
			return ins_error_key(
				err, EINVAL, key, "unknown architecture %s", names->v[i]);
		r = seccomp_arch_add(context, number);
		if (r == -EDOM)
			return ins_error_key(err, EINVAL, key,
				"%s has another byte order than this machine", names->v[i]);
		if (r < 0 && r != -EEXIST)
			return ins_error_key(err, -r, key, "libseccomp refuses %s: %s", names->v[i],
				strerror(-r));
	}
	return 0;
}

static int add_rule_for(scmp_filter_ctx context, uint32_t action, const char *name,
	const struct scmp_arg_cmp *args, size_t n_args, bool alternatives)
{
	int number = seccomp_syscall_resolve_name(name);
	int r = 0;

	if (!alternatives) {
		r = seccomp_rule_add_array(context, action, number, (unsigned int)n_args, args);
		return r == -EEXIST ? 0 : r;
	}
	for (size_t i = 0; i < n_args && r == 0; i++) {
		r = seccomp_rule_add_array(context, action, number, 1, &args[i]);
		if (r == -EEXIST)
			r = 0;
	}
	return r;
}

/* The comparisons of a rule in libseccomp's form, to be freed with free(). */
static int rule_args(const struct ins_spec_seccomp_rule *rule, size_t index,
	struct scmp_arg_cmp **ret_args, bool *ret_alternatives, struct ins_error *err)
{
	cleanup_free struct scmp_arg_cmp *args = calloc(rule->n_args, sizeof(*args));
	unsigned int seen = 0;

	if (!args)
		return ins_error_set(err, ENOMEM, "compile the seccomp filter");
	*ret_alternatives = false;
	for (size_t i = 0; i < rule->n_args; i++) {
		const struct ins_spec_seccomp_arg *arg = &rule->args[i];
		char key[KEY_SIZE];
		int r;

		snprintf(key, sizeof(key), "linux.seccomp.syscalls[%zu].args[%zu].index", index, i);
		if (arg->index > 5)
			return ins_error_key(
				err, EINVAL, key, "%u: the arguments are 0 to 5", arg->index);
		snprintf(key, sizeof(key), "linux.seccomp.syscalls[%zu].args[%zu].op", index, i);
		r = operator_number(arg->op, key, &args[i].op, err);
		if (r < 0)
			return r;
		args[i].arg = arg->index;
		/* For MASKED_EQ libseccomp has the mask first, as the specification has. */
		args[i].datum_a = arg->value;
		args[i].datum_b = arg->value_two;
		if (seen >> arg->index & 1)
			*ret_alternatives = true;
		seen |= 1U << arg->index;
	}
	*ret_args = TAKE_PTR(args);
	return 0;
}

static int add_rule(scmp_filter_ctx context, const struct ins_spec_seccomp_rule *rule, size_t index,
	uint32_t default_action, struct ins_seccomp_program *program,
	void (*warn)(void *data, const char *text), void *warn_data, struct ins_error *err)
{
	cleanup_free struct scmp_arg_cmp *args = NULL;
	char key[KEY_SIZE], data_key[KEY_SIZE];
	bool alternatives = false;
	uint32_t action = 0;
	int r;

	snprintf(key, sizeof(key), "linux.seccomp.syscalls[%zu].action", index);
	snprintf(data_key, sizeof(data_key), "linux.seccomp.syscalls[%zu].errnoRet", index);
	r = action_number(
		rule->action, rule->has_errno, rule->errno_ret, key, data_key, &action, err);
	if (r == 0 && rule->n_args > 0)
		r = rule_args(rule, index, &args, &alternatives, err);
	if (r < 0)
		return r;
	if (action == default_action)
		return 0;
	for (size_t i = 0; i < rule->names.n; i++) {
		const char *name = rule->names.v[i];

		if (seccomp_syscall_resolve_name(name) == __NR_SCMP_ERROR) {
			char text[256];

			/* The kernel orders the actions by the signed number: less is stricter.
			 * An errno is as strict as another one. */
			if ((int32_t)(action & SECCOMP_RET_ACTION_FULL) >=
				(int32_t)(default_action & SECCOMP_RET_ACTION_FULL))
				continue;
			program->has_hole = true;
			snprintf(text, sizeof(text),
				"linux.seccomp.syscalls[%zu]: unknown system call %.64s stays at "
				"the default action",
				index, name);
			if (warn)
				warn(warn_data, text);
			continue;
		}
		r = add_rule_for(context, action, name, args, rule->n_args, alternatives);
		if (r < 0) {
			snprintf(key, sizeof(key), "linux.seccomp.syscalls[%zu]", index);
			return ins_error_key(err, -r, key, "libseccomp refuses the rule for %s: %s",
				name, strerror(-r));
		}
		if (action == SCMP_ACT_NOTIFY)
			program->listener = true;
	}
	return 0;
}

/* libseccomp before 2.6 writes the program to a file only. */
static int export_program(
	scmp_filter_ctx context, struct ins_seccomp_program *program, struct ins_error *err)
{
	cleanup_fd int fd = memfd_create("insula-seccomp", MFD_CLOEXEC);
	cleanup_free struct sock_filter *instructions = NULL;
	off_t size;
	int r;

	if (fd < 0)
		return ins_error_set(err, errno, "make a file for the seccomp filter");
	r = seccomp_export_bpf(context, fd);
	if (r < 0)
		return ins_error_set(err, -r, "compile the seccomp filter");
	size = lseek(fd, 0, SEEK_END);
	if (size <= 0 || size % (off_t)sizeof(*instructions) != 0)
		return ins_error_set(err, EIO, "compile the seccomp filter");
	instructions = malloc((size_t)size);
	if (!instructions)
		return ins_error_set(err, ENOMEM, "compile the seccomp filter");
	if (pread(fd, instructions, (size_t)size, 0) != size)
		return ins_error_set(err, EIO, "read the seccomp filter");
	program->n = (uint32_t)((size_t)size / sizeof(*instructions));
	r = ins_seccomp_optimize(&instructions, &program->n, err);
	if (r < 0)
		return r;
	if (program->n > INS_SECCOMP_MAX)
		return ins_error_key(err, E2BIG, "linux.seccomp",
			"needs %u instructions, the kernel takes %u", program->n, INS_SECCOMP_MAX);
	program->instructions = TAKE_PTR(instructions);
	return 0;
}

int ins_seccomp_generate(const struct ins_spec_seccomp *spec,
	struct ins_seccomp_program *ret_program, void (*warn)(void *data, const char *text),
	void *warn_data, struct ins_error *err)
{
	__attribute__((cleanup(cleanup_context))) scmp_filter_ctx context = NULL;
	struct ins_seccomp_program program = {};
	uint32_t action = 0;
	int r = action_number(spec->default_action, spec->has_default_errno, spec->default_errno,
		"linux.seccomp.defaultAction", "linux.seccomp.defaultErrnoRet", &action, err);

	if (r < 0)
		return r;
	/* Each call would wait for the listener, those of the listener's helpers in the same guest
	 * included; the specification's other runtimes refuse it too. */
	if (action == SCMP_ACT_NOTIFY)
		return ins_error_key(err, EINVAL, "linux.seccomp.defaultAction",
			"SCMP_ACT_NOTIFY cannot be the default");
	context = seccomp_init(action);
	if (!context)
		return ins_error_set(err, ENOMEM, "compile the seccomp filter");
	r = seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (r < 0)
		return ins_error_set(err, -r, "compile the seccomp filter");
	r = add_architectures(context, &spec->architectures, err);
	for (size_t i = 0; i < spec->n_rules && r == 0; i++)
		r = add_rule(context, &spec->rules[i], i, action, &program, warn, warn_data, err);
	if (r == 0)
		r = flag_numbers(&spec->flags, program.listener, &program.flags, err);
	if (r == 0)
		r = export_program(context, &program, err);
	if (r < 0)
		return r;
	*ret_program = program;
	return 0;
}

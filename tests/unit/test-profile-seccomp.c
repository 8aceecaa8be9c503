/* SPDX-License-Identifier: Apache-2.0 */
/* What the filter of a partition answers, compiled from the text that its bundle has. */
#include <errno.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "partition/profile.h"
#include "seccomp/seccomp.h"

#include "bpf-interpreter.h"

#define CAPABILITY(number) (UINT64_C(1) << (number))
#define REFUSED(error)     (SECCOMP_RET_ERRNO | (error))

static char *text_of(uint64_t capabilities)
{
	struct ins_emit emit = { 0 };
	json_t *root = ins_emit_root(&emit);
	char *text = NULL;

	ins_emit_string(&emit, root, "ociVersion", INS_OCI_VERSION);
	ins_emit_string(&emit, ins_emit_object(&emit, root, "root"), "path", "rootfs");
	ins_profile_emit_seccomp(&emit, ins_emit_object(&emit, root, "linux"), capabilities);
	assert_int_equal(ins_emit_text(&emit, JSON_COMPACT, &text, NULL), 0);
	return text;
}

static struct ins_seccomp_program compile(uint64_t capabilities)
{
	cleanup_free char *text = text_of(capabilities);
	struct ins_seccomp_program program = { 0 };
	struct ins_spec *spec = NULL;
	struct ins_error err = { 0 };

	if (ins_spec_parse(text, strlen(text), &spec, &err) < 0)
		fail_msg("%s", err.text);
	if (ins_seccomp_generate(&spec->seccomp, &program, NULL, NULL, &err) < 0)
		fail_msg("%s", err.text);
	assert_false(program.has_hole);
	ins_spec_free(spec);
	return program;
}

static void test_usual(void **state)
{
	static const char *const allowed[] = { "read", "openat", "execve", "mmap", "futex",
		"ptrace", "seccomp", "getrandom", "epoll_pwait", "sendmsg", "wait4" };
	static const char *const forbidden[] = { "bpf", "io_uring_setup", "keyctl", "add_key",
		"userfaultfd", "perf_event_open", "open_by_handle_at", "init_module", "kexec_load",
		"swapon", "quotactl", "settimeofday", "syslog", "mount", "umount2", "setns",
		"unshare", "chroot", "reboot", "pivot_root", "sethostname", "fsopen",
		"move_mount" };
	struct ins_seccomp_program p = compile(0);

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(allowed); i++)
		assert_int_equal(answer(&p, allowed[i], 0, 0, 0), SECCOMP_RET_ALLOW);
	for (size_t i = 0; i < ARRAY_LENGTH(forbidden); i++) {
		if (answer(&p, forbidden[i], 0, 0, 0) != REFUSED(EPERM))
			fail_msg("%s", forbidden[i]);
	}
	free(p.instructions);
}

/* A call that is newer than the list: a C library goes on with an older one. */
static void test_unknown(void **state)
{
	struct ins_seccomp_program p = compile(0);
	struct seccomp_data data = { .arch = seccomp_arch_native(), .nr = 5000 };

	(void)state;
	assert_int_equal(interpret(p.instructions, p.n, &data), REFUSED(ENOSYS));
	assert_int_equal(answer(&p, "clone3", 0, 0, 0), REFUSED(ENOSYS));
	data.arch = SCMP_ARCH_X86 == seccomp_arch_native() ? SCMP_ARCH_ARM : SCMP_ARCH_X86;
	assert_int_equal(interpret(p.instructions, p.n, &data), SECCOMP_RET_KILL_PROCESS);
	free(p.instructions);
}

static void test_namespaces(void **state)
{
	static const uint64_t flags[] = { CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC,
		CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET };
	struct ins_seccomp_program p = compile(0);
	struct ins_seccomp_program admin = compile(CAPABILITY(CAP_SYS_ADMIN));

	(void)state;
	assert_int_equal(answer(&p, "clone", 17, 17, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(answer(&p, "clone", CLONE_VM | CLONE_THREAD | CLONE_SIGHAND,
				 CLONE_VM | CLONE_THREAD | CLONE_SIGHAND, 0),
		SECCOMP_RET_ALLOW);
	for (size_t i = 0; i < ARRAY_LENGTH(flags); i++) {
		uint64_t with = flags[i] | 17 | CLONE_VM;

		/* s390 has the flags in the second one. */
		assert_int_equal(answer(&p, "clone", with, with, 0), REFUSED(EPERM));
		assert_int_equal(answer(&admin, "clone", with, with, 0), SECCOMP_RET_ALLOW);
	}
	assert_int_equal(answer(&admin, "clone3", 0, 0, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(answer(&admin, "mount", 0, 0, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(answer(&admin, "unshare", CLONE_NEWNS, 0, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(answer(&admin, "bpf", 0, 0, 0), REFUSED(EPERM));
	free(p.instructions);
	free(admin.instructions);
}

static void test_sockets(void **state)
{
	struct ins_seccomp_program p = compile(0);
	struct ins_seccomp_program raw = compile(CAPABILITY(CAP_NET_RAW));

	(void)state;
	assert_int_equal(answer(&p, "socket", AF_UNIX, SOCK_STREAM, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(answer(&p, "socket", AF_INET, SOCK_DGRAM, 1), SECCOMP_RET_ALLOW);
	assert_int_equal(answer(&p, "socket", AF_INET6, SOCK_STREAM, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(answer(&p, "socket", AF_NETLINK, SOCK_RAW, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(answer(&p, "socket", AF_NETLINK, SOCK_RAW, 9), REFUSED(EPROTONOSUPPORT));
	assert_int_equal(answer(&p, "socket", AF_ALG, SOCK_STREAM, 0), REFUSED(EAFNOSUPPORT));
	assert_int_equal(answer(&p, "socket", AF_VSOCK, SOCK_STREAM, 0), REFUSED(EAFNOSUPPORT));
	assert_int_equal(answer(&p, "socket", AF_PACKET, SOCK_RAW, 0), REFUSED(EAFNOSUPPORT));
	assert_int_equal(answer(&raw, "socket", AF_PACKET, SOCK_RAW, 0), SECCOMP_RET_ALLOW);
	/* The kernel drops the upper half. */
	assert_int_not_equal(
		answer(&p, "socket", UINT64_C(1) << 32 | AF_VSOCK, 0, 0), SECCOMP_RET_ALLOW);
	assert_int_not_equal(answer(&p, "socket", AF_NETLINK, SOCK_RAW, UINT64_C(1) << 32 | 9),
		SECCOMP_RET_ALLOW);
	assert_int_equal(answer(&p, "socketpair", AF_UNIX, 0, 0), SECCOMP_RET_ALLOW);
	assert_int_not_equal(answer(&p, "socketpair", AF_TIPC, 0, 0), SECCOMP_RET_ALLOW);
	free(p.instructions);
	free(raw.instructions);
}

static void test_personality(void **state)
{
	const uint64_t no_randomize = 0x0040000, ask = 0xffffffff;
	struct ins_seccomp_program p = compile(0);

	(void)state;
	assert_int_equal(answer(&p, "personality", 0, 0, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(answer(&p, "personality", ask, 0, 0), SECCOMP_RET_ALLOW);
	assert_int_not_equal(answer(&p, "personality", no_randomize, 0, 0), SECCOMP_RET_ALLOW);
	free(p.instructions);
}

/* The compiled filter is kept under a digest of the text. */
static void test_same_text(void **state)
{
	cleanup_free char *first = text_of(CAPABILITY(CAP_SYS_ADMIN));
	cleanup_free char *second = text_of(CAPABILITY(CAP_SYS_ADMIN));

	(void)state;
	assert_string_equal(first, second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usual),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_namespaces),
		cmocka_unit_test(test_sockets),
		cmocka_unit_test(test_personality),
		cmocka_unit_test(test_same_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Device rules: what the program answers, by an interpreter and by the kernel itself. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "cgroup/cgroup.h"
#include "cgroup/devices.h"
#include "plan/host.h"

#define R BPF_DEVCG_ACC_READ
#define W BPF_DEVCG_ACC_WRITE
#define M BPF_DEVCG_ACC_MKNOD

#define RULE(the_allow, the_type, the_major, the_minor, access)                                   \
	{                                                                                         \
		.allow = the_allow, .type = the_type, .major = the_major, .minor = the_minor,     \
		.read = ((access)&R) != 0, .write = ((access)&W) != 0, .mknod = ((access)&M) != 0 \
	}

/* The few instructions that the programs are made of; anything else, or a way out, aborts. */
static uint64_t run_program(const struct bpf_insn *program, uint32_t n, char type, uint32_t major,
	uint32_t minor, uint32_t access)
{
	const uint32_t kind = type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR;
	const uint32_t context[3] = { access << 16 | kind, major, minor };
	uint64_t reg[11] = { 0 };

	for (uint32_t at = 0; at < n; at++) {
		const struct bpf_insn *i = &program[at];
		uint64_t *to = &reg[i->dst_reg], from = reg[i->src_reg];
		uint64_t value = (uint64_t)(int64_t)i->imm; /* sign-extended */

		switch (i->code) {
		case BPF_LDX | BPF_MEM | BPF_W:
			assert_int_equal(i->src_reg, BPF_REG_1);
			assert_in_range(i->off, 0, 8);
			*to = context[i->off / 4];
			break;
		case BPF_LD | BPF_DW | BPF_IMM:
			assert_true(++at < n);
			assert_int_equal(program[at].code, 0);
			*to = (uint64_t)(uint32_t)program[at].imm << 32 | (uint32_t)i->imm;
			break;
		case BPF_ALU64 | BPF_MOV | BPF_X:
			*to = from;
			break;
		case BPF_ALU64 | BPF_MOV | BPF_K:
			*to = value;
			break;
		case BPF_ALU64 | BPF_AND | BPF_X:
			*to &= from;
			break;
		case BPF_ALU64 | BPF_AND | BPF_K:
			*to &= value;
			break;
		case BPF_ALU64 | BPF_OR | BPF_X:
			*to |= from;
			break;
		case BPF_ALU64 | BPF_OR | BPF_K:
			*to |= value;
			break;
		case BPF_ALU64 | BPF_XOR | BPF_X:
			*to ^= from;
			break;
		case BPF_ALU64 | BPF_XOR | BPF_K:
			*to ^= value;
			break;
		case BPF_ALU64 | BPF_NEG | BPF_K:
			*to = -*to;
			break;
		case BPF_ALU64 | BPF_LSH | BPF_K:
			*to <<= value;
			break;
		case BPF_ALU64 | BPF_RSH | BPF_K:
			*to >>= value;
			break;
		case BPF_ALU64 | BPF_ARSH | BPF_K:
			*to = (uint64_t)((int64_t)*to >> value);
			break;
		case BPF_JMP | BPF_JNE | BPF_K:
			at += *to != value ? (uint32_t)i->off : 0;
			break;
		case BPF_JMP | BPF_EXIT:
			return reg[0];
		default:
			fail_msg("instruction %u: code %02x", at, i->code);
		}
	}
	fail_msg("ran out of the program");
	return 0;
}

struct compiled {
	struct bpf_insn *v;
	uint32_t n;
};

static struct compiled compile(const struct ins_spec_device_rule *rules, size_t n)
{
	struct ins_spec spec = { .resources = { .devices = rules, .n_devices = n } };
	struct ins_error err = { 0 };
	struct compiled program;

	assert_int_equal(ins_devices_compile(&spec, false, &program.v, &program.n, &err), 0);
	return program;
}

static bool allowed(
	const struct compiled *program, char type, uint32_t major, uint32_t minor, uint32_t access)
{
	return !program->v || run_program(program->v, program->n, type, major, minor, access) == 1;
}

static void test_default(void **unused)
{
	const struct ins_spec_device_rule deny = RULE(false, 'a', -1, -1, R | W | M);
	struct compiled none = compile(NULL, 0), denied = compile(&deny, 1);

	(void)unused;
	assert_int_equal(none.n, denied.n);
	assert_memory_equal(none.v, denied.v, none.n * sizeof(*none.v));
	for (uint32_t minor = 0; minor < 16; minor++) {
		bool usual = minor == 3 || minor == 5 || (minor >= 7 && minor <= 9);

		assert_int_equal(allowed(&none, 'c', 1, minor, R | W), usual);
		assert_int_equal(allowed(&none, 'b', 1, minor, R), false);
		assert_int_equal(allowed(&none, 'c', 5, minor, R | W), minor <= 2);
	}
	assert_true(allowed(&none, 'c', 136, 77, R | W));
	assert_true(allowed(&none, 'b', 8, 0, M));
	assert_false(allowed(&none, 'b', 8, 0, M | R));
	assert_false(allowed(&none, 'c', 1, 1, W));
	assert_false(allowed(&none, 'c', 10, 200, R));
	free(none.v);
	free(denied.v);
}

static void test_everything_allowed(void **unused)
{
	const struct ins_spec_device_rule rules[] = { RULE(false, 'b', 8, 0, R),
		RULE(true, 'a', -1, -1, R | W | M), RULE(true, 'c', 1, 3, R) };
	struct compiled program = compile(rules, ARRAY_LENGTH(rules));

	(void)unused;
	assert_null(program.v);
	assert_int_equal(program.n, 0);
}

static void test_userns_without_rules(void **unused)
{
	struct ins_spec spec = { 0 };
	struct ins_error err = { 0 };
	struct compiled program;

	(void)unused;
	assert_int_equal(ins_devices_compile(&spec, true, &program.v, &program.n, &err), 0);
	assert_null(program.v);
}

static void test_devices_without_rules(void **unused)
{
	const struct ins_spec_device devices[] = {
		{ .path = "/dev/kvm", .type = 'c', .major = 10, .minor = 232 },
		{ .path = "/pipe", .type = 'p' }
	};
	struct ins_spec spec = { .devices = devices, .n_devices = 2 };
	struct ins_error err = { 0 };
	struct compiled program;

	(void)unused;
	assert_int_equal(ins_devices_compile(&spec, false, &program.v, &program.n, &err), 0);
	assert_true(allowed(&program, 'c', 10, 232, R | W));
	assert_false(allowed(&program, 'c', 10, 231, R));
	free(program.v);
}

static void test_wrong_numbers(void **unused)
{
	const struct ins_spec_device_rule rules[] = { RULE(true, 'c', 1, 1, R),
		RULE(true, 'c', (int64_t)1 << 32, 1, R) };
	struct ins_spec spec = { .resources = { .devices = rules, .n_devices = 2 } };
	struct ins_error err = { 0 };
	struct compiled program;

	(void)unused;
	assert_int_equal(ins_devices_compile(&spec, false, &program.v, &program.n, &err), -EINVAL);
	assert_string_equal(
		err.text, "linux.resources.devices[1]: no device has the number 4294967296:1");
}

static uint32_t state = 7;

static uint32_t pick(uint32_t below)
{
	state = state * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)state * below >> 32);
}

/* The meaning, told in the plainest way: for each right the last rule that names it decides. */
static bool expected(const struct ins_spec_device_rule *rules, size_t n, char type, uint32_t major,
	uint32_t minor, uint32_t access)
{
	for (uint32_t right = 1; right <= 4; right <<= 1) {
		bool yes = false;

		if (!(access & right))
			continue;
		for (size_t i = 0; i < n; i++) {
			const struct ins_spec_device_rule *rule = &rules[i];
			uint32_t names = (rule->read ? R : 0) | (rule->write ? W : 0) |
					 (rule->mknod ? M : 0);

			if ((names & right) && (rule->type == 'a' || rule->type == type) &&
				(rule->major < 0 || rule->major == major) &&
				(rule->minor < 0 || rule->minor == minor))
				yes = rule->allow;
		}
		if (!yes)
			return false;
	}
	return true;
}

static void test_random(void **unused)
{
	/* Numbers that our own rules do not name, and with no mknod, which these always allow. */
	static const int64_t numbers[] = { -1, 0, 20, 21, 4095 };
	struct ins_spec_device_rule rules[12];

	(void)unused;
	for (unsigned int round = 0; round < 2000; round++) {
		size_t n = 1 + pick(ARRAY_LENGTH(rules));
		struct compiled program;

		for (size_t i = 0; i < n; i++)
			rules[i] = (struct ins_spec_device_rule)RULE(pick(2), "abc"[pick(3)],
				numbers[pick(5)], numbers[pick(5)], pick(8));
		program = compile(rules, n);
		for (unsigned int query = 0; query < 60; query++) {
			char type = "bc"[pick(2)];
			uint32_t major = (uint32_t)numbers[1 + pick(4)];
			uint32_t minor = (uint32_t)numbers[1 + pick(4)];
			uint32_t access = "\2\4\6"[pick(3)];

			assert_int_equal(allowed(&program, type, major, minor, access),
				expected(rules, n, type, major, minor, access));
		}
		free(program.v);
	}
}

/* --- the kernel itself ------------------------------------------------------------------------ */

struct fixture {
	struct ins_host host;
	char path[64], directory[64];
	int cgroup;
};

static int set_up(void **data)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct ins_error err = { 0 };
	char full[512];

	*data = fixture;
	fixture->cgroup = -1;
	if (geteuid() != 0 || ins_host_probe(&fixture->host, false, &err) < 0 ||
		!fixture->host.cgroup_mount[0])
		return 0;
	snprintf(fixture->path, sizeof(fixture->path), "/insula-test-devices-%d", getpid());
	snprintf(full, sizeof(full), "%s%s", fixture->host.cgroup_mount, fixture->path);
	if (mkdir(full, 0755) == 0)
		(void)ins_cgroup_open(
			fixture->host.cgroup_mount, fixture->path, &fixture->cgroup, &err);
	strcpy(fixture->directory, "/tmp/insula-test-XXXXXX");
	return mkdtemp(fixture->directory) ? 0 : -1;
}

static int tear_down(void **data)
{
	struct fixture *fixture = *data;
	char command[128];

	if (fixture->cgroup >= 0)
		(void)ins_cgroup_remove(fixture->host.cgroup_mount, fixture->path, 1, NULL);
	snprintf(command, sizeof(command), "rm -rf '%s'", fixture->directory);
	if (fixture->directory[0] && system(command) != 0)
		return -1;
	ins_close(fixture->cgroup);
	free(fixture);
	return 0;
}

/* In the cgroup: make the node, open it. Return: 1 made, 2 opened for reading, 4 for both. */
static int try_device(
	const struct fixture *fixture, mode_t type, unsigned int major, unsigned int minor)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		int procs = openat(fixture->cgroup, "cgroup.procs", O_WRONLY);
		char path[128];
		int result = 0;

		snprintf(path, sizeof(path), "%s/node", fixture->directory);
		if (write(procs, "0", 1) != 1)
			_exit(64);
		if (mknod(path, type | 0600, (dev_t)(major << 8 | minor)) == 0)
			result |= 1;
		if (open(path, O_RDONLY | O_NONBLOCK) >= 0)
			result |= 2;
		if (open(path, O_RDWR | O_NONBLOCK) >= 0)
			result |= 4;
		(void)unlink(path);
		_exit(result);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_kernel(void **data)
{
	const struct fixture *fixture = *data;
	const struct ins_spec_device_rule rules[] = { RULE(true, 'c', 1, 11, R),
		RULE(true, 'c', 1, 3, R), RULE(false, 'a', -1, -1, R | W | M),
		RULE(true, 'c', 1, 11, R) };
	struct compiled program = compile(rules, ARRAY_LENGTH(rules));
	struct ins_error err = { 0 };

	if (fixture->cgroup < 0) {
		print_message("needs root and a cgroup2 mount\n");
		free(program.v);
		skip();
	}
	assert_int_equal(ins_devices_attach(fixture->cgroup, NULL, program.v, program.n, &err), 0);
	assert_int_equal(try_device(fixture, S_IFCHR, 1, 3), 1 | 2 | 4);
	assert_int_equal(try_device(fixture, S_IFCHR, 1, 11), 1 | 2); /* kmsg */
	assert_int_equal(try_device(fixture, S_IFCHR, 1, 1), 1);      /* mem */
	assert_int_equal(ins_devices_detach(fixture->cgroup, &err), 0);
	assert_int_equal(try_device(fixture, S_IFCHR, 1, 11), 1 | 2 | 4);
	/* once more: nothing is left to detach */
	assert_int_equal(ins_devices_detach(fixture->cgroup, &err), 0);
	free(program.v);
}

/* The id of the program that was attached last, and how many there are. */
static uint32_t last_program(int cgroup, uint32_t *ret_n)
{
	uint32_t ids[64];
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.query.target_fd = (uint32_t)cgroup;
	attr.query.attach_type = BPF_CGROUP_DEVICE;
	attr.query.prog_ids = (uintptr_t)ids;
	attr.query.prog_cnt = ARRAY_LENGTH(ids);
	assert_int_equal(syscall(SYS_bpf, BPF_PROG_QUERY, &attr, sizeof(attr)), 0);
	assert_true(attr.query.prog_cnt > 0);
	*ret_n = attr.query.prog_cnt;
	return ids[attr.query.prog_cnt - 1];
}

/* Change one byte of the only entry of the cache. */
static void damage_entry(const struct fixture *fixture, off_t at)
{
	char path[128], entry[512], byte;
	cleanup_fd int fd = -1;
	cleanup_dir DIR *entries = NULL;
	struct dirent *found;

	snprintf(path, sizeof(path), "%s/.cache/devices", fixture->directory);
	entries = opendir(path);
	assert_non_null(entries);
	while ((found = readdir(entries))) {
		if (found->d_name[0] != '.')
			snprintf(entry, sizeof(entry), "%s/%s", path, found->d_name);
	}
	fd = open(entry, O_RDWR);
	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
}

static void test_sharing(void **data)
{
	const struct fixture *fixture = *data;
	const struct bpf_insn deny[] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT } };
	const struct bpf_insn allow[] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = 1 },
		{ .code = BPF_JMP | BPF_EXIT } };
	const char *root = fixture->directory;
	cleanup_fd int second = -1;
	struct ins_error err = { 0 };
	uint32_t first, n;

	if (fixture->cgroup < 0) {
		print_message("needs root and a cgroup2 mount\n");
		skip();
	}
	assert_int_equal(mkdirat(fixture->cgroup, "second", 0755), 0);
	second = openat(fixture->cgroup, "second", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(ins_devices_attach(fixture->cgroup, root, allow, 2, &err), 0);
	first = last_program(fixture->cgroup, &n);
	assert_int_equal(ins_devices_attach(second, root, allow, 2, &err), 0);
	assert_int_equal(last_program(second, &n), first);
	/* one cgroup cannot have it twice */
	assert_int_equal(ins_devices_attach(second, root, allow, 2, &err), 0);
	assert_int_not_equal(last_program(second, &n), first);
	assert_int_equal(n, 2);
	assert_int_equal(try_device(fixture, S_IFCHR, 1, 11), 1 | 2 | 4);
	/* another program, and one that only bears the id of the noted one */
	assert_int_equal(ins_devices_detach(second, &err), 0);
	assert_int_equal(ins_devices_attach(second, NULL, deny, 2, &err), 0);
	assert_int_equal(ins_devices_detach(second, &err), 0);
	first = last_program(fixture->cgroup, &n);
	for (off_t at = 0; at < 48; at++) {
		assert_int_equal(ins_devices_attach(second, root, allow, 2, &err), 0);
		assert_int_equal(ins_devices_detach(second, &err), 0);
		damage_entry(fixture, at);
		assert_int_equal(ins_devices_attach(second, root, allow, 2, &err), 0);
		assert_int_not_equal(last_program(second, &n), first);
		assert_int_equal(ins_devices_detach(second, &err), 0);
	}
}

static void test_attach_fails(void **data)
{
	const struct bpf_insn wrong = { .code = BPF_JMP | BPF_EXIT };
	const struct bpf_insn right[] = { { .code = BPF_ALU | BPF_MOV | BPF_K, .imm = 1 },
		{ .code = BPF_JMP | BPF_EXIT } };
	struct ins_error err = { 0 };

	(void)data;
	if (geteuid() != 0) {
		print_message("needs root\n");
		skip();
	}
	assert_int_equal(ins_devices_attach(0, NULL, &wrong, 1, &err), -EACCES);
	assert_string_equal(err.text, "load the device program: Permission denied");
	memset(&err, 0, sizeof(err));
	assert_int_equal(ins_devices_attach(-1, NULL, right, 2, &err), -EBADF);
	assert_string_equal(
		err.text, "attach the device program to the cgroup: Bad file descriptor");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_default),
		cmocka_unit_test(test_everything_allowed),
		cmocka_unit_test(test_userns_without_rules),
		cmocka_unit_test(test_devices_without_rules),
		cmocka_unit_test(test_wrong_numbers),
		cmocka_unit_test(test_random),
		cmocka_unit_test_setup_teardown(test_kernel, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_sharing, set_up, tear_down),
		cmocka_unit_test(test_attach_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Device programs in the kernel: put on a cgroup, shared between several, taken off. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "cgroup-fixture.h"
#include "cgroup/devices.h"

/* For device nodes, and for the note of what is loaded. */
static char directory[] = "/tmp/insula-test-devices-XXXXXX";

static int make_directory(void **state)
{
	(void)state;
	return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	return system(command);
}

/* In the cgroup: make the node, open it. Return: 1 made, 2 opened for reading, 4 for both. */
static int try_device(
	const struct fixture *fixture, mode_t type, unsigned int major, unsigned int minor)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		int procs = openat(fixture->fd, "cgroup.procs", O_WRONLY);
		char path[128];
		int result = 0;

		snprintf(path, sizeof(path), "%s/node", directory);
		if (write(procs, "0", 1) != 1)
			_exit(64);
		if (mknod(path, type | 0600, makedev(major, minor)) == 0)
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
	const struct ins_spec_device_rule rules[] = {
		{ .allow = true, .type = 'c', .major = 1, .minor = 11, .read = true },
		{ .allow = true, .type = 'c', .major = 1, .minor = 3, .read = true },
		{ .type = 'a',
			.major = -1,
			.minor = -1,
			.read = true,
			.write = true,
			.mknod = true },
		{ .allow = true, .type = 'c', .major = 1, .minor = 11, .read = true },
	};
	struct ins_spec spec = { .resources = {
					 .devices = rules,
					 .n_devices = ARRAY_LENGTH(rules),
				 } };
	struct ins_error err = { 0 };
	struct bpf_insn *program;
	uint32_t n;

	NEEDS_CGROUP(fixture);
	assert_int_equal(ins_devices_compile(&spec, false, &program, &n, &err), 0);
	assert_int_equal(ins_devices_attach(fixture->fd, NULL, program, n, &err), 0);
	assert_int_equal(try_device(fixture, S_IFCHR, 1, 3), 1 | 2 | 4);
	assert_int_equal(try_device(fixture, S_IFCHR, 1, 11), 1 | 2); /* kmsg */
	assert_int_equal(try_device(fixture, S_IFCHR, 1, 1), 1);      /* mem */
	assert_int_equal(ins_devices_detach(fixture->fd, &err), 0);
	assert_int_equal(try_device(fixture, S_IFCHR, 1, 11), 1 | 2 | 4);
	/* once more: nothing is left to detach */
	assert_int_equal(ins_devices_detach(fixture->fd, &err), 0);
	free(program);
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
static void damage_entry(off_t at)
{
	char path[128], entry[512], byte;
	cleanup_fd int fd = -1;
	cleanup_dir DIR *entries = NULL;
	struct dirent *found;

	snprintf(path, sizeof(path), "%s/.cache/devices", directory);
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
	cleanup_fd int second = -1;
	struct ins_error err = { 0 };
	uint32_t first, n;

	NEEDS_CGROUP(fixture);
	assert_int_equal(mkdirat(fixture->fd, "second", 0755), 0);
	second = openat(fixture->fd, "second", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(ins_devices_attach(fixture->fd, directory, allow, 2, &err), 0);
	first = last_program(fixture->fd, &n);
	assert_int_equal(ins_devices_attach(second, directory, allow, 2, &err), 0);
	assert_int_equal(last_program(second, &n), first);
	/* one cgroup cannot have it twice */
	assert_int_equal(ins_devices_attach(second, directory, allow, 2, &err), 0);
	assert_int_not_equal(last_program(second, &n), first);
	assert_int_equal(n, 2);
	assert_int_equal(try_device(fixture, S_IFCHR, 1, 11), 1 | 2 | 4);
	/* another program, and one that only bears the id of the noted one */
	assert_int_equal(ins_devices_detach(second, &err), 0);
	assert_int_equal(ins_devices_attach(second, NULL, deny, 2, &err), 0);
	assert_int_equal(ins_devices_detach(second, &err), 0);
	first = last_program(fixture->fd, &n);
	for (off_t at = 0; at < 48; at++) {
		assert_int_equal(ins_devices_attach(second, directory, allow, 2, &err), 0);
		assert_int_equal(ins_devices_detach(second, &err), 0);
		damage_entry(at);
		assert_int_equal(ins_devices_attach(second, directory, allow, 2, &err), 0);
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_cgroup, tear_down_cgroup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_kernel),
		TEST(test_sharing),
		cmocka_unit_test(test_attach_fails),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}

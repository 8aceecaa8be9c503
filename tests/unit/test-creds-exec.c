/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/creds/exec_child.c: finding the program, and HOME in a file that the guest wrote. The child's
 * code is included, with its functions on memory under other names than the C library's; the
 * guest's root is a directory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <cmocka.h>

#define memcpy  child_memcpy
#define memmove child_memmove
#define memset  child_memset
#define memcmp  child_memcmp
#include "../../lib/init/text.c"
#include "../../lib/creds/exec_child.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp

#include <linux/openat2.h>

static char root[64];
static int root_fd;

int ins_child_open(struct ins_child *child, const char *path, uint64_t flags)
{
	struct open_how how = { .flags = flags | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };

	(void)child;
	return (int)ins_sys(openat2, root_fd, path, &how, sizeof(how));
}

int ins_child_detail(struct ins_child *child, const char *text, int code)
{
	(void)child;
	(void)text;
	return code;
}

static void make_file(const char *name, const void *data, size_t size, unsigned int mode)
{
	long fd = ins_sys(openat, root_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(ins_sys(write, fd, data, size), size);
	assert_int_equal(ins_sys(fchmod, fd, mode), 0);
	ins_sys(close, fd);
}

static void make_text(const char *name, const char *text, unsigned int mode)
{
	make_file(name, text, ins_text_length(text), mode);
}

static int set_up(void **data)
{
	static const char *const directories[] = { "etc", "bin", "sbin", "w", "w/sub" };

	(void)data;
	snprintf(root, sizeof(root), "/tmp/insula-test-exec-%ld", ins_sys(getpid));
	assert_int_equal(ins_sys(mkdirat, AT_FDCWD, root, 0700), 0);
	root_fd = (int)ins_sys(openat, AT_FDCWD, root, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++)
		assert_int_equal(ins_sys(mkdirat, root_fd, directories[i], 0755), 0);
	return 0;
}

static int tear_down(void **data)
{
	static const char *const files[] = { "etc/passwd", "bin/a", "bin/b", "sbin/a", "w/a",
		"w/sub/a", "bin/link", "bin/elf" };
	static const char *const directories[] = { "bin/dir", "etc", "bin", "sbin", "w/sub", "w" };

	(void)data;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		ins_sys(unlinkat, root_fd, files[i], 0);
	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++)
		ins_sys(unlinkat, root_fd, directories[i], AT_REMOVEDIR);
	ins_sys(close, root_fd);
	return (int)ins_sys(unlinkat, AT_FDCWD, root, AT_REMOVEDIR);
}

static void expect_home(uint32_t uid, const char *home)
{
	struct ins_child child = { .root_fd = root_fd };

	find_home(&child, uid);
	assert_string_equal(child.home, home);
}

static void expect_home_in(const char *passwd, uint32_t uid, const char *home)
{
	make_text("etc/passwd", passwd, 0644);
	expect_home(uid, home);
}

static void homes(void **data)
{
	static const char usual[] = "root:x:0:0:root:/root:/bin/sh\n"
				    "u:x:1000:1000:,,,:/home/u:/bin/sh\n"
				    "v:x:100:100::/home/v:/bin/sh\n";

	(void)data;
	expect_home_in(usual, 0, "HOME=/root");
	expect_home_in(usual, 1000, "HOME=/home/u");
	expect_home_in(usual, 100, "HOME=/home/v");
	expect_home_in(usual, 10, "HOME=/");
	/* The last line has no newline; the first of two counts. */
	expect_home_in("a:x:5:5::/a:/bin/sh", 5, "HOME=/a");
	expect_home_in("a:x:5:5::/a:/bin/sh\nb:x:5:5::/b:/bin/sh\n", 5, "HOME=/a");
}

static void odd_passwd(void **data)
{
	(void)data;
	expect_home_in("", 0, "HOME=/");
	expect_home_in("\n\n:::::::\n::::::\n", 0, "HOME=/");
	expect_home_in("a:x:0:0::/a\n", 0, "HOME=/");
	expect_home_in("a:x:0:0::relative:/bin/sh\n", 0, "HOME=/");
	expect_home_in("a:x:0:0:::/bin/sh\n", 0, "HOME=/");
	expect_home_in("a:x:00x:0::/a:/bin/sh\nb:x:-0:0::/b:/bin/sh\n", 0, "HOME=/");
	expect_home_in("a:x:4294967296:0::/a:/bin/sh\n", 0, "HOME=/");
	expect_home_in("a:x:18446744073709551616:0::/a:/bin/sh\n", 0, "HOME=/");
}

static void long_passwd(void **data)
{
	static char text[3 << 20];
	size_t used = 0;

	(void)data;
	/* A line that is longer than the buffer, around each border of it, then a good one. */
	for (size_t size = 4080; size < 4110; size++) {
		child_memset(text, 'x', size);
		snprintf(text + size, 100, "\na:x:5:5::/a:/bin/sh\n");
		expect_home_in(text, 5, "HOME=/a");
	}
	/* A home too long. */
	used = (size_t)snprintf(text, sizeof(text), "a:x:5:5::/");
	child_memset(text + used, 'h', 600);
	snprintf(text + used + 600, 100, ":/bin/sh\n");
	expect_home_in(text, 5, "HOME=/");
	/* What lies behind the first megabyte is not read. */
	child_memset(text, '\n', sizeof(text));
	snprintf(text + (2 << 20), 100, "a:x:5:5::/a:/bin/sh\n");
	make_file("etc/passwd", text, sizeof(text), 0644);
	expect_home(5, "HOME=/");
	/* A zero byte ends no line, and nothing is read behind it. */
	make_file("etc/passwd", "a\0b:x:5:5::/z:/s\na:x:5:5::/a:/s\n", 32, 0644);
	expect_home(5, "HOME=/a");
}

/* CVE-2024-9676: neither a link nor a FIFO nor a device is waited for or followed. */
static void no_file(void **data)
{
	(void)data;
	ins_sys(unlinkat, root_fd, "etc/passwd", 0);
	expect_home(0, "HOME=/");
	assert_int_equal(ins_sys(mknodat, root_fd, "etc/passwd", S_IFIFO | 0644, 0), 0);
	expect_home(0, "HOME=/");
	ins_sys(unlinkat, root_fd, "etc/passwd", 0);
	make_text("w/a", "root:x:0:0:root:/evil:/bin/sh\n", 0644);
	assert_int_equal(ins_sys(symlinkat, "/w/a", root_fd, "etc/passwd"), 0);
	expect_home(0, "HOME=/");
}

/* What FIND_PROGRAM answers, and what would be executed. */
static void expect_program(const char *name, const char *path, int result, const char *program)
{
	struct ins_child child = { .root_fd = root_fd };
	const char *args[] = { name, NULL }, *env[] = { "A=b", path, NULL };
	struct ins_op op = { .kind = INS_OP_FIND_PROGRAM, .path = "/w" };

	op.exec.args = (struct ins_text_list){ 1, args };
	op.exec.env = (struct ins_text_list){ path ? 2 : 1, env };
	assert_int_equal(ins_creds_find_program_op(&child, &op), result);
	if (program)
		assert_string_equal(child.program, program);
}

static void programs(void **data)
{
	char name[5000];

	(void)data;
	make_text("bin/a", "x", 0755);
	make_text("sbin/a", "x", 0644);
	make_text("bin/b", "x", 0644);
	make_text("w/a", "x", 0755);
	make_text("w/sub/a", "x", 0755);
	assert_int_equal(ins_sys(mkdirat, root_fd, "bin/dir", 0755), 0);
	assert_int_equal(ins_sys(symlinkat, "/proc/self/exe", root_fd, "bin/link"), 0);
	expect_program("a", "PATH=/bin", 0, "/bin/a");
	/* What may not be executed is passed over, but remembered. */
	expect_program("a", "PATH=/sbin:/bin", 0, "/bin/a");
	expect_program("a", "PATH=/sbin", -EACCES, NULL);
	expect_program("a", "PATH=/sbin:/nonexistent", -EACCES, NULL);
	expect_program("b", "PATH=/bin:/sbin", -EACCES, NULL);
	expect_program("c", "PATH=/bin:/sbin", -ENOENT, NULL);
	expect_program("dir", "PATH=/bin", -ENOENT, NULL);
	expect_program("/bin/dir", "PATH=/bin", -EISDIR, NULL);
	/* Empty and relative entries are below the working directory. */
	expect_program("a", "PATH=", 0, "./a");
	expect_program("a", "PATH=/sbin:", 0, "./a");
	expect_program("a", "PATH=:/bin", 0, "./a");
	expect_program("a", "PATH=sub", 0, "sub/a");
	/* No PATH at all. */
	expect_program("a", NULL, 0, "/bin/a");
	expect_program("./a", "PATH=/bin", 0, "./a");
	expect_program("sub/a", "PATH=/bin", 0, "sub/a");
	expect_program("/bin/a", "PATH=", 0, "/bin/a");
	expect_program("../../../bin/a", "PATH=", 0, "../../../bin/a");
	expect_program("/bin/a/b", "PATH=", -ENOTDIR, NULL);
	expect_program("", "PATH=/bin", -ENOENT, NULL);
	/* Not through a magic link of procfs (CVE-2019-5736). */
	expect_program("/bin/link", "PATH=", -ENOENT, NULL);
	child_memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	expect_program(name, "PATH=/bin", -ENOENT, NULL);
	name[0] = '/';
	expect_program(name, "PATH=/bin", -ENAMETOOLONG, NULL);
}

/* What is kept for the message if the execve fails. */
static void headers(void **data)
{
	struct {
		Elf64_Ehdr header;
		Elf64_Phdr segments[2];
		char interpreter[16];
	} file = { .header = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64 },
			   .e_phoff = sizeof(Elf64_Ehdr),
			   .e_phentsize = sizeof(Elf64_Phdr),
			   .e_phnum = 2 },
		.segments = { { .p_type = PT_LOAD },
			{ .p_type = PT_INTERP,
				.p_offset = sizeof(Elf64_Ehdr) + 2 * sizeof(Elf64_Phdr),
				.p_filesz = 11 } },
		.interpreter = "/lib/ld.so" };
	static const struct {
		uint64_t phoff, offset, size;
		uint16_t phnum;
		uint32_t expected;
	} cases[] = {
		{ sizeof(Elf64_Ehdr), 176, 11, 2, 64 + 11 },
		{ sizeof(Elf64_Ehdr), 176, 11, 1, 64 },
		{ sizeof(Elf64_Ehdr), 176, 11, 65535, 64 + 11 },
		{ sizeof(Elf64_Ehdr), 176, UINT64_MAX, 2, 64 + 16 },
		{ sizeof(Elf64_Ehdr), UINT64_MAX, 11, 2, 64 },
		{ sizeof(Elf64_Ehdr), 192, 11, 2, 64 },
		{ UINT64_MAX, 176, 11, 2, 64 },
		{ 192, 176, 11, 2, 64 },
		{ 191, 176, 11, 2, 64 },
	};
	struct ins_child child = { .root_fd = root_fd };

	(void)data;
	make_text("bin/elf", "#!/bin/sh\n", 0755);
	keep_header(&child, "bin/elf");
	assert_int_equal(child.header_size, 10);
	assert_memory_equal(child.header, "#!/bin/sh\n", 10);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		file.header.e_phoff = cases[i].phoff;
		file.header.e_phnum = cases[i].phnum;
		file.segments[1].p_offset = cases[i].offset;
		file.segments[1].p_filesz = cases[i].size;
		make_file("bin/elf", &file, sizeof(file), 0755);
		keep_header(&child, "bin/elf");
		assert_int_equal(child.header_size, cases[i].expected);
		if (cases[i].expected > 64)
			assert_memory_equal(child.header + 64, "/lib/ld.so", 11);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(homes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(odd_passwd, set_up, tear_down),
		cmocka_unit_test_setup_teardown(long_passwd, set_up, tear_down),
		cmocka_unit_test_setup_teardown(no_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(programs, set_up, tear_down),
		cmocka_unit_test_setup_teardown(headers, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

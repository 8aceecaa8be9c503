/* SPDX-License-Identifier: Apache-2.0 */
/* lib/creds/exec_explain.c: why a program could not be executed. */
#include <elf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "creds/creds.h"
#include "creds/exec.h"

#if defined(__x86_64__)
#define OWN      EM_X86_64
#define OWN_NAME "x86_64"
#elif defined(__aarch64__)
#define OWN      EM_AARCH64
#define OWN_NAME "aarch64"
#else
#define OWN      EM_RISCV
#define OWN_NAME "riscv"
#endif

static void expect(
	const char *name, const struct ins_message *message, const char *words, int status)
{
	const char *args[] = { name, NULL };
	struct ins_op op = { .kind = INS_OP_EXECVE };
	struct ins_error err = { 0 };
	int code = message->err == EISDIR ? EACCES : message->err;

	op.exec.args = (struct ins_text_list){ 1, args };
	assert_int_equal(ins_creds_exec_explain(&op, message, &err), -code);
	assert_string_equal(err.text, words);
	assert_int_equal(err.code, code);
	assert_int_equal(err.status, status);
}

static void without_header(void **state)
{
	static const struct {
		const char *name, *words;
		int code, step, status;
	} cases[] = {
		{ "sh", "executable file `sh` not found in $PATH: no such file or directory",
			ENOENT, 0, 127 },
		{ "", "executable file `` not found in $PATH: no such file or directory", ENOENT, 0,
			127 },
		{ "/a/b", "executable file `/a/b` not found: no such file or directory", ENOENT, 0,
			127 },
		{ "/a", "execute `/a`: permission denied", EACCES, 0, 126 },
		{ "/a", "execute `/a`: it is on a noexec mount: permission denied", EACCES,
			INS_EXEC_STEP_NOEXEC, 126 },
		{ "/a", "execute `/a`: operation not permitted", EPERM, 0, 126 },
		{ "/a", "execute `/a`: it is a directory: permission denied", EISDIR, 0, 126 },
		{ "/a", "execute `/a`: exec format error", ENOEXEC, 0, 126 },
		{ "/a",
			"execute `/a`: its path leads in a circle, or through a link of /proc, "
			"which "
			"is not followed: too many levels of symbolic links",
			ELOOP, 0, 126 },
		{ "/a", "execute `/a`: text file busy", ETXTBSY, 0, 126 },
		{ "/a", "execute `/a`: cannot allocate memory", ENOMEM, 0, 1 },
		{ "/a",
			"execute `/a`: process.args and process.env are longer than the kernel "
			"takes: argument list too long",
			E2BIG, 0, 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct ins_message message = { .err = cases[i].code,
			.step = (uint32_t)cases[i].step };

		expect(cases[i].name, &message, cases[i].words, cases[i].status);
	}
}

static void expect_header(int code, const void *header, size_t size, const char *words, int status)
{
	struct ins_message message = {
		.err = code, .detail_kind = INS_DETAIL_HEADER, .detail_size = (uint32_t)size
	};

	assert_true(size <= sizeof(message.detail));
	memcpy(message.detail, header, size);
	expect("/p", &message, words, status);
}

static void scripts(void **state)
{
	static const struct {
		int code;
		const char *header, *words;
		int status;
	} cases[] = {
		{ ENOENT, "#!/no/sh\n",
			"execute `/p`: its interpreter /no/sh is missing: no such file "
			"or directory",
			127 },
		{ ENOENT, "#! \t/no/sh -e x\n",
			"execute `/p`: its interpreter /no/sh is missing: no "
			"such file or directory",
			127 },
		{ ENOENT, "#!/no/sh",
			"execute `/p`: its interpreter /no/sh is missing: no such file "
			"or directory",
			127 },
		{ ENOENT, "#!/bin/sh\r\necho\r\n",
			"execute `/p`: its first line #!/bin/sh ends in a "
			"carriage return (CRLF), which the kernel takes as part of the name: no "
			"such "
			"file or directory",
			127 },
		{ ENOENT, "#!",
			"execute `/p`: its interpreter is missing: no such file or directory",
			127 },
		{ ENOENT, "#!\x1b[31m\n",
			"execute `/p`: its interpreter ?[31m is missing: no such file "
			"or directory",
			127 },
		{ EACCES, "#!/etc/x\n", "execute `/p` or its interpreter /etc/x: permission denied",
			126 },
		{ ENOEXEC, "echo\n",
			"execute `/p`: it is neither an ELF file nor a script that begins "
			"with #!: exec format error",
			126 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		expect_header(cases[i].code, cases[i].header, strlen(cases[i].header),
			cases[i].words, cases[i].status);
}

static void elf_files(void **state)
{
	struct {
		Elf64_Ehdr header;
		char interpreter[32];
	} file = { .interpreter = "/lib/ld.so" };

	(void)state;
	memcpy(file.header.e_ident, ELFMAG, SELFMAG);
	file.header.e_ident[EI_CLASS] = ELFCLASS64;
	file.header.e_ident[EI_DATA] = ELFDATA2LSB;
	file.header.e_machine = OWN;
	expect_header(ENOENT, &file, sizeof(file),
		"execute `/p`: its dynamic loader /lib/ld.so is "
		"missing: no such file or directory",
		127);
	expect_header(ENOENT, &file, sizeof(file.header),
		"execute `/p`: its interpreter is missing: no "
		"such file or directory",
		127);
	expect_header(ENOEXEC, &file, sizeof(file.header),
		"execute `/p`: it is a damaged ELF file: "
		"exec format error",
		126);
	file.header.e_machine = EM_S390;
	expect_header(ENOEXEC, &file, sizeof(file.header),
		"execute `/p`: it is for s390x, this machine "
		"is " OWN_NAME ": exec format error",
		126);
	file.header.e_machine = 0x1234;
	expect_header(ENOEXEC, &file, sizeof(file.header),
		"execute `/p`: it is for ELF machine 4660, "
		"this machine is " OWN_NAME ": exec format error",
		126);
	file.header.e_ident[EI_DATA] = ELFDATA2MSB;
	file.header.e_machine = EM_S390 << 8;
	expect_header(ENOEXEC, &file, sizeof(file.header),
		"execute `/p`: it is for s390x, this machine "
		"is " OWN_NAME ": exec format error",
		126);
}

/* Whatever bytes the guest's file holds, there is one line of text. */
static void any_bytes(void **state)
{
	static const int codes[] = { ENOENT, EACCES, ENOEXEC };
	static const char *const starts[] = { "", "#!", "\177ELF" };

	(void)state;
	for (unsigned int i = 0; i < 3 * 3 * 16; i++) {
		const char *args[] = { "/p", NULL };
		struct ins_op op = { .kind = INS_OP_EXECVE };
		struct ins_message message = { .err = codes[i % 3],
			.detail_kind = INS_DETAIL_HEADER,
			.detail_size = INS_MESSAGE_DETAIL };
		struct ins_error err = { 0 };

		op.exec.args = (struct ins_text_list){ 1, args };
		for (size_t j = 0; j < sizeof(message.detail); j++)
			message.detail[j] = (uint8_t)(j * 7 + i * 31 + 1);
		memcpy(message.detail, starts[i / 3 % 3], strlen(starts[i / 3 % 3]));
		ins_creds_exec_explain(&op, &message, &err);
		for (const char *c = err.text; *c; c++)
			assert_true((unsigned char)*c >= 0x20);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_header),
		cmocka_unit_test(scripts),
		cmocka_unit_test(elf_files),
		cmocka_unit_test(any_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

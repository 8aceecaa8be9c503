/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a program could not be executed, in words. The kernel has one errno for many causes: a
 * missing interpreter is "No such file or directory" although the program is there. The texts
 * contain what callers look for: "executable file … not found", "no such file or directory",
 * "permission denied", "exec format error", "is a directory".
 */
#include <ctype.h>
#include <elf.h>
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "creds/creds.h"
#include "creds/exec.h"

#if defined(__x86_64__)
#define OWN_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define OWN_MACHINE EM_AARCH64
#elif defined(__riscv)
#define OWN_MACHINE EM_RISCV
#endif

/* Statuses as a shell's (POSIX, "2.8.2 Exit Status for Commands"). */
#define STATUS_CANNOT_EXECUTE 126
#define STATUS_NOT_FOUND      127

static const char *machine_name(unsigned int machine, char *buffer, size_t size)
{
	switch (machine) {
	case EM_X86_64:
		return "x86_64";
	case EM_386:
		return "i386";
	case EM_AARCH64:
		return "aarch64";
	case EM_ARM:
		return "arm";
	case EM_RISCV:
		return "riscv";
	case EM_PPC64:
		return "ppc64";
	case EM_S390:
		return "s390x";
	case EM_MIPS:
		return "mips";
	case EM_LOONGARCH:
		return "loongarch";
	default:
		snprintf(buffer, size, "ELF machine %u", machine);
		return buffer;
	}
}

/* The path after "#!". Return: false if there is no such line. */
static bool script_interpreter(
	const struct ins_message *message, char *path, size_t size, bool *ret_has_cr)
{
	const char *text = (const char *)message->detail;
	size_t end = message->detail_size, start = 2, n;

	if (end < 3 || text[0] != '#' || text[1] != '!')
		return false;
	while (start < end && (text[start] == ' ' || text[start] == '\t'))
		start++;
	for (n = 0; start + n < end && !strchr(" \t\n", text[start + n]); n++)
		continue;
	*ret_has_cr = n && text[start + n - 1] == '\r';
	n -= *ret_has_cr;
	snprintf(path, size, "%.*s", (int)n, text + start);
	return true;
}

/* The path behind an ELF header. Return: false if it is no ELF file or has no interpreter. */
static bool elf_interpreter(const struct ins_message *message, char *path, size_t size)
{
	const char *text = (const char *)message->detail;

	if (message->detail_size <= INS_EXEC_ELF_HEADER || memcmp(text, ELFMAG, SELFMAG))
		return false;
	snprintf(path, size, "%.*s", (int)(message->detail_size - INS_EXEC_ELF_HEADER),
		text + INS_EXEC_ELF_HEADER);
	return true;
}

static int explain_missing(
	const char *name, const struct ins_message *message, struct ins_error *err)
{
	char interpreter[256];
	bool has_cr;

	if (message->detail_kind != INS_DETAIL_HEADER)
		return ins_error_set(err, ENOENT, "executable file `%s` not found%s", name,
			strchr(name, '/') ? "" : " in $PATH");
	if (!script_interpreter(message, interpreter, sizeof(interpreter), &has_cr)) {
		if (elf_interpreter(message, interpreter, sizeof(interpreter)))
			return ins_error_set(err, ENOENT,
				"execute `%s`: its dynamic loader %s is missing", name,
				interpreter);
		return ins_error_set(err, ENOENT, "execute `%s`: its interpreter is missing", name);
	}
	if (has_cr)
		return ins_error_set(err, ENOENT,
			"execute `%s`: its first line #!%s ends in a "
			"carriage return (CRLF), which the kernel takes as part of the name",
			name, interpreter);
	return ins_error_set(
		err, ENOENT, "execute `%s`: its interpreter %s is missing", name, interpreter);
}

static int explain_denied(
	const char *name, const struct ins_message *message, struct ins_error *err)
{
	char interpreter[256];
	bool has_cr;

	if (message->step == INS_EXEC_STEP_NOEXEC)
		return ins_error_set(err, EACCES, "execute `%s`: it is on a noexec mount", name);
	if (message->detail_kind == INS_DETAIL_HEADER && message->err == EACCES &&
		(script_interpreter(message, interpreter, sizeof(interpreter), &has_cr) ||
			elf_interpreter(message, interpreter, sizeof(interpreter))))
		return ins_error_set(
			err, EACCES, "execute `%s` or its interpreter %s", name, interpreter);
	/* EPERM is a seccomp filter's answer, or a security module's. */
	return ins_error_set(err, message->err, "execute `%s`", name);
}

static int explain_format(
	const char *name, const struct ins_message *message, struct ins_error *err)
{
	char own[24], other[24];
	Elf64_Ehdr header;

	if (message->detail_kind != INS_DETAIL_HEADER)
		return ins_error_set(err, ENOEXEC, "execute `%s`", name);
	if (message->detail_size < sizeof(header) || memcmp(message->detail, ELFMAG, SELFMAG))
		return ins_error_set(err, ENOEXEC,
			"execute `%s`: it is neither an ELF file nor a script that begins with #!",
			name);
	/* e_machine stands at the same place in 32-bit files. */
	memcpy(&header, message->detail, sizeof(header));
	if (header.e_ident[EI_DATA] == ELFDATA2MSB)
		header.e_machine = (Elf64_Half)(header.e_machine << 8 | header.e_machine >> 8);
	if (header.e_machine == OWN_MACHINE)
		return ins_error_set(err, ENOEXEC, "execute `%s`: it is a damaged ELF file", name);
	return ins_error_set(err, ENOEXEC, "execute `%s`: it is for %s, this machine is %s", name,
		machine_name(header.e_machine, other, sizeof(other)),
		machine_name(OWN_MACHINE, own, sizeof(own)));
}

static int explain_other(const char *name, const struct ins_message *message, struct ins_error *err)
{
	if (message->step == INS_EXEC_STEP_SKIPPED)
		return ins_error_text(err, message->err,
			"execute `%s`: a seccomp filter answers execve with success, undone", name);
	return ins_error_set(err, message->err, "execute `%s`", name);
}

/* Docker's command compares the kernel's words with those of Go, which have no capitals; podman and
 * dockerd take both. */
static void use_small_letters(struct ins_error *err)
{
	const char *words = strerrordesc_np(err->code);
	size_t length = strlen(err->text), n = words ? strlen(words) : 0;
	char *tail = err->text + length - n;

	if (n > 0 && n <= length && strcmp(tail, words) == 0)
		*tail = (char)tolower((unsigned char)*tail);
}

int ins_creds_exec_explain(
	const struct ins_op *op, const struct ins_message *message, struct ins_error *err)
{
	const char *name = op->exec.args.v[0];
	int status = STATUS_CANNOT_EXECUTE;
	int r;

	switch (message->err) {
	case ENOENT:
	case ENOTDIR:
		r = explain_missing(name, message, err);
		status = STATUS_NOT_FOUND;
		break;
	case EACCES:
	case EPERM:
		r = explain_denied(name, message, err);
		break;
	case EISDIR:
		/* execve(2) calls this EACCES, and so do callers. */
		r = ins_error_set(err, EACCES, "execute `%s`: it is a directory", name);
		break;
	case ENOEXEC:
		r = explain_format(name, message, err);
		break;
	case ELOOP:
		r = ins_error_set(err, ELOOP,
			"execute `%s`: its path leads in a circle, or through a "
			"link of /proc, which is not followed",
			name);
		break;
	case E2BIG:
		r = ins_error_set(err, E2BIG,
			"execute `%s`: process.args and process.env are "
			"longer than the kernel takes",
			name);
		status = 1;
		break;
	case ENOMEM:
	case EMFILE:
	case ENFILE:
	case EAGAIN:
		r = ins_error_set(err, message->err, "execute `%s`", name);
		status = 1;
		break;
	default:
		r = explain_other(name, message, err);
		break;
	}
	if (err && !err->status) {
		err->status = status;
		use_small_letters(err);
	}
	return r;
}

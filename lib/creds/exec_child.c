/* SPDX-License-Identifier: Apache-2.0 */
/* Finding the program, and becoming it. */
#include <asm/errno.h>
#include <asm/fcntl.h>
#include <asm/signal.h>
#include <asm/statfs.h>
#include <linux/close_range.h>
#include <linux/elf.h>
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/prctl.h>
#include <linux/stat.h>

#include "creds/exec.h"
#include "init/child.h"
#include "init/text.h"
#include "sys/bare.h"

/* Where to look if the environment has no PATH. */
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* More of a passwd file than this is not read. */
#define PASSWD_MAX (1 << 20)

#define SIGNALS 64

#define ST_NOEXEC_BIT 0x0008

static const char *variable(const struct ins_text_list *env, const char *name_and_equals)
{
	for (uint32_t i = 0; i < env->n; i++) {
		if (ins_text_starts(env->v[i], name_and_equals))
			return env->v[i] + ins_text_length(name_and_equals);
	}
	return NULL;
}

/* Put @path at @to, below @cwd if it is relative. */
static int absolute(char *to, size_t size, const char *cwd, const char *path)
{
	long result;

	if (path[0] == '/') {
		result = ins_text_copy(to, size, path);
		return result < 0 ? (int)result : 0;
	}
	result = ins_text_copy(to, size, cwd);
	if (result >= 0)
		result = ins_text_append(to, size, "/");
	if (result >= 0)
		result = ins_text_append(to, size, path);
	return result < 0 ? (int)result : 0;
}

/* The path of an ELF file's interpreter goes behind the header; @size bytes of the file are at
 * @bytes. */
static void add_interpreter(struct ins_child *child, const uint8_t *bytes, size_t size)
{
	size_t room = sizeof(child->header) - INS_EXEC_ELF_HEADER;
	Elf64_Ehdr header;

	child->header_size = INS_EXEC_ELF_HEADER;
	memcpy(&header, bytes, sizeof(header));
	if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_phentsize != sizeof(Elf64_Phdr))
		return;
	for (size_t i = 0; i < header.e_phnum; i++) {
		Elf64_Phdr segment;

		if (header.e_phoff > size || size - header.e_phoff < (i + 1) * sizeof(segment))
			return;
		memcpy(&segment, bytes + header.e_phoff + i * sizeof(segment), sizeof(segment));
		if (segment.p_type != PT_INTERP)
			continue;
		if (segment.p_offset >= size)
			return;
		if (room > size - segment.p_offset)
			room = size - segment.p_offset;
		if (room > segment.p_filesz)
			room = segment.p_filesz;
		memcpy(child->header + INS_EXEC_ELF_HEADER, bytes + segment.p_offset, room);
		child->header_size += (uint32_t)room;
		return;
	}
}

/* What the parent will need to say why the execve failed. It is read now, because then the filter
 * may be loaded, and because root may read what the user may only execute. */
static void keep_header(struct ins_child *child, const char *path)
{
	static const uint8_t elf[4] = { 0x7f, 'E', 'L', 'F' };
	uint8_t bytes[4096];
	struct statfs fs;
	long n;
	int fd = ins_child_open(child, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return;
	child->is_noexec = ins_sys(fstatfs, fd, &fs) == 0 && fs.f_flags & ST_NOEXEC_BIT;
	n = ins_sys(read, fd, bytes, sizeof(bytes));
	(void)ins_sys(close, fd);
	if (n <= 0)
		return;
	child->header_size = n < (long)sizeof(child->header) ? (uint32_t)n : sizeof(child->header);
	memcpy(child->header, bytes, child->header_size);
	if (n >= INS_EXEC_ELF_HEADER && !memcmp(bytes, elf, sizeof(elf)))
		add_interpreter(child, bytes, (size_t)n);
}

/* Whether there is a file that somebody could execute. */
static int look_at(struct ins_child *child, const char *cwd, const char *path)
{
	char full[4096];
	struct statx stat;
	long result = absolute(full, sizeof(full), cwd, path);
	int fd;

	if (result < 0)
		return (int)result;
	fd = ins_child_open(child, full, O_PATH);
	if (fd < 0)
		return fd;
	result = ins_sys(statx, fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_MODE, &stat);
	(void)ins_sys(close, fd);
	if (result < 0)
		return (int)result;
	if (S_ISDIR(stat.stx_mode))
		return -EISDIR;
	if (!S_ISREG(stat.stx_mode) || !(stat.stx_mode & 0111))
		return -EACCES;
	keep_header(child, full);
	return 0;
}

static bool is_passed_over(int result)
{
	return result == -ENOENT || result == -ENOTDIR || result == -EACCES || result == -EISDIR ||
	       result == -ELOOP || result == -ENAMETOOLONG;
}

/* As execvp(3): the first directory of PATH wins that has something to execute; if there was but
 * something that may not be executed, that is the reason. */
static int search(struct ins_child *child, const struct ins_op *op, const char *name)
{
	const char *rest = variable(&op->exec.env, "PATH=");
	int reason = -ENOENT;

	if (!rest)
		rest = DEFAULT_PATH;
	for (;;) {
		size_t n = 0;
		int result;

		while (rest[n] && rest[n] != ':')
			n++;
		if (n < sizeof(child->program)) {
			/* An empty entry is the working directory. */
			memcpy(child->program, n ? rest : ".", n ? n : 1);
			child->program[n ? n : 1] = '\0';
			result = ins_text_append(child->program, sizeof(child->program), "/") < 0 ||
						 ins_text_append(child->program,
							 sizeof(child->program), name) < 0
					 ? -ENAMETOOLONG
					 : look_at(child, op->path, child->program);
			if (result == 0)
				return 0;
			if (result == -EACCES)
				reason = -EACCES;
			/* What could not be looked at might be the one that is meant. */
			if (!is_passed_over(result))
				return result;
		}
		if (!rest[n])
			return reason;
		rest += n + 1;
	}
}

/* A line of passwd(5): name:password:uid:gid:comment:home:shell. Return: whether it is @uid's. */
static bool parse_passwd_line(struct ins_child *child, char *line, uint32_t uid)
{
	char *fields[7] = { line };
	unsigned int n = 1;
	uint64_t id;

	for (char *p = line; *p && n < 7; p++) {
		if (*p == ':') {
			*p = '\0';
			fields[n++] = p + 1;
		}
	}
	if (n < 7 || ins_text_parse(fields[2], &id) < 0 || id != uid)
		return false;
	if (fields[5][0] != '/' || ins_text_copy(child->home, sizeof(child->home), "HOME=") < 0 ||
		ins_text_append(child->home, sizeof(child->home), fields[5]) < 0)
		(void)ins_text_copy(child->home, sizeof(child->home), "HOME=/");
	return true;
}

/* The lines that end within the @used bytes of @buffer. Return: how many bytes they were, or −1
 * when the one that was looked for was among them. */
static long parse_passwd_lines(struct ins_child *child, char *buffer, long used, uint32_t uid)
{
	long start = 0;

	for (long i = 0; i < used; i++) {
		if (buffer[i] != '\n')
			continue;
		buffer[i] = '\0';
		if (parse_passwd_line(child, buffer + start, uid))
			return -1;
		start = i + 1;
	}
	return start;
}

static int read_passwd(struct ins_child *child, int fd, uint32_t uid)
{
	char buffer[4096];
	long used = 0, total = 0;

	while (total < PASSWD_MAX) {
		long n = ins_sys(read, fd, buffer + used, sizeof(buffer) - 1 - used);
		long done;

		if (n < 0)
			return (int)n;
		if (n == 0)
			break;
		total += n;
		used += n;
		done = parse_passwd_lines(child, buffer, used, uid);
		if (done < 0)
			return 0;
		/* A line that does not fit into the buffer is nobody's. */
		if (done == 0 && used == sizeof(buffer) - 1)
			done = used;
		memmove(buffer, buffer + done, used - done);
		used -= done;
	}
	/* The last line may lack its newline. */
	buffer[used] = '\0';
	(void)parse_passwd_line(child, buffer, uid);
	return 0;
}

/*
 * The guest's file is not trusted: it may be a FIFO that never answers or a link to anywhere
 * (CVE-2024-9676), and nothing in it can make more than a wrong HOME.
 */
static int find_home(struct ins_child *child, uint32_t uid)
{
	int fd =
		ins_child_open(child, "/etc/passwd", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	struct statx stat;
	int result;

	(void)ins_text_copy(child->home, sizeof(child->home), "HOME=/");
	/* There is none, or a socket (ENXIO) or the like in its place. */
	if (is_passed_over(fd) || fd == -ENXIO || fd == -ENODEV)
		return 0;
	if (fd < 0)
		return fd;
	result = (int)ins_sys(statx, fd, "", AT_EMPTY_PATH, STATX_TYPE, &stat);
	if (result == 0 && S_ISREG(stat.stx_mode))
		result = read_passwd(child, fd, uid);
	(void)ins_sys(close, fd);
	return result;
}

/* sd_listen_fds(3) believes LISTEN_FDS only if this is the caller's pid, as its namespace has it. */
static void name_listen_pid(struct ins_child *child)
{
	(void)ins_text_copy(child->listen_pid, sizeof(child->listen_pid), "LISTEN_PID=");
	(void)ins_text_number(
		child->listen_pid + ins_text_length(child->listen_pid), (uint64_t)ins_sys(getpid));
}

/* The environment with more variables, in pages of its own: the plan is read-only. */
static int add_variables(struct ins_child *child, const struct ins_text_list *env)
{
	size_t size = (env->n + 3) * sizeof(char *), n = env->n;
	long memory =
		ins_sys(mmap, 0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const char **v = (const char **)memory;

	if (memory < 0 && memory > -4096)
		return (int)memory;
	memcpy(v, env->v, n * sizeof(char *));
	if (child->home[0])
		v[n++] = child->home;
	if (child->listen_pid[0])
		v[n++] = child->listen_pid;
	child->env = v;
	return 0;
}

int ins_creds_find_program_op(struct ins_child *child, const struct ins_op *op)
{
	const char *name = op->exec.args.v[0];
	bool has_slash = false;
	int result;

	for (const char *p = name; *p; p++)
		has_slash |= *p == '/';
	if (!name[0]) {
		result = -ENOENT;
	} else if (has_slash) {
		long length = ins_text_copy(child->program, sizeof(child->program), name);

		result = length < 0 ? (int)length : look_at(child, op->path, name);
	} else {
		result = search(child, op, name);
	}
	if (result < 0)
		return result;
	if (op->exec.want_home)
		result = find_home(child, op->exec.uid);
	if (result < 0)
		return ins_child_detail(child, "read /etc/passwd", result);
	if (op->exec.want_listen_pid)
		name_listen_pid(child);
	if (!op->exec.want_home && !op->exec.want_listen_pid)
		return 0;
	return add_variables(child, &op->exec.env);
}

/* Handlers end with the execve, but what is ignored stays ignored, and what is blocked, blocked. */
static int restore_signals(void)
{
	/* The kernel's struct sigaction is at most this long; all zeros is SIG_DFL without flags.
	 */
	static const unsigned long by_default[4];
	static const uint64_t none;
	long result = 0;

	for (int i = 1; i <= SIGNALS && result == 0; i++) {
		if (i != SIGKILL && i != SIGSTOP)
			result = ins_sys(rt_sigaction, i, by_default, NULL, sizeof(none));
	}
	if (result == 0)
		result = ins_sys(rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof(none));
	return (int)result;
}

/* All that the filter, loaded next, need not allow. */
int ins_creds_prepare_exec_op(struct ins_child *child, const struct ins_op *op)
{
	long result;

	(void)op;
	/* Linux 5.11. Closed by the execve, and not now: its success is told by the socket's end.
	 */
	result = ins_sys(close_range, 3 + child->plan->preserve_fds, ~0U, CLOSE_RANGE_CLOEXEC);
	if (result < 0)
		return ins_child_detail(child, "close_range", (int)result);
	result = ins_sys(prctl, PR_SET_PDEATHSIG, 0, 0, 0, 0);
	if (result < 0)
		return ins_child_detail(child, "PR_SET_PDEATHSIG", (int)result);
	result = restore_signals();
	return result < 0 ? ins_child_detail(child, "reset the signals", (int)result) : 0;
}

int ins_creds_execve_op(struct ins_child *child, const struct ins_op *op)
{
	const char *const *env = child->env ? child->env : op->exec.env.v;
	const char **argv = child->argv_end - op->exec.args.n;
	long result;

	/* Without the NULL that ends them: the kernel has to be the first who reads it. */
	memcpy(argv, op->exec.args.v, op->exec.args.n * sizeof(char *));
	result = ins_sys(execve, child->program, argv, env);
	/* SCMP_ACT_ERRNO with 0. */
	if (result >= 0) {
		child->step = INS_EXEC_STEP_SKIPPED;
		return -ENOSYS;
	}
	child->step = child->is_noexec ? INS_EXEC_STEP_NOEXEC : INS_EXEC_STEP_PLAIN;
	if (child->header_size) {
		child->detail_kind = INS_DETAIL_HEADER;
		child->detail_size = child->header_size;
		memcpy(child->detail, child->header, child->header_size);
	}
	return (int)result;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole command line of the program: what callers write must arrive in the library's
 * structures, what is wrong must be said in the places where callers look. The program is linked
 * with a library that only notes its calls.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* main() becomes a function that can be called often. */
int program(int argc, char **argv);
#define main program
#include "../../runtime/main.c"
#undef main

#include "../../runtime/duration.h"
#include "fake-insula.h"

/* What the last call of the program printed. */
static char out[32768], words[8192];
static char directory[] = "/tmp/insula-test-options-XXXXXX";

static void read_back(int fd, char *buffer, size_t size)
{
	ssize_t n = pread(fd, buffer, size - 1, 0);

	assert_true(n >= 0);
	buffer[n] = '\0';
	(void)close(fd);
}

/* Split @line at blanks, run the program with it, catch what it prints. Return: its exit status. */
static int insula(const char *line)
{
	int saved_out = dup(STDOUT_FILENO), saved_err = dup(STDERR_FILENO);
	int out_fd = memfd_create("out", MFD_CLOEXEC), err_fd = memfd_create("err", MFD_CLOEXEC);
	char *copy = strdup(line);
	char *argv[64] = { (char *)"insula" };
	char *rest = copy;
	char *word;
	int argc = 1;
	int status;

	while ((word = strsep(&rest, " ")))
		argv[argc++] = word;
	memset(fake.calls, 0, sizeof(fake.calls));
	fflush(stdout);
	dup2(out_fd, STDOUT_FILENO);
	dup2(err_fd, STDERR_FILENO);
	status = program(argc, argv);
	fflush(stdout);
	dup2(saved_out, STDOUT_FILENO);
	dup2(saved_err, STDERR_FILENO);
	(void)close(saved_out);
	(void)close(saved_err);
	read_back(out_fd, out, sizeof(out));
	read_back(err_fd, words, sizeof(words));
	free(copy);
	return status;
}

/* @line must answer 0 and lead to these calls. */
static void expect(const char *line, const char *calls)
{
	int status = insula(line);

	if (status != 0)
		print_error("%s: %s", line, words);
	assert_int_equal(status, 0);
	assert_string_equal(words, "");
	assert_string_equal(fake.calls, calls);
}

/* @line must be refused with these words, before the library is asked for anything. */
static void refuse(const char *line, int status, const char *text)
{
	char expected[512];

	snprintf(expected, sizeof(expected), "insula: %s\n", text);
	assert_int_equal(insula(line), status);
	assert_string_equal(words, expected);
	assert_string_equal(out, "");
	assert_null(strstr(fake.calls, "create"));
	assert_null(strstr(fake.calls, "exec"));
	assert_null(strstr(fake.calls, "kill"));
}

/* A file in the test's directory, in one of four buffers. */
static const char *file(const char *name)
{
	static char paths[4][128];
	static size_t next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", directory, name);
	return path;
}

static const char *read_file(const char *name)
{
	static char text[16384];
	int fd = open(file(name), O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	read_back(fd, text, sizeof(text));
	return text;
}

static int setup_group(void **state)
{
	(void)state;
	return mkdtemp(directory) ? 0 : -1;
}

static int teardown_group(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf -- %s", directory);
	return system(command);
}

static int setup(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	return 0;
}

#define CONTEXT "context log_level=1\n"

static void test_buildah(void **state)
{
	(void)state;
	expect("create --bundle /var/tmp/b1 --pid-file /var/tmp/b1/pid b1",
		CONTEXT "create id=b1 bundle=/var/tmp/b1 pid_file=/var/tmp/b1/pid\n");
	expect("start b1", CONTEXT "start id=b1\n");
	expect("state b1", CONTEXT "state id=b1\n");
	expect("kill b1 SIGKILL", CONTEXT "kill id=b1 signal=9\n");
	expect("delete b1", CONTEXT "delete id=b1\n");
}

static void test_containerd(void **state)
{
	static const char *const tails[][2] = {
		{ "create --bundle /run/t/k --pid-file /run/t/k/init.pid k",
			"create id=k bundle=/run/t/k pid_file=/run/t/k/init.pid\n" },
		{ "create --bundle /b --pid-file /p --console-socket /c --pidfd-socket /f "
		  "--no-pivot --no-new-keyring --preserve-fds 2 k",
			"create id=k bundle=/b console_socket=/c pidfd_socket=/f pid_file=/p "
			"preserve_fds=2 no_pivot=1 no_new_keyring=1\n" },
		{ "start k", "start id=k\n" },
		{ "exec --process /tmp/process838231334 --detach --pid-file /run/t/k/e1.pid k",
			"exec id=k process_file=/tmp/process838231334 pid_file=/run/t/k/e1.pid "
			"detach=1\n" },
		{ "exec --process /tmp/p --console-socket /c --detach --pid-file /e k",
			"exec id=k process_file=/tmp/p console_socket=/c pid_file=/e detach=1\n" },
		{ "pause k", "pause id=k\n" },
		{ "resume k", "resume id=k\n" },
		{ "ps --format json k", "ps id=k\n" },
		{ "events --stats k", "events id=k\n" },
		{ "events --interval=5s k", "events id=k interval=5000000000\n" },
		{ "kill k 9", "kill id=k signal=9\n" },
		{ "kill --all k 9", "kill id=k signal=9 all=1\n" },
		{ "delete k", "delete id=k\n" },
		{ "delete --force k", "delete id=k force=1\n" },
		{ "list --format=json", "list\n" },
		{ "run --bundle /b -no-subreaper --detach k",
			"run id=k bundle=/b no_subreaper=1 detach=1\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		char line[512], calls[512];

		snprintf(line, sizeof(line), "--root /run/r/default --log %s --log-format json %s",
			file("log.json"), tails[i][0]);
		snprintf(calls, sizeof(calls), "context root=/run/r/default log_level=1\n%s",
			tails[i][1]);
		expect(line, calls);
		snprintf(line, sizeof(line),
			"--root /r --debug --log %s --log-format json --systemd-cgroup "
			"--rootless=true %s",
			file("log.json"), tails[i][0]);
		snprintf(calls, sizeof(calls),
			"context root=/r cgroup_manager=1 rootless=2 log_level=3\n%s", tails[i][1]);
		expect(line, calls);
	}
	/* No record at all: nothing failed, nothing was warned of. */
	assert_string_equal(read_file("log.json"), "");
}

static void test_podman(void **state)
{
	char line[512];

	(void)state;
	snprintf(line, sizeof(line),
		"--systemd-cgroup --log-format=json --log %s create --bundle /b --pid-file /p "
		"--console-socket /tmp/term.APAHZ3 c1",
		file("oci-log"));
	expect(line, "context cgroup_manager=1 log_level=1\n"
		     "create id=c1 bundle=/b console_socket=/tmp/term.APAHZ3 pid_file=/p\n");
	snprintf(line, sizeof(line),
		"--log-format=json --log %s --cgroup-manager disabled create --bundle /b "
		"--pid-file /p c1",
		file("oci-log"));
	expect(line, "context cgroup_manager=2 log_level=1\ncreate id=c1 bundle=/b pid_file=/p\n");
	snprintf(line, sizeof(line),
		"--log-format=json --log %s exec --pid-file /e --process /s --detach c1",
		file("oci-log"));
	expect(line, CONTEXT "exec id=c1 process_file=/s pid_file=/e detach=1\n");
	expect("--systemd-cgroup create --bundle /b --pid-file /p c1",
		"context cgroup_manager=1 log_level=1\ncreate id=c1 bundle=/b pid_file=/p\n");
	expect("kill c1 10", CONTEXT "kill id=c1 signal=10\n");
	expect("kill --all c1 15", CONTEXT "kill id=c1 signal=15 all=1\n");
	expect("delete --force c1", CONTEXT "delete id=c1 force=1\n");
	/* What is not there is refused by name, not taken and dropped. */
	refuse("checkpoint --help", 1, "unknown command `checkpoint`; try `insula help`");
	refuse("restore --lsm-mount-context", 1, "unknown command `restore`; try `insula help`");
	refuse("create --pid-file", 1, "flag needs an argument: --pid-file");
}

static void test_crio(void **state)
{
	(void)state;
	expect("--root /run/r kill -a c1 TERM",
		"context root=/run/r log_level=1\nkill id=c1 signal=15 all=1\n");
	expect("--root /run/r exec --process /p c1",
		"context root=/run/r log_level=1\nexec id=c1 process_file=/p\n");
}

static void test_forms(void **state)
{
	static const char calls[] = CONTEXT "create id=c1 bundle=/b\n";

	(void)state;
	expect("create --bundle /b c1", calls);
	expect("create --bundle=/b c1", calls);
	expect("create -bundle /b c1", calls);
	expect("create -bundle=/b c1", calls);
	expect("create -b /b c1", calls);
	expect("create -b=/b c1", calls);
	expect("create --bundle /a --bundle /b c1", calls);
	expect("create c1 --bundle /b", calls);
	expect("create --bundle /b -- c1", calls);
	expect("create --bundle /b --no-pivot=false c1", calls);
	expect("create --bundle /b --no-pivot --no-pivot=false c1", calls);
	expect("create --bundle --bundle c1", CONTEXT "create id=c1 bundle=--bundle\n");
	expect("create --no-pivot=true c1", CONTEXT "create id=c1 no_pivot=1\n");
	expect("create -- -x", CONTEXT "create id=-x\n");
	expect("create -", CONTEXT "create id=-\n");
	expect("--rootless auto --cgroup-manager=cgroupfs --log-level debug start c1",
		"context log_level=3\nstart id=c1\n");
	expect("--rootless false --log-level=error start c1", "context rootless=1\nstart id=c1\n");
	expect("--debug=false start c1", CONTEXT "start id=c1\n");
	expect("kill c1", CONTEXT "kill id=c1 signal=15\n");
}

static void test_exec(void **state)
{
	(void)state;
	expect("exec c1 ls -l --help --user x", CONTEXT "exec id=c1 arg=ls arg=-l arg=--help "
							"arg=--user arg=x\n");
	expect("exec -e A=1 -t --env=B=2 -c CAP_KILL --cap CAP_CHOWN -u 1:2 -g 5 "
	       "--additional-gids 6,7 --cwd /w --no-new-privs --process-label l --apparmor a "
	       "--cgroup g --ignore-paused --preserve-fds 3 --pidfd-socket /s c1 sh",
		CONTEXT "exec id=c1 arg=sh env=A=1 env=B=2 cap=CAP_KILL cap=CAP_CHOWN cwd=/w "
			"user=1:2 process_label=l apparmor=a cgroup=g gid=5 gid=6 gid=7 "
			"pidfd_socket=/s preserve_fds=3 tty=1 no_new_privs=1 ignore_paused=1\n");
	expect("exec -td c1 sh", CONTEXT "exec id=c1 arg=sh tty=1 detach=1\n");
	expect("exec -tu 5 c1 sh", CONTEXT "exec id=c1 arg=sh user=5 tty=1\n");
	expect("exec c1 -- ls -- x", CONTEXT "exec id=c1 arg=ls arg=-- arg=x\n");
	refuse("exec -ut c1 sh", 255, "unknown option `-ut`; try `insula exec --help`");
	refuse("exec --td c1 sh", 255, "unknown option `--td`; try `insula exec --help`");
	refuse("exec -txd c1 sh", 255, "unknown option `-txd`; try `insula exec --help`");
	refuse("exec c1 --", 255, "exec needs a command or --process");
	refuse("exec --cwd= c1 sh", 255, "--cwd: the name is empty");
	refuse("exec c1", 255, "exec needs a command or --process");
	refuse("exec -p /p c1 sh", 255, "--process and a command exclude each other");
	refuse("exec -p /p --cwd / c1", 255, "--process and --cwd exclude each other");
	refuse("exec -g 1,,2 c1 sh", 255, "--additional-gids: `1,,2` is not a list of numbers");
	refuse("exec -g 4294967295 c1 sh", 255,
		"--additional-gids: `4294967295` is not a list of numbers");
	refuse("exec", 255, "exec needs ID [COMMAND [ARGUMENT]...]; try `insula exec --help`");
}

static void write_file(const char *name, const char *text)
{
	FILE *written = fopen(file(name), "we");

	assert_non_null(written);
	fputs(text, written);
	assert_int_equal(fclose(written), 0);
}

/* The options become one object, in groups. */
static void test_update(void **state)
{
	char line[256];

	(void)state;
	expect("update c1", CONTEXT "update id=c1 resources={}\n");
	expect("update --memory 512m --memory-swap -1 --memory-reservation 1GiB --kernel-memory 0 "
	       "--kernel-memory-tcp 4kb c1",
		CONTEXT "update id=c1 resources={\"memory\":{\"limit\":536870912,"
			"\"reservation\":1073741824,\"swap\":-1,\"kernel\":0,"
			"\"kernelTCP\":4096}}\n");
	expect("update --pids-limit 0 --cpu-quota -1 --cpu-period 5 --cpu-burst 6 --cpu-share 7 "
	       "--cpu-rt-period 8 --cpu-rt-runtime 9 --cpu-idle 1 --cpuset-cpus 0-3,7 "
	       "--cpuset-mems 0 --blkio-weight 10 c1",
		CONTEXT "update id=c1 resources={\"cpu\":{\"shares\":7,\"quota\":-1,"
			"\"period\":5,\"burst\":6,\"realtimePeriod\":8,"
			"\"realtimeRuntime\":9,\"idle\":1,\"cpus\":\"0-3,7\","
			"\"mems\":\"0\"},\"pids\":{\"limit\":0},"
			"\"blockIO\":{\"weight\":10}}\n");
	expect("update --l3-cache-schema L3:0=f --mem-bw-schema MB:0=5 c1",
		CONTEXT "update id=c1 resources={} l3_cache_schema=L3:0=f "
			"mem_bw_schema=MB:0=5\n");
	write_file("limits", "{\"pids\": {}}");
	snprintf(line, sizeof(line), "update --resources=%s c1", file("limits"));
	expect(line, CONTEXT "update id=c1 resources={\"pids\": {}}\n");
	snprintf(line, sizeof(line), "update -r %s --cpu-idle 0 c1", file("limits"));
	refuse(line, 1, "--resources and --cpu-idle exclude each other");
	refuse("update -r /nowhere c1", 1, "--resources: read /nowhere: No such file or directory");
	refuse("update", 1, "update needs ID; try `insula update --help`");
}

static void test_update_values(void **state)
{
	static const char *const sizes[] = { "1z", "-", "1.5g", "-1k", "1kbb", "0x10",
		"9223372036854775808", "8388608t", "k" };
	char line[64], words_expected[128];

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		snprintf(line, sizeof(line), "update --memory %s c1", sizes[i]);
		snprintf(words_expected, sizeof(words_expected),
			"--memory: `%s` is not a size like 512m or 2g", sizes[i]);
		refuse(line, 1, words_expected);
	}
	refuse("update --pids-limit 1k c1", 1, "--pids-limit: `1k` is not a number");
	refuse("update --pids-limit 010 c1", 1, "--pids-limit: `010` is not a number");
	refuse("update --pids-limit= c1", 1, "--pids-limit: `` is not a number");
	refuse("update --cpuset-cpus a\" c1", 1, "--cpuset-cpus: `a\"` is not a list like 0-3,7");
}

static void test_refusals(void **state)
{
	(void)state;
	refuse("", 1, "unknown command ``; try `insula help`");
	refuse("--debug", 1, "a command is missing; try `insula help`");
	refuse("--nope start c1", 1, "unknown option `--nope`; try `insula --help`");
	refuse("start --nope=1 c1", 1, "unknown option `--nope=1`; try `insula start --help`");
	refuse("start", 1, "start needs ID; try `insula start --help`");
	refuse("start c1 c2", 1, "start: unexpected argument `c2`; try `insula start --help`");
	refuse("create --no-pivot=maybe c1", 1, "--no-pivot: `maybe` is neither true nor false");
	refuse("create --preserve-fds -1 c1", 1,
		"--preserve-fds: `-1` is not a number from 0 to 4294967295");
	refuse("create --preserve-fds 4294967296 c1", 1,
		"--preserve-fds: `4294967296` is not a number from 0 to 4294967295");
	refuse("create --preserve-fds= c1", 1,
		"--preserve-fds: `` is not a number from 0 to 4294967295");
	refuse("--log-format xml start c1", 1, "--log-format: `xml` is none of text, json");
	refuse("--systemd-cgroup --cgroup-manager disabled start c1", 1,
		"--systemd-cgroup and --cgroup-manager disabled exclude each other");
	refuse("create --bundle= c1", 1, "--bundle: the name is empty");
	refuse("create --pid-file= c1", 1, "--pid-file: the name is empty");
	refuse("--root= start c1", 1, "--root: the name is empty");
	refuse("--log journald: start c1", 1,
		"--log: `journald:` is not supported, only files are");
	refuse("--log syslog:x start c1", 1, "--log: `syslog:x` is not supported, only files are");
	refuse("--log /nowhere/log start c1", 1,
		"--log: open /nowhere/log: No such file or directory");
	refuse("kill c1 NOSUCH", 1, "unknown signal `NOSUCH`");
	refuse("plan --bundle /a /b", 1, "--bundle /a and /b: which one?");
	refuse("ps --format json c1 aux", 1, "options of ps go with --format table only");
	refuse("start --regex\033[2J c1", 1,
		"unknown option `--regex?[2J`; try `insula start --help`");
}

static void test_exit_status(void **state)
{
	(void)state;
	fake.status = 7;
	assert_int_equal(insula("run c1"), 7);
	assert_int_equal(insula("exec c1 sh"), 7);
	assert_int_equal(insula("run --detach c1"), 0);
	assert_int_equal(insula("exec --detach c1 sh"), 0);
	fake.fail = (struct ins_error){ .code = EPERM, .text = "mounts[2]: mount tmpfs" };
	assert_int_equal(insula("run c1"), 1);
	assert_int_equal(insula("exec c1 sh"), 255);
	assert_int_equal(insula("create c1"), 1);
	fake.fail.status = 127;
	assert_int_equal(insula("run c1"), 127);
	assert_int_equal(insula("exec c1 sh"), 127);
	assert_int_equal(insula("create c1"), 1);
	assert_int_equal(insula("start c1"), 1);
	assert_int_equal(insula("delete c1"), 1);
	assert_string_equal(words, "insula: mounts[2]: mount tmpfs\n");
}

/* Is @text exactly one record of that level and message? Checks the time's shape, too. */
static void assert_json_record(const char *text, const char *level, const char *message)
{
	char expected[512];
	size_t size;

	snprintf(expected, sizeof(expected), "{\"level\":\"%s\",\"msg\":\"%s\",\"time\":\"", level,
		message);
	size = strlen(expected);
	assert_int_equal(strncmp(text, expected, size), 0);
	text += size;
	assert_int_equal(strspn(text, "0123456789-T:Z"), strlen("2026-01-02T03:04:05Z"));
	assert_string_equal(text + strlen("2026-01-02T03:04:05Z"), "\"}\n");
}

static void test_log_json(void **state)
{
	char line[256];

	(void)state;
	fake.say[0] = "process.capabilities: unknown capability";
	fake.fail = (struct ins_error){ .code = ENOENT,
		.text = "\"x\\\": \xff \xc3\xa4 \xed\xa0\x80 \x7f" };
	snprintf(line, sizeof(line), "--log %s --log-format json create c1", file("one.json"));
	assert_int_equal(insula(line), 1);
	/* The warning is left out: podman wants one object. */
	assert_json_record(read_file("one.json"), "error",
		"\\\"x\\\\\\\": \\ufffd \xc3\xa4 \\ufffd\\ufffd\\ufffd \\u007f");
	assert_string_equal(words, "insula: \"x\\\": ? \xc3\xa4 ??? ?\n");

	/* Without an error it is there, and nothing is on the standard error. */
	fake.fail.code = 0;
	snprintf(line, sizeof(line), "--log=file:%s --log-format=json create c1", file("two.json"));
	assert_int_equal(insula(line), 0);
	assert_json_record(read_file("two.json"), "warning", fake.say[0]);
	assert_string_equal(words, "");

	/* Without a file the standard error is the log. */
	assert_int_equal(insula("--log-format json create c1"), 0);
	assert_json_record(words, "warning", fake.say[0]);
	assert_int_equal(insula("--log-format json start"), 1);
	assert_json_record(words, "error", "start needs ID; try `insula start --help`");

	/* A mistake among the global options is in the log that was named before it. */
	snprintf(line, sizeof(line), "--log-format=json --log %s --nope start c1",
		file("three.json"));
	assert_int_equal(insula(line), 1);
	assert_json_record(
		read_file("three.json"), "error", "unknown option `--nope`; try `insula --help`");
}

static void test_log_text(void **state)
{
	char line[256];
	const char *text;

	(void)state;
	fake.say[0] = "one";
	fake.fail = (struct ins_error){ .code = EPERM, .text = "a \"b\"" };
	snprintf(line, sizeof(line), "--debug --log %s create c1", file("log.text"));
	assert_int_equal(insula(line), 1);
	text = read_file("log.text");
	assert_int_equal(strncmp(text, "time=\"20", 8), 0);
	assert_non_null(strstr(text, "Z\" level=warning msg=\"one\"\n"));
	assert_non_null(strstr(text, "Z\" level=error msg=\"a \\\"b\\\"\"\n"));
	assert_int_equal(insula("create c1"), 1);
	assert_string_equal(words, "insula: warning: one\ninsula: a \"b\"\n");
	assert_int_equal(insula("--log-level error create c1"), 1);
	assert_string_equal(words, "insula: a \"b\"\n");
	/* The empty name that some callers give means no file. */
	assert_int_equal(insula("--log= create c1"), 1);
	assert_string_equal(words, "insula: warning: one\ninsula: a \"b\"\n");
}

/* Records that are longer than the buffer are cut, but stay records; none that is held is lost. */
static void test_log_long(void **state)
{
	static char longest[20000];
	char line[256];
	const char *text;
	size_t lines = 0;

	(void)state;
	memset(longest, '\001', sizeof(longest) - 1);
	fake.say[0] = "first";
	fake.say[1] = longest;
	fake.say[2] = "last";
	snprintf(line, sizeof(line), "--log %s --log-format json create c1", file("long.json"));
	assert_int_equal(insula(line), 0);
	text = read_file("long.json");
	assert_non_null(strstr(text, "\"first\""));
	assert_non_null(strstr(text, "\"last\""));
	for (const char *end = text; (end = strchr(end, '\n')); end++) {
		assert_int_equal(strncmp(end - 3, "Z\"}", 3), 0);
		lines++;
	}
	assert_int_equal(lines, 3);
}

static void test_regex(void **state)
{
	(void)state;
	fake.n_containers = 3;
	expect("kill --regex ^c[13]$ 9",
		CONTEXT "list\nkill id=c1 signal=9\nkill id=c3 signal=9\n");
	expect("delete -r -f c", CONTEXT "list\ndelete id=c1 force=1\ndelete id=c2 force=1\n"
					 "delete id=c3 force=1\n");
	expect("delete -r -f none", CONTEXT "list\n");
	refuse("delete --regex none", 1, "no container's id matches `none`");
	assert_int_equal(insula("delete --regex ["), 1);
	assert_non_null(strstr(words, "insula: --regex: `[`: "));
	/* One that fails does not keep the others alive. */
	fake.fail = (struct ins_error){ .code = EBUSY, .text = "c1 runs" };
	fake.fail_id = "c1";
	assert_int_equal(insula("delete --regex c"), 1);
	assert_string_equal(fake.calls, CONTEXT "list\ndelete id=c1\ndelete id=c2\ndelete id=c3\n");
	assert_string_equal(words, "insula: c1 runs\n");
	fake.fail_id = NULL;
	assert_int_equal(insula("delete --regex c"), 1);
	assert_string_equal(words, "insula: c1 runs\ninsula: c1 runs\ninsula: c1 runs\n");
}

static void test_list(void **state)
{
	(void)state;
	assert_int_equal(insula("list"), 0);
	assert_string_equal(
		out, "ID          PID         STATUS      BUNDLE      CREATED     OWNER\n");
	assert_int_equal(insula("list --format json"), 0);
	assert_string_equal(out, "[]\n");
	fake.n_containers = 2;
	assert_int_equal(insula("list -f table"), 0);
	assert_string_equal(out, "ID          PID         STATUS      BUNDLE         "
				 "CREATED                          OWNER\n"
				 "c1          100         running     /bundles/one   "
				 "2026-01-02T03:04:05.000000006Z   root\n"
				 "c2          100         running     /bundles/one   "
				 "2026-01-02T03:04:05.000000006Z   root\n");
	assert_int_equal(insula("list -f json"), 0);
	assert_string_equal(out, "[{\n    \"id\": \"c1\"\n},{\n    \"id\": \"c2\"\n}]\n");
	assert_int_equal(insula("list -q"), 0);
	assert_string_equal(out, "c1\nc2\n");
	assert_int_equal(insula("state c1"), 0);
	assert_string_equal(out, "{\n    \"id\": \"c1\"\n}\n");
}

static void test_ps(void **state)
{
	char expected[64];

	(void)state;
	assert_int_equal(insula("ps -f json c1"), 0);
	snprintf(expected, sizeof(expected), "[1,%d]\n", (int)getpid());
	assert_string_equal(out, expected);
	assert_int_equal(insula("ps c1 -o pid,comm"), 0);
	snprintf(expected, sizeof(expected), "%d test-options\n", (int)getpid());
	assert_int_equal(strncmp(out + strspn(out, " "), "PID COMMAND\n", 12), 0);
	assert_non_null(strstr(out, expected));
	assert_null(strstr(out, " ps\n"));
	assert_int_equal(insula("ps c1"), 0);
	assert_int_equal(strncmp(out, "UID ", 4), 0);
	assert_int_equal(insula("ps c1 -o comm"), 1);
	assert_string_equal(words, "insula: ps prints no column PID with these options\n");
	assert_int_equal(insula("ps c1 --no-such-option"), 1);
}

/* What Go's time.Duration prints and time.ParseDuration() reads. */
static void test_events(void **state)
{
	static const struct {
		const char *text;
		long nanoseconds;
	} good[] = {
		{ "500ms", 500000000 },
		{ "5s", 5000000000 },
		{ "1m30s", 90000000000 },
		{ "1h0m0.5s", 3600500000000 },
		{ ".25s", 250000000 },
		{ "1.s", 1000000000 },
		{ "3us", 3000 },
		{ "3\u00b5s", 3000 },
		{ "7ns", 7 },
		{ "1.0000000019999999999999s", 1000000001 },
		{ "2562047h", 9223369200000000000 },
	};
	static const char *const bad[] = { "", "5", "s", ".s", "-1s", "+1s", "5 s", "5s ", "1d",
		"0", "0s", "5ms5", "2562048h", "9999999999999999999h", "2562047h2562047h", "1e3s",
		"0x5s" };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		char command[80], expected[80];

		snprintf(command, sizeof(command), "events --interval %s c1", good[i].text);
		snprintf(expected, sizeof(expected), "events id=c1 interval=%ld\n",
			good[i].nanoseconds);
		assert_int_equal(insula(command), 0);
		assert_non_null(strstr(fake.calls, expected));
		assert_string_equal(out, "{\"type\":\"stats\"}\n");
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint64_t value;

		assert_false(duration_parse(bad[i], &value) == 0 && value > 0);
	}
	refuse("events --interval 1d c1", 1,
		"--interval: `1d` is not a time with a unit, longer than 0: 500ms, 5s, 1m30s");
	refuse("events --interval 0s c1", 1,
		"--interval: `0s` is not a time with a unit, longer than 0: 500ms, 5s, 1m30s");
}

static void test_plan(void **state)
{
	(void)state;
	expect("plan", CONTEXT "plan\n");
	expect("plan /b", CONTEXT "plan bundle=/b\n");
	expect("plan --bundle /b --format json --no-pivot", CONTEXT "plan bundle=/b no_pivot=1 "
								    "format=1\n");
	expect("plan /b --format text", CONTEXT "plan bundle=/b\n");
	assert_string_equal(out, "the plan\n");
}

static void test_spec(void **state)
{
	char line[256], expected[256];

	(void)state;
	snprintf(line, sizeof(line), "spec --rootless --bundle %s", directory);
	expect(line, "spec rootless=1\n");
	assert_string_equal(read_file("config.json"), "{}\n");
	snprintf(expected, sizeof(expected),
		"insula: %s/config.json: File exists (it is not overwritten)\n", directory);
	assert_int_equal(insula(line), 1);
	assert_string_equal(words, expected);
	assert_int_equal(insula("spec -b /nowhere"), 1);
	assert_string_equal(words, "insula: open /nowhere: No such file or directory\n");
}

static void test_help(void **state)
{
	(void)state;
	assert_int_equal(insula("--version"), 0);
	assert_string_equal(out, "runc version 1.2.3+insula\ninsula version 1.2.3\n"
				 "commit: 0123abc\nspec: " INS_OCI_VERSION "\n");
	assert_int_equal(insula("--help"), 0);
	assert_non_null(strstr(out, "Usage: insula [OPTION]... COMMAND"));
	assert_int_equal(insula("--help=true"), 0);
	assert_int_equal(insula("create --help"), 0);
	assert_non_null(strstr(out, "create [OPTION]... ID\n"));
	assert_non_null(strstr(out, "  -b, --bundle DIR "));
	assert_int_equal(insula("help exec"), 0);
	assert_non_null(strstr(out, "exec [OPTION]... ID [COMMAND [ARGUMENT]...]\n"));
	assert_int_equal(insula("help nope"), 1);
	/* The command's own --help is the command's. */
	expect("exec c1 ls --help", CONTEXT "exec id=c1 arg=ls arg=--help\n");
	for (size_t i = 0; verbs[i]; i++) {
		char line[64];

		snprintf(line, sizeof(line), "%s -h", verbs[i]->name);
		expect(line, "");
		assert_non_null(strstr(out, verbs[i]->summary));
	}
}

/* No two rows of a table may answer to the same word, and help is everywhere. */
static void check_table(const struct option *table, bool global)
{
	for (const struct option *a = table; a->name; a++) {
		assert_true(global || strcmp(a->name, "help") != 0);
		assert_true(global || a->letter != 'h');
		assert_int_equal(a->type == OPTION_CHOICE, a->choices != NULL);
		assert_int_equal(a->type == OPTION_FLAG || a->type == OPTION_CHOICE, !a->argument);
		for (const struct option *b = a + 1; b->name; b++) {
			assert_string_not_equal(a->name, b->name);
			assert_true(!a->letter || a->letter != b->letter);
		}
	}
}

static void test_tables(void **state)
{
	(void)state;
	check_table(global_options, true);
	for (size_t i = 0; verbs[i]; i++)
		check_table(verbs[i]->options, false);
}

/* What cannot be printed is a failure: the caller would take silence for an answer. */
static void test_full_output(void **state)
{
	int saved = dup(STDOUT_FILENO);
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	char *argv[] = { (char *)"insula", (char *)"features", NULL };
	int status;

	(void)state;
	assert_true(full >= 0);
	fflush(stdout);
	dup2(full, STDOUT_FILENO);
	status = program(2, argv);
	/* What stays in the stream would come out with the next flush. */
	dup2(saved, STDOUT_FILENO);
	clearerr(stdout);
	(void)close(saved);
	(void)close(full);
	assert_int_equal(status, 1);
}

/* Run the program in a child whose standard streams are @fd, or closed if it is negative. Return:
 * its exit status, or −1 if a signal ended it. */
static int in_child(int fd, const char *verb, bool *ret_devnull)
{
	char *argv[] = { (char *)"insula", (char *)verb, (char *)"c1", NULL };
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct stat s, null;

		for (int i = 0; i <= 2; i++) {
			if (fd < 0)
				(void)close(i);
			else
				dup2(fd, i);
		}
		status = program(3, argv);
		for (int i = 0; fd < 0 && i <= 2; i++) {
			if (fstat(i, &s) < 0 || stat("/dev/null", &null) < 0 ||
				s.st_rdev != null.st_rdev)
				status |= 64;
		}
		_exit(status);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFEXITED(status))
		return -1;
	*ret_devnull = !(WEXITSTATUS(status) & 64);
	return WEXITSTATUS(status) & ~64;
}

static void test_closed_streams(void **state)
{
	bool devnull;

	(void)state;
	assert_int_equal(in_child(-1, "start", &devnull), 0);
	assert_true(devnull);
	/* Nobody could have read the answer. */
	assert_int_equal(in_child(-1, "state", &devnull), 1);
	assert_true(devnull);
}

/* A reader that went away must not kill a verb half-way. */
static void test_broken_pipe(void **state)
{
	bool devnull;
	int fds[2];

	(void)state;
	fake.say[0] = "careful";
	assert_int_equal(pipe(fds), 0);
	(void)close(fds[0]);
	assert_int_equal(in_child(fds[1], "create", &devnull), 0);
	/* But who only prints ends without a word, as head(1) and the like expect it. */
	assert_int_equal(in_child(fds[1], "state", &devnull), -1);
	(void)close(fds[1]);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_buildah, setup),
		cmocka_unit_test_setup(test_containerd, setup),
		cmocka_unit_test_setup(test_podman, setup),
		cmocka_unit_test_setup(test_crio, setup),
		cmocka_unit_test_setup(test_forms, setup),
		cmocka_unit_test_setup(test_exec, setup),
		cmocka_unit_test_setup(test_update, setup),
		cmocka_unit_test_setup(test_update_values, setup),
		cmocka_unit_test_setup(test_refusals, setup),
		cmocka_unit_test_setup(test_exit_status, setup),
		cmocka_unit_test_setup(test_log_json, setup),
		cmocka_unit_test_setup(test_log_text, setup),
		cmocka_unit_test_setup(test_log_long, setup),
		cmocka_unit_test_setup(test_regex, setup),
		cmocka_unit_test_setup(test_list, setup),
		cmocka_unit_test_setup(test_ps, setup),
		cmocka_unit_test_setup(test_events, setup),
		cmocka_unit_test_setup(test_plan, setup),
		cmocka_unit_test_setup(test_spec, setup),
		cmocka_unit_test_setup(test_help, setup),
		cmocka_unit_test_setup(test_tables, setup),
		cmocka_unit_test_setup(test_full_output, setup),
		cmocka_unit_test_setup(test_closed_streams, setup),
		cmocka_unit_test_setup(test_broken_pipe, setup),
	};

	return cmocka_run_group_tests(tests, setup_group, teardown_group);
}

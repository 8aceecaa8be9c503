/* SPDX-License-Identifier: Apache-2.0 */
/* What the program gives back: its log, its answers, its exit status, each where callers look. */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../runtime/verb.h"
#include "program-fixture.h"

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
	assert_int_equal(insula("--log-format json state"), 1);
	assert_json_record(words, "error", "state needs ID; try `insula state --help`");

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

static void test_list(void **state)
{
	(void)state;
	assert_int_equal(insula("list"), 0);
	assert_string_equal(out, "ID          PID         STATUS      BUNDLE      CREATED     "
				 "OWNER       TEMPLATE    ADDRESS\n");
	assert_int_equal(insula("list --format json"), 0);
	assert_string_equal(out, "[]\n");
	fake.n_containers = 2;
	assert_int_equal(insula("list -f table"), 0);
	assert_string_equal(out,
		"ID          PID         STATUS      BUNDLE         "
		"CREATED                          OWNER       TEMPLATE    ADDRESS\n"
		"c1          100         running     /bundles/one   "
		"2026-01-02T03:04:05.000000006Z   root        debian      -\n"
		"c2          100         running     /bundles/one   "
		"2026-01-02T03:04:05.000000006Z   root        debian      -\n");
	assert_int_equal(insula("list -f json"), 0);
	assert_string_equal(out, "[{\n    \"id\": \"c1\",\n  \"template\": \"debian\"\n},"
				 "{\n    \"id\": \"c2\",\n  \"template\": \"debian\"\n}]\n");
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
	snprintf(expected, sizeof(expected), "%d test-output\n", (int)getpid());
	assert_int_equal(strncmp(out + strspn(out, " "), "PID COMMAND\n", 12), 0);
	assert_non_null(strstr(out, expected));
	assert_null(strstr(out, " ps\n"));
	assert_int_equal(insula("ps c1"), 0);
	assert_int_equal(strncmp(out, "UID ", 4), 0);
	assert_int_equal(insula("ps c1 -o comm"), 1);
	assert_string_equal(words, "insula: ps prints no column PID with these options\n");
	assert_int_equal(insula("ps c1 --no-such-option"), 1);
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
		/* Those for programs of insula's own have none. */
		if (verbs[i]->summary)
			assert_non_null(strstr(out, verbs[i]->summary));
	}
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
		program_test(test_exit_status),
		program_test(test_log_json),
		program_test(test_log_text),
		program_test(test_log_long),
		program_test(test_list),
		program_test(test_ps),
		program_test(test_spec),
		program_test(test_help),
		program_test(test_full_output),
		program_test(test_closed_streams),
		program_test(test_broken_pipe),
	};

	return cmocka_run_group_tests(tests, set_up_program, tear_down_program);
}

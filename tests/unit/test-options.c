/* SPDX-License-Identifier: Apache-2.0 */
/* The whole command line of the program: what callers write must arrive in the library's
 * structures, what is wrong must be said. */
#include "../../runtime/duration.h"
#include "../../runtime/verb.h"
#include "program-fixture.h"

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
	refuse("restore --lsm-mount-context", 1,
		"unknown command `restore`: did you mean `restart`? Try `insula help`");
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
	refuse("list --root=/x", 1,
		"option `--root=/x` goes before the command; try `insula --help`");
	refuse("start", 1, "a name or an ID is missing, or --all");
	refuse("state", 1, "state needs ID; try `insula state --help`");
	refuse("state c1 c2", 1, "state: unexpected argument `c2`; try `insula state --help`");
	refuse("run /bundles/one", 1,
		"invalid container id '/bundles/one': it has a slash in it; a bundle is named by "
		"--bundle /bundles/one");
	refuse("create ./one", 1,
		"invalid container id './one': it has a slash in it; a bundle is named by --bundle "
		"./one");
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

/* Several names are treated in processes of their own, whose notes are not seen here: test-names. */

/* Settings go into the definition by their keys; a word behind -- is the command's. */
static void test_settings(void **state)
{
	(void)state;
	expect("spawn --template debian --memory 512M --env A=1 --env B=2 --boot --no-start db",
		CONTEXT "make id=db template=debian boot=true env=A=1 env=B=2 memory=512M\n");
	expect("spawn --template=debian web1 -- sh --memory 1G",
		CONTEXT "make id=web1 template=debian command=sh command=--memory command=1G\n"
			"partition start id=web1\n");
	expect("spawn --no-start --template debian g{09..09}",
		CONTEXT "make id=g09 template=debian\n");
	expect("set --memory 1G --group a --group b web1",
		CONTEXT "definition id=web1\n"
			"apply id=web1 template=debian memory=1G group=a group=b\n");
	assert_string_equal(out, "web1: memory is changed\n"
				 "web1: net will be changed by a restart (insula restart web1)\n");
	expect("set --unset template web1", CONTEXT "definition id=web1\napply id=web1\n");
	refuse("set --unset flight web1", 1, "--unset: there is no setting \"flight\"");
	refuse("spawn --no-start web*", 1,
		"`web*` is a pattern for names that are there: new ones are given as words or as a "
		"range {1..20}");
}

static void test_mistyped(void **state)
{
	(void)state;
	refuse("sapwn web1", 1, "unknown command `sapwn`: did you mean `spawn`? Try `insula help`");
	refuse("help strat", 1, "unknown command `strat`: did you mean `start`? Try `insula help`");
	refuse("ls", 1, "unknown command `ls`: did you mean `list`? Try `insula help`");
	refuse("destroy web1", 1,
		"unknown command `destroy`: did you mean `remove`? Try `insula help`");
	/* Those that help does not show are not shown here either. */
	refuse("settel web1", 1, "unknown command `settel`; try `insula help`");
	refuse("--libary /l list", 1,
		"unknown option `--libary`: did you mean `--library`? Try `insula --help`");
	refuse("spawn --memroy=1G web1", 1,
		"unknown option `--memroy=1G`: did you mean `--memory`? Try `insula spawn --help`");
	refuse("spawn -memroy 1G web1", 1,
		"unknown option `-memroy`: did you mean `--memory`? Try `insula spawn --help`");
	refuse("set --unset memroy web1", 1,
		"--unset: there is no setting \"memroy\"; did you mean \"memory\"?");
}

static void test_partitions(void **state)
{
	(void)state;
	expect("stop --timeout 1s *1", CONTEXT "stop id=web1 timeout=1000000000\n");
	expect("remove --force web2", CONTEXT "remove id=web2 force=1\n");
	expect("start --supervised web1", CONTEXT "partition start id=web1 supervised=1\n");
	expect("enable web2", CONTEXT "enable id=web2\n");
	expect("disable web[2]", CONTEXT "disable id=web2\n");
	expect("snapshot web1 first", CONTEXT "snapshot id=web1 name=first\n");
	expect("snapshot --remove first web1", CONTEXT "snapshot_remove id=web1 name=first\n");
	expect("rollback web1 first", CONTEXT "rollback id=web1 name=first\n");
	expect("gc --dry-run", CONTEXT "gc dry=1\n");
	refuse("stop db*", 1, "nothing has a name that matches `db*`");
	refuse("stop --all web1", 1, "--all and the name `web1` exclude each other");
}

/* No two rows of a table may answer to the same word, and help is everywhere. */
static void check_table(const struct option *table, bool global)
{
	for (const struct option *a = table; a->name; a++) {
		assert_true(global || strcmp(a->name, "help") != 0);
		assert_true(global || a->letter != 'h');
		assert_int_equal(a->type == OPTION_CHOICE, a->choices != NULL);
		assert_int_equal(a->type == OPTION_FLAG || a->type == OPTION_SWITCH ||
					 a->type == OPTION_CHOICE,
			!a->argument);
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

int main(void)
{
	static const struct CMUnitTest tests[] = {
		program_test(test_buildah),
		program_test(test_containerd),
		program_test(test_podman),
		program_test(test_crio),
		program_test(test_forms),
		program_test(test_exec),
		program_test(test_update),
		program_test(test_update_values),
		program_test(test_refusals),
		program_test(test_regex),
		program_test(test_events),
		program_test(test_plan),
		program_test(test_settings),
		program_test(test_mistyped),
		program_test(test_partitions),
		program_test(test_tables),
	};

	return cmocka_run_group_tests(tests, set_up_program, tear_down_program);
}

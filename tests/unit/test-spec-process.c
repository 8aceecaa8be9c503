/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/capability.h>
#include <linux/ioprio.h>
#include <linux/sched.h>
#include <sys/resource.h>

#include "test-spec.h"

#define CAP(name) (UINT64_C(1) << (name))

static void least(void **state)
{
	struct ins_spec *spec = parse_process("{'cwd':'/','args':['a'],'env':null}");
	const struct ins_spec_process *process = &spec->process;

	(void)state;
	assert_true(process->present);
	assert_false(process->terminal || process->has_umask || process->has_oom_score_adj ||
		     process->has_io_priority || process->has_console_size);
	assert_false(process->caps.present || process->scheduler.present);
	assert_int_equal(process->uid, 0);
	assert_int_equal(process->env.n, 0);
	assert_null(process->affinity_initial);
	assert_string_equal(spec->process_json, "{\"cwd\":\"/\",\"args\":[\"a\"],\"env\":null}");
	assert_null(spec->oci_version);
	ins_spec_free(spec);
}

static void arguments(void **state)
{
	struct ins_spec *spec = parse_process("{'cwd':'/w','args':['a','','\\u00e4\\n'],'env':"
					      "['A=b','C=','D==']}");

	(void)state;
	assert_string_equal(spec->process.cwd, "/w");
	assert_int_equal(spec->process.args.n, 3);
	assert_string_equal(spec->process.args.v[1], "");
	assert_string_equal(spec->process.args.v[2], "\xc3\xa4\n");
	assert_int_equal(spec->process.env.n, 3);
	ins_spec_free(spec);
	refuse_process("{'args':['a']}", "process.cwd: is required");
	refuse_process("{'cwd':'w','args':['a']}", "process.cwd: 'w' is not an absolute path");
	refuse_process("{'cwd':'','args':['a']}", "process.cwd: '' is not an absolute path");
	refuse_process("{'cwd':'/'}", "process.args: has to name a program");
	refuse_process("{'cwd':'/','args':[]}", "process.args: has to name a program");
	refuse_process("{'cwd':'/','args':'a'}", "process.args: expected an array, not a string");
	refuse_process(
		PROCESS(",'env':['A=b','B']"), "process.env[1]: 'B' is not of the form NAME=VALUE");
	refuse_process(
		PROCESS(",'env':['=b']"), "process.env[0]: '=b' is not of the form NAME=VALUE");
	refuse_process("[]", "process: expected an object, not an array");
}

static void users(void **state)
{
	struct ins_spec *spec = parse_process(PROCESS(
		",'user':{'uid':3000000000,'gid':4294967294,'umask':18,'additionalGids':[0,5]}"));

	(void)state;
	assert_true(spec->process.uid == 3000000000U && spec->process.gid == 4294967294U);
	assert_true(spec->process.has_umask);
	assert_int_equal(spec->process.umask, 022);
	assert_int_equal(spec->process.n_additional_gids, 2);
	assert_int_equal(spec->process.additional_gids[1], 5);
	ins_spec_free(spec);
	refuse_process(PROCESS(",'user':{'uid':1}"), "process.user.gid: is required");
	refuse_process(PROCESS(",'user':{'gid':1}"), "process.user.uid: is required");
	refuse_process(PROCESS(",'user':{'uid':-1,'gid':0}"),
		"process.user.uid: -1 is not in the range 0 to 4294967294");
	/* setresuid(2) would leave the id as it is: root. */
	refuse_process(PROCESS(",'user':{'uid':4294967295,'gid':0}"),
		"process.user.uid: 4294967295 is not in the range 0 to 4294967294");
	refuse_process(PROCESS(",'user':{'uid':4294967296,'gid':0}"),
		"process.user.uid: 4294967296 is not in the range 0 to 4294967294");
	refuse_process(PROCESS(",'user':{'uid':0,'gid':0,'additionalGids':[4294967295]}"),
		"process.user.additionalGids[0]: 4294967295 is not in the range 0 to 4294967294");
	refuse_process(PROCESS(",'user':{'uid':1.0,'gid':0}"),
		"process.user.uid: expected an integer, not a number with a fraction");
	refuse_process(PROCESS(",'user':{'uid':'1','gid':0}"),
		"process.user.uid: expected an integer, not a string");
	refuse_process(PROCESS(",'user':{'uid':1,'gid':0,'umask':512}"),
		"process.user.umask: 512 is not in the range 0 to 511");
}

static void capabilities(void **state)
{
	struct ins_spec *spec = parse_process(PROCESS(
		",'capabilities':{'bounding':['CAP_CHOWN','CAP_NEW','CAP_CHECKPOINT_RESTORE'],"
		"'effective':['chown'],'permitted':['CAP_KILL','CAP_KILL'],'inheritable':[],"
		"'ambient':null}"));
	const struct ins_spec_caps *caps = &spec->process.caps;

	(void)state;
	assert_true(caps->present);
	assert_true(caps->bounding == (CAP(CAP_CHOWN) | CAP(CAP_CHECKPOINT_RESTORE)));
	assert_true(caps->permitted == CAP(CAP_KILL));
	assert_true(caps->effective == 0 && caps->inheritable == 0 && caps->ambient == 0);
	assert_int_equal(spec->warnings.n, 2);
	assert_string_equal(spec->warnings.v[0],
		"process.capabilities.bounding[1]: unknown capability \"CAP_NEW\" is not given");
	assert_string_equal(spec->warnings.v[1],
		"process.capabilities.effective[0]: unknown capability \"chown\" is not given");
	ins_spec_free(spec);
	spec = parse_process(PROCESS(",'capabilities':{}"));
	assert_true(spec->process.caps.present);
	ins_spec_free(spec);
	refuse_process(PROCESS(",'capabilities':['CAP_CHOWN']"),
		"process.capabilities: expected an object, not an array");
	refuse_process(PROCESS(",'capabilities':{'ambient':[1]}"),
		"process.capabilities.ambient[0]: expected a string, not an integer");
}

/* A configuration can have more of them than there is room for. */
static void many_warnings(void **state)
{
	char text[8192] = "{'cwd':'/','args':['a'],'capabilities':{'bounding':['x'";
	struct ins_spec *spec;

	(void)state;
	for (int i = 0; i < 500; i++)
		strcat(text, ",'x'");
	strcat(text, "]}}");
	spec = parse_process(text);
	assert_in_range(spec->warnings.n, 10, 500);
	ins_spec_free(spec);
}

static void rlimits(void **state)
{
	struct ins_spec *spec =
		parse_process(PROCESS(",'rlimits':[{'type':'RLIMIT_NOFILE','soft':1,'hard':2},"
				      "{'type':'RLIMIT_RTTIME','soft':0,'hard':0}]"));
	const struct ins_spec_rlimit *rlimits = spec->process.rlimits;

	(void)state;
	assert_int_equal(spec->process.n_rlimits, 2);
	assert_string_equal(rlimits[0].type, "RLIMIT_NOFILE");
	assert_int_equal(rlimits[0].resource, RLIMIT_NOFILE);
	assert_int_equal(rlimits[0].hard, 2);
	assert_int_equal(rlimits[1].resource, RLIMIT_RTTIME);
	ins_spec_free(spec);
	refuse_process(PROCESS(",'rlimits':[{'type':'RLIMIT_AS','soft':1,'hard':2},"
			       "{'type':'RLIMIT_AS','soft':1,'hard':2}]"),
		"process.rlimits[1]: RLIMIT_AS is set twice");
	refuse_process(PROCESS(",'rlimits':[{'type':'RLIMIT_X','soft':1,'hard':2}]"),
		"process.rlimits[0].type: unknown value 'RLIMIT_X'");
	refuse_process(PROCESS(",'rlimits':[{'type':'RLIMIT_NOFILES','soft':1,'hard':1}]"),
		"process.rlimits[0].type: unknown value 'RLIMIT_NOFILES' "
		"(did you mean 'RLIMIT_NOFILE'?)");
	refuse_process(PROCESS(",'rlimits':[{'type':'RLIMIT_AS','soft':3,'hard':2}]"),
		"process.rlimits[0]: the soft limit is above the hard one");
	refuse_process(PROCESS(",'rlimits':[{'type':'RLIMIT_AS','soft':3}]"),
		"process.rlimits[0].hard: is required");
	refuse_process(PROCESS(",'rlimits':[{'type':'RLIMIT_AS','soft':-1,'hard':2}]"),
		"process.rlimits[0].soft: -1 is negative");
}

static void schedulers(void **state)
{
	struct ins_spec *spec = parse_process(
		PROCESS(",'scheduler':{'policy':'SCHED_DEADLINE','flags':['SCHED_FLAG_RECLAIM',"
			"'SCHED_FLAG_RESET_ON_FORK'],'runtime':1,'deadline':2,'period':3}"));
	const struct ins_spec_scheduler *scheduler = &spec->process.scheduler;

	(void)state;
	assert_true(scheduler->present);
	assert_int_equal(scheduler->policy, SCHED_DEADLINE);
	assert_true(scheduler->flags == (SCHED_FLAG_RECLAIM | SCHED_FLAG_RESET_ON_FORK));
	assert_true(scheduler->runtime == 1 && scheduler->deadline == 2 && scheduler->period == 3);
	ins_spec_free(spec);
	spec = parse_process(PROCESS(",'scheduler':{'policy':'SCHED_RR','priority':99}"));
	assert_int_equal(spec->process.scheduler.policy, SCHED_RR);
	assert_int_equal(spec->process.scheduler.priority, 99);
	ins_spec_free(spec);
	spec = parse_process(PROCESS(",'scheduler':{'policy':'SCHED_OTHER','nice':-20}"));
	assert_int_equal(spec->process.scheduler.policy, SCHED_NORMAL);
	assert_int_equal(spec->process.scheduler.nice, -20);
	ins_spec_free(spec);
	refuse_process(PROCESS(",'scheduler':{}"), "process.scheduler.policy: is required");
	refuse_process(PROCESS(",'scheduler':{'policy':'SCHED_X'}"),
		"process.scheduler.policy: unknown value 'SCHED_X'; known: SCHED_OTHER, "
		"SCHED_FIFO, SCHED_RR, SCHED_BATCH, SCHED_ISO, SCHED_IDLE, SCHED_DEADLINE");
	refuse_process(PROCESS(",'scheduler':{'policy':'SCHED_BATCH','nice':20}"),
		"process.scheduler.nice: 20 is not in the range -20 to 19");
	refuse_process(PROCESS(",'scheduler':{'policy':'SCHED_BATCH','priority':1}"),
		"process.scheduler: priority is only for SCHED_FIFO and SCHED_RR");
	refuse_process(PROCESS(",'scheduler':{'policy':'SCHED_FIFO','priority':1,'period':1}"),
		"process.scheduler: runtime, deadline and period are only for SCHED_DEADLINE");
	refuse_process(PROCESS(",'scheduler':{'policy':'SCHED_FIFO','flags':['x']}"),
		"process.scheduler.flags[0]: unknown value 'x'; known: "
		"SCHED_FLAG_RESET_ON_FORK, SCHED_FLAG_RECLAIM, SCHED_FLAG_DL_OVERRUN, "
		"SCHED_FLAG_KEEP_POLICY, SCHED_FLAG_KEEP_PARAMS, SCHED_FLAG_UTIL_CLAMP_MIN, "
		"SCHED_FLAG_UTIL_CLAMP_MAX");
}

static void io_priorities(void **state)
{
	struct ins_spec *spec =
		parse_process(PROCESS(",'ioPriority':{'class':'IOPRIO_CLASS_IDLE','priority':7}"));

	(void)state;
	assert_true(spec->process.has_io_priority);
	assert_int_equal(spec->process.io_priority_class, IOPRIO_CLASS_IDLE);
	assert_int_equal(spec->process.io_priority, 7);
	ins_spec_free(spec);
	refuse_process(PROCESS(",'ioPriority':{'class':'IOPRIO_CLASS_NONE','priority':1}"),
		"process.ioPriority.class: unknown value 'IOPRIO_CLASS_NONE'; known: "
		"IOPRIO_CLASS_RT, IOPRIO_CLASS_BE, IOPRIO_CLASS_IDLE");
	refuse_process(PROCESS(",'ioPriority':{'class':'IOPRIO_CLASS_RT','priority':8}"),
		"process.ioPriority.priority: 8 is not in the range 0 to 7");
	refuse_process(PROCESS(",'ioPriority':{'class':'IOPRIO_CLASS_RT'}"),
		"process.ioPriority.priority: is required");
}

static void affinities(void **state)
{
	struct ins_spec *spec =
		parse_process(PROCESS(",'execCPUAffinity':{'initial':'0-3, 7','final':''}"));

	(void)state;
	assert_string_equal(spec->process.affinity_initial, "0-3, 7");
	assert_null(spec->process.affinity_final);
	ins_spec_free(spec);
	refuse_process(PROCESS(",'execCPUAffinity':{'final':'3-1'}"),
		"process.execCPUAffinity.final: '3-1' is not a list like '0-3,7'");
	refuse_process(PROCESS(",'execCPUAffinity':{'final':'8192'}"),
		"process.execCPUAffinity.final: '8192' has a number above 8191");
}

static void terminals(void **state)
{
	struct ins_spec *spec = parse_process(
		PROCESS(",'consoleSize':{'height':25,'width':65535},'terminal':true"));

	(void)state;
	assert_true(spec->process.terminal && spec->process.has_console_size);
	assert_int_equal(spec->process.console_height, 25);
	assert_int_equal(spec->process.console_width, 65535);
	ins_spec_free(spec);
	spec = parse_process(PROCESS(",'consoleSize':'x'"));
	assert_false(spec->process.has_console_size);
	ins_spec_free(spec);
	refuse_process(PROCESS(",'terminal':true,'consoleSize':{'height':25}"),
		"process.consoleSize.width: is required");
	refuse_process(PROCESS(",'terminal':true,'consoleSize':{'height':25,'width':65536}"),
		"process.consoleSize.width: 65536 is not in the range 0 to 65535");
	refuse_process(
		PROCESS(",'terminal':1"), "process.terminal: expected a boolean, not an integer");
}

static void others(void **state)
{
	struct ins_spec *spec = parse_process(PROCESS(",'oomScoreAdj':-1000,'noNewPrivileges':true,"
						      "'apparmorProfile':'p','selinuxLabel':''"));

	(void)state;
	assert_true(spec->process.has_oom_score_adj && spec->process.no_new_privileges);
	assert_int_equal(spec->process.oom_score_adj, -1000);
	assert_string_equal(spec->process.apparmor_profile, "p");
	assert_null(spec->process.selinux_label);
	ins_spec_free(spec);
	refuse_process(PROCESS(",'oomScoreAdj':1001"),
		"process.oomScoreAdj: 1001 is not in the range -1000 to 1000");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(least),
		cmocka_unit_test(arguments),
		cmocka_unit_test(users),
		cmocka_unit_test(capabilities),
		cmocka_unit_test(many_warnings),
		cmocka_unit_test(rlimits),
		cmocka_unit_test(schedulers),
		cmocka_unit_test(io_priorities),
		cmocka_unit_test(affinities),
		cmocka_unit_test(terminals),
		cmocka_unit_test(others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* lib/creds: the plan of process.*. */
#include "planner-fixture.h"

#include <linux/capability.h>
#include <sched.h>
#include <sys/resource.h>

#define PROC(more) CONFIG(",'process':{'cwd':'/w','args':['prog','-x']" more "}")
#define CAPS(sets) PROC(",'capabilities':{" sets "}")
#define BIT(cap)   (UINT64_C(1) << (cap))

#define EVERY_STEP                                                                            \
	"'user':{'uid':1000,'gid':1001,'umask':18,'additionalGids':[5,6]},'oomScoreAdj':100," \
	"'rlimits':[{'type':'RLIMIT_NOFILE','soft':10,'hard':20}],'noNewPrivileges':true,"    \
	"'scheduler':{'policy':'SCHED_BATCH','nice':5},"                                      \
	"'ioPriority':{'class':'IOPRIO_CLASS_IDLE','priority':3},'env':['A=b']"

/* The order is what keeps the cage shut: it is spelled out here. */
static void order(void **data)
{
	struct planned *p = *data;
	struct ins_plan_filter filter = { .n = 1, .instructions = "" };

	p->builder.exec_filter = &filter;
	plan_with(p, ins_creds_plan, PROC("," EVERY_STEP));
	expect_ops(p, INS_STAGE_IDMAP, "SETSID KEYRING");
	expect_ops(p, INS_STAGE_MOUNT, "CWD_MAKE");
	expect_ops(p, INS_STAGE_ROOT, "FIND_PROGRAM");
	expect_ops(p, INS_STAGE_CREATED, "OOM_SCORE");
	expect_ops(p, INS_STAGE_EXEC,
		"SCHEDULER IO_PRIORITY UMASK NO_NEW_PRIVS BOUNDING CWD "
		"RLIMIT IDS CWD CAPS PREPARE_EXEC SECCOMP EXECVE");
}

/* Without no_new_privs the filter needs CAP_SYS_ADMIN, so it comes before that is given up, and
 * then has to allow as little as may be. */
static void early_filter(void **data)
{
	struct planned *p = *data;
	struct ins_plan_filter filter = { .n = 1, .instructions = "" };

	p->builder.exec_filter = &filter;
	plan_with(p, ins_creds_plan, PROC(""));
	expect_ops(p, INS_STAGE_EXEC, "BOUNDING CWD PREPARE_EXEC SECCOMP_EARLY IDS CAPS EXECVE");
	plan_with(p, ins_creds_plan,
		CAPS("'permitted':['CAP_SYS_ADMIN'],'effective':['CAP_SYS_ADMIN'],"
		     "'bounding':['CAP_SYS_ADMIN']"));
	expect_ops(p, INS_STAGE_EXEC, "BOUNDING CWD IDS CAPS PREPARE_EXEC SECCOMP EXECVE");
}

static void values(void **data)
{
	struct planned *p = *data;
	const struct ins_op *op;

	plan_with(p, ins_creds_plan, PROC("," EVERY_STEP));
	op = get_op(p, INS_OP_IDS);
	assert_int_equal(op->ids.uid, 1000);
	assert_int_equal(op->ids.gid, 1001);
	assert_int_equal(op->ids.n_groups, 2);
	assert_int_equal(op->ids.groups[1], 6);
	assert_false(op->ids.keep_groups);
	assert_int_equal(get_op(p, INS_OP_UMASK)->umask.mask, 022);
	assert_int_equal(get_op(p, INS_OP_OOM_SCORE)->oom.score, 100);
	op = get_op(p, INS_OP_RLIMIT);
	assert_int_equal(op->rlimit.resource, RLIMIT_NOFILE);
	assert_int_equal(op->rlimit.soft, 10);
	assert_int_equal(op->rlimit.hard, 20);
	assert_string_equal(op->key, "process.rlimits[0]");
	assert_int_equal(get_op(p, INS_OP_SCHEDULER)->scheduler.policy, SCHED_BATCH);
	assert_int_equal(get_op(p, INS_OP_SCHEDULER)->scheduler.nice, 5);
	assert_int_equal(get_op(p, INS_OP_IO_PRIORITY)->io_priority.value, 3 << 13 | 3);
	get_op(p, INS_OP_KEYRING);
	op = get_op(p, INS_OP_EXECVE);
	assert_int_equal(op->exec.args.n, 2);
	assert_string_equal(op->exec.args.v[1], "-x");
	assert_null(op->exec.args.v[2]);
	assert_string_equal(op->exec.env.v[0], "A=b");
	op = get_op(p, INS_OP_FIND_PROGRAM);
	assert_true(op->exec.want_home);
	assert_int_equal(op->exec.uid, 1000);
	assert_string_equal(op->path, "/w");
	plan_with(p, ins_creds_plan, PROC(",'env':['HOME=/h']"));
	assert_false(get_op(p, INS_OP_FIND_PROGRAM)->exec.want_home);
	plan_with(p, ins_creds_plan, PROC(",'env':['HOMEX=/h']"));
	assert_true(get_op(p, INS_OP_FIND_PROGRAM)->exec.want_home);
}

/* Only what is asked for is touched: no umask, no oom_score_adj of our own. */
static void nothing_extra(void **data)
{
	struct planned *p = *data;

	plan_with(p, ins_creds_plan, PROC(""));
	assert_null(find_op(p, INS_OP_UMASK, 0));
	assert_null(find_op(p, INS_OP_OOM_SCORE, 0));
	assert_null(find_op(p, INS_OP_PERSONALITY, 0));
	assert_null(find_op(p, INS_OP_NO_NEW_PRIVS, 0));
	/* Root needs no second try at the working directory. */
	assert_null(find_op(p, INS_OP_CWD, 1));
	assert_false(get_op(p, INS_OP_CWD)->cwd.may_fail);
	p->args.no_new_keyring = true;
	plan_with(p, ins_creds_plan, CONFIG(""));
	assert_int_equal(p->builder.n_staged, 1);
	assert_int_equal(p->builder.staged[0].kind, INS_OP_SETSID);
}

static void exec_plan(void **data)
{
	struct planned *p = *data;

	p->plan.is_exec = true;
	p->plan.join_flags = CLONE_NEWUSER | CLONE_NEWPID;
	plan_with(p, ins_creds_plan,
		PROC("," EVERY_STEP ",'execCPUAffinity':{'initial':'0','final':'1,64'}"));
	expect_ops(p, INS_STAGE_JOIN, "AFFINITY");
	/* A user namespace is entered, so the hard limit is raised from outside. */
	expect_ops(p, INS_STAGE_IDMAP, "SETSID KEYRING OOM_SCORE STDIO_OWNER RLIMIT_RAISE");
	expect_ops(p, INS_STAGE_MOUNT, "");
	assert_int_equal(find_op(p, INS_OP_AFFINITY, 0)->affinity.size, 8);
	assert_int_equal(find_op(p, INS_OP_AFFINITY, 1)->affinity.size, 16);
	assert_int_equal(((const uint8_t *)find_op(p, INS_OP_AFFINITY, 1)->affinity.mask)[8], 1);
	/* For the container's own process it means nothing (config.md). */
	p->plan.is_exec = false;
	plan_with(p, ins_creds_plan, PROC(",'execCPUAffinity':{'initial':'0','final':'1'}"));
	assert_null(find_op(p, INS_OP_AFFINITY, 0));
}

#define USERNS                                                    \
	",'linux':{'namespaces':[{'type':'user'}],"               \
	"'uidMappings':[{'containerID':0,'hostID':1,'size':10}]," \
	"'gidMappings':[{'containerID':0,'hostID':1,'size':10}]}"

static void mapped_ids(void **data)
{
	struct planned *p = *data;

	plan_with(p, ins_creds_plan,
		CONFIG(",'process':{'cwd':'/','args':['a'],"
		       "'user':{'uid':9,'gid':9}}" USERNS));
	refuse_plan(p, ins_creds_plan,
		CONFIG(",'process':{'cwd':'/','args':['a'],"
		       "'user':{'uid':10,'gid':0}}" USERNS),
		EINVAL, "process.user.uid: 10 is not in linux.uidMappings");
	refuse_plan(p, ins_creds_plan,
		CONFIG(",'process':{'cwd':'/','args':['a'],"
		       "'user':{'uid':0,'gid':11}}" USERNS),
		EINVAL, "process.user.gid: 11 is not in linux.gidMappings");
	refuse_plan(p, ins_creds_plan,
		CONFIG(",'process':{'cwd':'/','args':['a'],"
		       "'user':{'uid':0,'gid':0,'additionalGids':[3,4294967294]}}" USERNS),
		EINVAL, "process.user.additionalGids[1]: 4294967294 is not in linux.gidMappings");
}

static void oom_in_userns(void **data)
{
	struct planned *p = *data;

	plan_with(p, ins_creds_plan,
		CONFIG(",'process':{'cwd':'/','args':['a'],"
		       "'oomScoreAdj':1}" USERNS));
	assert_int_equal(get_op(p, INS_OP_OOM_SCORE)->stage, INS_STAGE_IDMAP);
}

static void kept_groups(void **data)
{
	struct planned *p = *data;

	plan_with(p, ins_creds_plan,
		CONFIG(",'process':{'cwd':'/','args':['a']},"
		       "'annotations':{'run.oci.keep_original_groups':'1'}"));
	assert_true(get_op(p, INS_OP_IDS)->ids.keep_groups);
}

static void capabilities(void **data)
{
	struct planned *p = *data;
	const struct ins_op *op;

	plan_with(p, ins_creds_plan,
		CAPS("'bounding':['CAP_KILL','CAP_CHOWN'],"
		     "'permitted':['CAP_KILL'],'effective':['CAP_KILL'],'inheritable':['CAP_KILL'],"
		     "'ambient':['CAP_KILL']"));
	assert_int_equal(p->n_warnings, 0);
	op = get_op(p, INS_OP_CAPS);
	assert_int_equal(op->caps.effective, BIT(CAP_KILL));
	assert_int_equal(op->caps.ambient, BIT(CAP_KILL));
	assert_int_equal(get_op(p, INS_OP_BOUNDING)->caps.bounding, BIT(CAP_KILL) | BIT(CAP_CHOWN));
	/* None given: none. */
	plan_with(p, ins_creds_plan, PROC(""));
	assert_int_equal(get_op(p, INS_OP_BOUNDING)->caps.bounding, 0);
	assert_int_equal(get_op(p, INS_OP_CAPS)->caps.permitted, 0);
}

/* What the kernel would refuse is left out, and each time it is said. */
static void capabilities_cut(void **data)
{
	struct planned *p = *data;

	p->host.capabilities = BIT(CAP_KILL) | BIT(CAP_CHOWN);
	plan_with(p, ins_creds_plan, CAPS("'bounding':['CAP_KILL','CAP_SYS_ADMIN','CAP_BPF']"));
	assert_int_equal(get_op(p, INS_OP_BOUNDING)->caps.bounding, BIT(CAP_KILL));
	assert_int_equal(p->n_warnings, 1);
	assert_string_equal(p->warning,
		"process.capabilities: not to be had here, left out: CAP_SYS_ADMIN CAP_BPF");
	plan_with(p, ins_creds_plan,
		CAPS("'permitted':['CAP_KILL'],"
		     "'effective':['CAP_KILL','CAP_CHOWN']"));
	assert_int_equal(get_op(p, INS_OP_CAPS)->caps.effective, BIT(CAP_KILL));
	assert_string_equal(p->warning,
		"process.capabilities.effective: not in permitted, left out: CAP_CHOWN");
	plan_with(p, ins_creds_plan, CAPS("'inheritable':['CAP_KILL']"));
	assert_int_equal(get_op(p, INS_OP_CAPS)->caps.inheritable, 0);
	assert_string_equal(p->warning,
		"process.capabilities.inheritable: not in bounding, left out: CAP_KILL");
	plan_with(p, ins_creds_plan, CAPS("'permitted':['CAP_KILL'],'ambient':['CAP_KILL']"));
	assert_int_equal(get_op(p, INS_OP_CAPS)->caps.ambient, 0);
	assert_int_equal(p->n_warnings, 0);
	assert_string_equal(p->note, "process.capabilities.ambient: not both in permitted and "
				     "inheritable, left out: CAP_KILL");
	/* In a user namespace of its own the container has all that the kernel knows. */
	p->host.last_capability = CAP_SYS_ADMIN;
	plan_with(p, ins_creds_plan,
		CONFIG(",'process':{'cwd':'/','args':['a'],'capabilities':{"
		       "'bounding':['CAP_SYS_ADMIN','CAP_BPF']}}" USERNS));
	assert_int_equal(get_op(p, INS_OP_BOUNDING)->caps.bounding, BIT(CAP_SYS_ADMIN));
}

static void labels(void **data)
{
	struct planned *p = *data;

	plan_with(p, ins_creds_plan, PROC(",'apparmorProfile':'unconfined','selinuxLabel':''"));
	assert_null(find_op(p, INS_OP_LSM_LABEL, 0));
	refuse_plan(p, ins_creds_plan, PROC(",'apparmorProfile':'p'"), EOPNOTSUPP,
		"process.apparmorProfile: AppArmor is not active on this host");
	refuse_plan(p, ins_creds_plan, PROC(",'selinuxLabel':'a:b:c'"), EOPNOTSUPP,
		"process.selinuxLabel: SELinux is not active on this host");
	p->host.has_apparmor = p->host.has_selinux = true;
	plan_with(p, ins_creds_plan, PROC(",'apparmorProfile':'p','selinuxLabel':'a:b:c'"));
	assert_string_equal(find_op(p, INS_OP_LSM_LABEL, 0)->text.text, "exec p");
	assert_string_equal(find_op(p, INS_OP_LSM_LABEL, 0)->text.file, "attr/apparmor/exec");
	assert_string_equal(find_op(p, INS_OP_LSM_LABEL, 1)->text.text, "a:b:c");
	assert_string_equal(find_op(p, INS_OP_LSM_LABEL, 1)->text.file, "attr/exec");
	refuse_plan(p, ins_creds_plan, PROC(",'apparmorProfile':'p\\nq'"), EINVAL,
		"process.apparmorProfile: holds a control character");
}

#define POLICY(text) \
	CONFIG(",'process':{'cwd':'/','args':['a']},'linux':{'memoryPolicy':{" text "}}")

static void memory_policy(void **data)
{
	struct planned *p = *data;
	const struct ins_op *op;
	const unsigned char *nodes;

	plan_with(p, ins_creds_plan,
		POLICY("'mode':'MPOL_BIND','nodes':'0-1,1023','flags':['MPOL_F_STATIC_NODES']"));
	op = get_op(p, INS_OP_MEMORY_POLICY);
	assert_int_equal(op->memory_policy.mode, 2 | 1 << 15);
	assert_int_equal(op->memory_policy.size, 128);
	nodes = op->memory_policy.nodes;
	assert_true(is_in_arena(p, nodes));
	assert_int_equal(nodes[0], 3);
	assert_int_equal(nodes[127], 0x80);
	plan_with(p, ins_creds_plan, POLICY("'mode':'MPOL_PREFERRED'"));
	assert_int_equal(get_op(p, INS_OP_MEMORY_POLICY)->memory_policy.mode, 1);
	assert_int_equal(get_op(p, INS_OP_MEMORY_POLICY)->memory_policy.size, 0);
	refuse_plan(p, ins_creds_plan, POLICY("'mode':'MPOL_INTERLEAVE'"), EINVAL,
		"linux.memoryPolicy.nodes: MPOL_INTERLEAVE needs nodes");
	refuse_plan(p, ins_creds_plan, POLICY("'mode':'MPOL_LOCAL','nodes':'0'"), EINVAL,
		"linux.memoryPolicy.nodes: MPOL_LOCAL takes no nodes");
	refuse_plan(p, ins_creds_plan,
		POLICY("'mode':'MPOL_DEFAULT','flags':['MPOL_F_NUMA_BALANCING']"), EINVAL,
		"linux.memoryPolicy.flags: MPOL_DEFAULT takes no flags");
	refuse_plan(p, ins_creds_plan,
		POLICY("'mode':'MPOL_BIND','nodes':'0','flags':['MPOL_F_STATIC_NODES',"
		       "'MPOL_F_RELATIVE_NODES']"),
		EINVAL,
		"linux.memoryPolicy.flags: MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude "
		"each other");
	refuse_plan(p, ins_creds_plan, POLICY("'mode':'MPOL_BIND','nodes':'1024'"), ERANGE,
		"linux.memoryPolicy.nodes: \"1024\" has a node above 1023");
}

static void personality(void **data)
{
	struct planned *p = *data;

	plan_with(p, ins_creds_plan,
		CONFIG(",'process':{'cwd':'/','args':['a']},"
		       "'linux':{'personality':{'domain':'LINUX32'}}"));
	assert_int_equal(get_op(p, INS_OP_PERSONALITY)->personality.value, 8);
	plan_with(p, ins_creds_plan,
		CONFIG(",'process':{'cwd':'/','args':['a']},"
		       "'linux':{'personality':{'domain':'LINUX'}}"));
	assert_int_equal(get_op(p, INS_OP_PERSONALITY)->personality.value, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		plan_test(order),
		plan_test(early_filter),
		plan_test(values),
		plan_test(nothing_extra),
		plan_test(exec_plan),
		plan_test(mapped_ids),
		plan_test(oom_in_userns),
		plan_test(kept_groups),
		plan_test(capabilities),
		plan_test(capabilities_cut),
		plan_test(labels),
		plan_test(memory_policy),
		plan_test(personality),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

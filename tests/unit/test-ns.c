/* SPDX-License-Identifier: Apache-2.0 */
/* lib/ns: linux.namespaces, timeOffsets, hostname, domainname, sysctl; opening namespaces. */
#include "planner-fixture.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>

#include "plan/run.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

#define MAPS                                                           \
	",'uidMappings':[{'containerID':0,'hostID':100000,'size':10}]" \
	",'gidMappings':[{'containerID':0,'hostID':100000,'size':10}]"
#define NS(types) "'namespaces':[" types "]"

static void all_new(void **data)
{
	struct planned *p = *data;

	plan_with(p, ins_ns_plan,
		LINUX(NS("{'type':'user'},{'type':'pid'},{'type':'network'},"
			 "{'type':'mount'},{'type':'ipc'},{'type':'uts'},{'type':'cgroup'},{'type':"
			 "'time'}") MAPS));
	assert_int_equal(p->plan.clone_flags, CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET |
						      CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS);
	assert_int_equal(p->plan.join_flags, 0);
	expect_ops(p, INS_STAGE_PREPARE, "");
	expect_ops(p, INS_STAGE_JOIN, "");
	expect_ops(p, INS_STAGE_IDMAP, "NS_UNSHARE NS_UNSHARE TIME_OFFSETS");
	assert_int_equal(find_op(p, INS_OP_NS_UNSHARE, 0)->ns.type, CLONE_NEWCGROUP);
	assert_int_equal(find_op(p, INS_OP_NS_UNSHARE, 1)->ns.type, CLONE_NEWTIME);
	assert_string_equal(get_op(p, INS_OP_TIME_OFFSETS)->time.text, "");
}

static void none(void **data)
{
	struct planned *p = *data;

	plan_with(p, ins_ns_plan, CONFIG(""));
	assert_int_equal(p->plan.clone_flags, 0);
	assert_int_equal(p->builder.n_staged, 0);
}

#define JOINED                                                                      \
	LINUX(NS("{'type':'user','path':'/n/user'},{'type':'pid','path':'/n/pid'}," \
		 "{'type':'mount','path':'/n/mnt'}"))

static void join_order(void **data)
{
	struct planned *p = *data;
	const struct ins_op *open, *join;

	/* Privileged: the user namespace last. */
	plan_with(p, ins_ns_plan, JOINED);
	assert_int_equal(p->plan.clone_flags, 0);
	assert_int_equal(p->plan.join_flags, CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS);
	expect_ops(p, INS_STAGE_PREPARE, "NS_OPEN NS_OPEN NS_OPEN");
	/* The caller's groups go before a namespace that may forbid it. */
	expect_ops(p, INS_STAGE_JOIN, "GROUPS_DROP NS_JOIN NS_JOIN NS_JOIN");
	assert_int_equal(find_op(p, INS_OP_NS_JOIN, 0)->ns.type, CLONE_NEWPID);
	assert_int_equal(find_op(p, INS_OP_NS_JOIN, 1)->ns.type, CLONE_NEWNS);
	assert_int_equal(find_op(p, INS_OP_NS_JOIN, 2)->ns.type, CLONE_NEWUSER);
	for (unsigned int i = 0; i < 3; i++) {
		open = find_op(p, INS_OP_NS_OPEN, i);
		join = find_op(p, INS_OP_NS_JOIN, i);
		assert_int_equal(open->slot, join->slot);
		assert_int_equal(open->ns.type, join->ns.type);
		assert_false(open->ns.must_differ);
	}
	assert_string_equal(find_op(p, INS_OP_NS_OPEN, 2)->path, "/n/user");
	assert_string_equal(find_op(p, INS_OP_NS_OPEN, 2)->key, "linux.namespaces[0].path");

	/* Not privileged: first, for it gives the right to enter the others. */
	p->host.capabilities = 0;
	plan_with(p, ins_ns_plan, JOINED);
	expect_ops(p, INS_STAGE_JOIN, "NS_JOIN NS_JOIN NS_JOIN");
	assert_int_equal(find_op(p, INS_OP_NS_JOIN, 0)->ns.type, CLONE_NEWUSER);
}

static void users(void **data)
{
	struct planned *p = *data;

	refuse_plan(p, ins_ns_plan, LINUX("'namespaces':[]" MAPS), EINVAL,
		"linux.uidMappings: needs a user namespace in linux.namespaces");
	plan_with(
		p, ins_ns_plan, LINUX(NS("{'type':'pid'},{'type':'user','path':'/n/user'}") MAPS));
}

static void time_offsets(void **data)
{
	struct planned *p = *data;

	plan_with(p, ins_ns_plan,
		LINUX(NS("{'type':'time'}") ",'timeOffsets':{"
					    "'monotonic':{'secs':-5,'nanosecs':7},'boottime':{'"
					    "secs':86400}}"));
	assert_string_equal(
		get_op(p, INS_OP_TIME_OFFSETS)->time.text, "monotonic -5 7\nboottime 86400 0\n");
	refuse_plan(p, ins_ns_plan, LINUX("'timeOffsets':{'boottime':{'secs':1}}"), EINVAL,
		"linux.timeOffsets: needs a new time namespace in linux.namespaces");
	refuse_plan(p, ins_ns_plan,
		LINUX(NS("{'type':'time','path':'/n/time'}") ",'timeOffsets':{'boottime':{'secs':1}"
							     "}"),
		EINVAL, "linux.timeOffsets: needs a new time namespace in linux.namespaces");
}

static void names(void **data)
{
	struct planned *p = *data;

	plan_with(p, ins_ns_plan,
		CONFIG(",'hostname':'h','domainname':'d',"
		       "'linux':{" NS("{'type':'uts'}") "}"));
	expect_ops(p, INS_STAGE_ROOT, "HOSTNAME DOMAINNAME");
	assert_string_equal(get_op(p, INS_OP_HOSTNAME)->text.text, "h");
	assert_string_equal(get_op(p, INS_OP_DOMAINNAME)->text.text, "d");
	plan_with(p, ins_ns_plan, CONFIG(",'hostname':''"));
	refuse_plan(p, ins_ns_plan, CONFIG(",'hostname':'h'"), EINVAL,
		"hostname: needs a uts "
		"namespace in linux.namespaces, or it would be the host's");
	refuse_plan(p, ins_ns_plan, CONFIG(",'domainname':'h'"), EINVAL,
		"domainname: needs a uts "
		"namespace in linux.namespaces, or it would be the host's");
}

#define SYSCTL(pairs)                                                                     \
	LINUX(NS("{'type':'network'},{'type':'ipc'},{'type':'uts'},{'type':'user'}") MAPS \
		",'sysctl':{" pairs "}")

static void sysctls(void **data)
{
	struct planned *p = *data;

	plan_with(p, ins_ns_plan,
		SYSCTL("'net.ipv4.ip_forward':'1','kernel.msgmax':'8192',"
		       "'fs.mqueue.msg_max':'5','kernel.hostname':'h','user.max_net_namespaces':'3'"
		       ","
		       "'net.ipv4.conf.eth0.forwarding':'1'"));
	expect_ops(p, INS_STAGE_ROOT, "SYSCTL SYSCTL SYSCTL SYSCTL SYSCTL SYSCTL");
	for (unsigned int i = 0; i < 6; i++) {
		const struct ins_op *op = find_op(p, INS_OP_SYSCTL, i);

		assert_true(!strncmp(op->path, "sys/", 4));
		assert_null(strchr(op->path, '.'));
	}
}

/* Each way to a value that is not the container's own. */
static void sysctls_refused(void **data)
{
	static const struct {
		const char *pair, *words;
	} cases[] = {
		{ "'kernel.core_pattern':'|/x'",
			"linux.sysctl.kernel.core_pattern: the kernel has it "
			"once for all, so it cannot be set for a container" },
		{ "'kernel.shm_rmid_forced+kernel.core_pattern':'1'",
			"linux.sysctl.kernel.shm_rmid_forced+kernel.core_pattern: is not the "
			"dotted "
			"name of a sysctl" },
		{ "'kernel.msgmaxx':'1'", "linux.sysctl.kernel.msgmaxx: the kernel has it once for "
					  "all, so it cannot be set for a container" },
		{ "'net':'1'", "linux.sysctl.net: the kernel has it once for all, so it cannot be "
			       "set for a container" },
		{ "'vm.overcommit_memory':'1'",
			"linux.sysctl.vm.overcommit_memory: the kernel has "
			"it once for all, so it cannot be set for a container" },
		{ "'net.':'1'", "linux.sysctl.net.: is not the dotted name of a sysctl" },
		{ "'.net.x':'1'", "linux.sysctl..net.x: is not the dotted name of a sysctl" },
		{ "'net/ipv4/x':'1'",
			"linux.sysctl.net/ipv4/x: is not the dotted name of a sysctl" },
		{ "'net.x':'1\\n2'", "linux.sysctl.net.x: its value holds a control character" },
	};
	struct planned *p = *data;

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char config[512];

		snprintf(config, sizeof(config), "%s%s%s",
			"{'ociVersion':'1.3.0','root':{'path':'r'},"
			"'linux':{'namespaces':[{'type':'network'},{'type':'ipc'}],'sysctl':{",
			cases[i].pair, "}}}");
		refuse_plan(p, ins_ns_plan, config, EINVAL, cases[i].words);
	}
	refuse_plan(p, ins_ns_plan, LINUX("'sysctl':{'net.ipv4.ip_forward':'1'}"), EINVAL,
		"linux.sysctl.net.ipv4.ip_forward: needs a network namespace in linux.namespaces, "
		"or "
		"it would be the host's");
	refuse_plan(p, ins_ns_plan,
		CONFIG(",'hostname':'h','linux':{" NS(
			"{'type':'uts'}") ",'sysctl':{'kernel.hostname':'i'}}"),
		EINVAL, "linux.sysctl.kernel.hostname: hostname is set too");
}

static void joined_and_changed(void **data)
{
	struct planned *p = *data;

	plan_with(p, ins_ns_plan,
		LINUX(NS(
			"{'type':'network','path':'/n/net'},"
			"{'type':'ipc','path':'/n/ipc'}") ",'sysctl':{'net.ipv4.ip_forward':'1'}"));
	assert_true(find_op(p, INS_OP_NS_OPEN, 0)->ns.must_differ);
	assert_false(find_op(p, INS_OP_NS_OPEN, 1)->ns.must_differ);
}

static int open_namespace(const char *path, uint32_t type, bool must_differ, struct ins_error *err)
{
	int slots[1] = { -1 };
	struct ins_run run = { .slots = slots };
	struct ins_op op = { .kind = INS_OP_NS_OPEN,
		.path = path,
		.ns = { .type = type, .must_differ = must_differ } };
	int r = ins_ns_open_op(&run, &op, err);

	assert_int_equal(slots[0] >= 0, r == 0);
	ins_close(slots[0]);
	return r;
}

static void open_checks(void **data)
{
	char directory[] = "/tmp/insula-test-ns-XXXXXX", fifo[64];
	struct ins_error err = { 0 };

	(void)data;
	assert_int_equal(open_namespace("/proc/self/ns/uts", CLONE_NEWUTS, false, &err), 0);
	assert_int_equal(open_namespace("/proc/self/ns/uts", CLONE_NEWNET, false, &err), -EINVAL);
	assert_string_equal(
		err.text, "/proc/self/ns/uts is a uts namespace, not a network namespace");
	ins_error_clear(&err);
	assert_int_equal(open_namespace("/proc/self/ns/net", CLONE_NEWNET, true, &err), -EINVAL);
	assert_string_equal(err.text, "/proc/self/ns/net is the runtime's own, and linux.sysctl "
				      "would change the host");
	ins_error_clear(&err);
	assert_int_equal(open_namespace("/nonexistent", CLONE_NEWNET, false, &err), -ENOENT);
	ins_error_clear(&err);
	/* Must not block. */
	assert_non_null(mkdtemp(directory));
	snprintf(fifo, sizeof(fifo), "%s/fifo", directory);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(open_namespace(fifo, CLONE_NEWNET, false, &err), -EINVAL);
	unlink(fifo);
	rmdir(directory);
	assert_non_null(strstr(err.text, "is not a namespace"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		plan_test(all_new),
		plan_test(none),
		plan_test(join_order),
		plan_test(users),
		plan_test(time_offsets),
		plan_test(names),
		plan_test(sysctls),
		plan_test(sysctls_refused),
		plan_test(joined_and_changed),
		cmocka_unit_test(open_checks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <unistd.h>

#include "net/net.h"
#include "planner-fixture.h"

static void loopback(void **data)
{
	struct planned *p = *data;

	plan_with(p, ins_net_plan, LINUX("'namespaces':[{'type':'pid'},{'type':'network'}]"));
	expect_ops(p, INS_STAGE_NET, "LOOPBACK");
	assert_string_equal(get_op(p, INS_OP_LOOPBACK)->key, "linux.namespaces[1]");
	/* Another's interfaces are not ours to set up. */
	plan_with(p, ins_net_plan, LINUX("'namespaces':[{'type':'network','path':'/n/net'}]"));
	assert_int_equal(p->builder.n_staged, 0);
	plan_with(p, ins_net_plan, CONFIG(""));
	assert_int_equal(p->builder.n_staged, 0);
}

#define OWN "'namespaces':[{'type':'network'}]"

static void devices(void **data)
{
	struct planned *p = *data;
	const struct ins_op *op;

	plan_with(p, ins_net_plan,
		LINUX(OWN ",'netDevices':{'h0':{'name':'eth0'},'h1':{},'h2':{'name':'a%d'},"
			  "'h3':{'name':'a%d'}}"));
	expect_ops(p, INS_STAGE_NET, "NET_DEVICE NET_DEVICE NET_DEVICE NET_DEVICE LOOPBACK");
	op = find_op(p, INS_OP_NET_DEVICE, 0);
	assert_string_equal(op->key, "linux.netDevices[\"h0\"]");
	assert_string_equal(op->path, "h0");
	assert_string_equal(op->text.text, "eth0");
	assert_true(is_in_arena(p, op->path) && is_in_arena(p, op->text.text));
	op = find_op(p, INS_OP_NET_DEVICE, 1);
	assert_string_equal(op->path, "h1");
	assert_string_equal(op->text.text, "h1");
	plan_with(p, ins_net_plan,
		LINUX("'namespaces':[{'type':'network','path':'/n/net'}],'netDevices':{'h0':{}}"));
	expect_ops(p, INS_STAGE_NET, "NET_DEVICE");
}

static void refused_devices(void **data)
{
	struct planned *p = *data;

	refuse_plan(p, ins_net_plan, LINUX("'netDevices':{'h0':{}}"), EINVAL,
		"linux.netDevices: the container has no network namespace of its own");
	refuse_plan(p, ins_net_plan, LINUX(OWN ",'netDevices':{'x':{},'h0':{'name':'x'}}"), EINVAL,
		"linux.netDevices[\"h0\"].name: \"x\" is the name of \"x\", too");
}

/* The test's own namespace: lo is in each. */
static void counters(void **data)
{
	struct ins_net_counters *counters;
	struct ins_error err = { 0 };
	bool found = false;
	size_t n;

	(void)data;
	assert_int_equal(ins_net_counters_read(getpid(), &counters, &n, &err), 0);
	for (size_t i = 0; i < n; i++) {
		if (strcmp(counters[i].name, "lo") != 0)
			continue;
		found = true;
		assert_int_equal(counters[i].received.bytes, counters[i].sent.bytes);
		assert_int_equal(counters[i].received.packets, counters[i].sent.packets);
	}
	assert_true(found);
	free(counters);
	assert_int_equal(ins_net_counters_read(0x7fffffff, &counters, &n, &err), -ESRCH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		plan_test(loopback),
		plan_test(devices),
		plan_test(refused_devices),
		cmocka_unit_test(counters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

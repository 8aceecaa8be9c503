/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <unistd.h>

#include "net/interface.h"
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

#define LIST(...)                                                              \
	{                                                                      \
		.n = sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *), \
		.v = (const char *[])                                          \
		{                                                              \
			__VA_ARGS__                                            \
		}                                                              \
	}

static void network(void **data)
{
	const struct ins_network routed = { .kind = "routed",
		.number = 255,
		.publish = LIST("8080:80", "127.0.0.1:53:53/udp"),
		.groups = LIST("web") };
	struct planned *p = *data;
	const struct ins_op *op;

	p->builder.network = &routed;
	plan_with(p, ins_net_plan, LINUX(OWN ",'netDevices':{'h0':{}}"));
	expect_ops(p, INS_STAGE_NET, "NET_ATTACH NET_DEVICE LOOPBACK");
	op = get_op(p, INS_OP_NET_ATTACH);
	assert_string_equal(op->net.request, "change routed 255 address=10.209.1.0 "
					     "address=fd69:6e73:756c:61::100 publish=8080:80 "
					     "publish=127.0.0.1:53:53/udp group=web");
	assert_true(is_in_arena(p, op->net.request));
	assert_true(is_in_arena(p, op->net.interface));
	assert_true(op->net.has_elements);
	assert_int_equal(op->net.interface->number, 255);
	assert_int_equal(op->net.interface->prefix4, 32);
	assert_memory_equal(op->net.interface->ipv4, "\x0a\xd1\x01\x00", 4);
	refuse_plan(p, ins_net_plan, LINUX("'namespaces':[{'type':'network','path':'/n/net'}]"),
		EINVAL, "net: the container has no network namespace of its own");
}

static void expect_addresses(const struct ins_network *network, const char *interface,
	const char *ipv4, const char *ipv6)
{
	struct ins_network_addresses addresses;
	struct ins_error err = { 0 };

	assert_int_equal(ins_network_address(network, &addresses, &err), 0);
	assert_string_equal(addresses.interface, interface);
	assert_string_equal(addresses.ipv4, ipv4);
	assert_string_equal(addresses.ipv6, ipv6);
}

#define NETWORK(...) (&(const struct ins_network){ __VA_ARGS__ })

static void addresses(void **data)
{
	(void)data;
	expect_addresses(NETWORK(.kind = "routed"), "isl0", "10.209.0.1", "fd69:6e73:756c:61::1");
	expect_addresses(NETWORK(.kind = "routed", .number = 12287), "isl12287", "10.209.48.0",
		"fd69:6e73:756c:61::3000");
	expect_addresses(NETWORK(.kind = "routed", .number = 1, .address = "192.0.2.7"), "isl1",
		"192.0.2.7", "fd69:6e73:756c:61::2");
	expect_addresses(NETWORK(.kind = "routed", .address = "2001:db8::7"), "isl0", "10.209.0.1",
		"2001:db8::7");
	/* Next to the pool. */
	expect_addresses(NETWORK(.kind = "routed", .address = "10.209.64.1"), "isl0", "10.209.64.1",
		"fd69:6e73:756c:61::1");
	expect_addresses(NETWORK(.kind = "bridge", .device = "br0", .number = 3), "isb3", "", "");
	expect_addresses(NETWORK(.kind = "bridge", .device = "br0", .address = "192.0.2.7/24"),
		"isb0", "192.0.2.7/24", "");
	expect_addresses(NETWORK(.kind = "macvlan", .device = "e0", .address = "2001:db8::7/64"),
		"", "", "2001:db8::7/64");
}

static void refuse_network(const struct ins_network *network, const char *words)
{
	struct ins_network_addresses found;
	struct ins_error err = { 0 };

	assert_int_equal(ins_network_address(network, &found, &err), -EINVAL);
	if (!strstr(err.text, words))
		fail_msg("%s, not: %s", err.text, words);
}

static void refused_networks(void **data)
{
	static const char *const special[] = { "0.0.0.0", "0.1.2.3", "127.0.0.53",
		"169.254.169.254", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
		"::", "::1", "::ffff:192.0.2.1", "fe80::1", "febf::1", "ff02::1" };

	(void)data;
	refuse_network(NETWORK(.kind = "token-ring"), "net: \"token-ring\" is not routed");
	refuse_network(NETWORK(.kind = "routed", .number = 12288), "no partition number 12288");
	refuse_network(NETWORK(.kind = "routed", .address = "10.209.63.255"), "address: ");
	refuse_network(
		NETWORK(.kind = "routed", .address = "fd69:6e73:756c:61:1::"), "is of the pool");
	refuse_network(NETWORK(.kind = "routed", .address = "192.0.2.7/24"), "it has no prefix");
	for (size_t i = 0; i < ARRAY_LENGTH(special); i++)
		refuse_network(NETWORK(.kind = "routed", .address = special[i]), "no guest can");
	refuse_network(NETWORK(.kind = "macvlan", .device = "e0", .address = "224.0.0.9/24"),
		"no guest can");
	refuse_network(NETWORK(.kind = "routed", .address = "192.0.2"), "is no ADDRESS");
	refuse_network(NETWORK(.kind = "bridge"), "bridge: is needed");
	refuse_network(NETWORK(.kind = "macvlan"), "parent: is needed");
	refuse_network(NETWORK(.kind = "bridge", .device = "b", .address = "192.0.2.7"), "as /24");
	refuse_network(NETWORK(.kind = "bridge", .device = "b", .address = "192.0.2.7/33"),
		"is no ADDRESS");
	refuse_network(NETWORK(.kind = "bridge", .device = "b", .publish = LIST("80:80")),
		"publish: needs net routed");
	refuse_network(NETWORK(.kind = "macvlan", .device = "b", .groups = LIST("a")),
		"group: needs net routed");
	refuse_network(NETWORK(.kind = "routed", .groups = LIST("a", "b", "c", "d", "e")),
		"at most 4 groups");
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
		plan_test(network),
		cmocka_unit_test(addresses),
		cmocka_unit_test(refused_networks),
		cmocka_unit_test(counters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "test-spec.h"

static void namespaces(void **state)
{
	struct ins_spec *spec =
		parse(LINUX("'namespaces':[{'type':'pid'},{'type':'network','path':'/n'},"
			    "{'type':'time','path':''}]"));
	const struct ins_spec_namespace *ns = spec->namespaces;

	(void)state;
	assert_true(
		ns[INS_NS_PID].present && ns[INS_NS_NETWORK].present && ns[INS_NS_TIME].present);
	assert_false(ns[INS_NS_USER].present || ns[INS_NS_MOUNT].present);
	assert_null(ns[INS_NS_PID].path);
	assert_string_equal(ns[INS_NS_NETWORK].path, "/n");
	assert_int_equal(ns[INS_NS_NETWORK].index, 1);
	assert_null(ns[INS_NS_TIME].path);
	ins_spec_free(spec);
	refuse(LINUX("'namespaces':[{'type':'pid'},{'type':'ipc'},{'type':'pid'}]"),
		"linux.namespaces[2]: a second namespace of type 'pid'");
	refuse(LINUX("'namespaces':[{'type':'net'}]"),
		"linux.namespaces[0].type: unknown value 'net'; known: user, pid, network, "
		"mount, ipc, uts, cgroup, time");
	refuse(LINUX("'namespaces':[{}]"), "linux.namespaces[0].type: is required");
	refuse(LINUX("'namespaces':[{'type':'pid','path':'n'}]"),
		"linux.namespaces[0].path: 'n' is not an absolute path");
}

#define MAP(container, host, size) \
	"{'containerID':" #container ",'hostID':" #host ",'size':" #size "}"

static void id_maps(void **state)
{
	struct ins_spec *spec = parse(LINUX("'uidMappings':[" MAP(0, 1000, 1) "," MAP(
		1, 100000, 65536) "],"
				  "'gidMappings':[" MAP(0, 0, 4294967295) "]"));

	(void)state;
	assert_int_equal(spec->uid_mappings.n, 2);
	assert_int_equal(spec->uid_mappings.v[1].host, 100000);
	assert_true(spec->gid_mappings.v[0].size == UINT32_MAX);
	ins_spec_free(spec);
	accept(LINUX("'uidMappings':[]"));
	refuse(LINUX("'uidMappings':[" MAP(0, 0, 0) "]"),
		"linux.uidMappings[0].size: 0 is not in the range 1 to 4294967295");
	refuse(LINUX("'uidMappings':[" MAP(1, 0, 4294967295) "]"),
		"linux.uidMappings[0]: goes beyond the largest id, 4294967294");
	refuse(LINUX("'gidMappings':[" MAP(0, 4294967290, 6) "]"),
		"linux.gidMappings[0]: goes beyond the largest id, 4294967294");
	refuse(LINUX("'gidMappings':[" MAP(0, 4294967295, 1) "]"),
		"linux.gidMappings[0].hostID: 4294967295 is not in the range 0 to 4294967294");
	refuse(LINUX("'uidMappings':[" MAP(0, 0, 10) "," MAP(9, 100, 1) "]"),
		"linux.uidMappings[1]: overlaps entry 0");
	refuse(LINUX("'uidMappings':[" MAP(0, 100, 10) "," MAP(10, 95, 6) "]"),
		"linux.uidMappings[1]: overlaps entry 0");
	refuse(LINUX("'uidMappings':[{'containerID':0,'hostID':1}]"),
		"linux.uidMappings[0].size: is required");
	refuse(LINUX("'uidMappings':[" MAP(-1, 1, 1) "]"),
		"linux.uidMappings[0].containerID: -1 is not in the range 0 to 4294967294");
}

static void too_many_maps(void **state)
{
	char text[32768] = "{'ociVersion':'1.0.0','root':{'path':'r'},'linux':{'uidMappings':[";

	(void)state;
	for (int i = 0; i < 341; i++)
		sprintf(text + strlen(text), "%s{'containerID':%d,'hostID':%d,'size':1}",
			i > 0 ? "," : "", i, i);
	strcat(text, "]}}");
	refuse(text, "linux.uidMappings: has more than 340 entries");
}

static void time_offsets(void **state)
{
	struct ins_spec *spec =
		parse(LINUX("'timeOffsets':{'monotonic':{'secs':-5,'nanosecs':999999999}}"));

	(void)state;
	assert_true(spec->monotonic.present);
	assert_false(spec->boottime.present);
	assert_int_equal(spec->monotonic.secs, -5);
	assert_int_equal(spec->monotonic.nanosecs, 999999999);
	ins_spec_free(spec);
	refuse(LINUX("'timeOffsets':{'boottime':{'nanosecs':1000000000}}"),
		"linux.timeOffsets.boottime.nanosecs: 1000000000 is not in the range "
		"0 to 999999999");
	refuse(LINUX("'timeOffsets':{'realtime':{'secs':1}}"),
		"linux.timeOffsets: a time namespace has no clock 'realtime'");
}

static void devices(void **state)
{
	struct ins_spec *spec =
		parse(LINUX("'devices':[{'type':'u','path':'/dev/a','major':10,'minor':229,"
			    "'fileMode':8630,'uid':1,'gid':0},{'type':'p','path':'/p'},"
			    "{'type':'b','path':'/b','major':4095,'minor':1048575}]"));
	const struct ins_spec_device *device = spec->devices;

	(void)state;
	assert_int_equal(spec->n_devices, 3);
	assert_int_equal(device[0].type, 'c');
	assert_true(device[0].has_mode && device[0].has_uid && device[0].has_gid);
	assert_int_equal(device[0].mode, 0666);
	assert_int_equal(device[1].type, 'p');
	assert_false(device[1].has_mode || device[1].has_uid);
	assert_int_equal(device[2].minor, 1048575);
	ins_spec_free(spec);
	refuse(LINUX("'devices':[{'type':'c','path':'/a','minor':1}]"),
		"linux.devices[0].major: is required");
	refuse(LINUX("'devices':[{'type':'b','path':'/a','major':1}]"),
		"linux.devices[0].minor: is required");
	refuse(LINUX("'devices':[{'type':'c','path':'a','major':1,'minor':1}]"),
		"linux.devices[0].path: 'a' is not an absolute path");
	refuse(LINUX("'devices':[{'type':'cc','path':'/a'}]"),
		"linux.devices[0].type: unknown value 'cc'");
	refuse(LINUX("'devices':[{'type':'','path':'/a'}]"),
		"linux.devices[0].type: unknown value ''");
	refuse(LINUX("'devices':[{'type':'c','path':'/a','major':-1,'minor':1}]"),
		"linux.devices[0].major: -1 is not in the range 0 to 4095");
	refuse(LINUX("'devices':[{'type':'c','path':'/a','major':1,'minor':1,'fileMode':24576}]"),
		"linux.devices[0].fileMode: is that of another type of file");
}

static void net_devices(void **state)
{
	struct ins_spec *spec =
		parse(LINUX("'netDevices':{'eth0':{'name':'a%d'},'ens4':{},'e5':{'name':''}}"));

	(void)state;
	assert_int_equal(spec->n_net_devices, 3);
	assert_string_equal(spec->net_devices[0].host, "eth0");
	assert_string_equal(spec->net_devices[0].name, "a%d");
	assert_null(spec->net_devices[1].name);
	assert_null(spec->net_devices[2].name);
	ins_spec_free(spec);
	refuse(LINUX("'netDevices':{'eth0':{'name':23}}"),
		"linux.netDevices.eth0.name: expected a string, not an integer");
	refuse(LINUX("'netDevices':{'eth0':{'name':'a/b'}}"),
		"linux.netDevices.eth0.name: 'a/b' is no name for an interface");
	refuse(LINUX("'netDevices':{'0123456789abcdef':{}}"),
		"linux.netDevices.0123456789abcdef: '0123456789abcdef' is no name of an interface");
}

static void cgroups_paths(void **state)
{
	struct ins_spec *spec = parse(LINUX("'cgroupsPath':'machine.slice:libpod:a..b'"));

	(void)state;
	assert_string_equal(spec->cgroups_path, "machine.slice:libpod:a..b");
	ins_spec_free(spec);
	spec = parse(LINUX("'cgroupsPath':''"));
	assert_null(spec->cgroups_path);
	ins_spec_free(spec);
	refuse(LINUX("'cgroupsPath':'/a/../b'"),
		"linux.cgroupsPath: '/a/../b' has a component '..'");
	refuse(LINUX("'cgroupsPath':'..'"), "linux.cgroupsPath: '..' has a component '..'");
	refuse(LINUX("'cgroupsPath':'a/..'"), "linux.cgroupsPath: 'a/..' has a component '..'");
	refuse(LINUX("'cgroupsPath':'a\\nb'"), "linux.cgroupsPath: has a control character");
}

static void resctrl(void **state)
{
	struct ins_spec *spec = parse(
		LINUX("'intelRdt':{'closID':'c','l3CacheSchema':'L3:0=f','memBwSchema':'MB:0=20',"
		      "'schemata':['L2:0=f'],'enableMonitoring':true}"));
	const struct ins_spec_intel_rdt *rdt = &spec->intel_rdt;

	(void)state;
	assert_true(rdt->present && rdt->enable_monitoring);
	assert_string_equal(rdt->clos_id, "c");
	assert_string_equal(rdt->l3_cache_schema, "L3:0=f");
	assert_string_equal(rdt->mem_bw_schema, "MB:0=20");
	assert_int_equal(rdt->schemata.n, 1);
	ins_spec_free(spec);
	spec = parse(LINUX("'intelRdt':{'closID':'/'}"));
	assert_string_equal(spec->intel_rdt.clos_id, "/");
	ins_spec_free(spec);
	refuse(LINUX("'intelRdt':{'closID':'a/b'}"),
		"linux.intelRdt.closID: 'a/b' is no name for a directory");
	refuse(LINUX("'intelRdt':{'closID':'..'}"),
		"linux.intelRdt.closID: '..' is no name for a directory");
	refuse(LINUX("'intelRdt':{'memBwSchema':'L3:0=f'}"),
		"linux.intelRdt.memBwSchema: has to be one line that begins with 'MB:'");
	refuse(LINUX("'intelRdt':{'memBwSchema':'MB:0=f\\nL3:1=f'}"),
		"linux.intelRdt.memBwSchema: has to be one line that begins with 'MB:'");
}

static void memory_policies(void **state)
{
	struct ins_spec *spec = parse(LINUX("'memoryPolicy':{'mode':'MPOL_BIND','nodes':'0-1',"
					    "'flags':['MPOL_F_STATIC_NODES']}"));

	(void)state;
	assert_true(spec->memory_policy.present);
	assert_string_equal(spec->memory_policy.mode, "MPOL_BIND");
	assert_string_equal(spec->memory_policy.nodes, "0-1");
	assert_int_equal(spec->memory_policy.flags.n, 1);
	ins_spec_free(spec);
	refuse(LINUX("'memoryPolicy':{'nodes':'0'}"), "linux.memoryPolicy.mode: is required");
	refuse(LINUX("'memoryPolicy':{'mode':'MPOL_X'}"),
		"linux.memoryPolicy.mode: unknown value 'MPOL_X'; known: MPOL_DEFAULT, "
		"MPOL_BIND, MPOL_INTERLEAVE, MPOL_WEIGHTED_INTERLEAVE, MPOL_PREFERRED, "
		"MPOL_PREFERRED_MANY, MPOL_LOCAL");
	refuse(LINUX("'memoryPolicy':{'mode':'MPOL_BIND','flags':['MPOL_F_X']}"),
		"linux.memoryPolicy.flags[0]: unknown value 'MPOL_F_X'; known: "
		"MPOL_F_NUMA_BALANCING, MPOL_F_RELATIVE_NODES, MPOL_F_STATIC_NODES");
}

static void sysctls(void **state)
{
	struct ins_spec *spec = parse(LINUX("'sysctl':{'net.ipv4.ip_forward':'1','a/b':'0 0'}"));

	(void)state;
	assert_int_equal(spec->sysctl.n, 2);
	assert_string_equal(spec->sysctl.v[1].key, "a/b");
	assert_string_equal(spec->sysctl.v[1].value, "0 0");
	ins_spec_free(spec);
	refuse(LINUX("'sysctl':{'a.b':1}"), "linux.sysctl.a.b: expected a string, not an integer");
	refuse(LINUX("'sysctl':{'':'1'}"), "linux.sysctl: has a member without a name");
	refuse(LINUX("'sysctl':{'net/../../a':'1'}"),
		"linux.sysctl: 'net/../../a' is no name of a sysctl");
	refuse(LINUX("'sysctl':{'/a':'1'}"), "linux.sysctl: '/a' is no name of a sysctl");
	refuse(LINUX("'sysctl':{'a b':'1'}"), "linux.sysctl: 'a b' is no name of a sysctl");
}

static void others(void **state)
{
	struct ins_spec *spec =
		parse(LINUX("'rootfsPropagation':'rslave','maskedPaths':['/a','/b'],"
			    "'readonlyPaths':['/c'],'mountLabel':'l',"
			    "'personality':{'domain':'LINUX32','flags':[]}"));

	(void)state;
	assert_string_equal(spec->rootfs_propagation, "rslave");
	assert_int_equal(spec->masked_paths.n, 2);
	assert_string_equal(spec->readonly_paths.v[0], "/c");
	assert_string_equal(spec->mount_label, "l");
	assert_true(spec->has_personality);
	assert_string_equal(spec->personality_domain, "LINUX32");
	ins_spec_free(spec);
	spec = parse(LINUX("'rootfsPropagation':'','mountLabel':''"));
	assert_null(spec->rootfs_propagation);
	assert_null(spec->mount_label);
	ins_spec_free(spec);
	refuse(LINUX("'rootfsPropagation':'x'"),
		"linux.rootfsPropagation: unknown value 'x'; known: shared, slave, private, "
		"unbindable, rshared, rslave, rprivate, runbindable");
	refuse(LINUX("'maskedPaths':['a']"), "linux.maskedPaths[0]: 'a' is not an absolute path");
	refuse(LINUX("'readonlyPaths':['/a','']"),
		"linux.readonlyPaths[1]: '' is not an absolute path");
	refuse(LINUX("'personality':{'domain':'BSD'}"),
		"linux.personality.domain: unknown value 'BSD'; known: LINUX, LINUX32");
	refuse(LINUX("'personality':{}"), "linux.personality.domain: is required");
	refuse(LINUX("'personality':{'domain':'LINUX','flags':['x']}"),
		"linux.personality.flags[0]: unknown value 'x': there are no flags yet");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(namespaces),
		cmocka_unit_test(id_maps),
		cmocka_unit_test(too_many_maps),
		cmocka_unit_test(time_offsets),
		cmocka_unit_test(devices),
		cmocka_unit_test(net_devices),
		cmocka_unit_test(cgroups_paths),
		cmocka_unit_test(resctrl),
		cmocka_unit_test(memory_policies),
		cmocka_unit_test(sysctls),
		cmocka_unit_test(others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

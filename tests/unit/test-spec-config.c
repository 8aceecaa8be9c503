/* SPDX-License-Identifier: Apache-2.0 */
#include "test-spec.h"

static void versions(void **state)
{
	static const char *const good[] = {
		"1.0.0",
		"1.0.2-dev",
		"1.3.0",
		"1.4.0",
		"1.99.0",
		"1.1.0+dev",
		"1.2.1-rc.1+build.5",
		"1.0.0--",
	};
	static const char *const bad[] = {
		"",
		"1",
		"1.0",
		"1.0.0.0",
		"v1.0.0",
		"01.0.0",
		"1.00.0",
		"1.0.0-",
		"1.0.0+",
		"1.0.0-a..b",
		"1.0.0 ",
		"1.0.0-\xc3\xa4",
		"latest",
	};
	static const char *const other[] = { "0.5.0-dev", "2.0.0", "10.0.0", "0.0.0" };
	char text[200], words[200];

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(good); i++) {
		snprintf(text, sizeof(text), "{'ociVersion':'%s','root':{'path':'r'}}", good[i]);
		accept(text);
	}
	for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
		snprintf(text, sizeof(text), "{'ociVersion':'%s','root':{'path':'r'}}", bad[i]);
		snprintf(words, sizeof(words), "ociVersion: '%s' is not a version like '1.3.0'",
			bad[i]);
		refuse(text, words);
	}
	for (size_t i = 0; i < ARRAY_LENGTH(other); i++) {
		snprintf(text, sizeof(text), "{'ociVersion':'%s','root':{'path':'r'}}", other[i]);
		snprintf(words, sizeof(words),
			"ociVersion: version %s is not supported, only 1.x is (up to 1.3.0)",
			other[i]);
		refuse(text, words);
	}
}

static void required(void **state)
{
	(void)state;
	refuse("{'root':{'path':'r'}}", "ociVersion: is required");
	refuse("{'ociVersion':null,'root':{'path':'r'}}", "ociVersion: is required");
	refuse("{'ociVersion':'1.0.0'}", "root: is required");
	refuse("{'ociVersion':'1.0.0','root':{}}", "root.path: is required");
	refuse("{'ociVersion':'1.0.0','root':{'path':''}}", "root.path: is empty");
	refuse("{'ociVersion':1,'root':{'path':'r'}}",
		"ociVersion: expected a string, not an integer");
	refuse("[]", "expected an object, not an array");
	refuse(CONFIG(",'mounts':[{'type':'a'}]"), "mounts[0].destination: is required");
	refuse(CONFIG(",'process':{'cwd':'/'}"), "process.args: has to name a program");
	refuse(CONFIG(",'hooks':{'prestart':[{}]}"), "hooks.prestart[0].path: is required");
}

static void least(void **state)
{
	struct ins_spec *spec = parse(CONFIG(""));

	(void)state;
	assert_string_equal(spec->oci_version, "1.3.0");
	assert_string_equal(spec->root_path, "r");
	assert_false(spec->root_readonly);
	assert_false(spec->process.present);
	assert_null(spec->process_json);
	assert_null(spec->hooks_json);
	assert_null(spec->hostname);
	assert_int_equal(spec->n_mounts, 0);
	assert_int_equal(spec->warnings.n, 0);
	assert_false(spec->resources.present || spec->seccomp.present);
	for (int ns = 0; ns < INS_NS_COUNT; ns++)
		assert_false(spec->namespaces[ns].present);
	ins_spec_free(spec);
	ins_spec_free(NULL);
}

/* Later versions may have them, so they are no error. */
static void unknown_properties(void **state)
{
	struct ins_spec *spec = parse(
		"{'ociVersion':'1.0.0','root':{'path':'r','readOnly':true},'vm':{},'windows':null,"
		"'process':{'cwd':'/','args':['a'],'user':{'uid':0,'gid':0,'gids':[]},"
		"'consoleSize':{'wide':1}},'annotations':{'any':'thing'}}");

	(void)state;
	assert_int_equal(spec->warnings.n, 0);
	assert_int_equal(spec->unknown.n, 3);
	assert_string_equal(spec->unknown.v[0],
		"root.readOnly: insula knows no such property, it is ignored (did you mean "
		"\"readonly\"?)");
	assert_string_equal(spec->unknown.v[1], "vm: insula knows no such property, it is ignored");
	assert_string_equal(spec->unknown.v[2], "process.user.gids: insula knows no such property, "
						"it is ignored (did you mean \"gid\"?)");
	ins_spec_free(spec);
}

static void mounts(void **state)
{
	struct ins_spec *spec =
		parse(CONFIG(",'mounts':["
			     "{'destination':'/a','type':'tmpfs','source':'t',"
			     "'options':['nosuid','size=1k']},"
			     "{'destination':'b','type':'','source':''},"
			     "{'destination':'/c','options':['bind','idmap'],"
			     "'uidMappings':[{'containerID':0,'hostID':7,'size':2}],"
			     "'gidMappings':[{'containerID':1,'hostID':8,'size':3}]}]"));
	const struct ins_spec_mount *mount = spec->mounts;

	(void)state;
	assert_int_equal(spec->n_mounts, 3);
	assert_string_equal(mount[0].destination, "/a");
	assert_string_equal(mount[0].type, "tmpfs");
	assert_string_equal(mount[0].source, "t");
	assert_int_equal(mount[0].options.n, 2);
	assert_string_equal(mount[0].options.v[1], "size=1k");
	assert_string_equal(mount[1].destination, "b");
	assert_null(mount[1].type);
	assert_null(mount[1].source);
	assert_int_equal(mount[2].uid_mappings.n, 1);
	assert_int_equal(mount[2].uid_mappings.v[0].host, 7);
	assert_int_equal(mount[2].gid_mappings.v[0].size, 3);
	ins_spec_free(spec);

	refuse(CONFIG(",'mounts':[{'destination':'/a'},{'destination':'/b','uidMappings':"
		      "[{'containerID':0,'hostID':7,'size':2}]}]"),
		"mounts[1]: uidMappings and gidMappings have to be given together");
	refuse(CONFIG(",'mounts':[{'destination':'/a','gidMappings':"
		      "[{'containerID':0,'hostID':7,'size':2}],'uidMappings':[]}]"),
		"mounts[0]: uidMappings and gidMappings have to be given together");
	refuse(CONFIG(",'mounts':[{'destination':''}]"), "mounts[0].destination: is empty");
	refuse(CONFIG(",'mounts':[{'destination':'/a','options':['a',5]}]"),
		"mounts[0].options[1]: expected a string, not an integer");
	refuse(CONFIG(",'mounts':[null]"), "mounts[0]: expected an object, not null");
	refuse(CONFIG(",'mounts':{}"), "mounts: expected an array, not an object");
	accept(CONFIG(",'mounts':null"));
}

static void names(void **state)
{
	char name[66], text[200];
	struct ins_spec *spec = parse(CONFIG(",'hostname':'h','domainname':'d.e'"));

	(void)state;
	assert_string_equal(spec->hostname, "h");
	assert_string_equal(spec->domainname, "d.e");
	ins_spec_free(spec);
	memset(name, 'x', 64);
	name[64] = '\0';
	snprintf(text, sizeof(text), CONFIG(",'hostname':'%s'"), name);
	accept(text);
	strcat(name, "x");
	snprintf(text, sizeof(text), CONFIG(",'hostname':'%s'"), name);
	refuse(text, "hostname: is longer than 64 bytes");
	snprintf(text, sizeof(text), CONFIG(",'domainname':'%s'"), name);
	refuse(text, "domainname: is longer than 64 bytes");
	refuse(CONFIG(",'hostname':true"), "hostname: expected a string, not a boolean");
}

static void annotations(void **state)
{
	struct ins_spec *spec = parse(CONFIG(",'annotations':{'a.b':'c','d':''}"));

	(void)state;
	assert_int_equal(spec->annotations.n, 2);
	assert_string_equal(ins_spec_annotation(spec, "a.b"), "c");
	assert_string_equal(ins_spec_annotation(spec, "d"), "");
	assert_null(ins_spec_annotation(spec, "a"));
	ins_spec_free(spec);
	spec = parse(CONFIG(
		",'annotations':{'run.oci.keep_original_groups':'1','run.oci.handler':'x'}"));
	assert_int_equal(spec->warnings.n, 1);
	assert_string_equal(spec->warnings.v[0],
		"annotations.run.oci.handler: insula knows no such annotation, it is ignored");
	ins_spec_free(spec);
	accept(CONFIG(",'annotations':{}"));
	refuse(CONFIG(",'annotations':{'':'x'}"), "annotations: has a member without a name");
	refuse(CONFIG(",'annotations':{'a':1}"),
		"annotations.a: expected a string, not an integer");
	refuse(CONFIG(",'annotations':{'a':null}"), "annotations.a: expected a string, not null");
	refuse(CONFIG(",'annotations':[]"), "annotations: expected an object, not an array");
}

static void unknown(void **state)
{
	(void)state;
	accept(CONFIG(",'new':{'a':[1,2.5,{'b':null}]},'windows':{},'vm':{'x':1e3}"));
	accept(CONFIG(",'root2':1,'process':{'cwd':'/','args':['a'],'commandLine':5}"));
	accept(LINUX("'new':[1]"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(versions),
		cmocka_unit_test(required),
		cmocka_unit_test(least),
		cmocka_unit_test(unknown_properties),
		cmocka_unit_test(mounts),
		cmocka_unit_test(names),
		cmocka_unit_test(annotations),
		cmocka_unit_test(unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

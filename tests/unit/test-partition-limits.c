/* SPDX-License-Identifier: Apache-2.0 */
/* What a definition's limits become in a cgroup, and where a host cannot enforce them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "partition/definition.h"
#include "partition/limits.h"

#define ALL_CONTROLLERS UINT32_MAX

/* define - a definition with these members of its file beside the template */
static struct ins_definition define(const char *members)
{
	struct ins_definition definition = {};
	struct ins_error err = {};
	char text[512];

	snprintf(text, sizeof(text), "{\"template\": \"a\"%s%s}", *members ? ", " : "", members);
	if (ins_definition_parse(text, strlen(text), &definition, &err) != 0)
		fail_msg("%s", err.text);
	return definition;
}

static char *emit(const char *members, uint32_t controllers)
{
	struct ins_definition definition = define(members);
	const struct ins_host host = { .controllers = controllers };
	struct ins_emit unified = {};
	char *text;

	ins_limits_emit(&unified, ins_emit_root(&unified), &definition, &host);
	assert_int_equal(ins_emit_text(&unified, JSON_COMPACT, &text, NULL), 0);
	ins_definition_clear(&definition);
	return text;
}

static void files(void **state)
{
	cleanup_free char *text =
		emit("\"memory\": \"512M\", \"swap\": 0, \"cpus\": 1.5, \"cpuset\": \"0-3\", "
		     "\"cpu-weight\": 50, \"io-weight\": 200, \"pids\": 64",
			ALL_CONTROLLERS);

	(void)state;
	assert_string_equal(text,
		"{\"memory.max\":\"536870912\",\"memory.swap.max\":\"0\","
		"\"cpu.max\":\"150000 100000\",\"cpuset.cpus\":\"0-3\",\"cpu.weight\":\"50\","
		"\"io.weight\":\"200\",\"pids.max\":\"64\"}");
}

static void defaults_hold_where_they_can(void **state)
{
	cleanup_free char *all = emit("", ALL_CONTROLLERS), *none = emit("", 0),
			  *pids = emit("", 1U << INS_CONTROLLER_PIDS);

	(void)state;
	assert_non_null(strstr(all, "\"memory.max\":\""));
	assert_non_null(strstr(all, "\"pids.max\":\"2048\""));
	assert_null(strstr(all, "cpu"));
	assert_string_equal(none, "{}");
	assert_string_equal(pids, "{\"pids.max\":\"2048\"}");
}

static void what_the_host_cannot_enforce_is_refused(void **state)
{
	const struct ins_host none = { 0 };
	const struct ins_host old = { .controllers_v1 = 1U << INS_CONTROLLER_MEMORY };
	const struct ins_host all = { .controllers = ALL_CONTROLLERS };
	struct ins_definition limited = define("\"memory\": \"1G\""), free_one = define("");
	struct ins_error err = {};

	(void)state;
	assert_int_equal(ins_limits_possible(&limited, &all, &err), 0);
	assert_int_equal(ins_limits_possible(&free_one, &none, &err), 0);
	assert_int_equal(ins_limits_possible(&limited, &none, &err), -ENOTSUP);
	assert_non_null(strstr(err.text, "memory"));
	assert_null(strstr(err.text, "cgroup1"));
	err = (struct ins_error){};
	assert_int_equal(ins_limits_possible(&limited, &old, &err), -ENOTSUP);
	assert_non_null(strstr(err.text, "cgroup1"));
	ins_definition_clear(&limited);
	ins_definition_clear(&free_one);
}

static void only_limits_make_a_difference(void **state)
{
	struct ins_definition plain = define(""), named = define("\"comment\": \"x\""),
			      limited = define("\"pids\": 5");

	(void)state;
	assert_false(ins_limits_differ(&plain, &named));
	assert_true(ins_limits_differ(&plain, &limited));
	ins_definition_clear(&plain);
	ins_definition_clear(&named);
	ins_definition_clear(&limited);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(files),
		cmocka_unit_test(defaults_hold_where_they_can),
		cmocka_unit_test(what_the_host_cannot_enforce_is_refused),
		cmocka_unit_test(only_limits_make_a_difference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

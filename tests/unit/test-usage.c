/* SPDX-License-Identifier: Apache-2.0 */
/* What containers have used, in the formats for programs and people. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../runtime/absent.h"
#include "../../runtime/usage.h"

const char *ins_status_name(enum ins_status status)
{
	return status == INS_STATUS_PAUSED ? "paused" : "running";
}

/* What the library says of a container. */
static void make(struct ins_stats *stats, const char *id)
{
	memset(stats, 0xff, sizeof(*stats));
	stats->id = id;
	stats->status = INS_STATUS_RUNNING;
	stats->pid = 42;
}

int absent_tell(struct ins_context *context, const char *name, int r, struct ins_error *err)
{
	(void)context;
	(void)name;
	(void)err;
	return r;
}

int ins_stats(struct ins_context *context, const char *id, ins_stats_fn *visit, void *data,
	struct ins_error *err)
{
	struct ins_stats stats;

	(void)context;
	make(&stats, id ? id : "all");
	return id && strcmp(id, "bad") == 0 ? error_set(err, ENOENT, "there is none")
					    : visit(data, &stats);
}

static const char *print(void (*fn)(FILE *, const struct usage *), struct ins_stats *v, size_t n)
{
	static char *text;
	const struct usage usage = { .v = v, .n = n };
	size_t size;
	FILE *out;

	free(text);
	out = open_memstream(&text, &size);
	assert_non_null(out);
	fn(out, &usage);
	fclose(out);
	return text;
}

static void test_metrics(void **state)
{
	struct ins_stats v[2];

	(void)state;
	assert_string_equal(print(usage_metrics, v, 0), "# EOF\n");
	make(&v[0], "a");
	make(&v[1], "b\"\\\n");
	v[0].cpu = 1500000000;
	v[1].cpu = 7;
	v[1].memory_limit = 4096;
	v[0].pids = 3;
	assert_string_equal(print(usage_metrics, v, 2),
		"# TYPE insula_cpu_seconds counter\n"
		"# UNIT insula_cpu_seconds seconds\n"
		"# HELP insula_cpu_seconds Time of processors.\n"
		"insula_cpu_seconds_total{id=\"a\"} 1.500000000\n"
		"insula_cpu_seconds_total{id=\"b\\\"\\\\\\n\"} 0.000000007\n"
		"# TYPE insula_memory_limit_bytes gauge\n"
		"# UNIT insula_memory_limit_bytes bytes\n"
		"# HELP insula_memory_limit_bytes The most memory allowed.\n"
		"insula_memory_limit_bytes{id=\"b\\\"\\\\\\n\"} 4096\n"
		"# TYPE insula_pids gauge\n"
		"# HELP insula_pids Processes and threads.\n"
		"insula_pids{id=\"a\"} 3\n"
		"# EOF\n");
}

static void test_json(void **state)
{
	struct ins_stats v[2];

	(void)state;
	assert_string_equal(print(usage_json, v, 0), "[]\n");
	make(&v[0], "a");
	make(&v[1], "b");
	v[0].cpu = 1500000000;
	v[1].status = INS_STATUS_PAUSED;
	v[1].oom_kills = 0;
	assert_string_equal(print(usage_json, v, 2),
		"[{\"id\":\"a\",\"status\":\"running\",\"pid\":42,\"cpu\":1500000000},\n"
		"{\"id\":\"b\",\"status\":\"paused\",\"pid\":42,\"oom_kills\":0}]\n");
}

static void test_size(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = { { 0, "0 B" }, { 1023, "1023 B" }, { 1024, "1.0 KiB" }, { 1536, "1.5 KiB" },
		{ 1048575, "1.0 MiB" }, { UINT64_MAX - 1, "16.0 EiB" }, { INS_STATS_NONE, "-" } };
	char text[32];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(usage_size(cases[i].bytes, text, sizeof(text)), cases[i].text);
}

static void test_gather(void **state)
{
	char *words[] = { (char *)"a", (char *)"b", (char *)"bad", NULL };
	struct names names = { .v = words, .n = 2 };
	const struct call call = {};
	struct usage usage = {};
	struct ins_error err = {};

	(void)state;
	assert_int_equal(usage_gather(&call, NULL, &usage, &err), 0);
	assert_int_equal(usage.n, 1);
	usage_clear(&usage);
	assert_int_equal(usage_gather(&call, &names, &usage, &err), 0);
	assert_string_equal(usage.v[1].id, "b");
	usage_clear(&usage);
	names.n = 3;
	assert_int_equal(usage_gather(&call, &names, &usage, &err), -ENOENT);
	assert_string_equal(err.text, "there is none");
	assert_int_equal(usage.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_metrics),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_gather),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

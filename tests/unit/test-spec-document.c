/* SPDX-License-Identifier: Apache-2.0 */
/* Texts that are no configuration, files, and each allocation failing in turn. Linked with:
 * -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=ins_arena_array,--wrap=ins_arena_copy,--wrap=ins_arena_printf
 */
#include <fcntl.h>
#include <jansson.h>

#include "base/arena.h"
#include "spec/features.h"
#include "spec/state.h"
#include "test-spec.h"

/* --- allocations ---------------------------------------------------------------------------------
 */

static long until_failure = -1; /* −1: none fails */

static bool fails(void)
{
	return until_failure >= 0 && until_failure-- == 0;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *pointer, size_t size);
void *__real_ins_arena_array(struct ins_arena *arena, size_t n, size_t size);
void *__real_ins_arena_copy(struct ins_arena *arena, const void *data, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *pointer, size_t size);
void *__wrap_ins_arena_array(struct ins_arena *arena, size_t n, size_t size);
void *__wrap_ins_arena_copy(struct ins_arena *arena, const void *data, size_t size);
char *__wrap_ins_arena_printf(struct ins_arena *arena, const char *fmt, ...);

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *pointer, size_t size)
{
	return fails() ? NULL : __real_realloc(pointer, size);
}

void *__wrap_ins_arena_array(struct ins_arena *arena, size_t n, size_t size)
{
	return fails() ? NULL : __real_ins_arena_array(arena, n, size);
}

void *__wrap_ins_arena_copy(struct ins_arena *arena, const void *data, size_t size)
{
	return fails() ? NULL : __real_ins_arena_copy(arena, data, size);
}

/* Not while it parses: jansson 2.14 follows a NULL then. */
static bool jansson_parses;

static void *jansson_malloc(size_t size)
{
	return !jansson_parses && fails() ? NULL : __real_malloc(size);
}

/* The parser prints nothing but warnings, so the words do not matter here. */
char *__wrap_ins_arena_printf(struct ins_arena *arena, const char *fmt, ...)
{
	return fails() ? NULL : ins_arena_strdup(arena, fmt);
}

static const char everything[] =
	CONFIG(",'process':{'cwd':'/','args':['a'],'env':['A=b'],'user':{'uid':1,'gid':1,"
	       "'additionalGids':[5]},'rlimits':[{'type':'RLIMIT_AS','soft':0,"
	       "'hard':18446744073709551615}],'capabilities':{'bounding':['CAP_X','CAP_KILL']},"
	       "'scheduler':{'policy':'SCHED_RR','flags':['SCHED_FLAG_RECLAIM']}},"
	       "'hooks':{'prestart':[{'path':'/p','args':['x']}]},"
	       "'mounts':[{'destination':'/a','options':['ro']}],'annotations':{'a':'b'},"
	       "'linux':{'namespaces':[{'type':'pid'}],'devices':[{'type':'p','path':'/f'}],"
	       "'netDevices':{'e':{}},'resources':{'devices':[{'allow':false}],"
	       "'rdma':{'m':{'hcaObjects':1}},'unified':{'a':'b'}},'seccomp':{"
	       "'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['a'],"
	       "'action':'SCMP_ACT_LOG'}]},'maskedPaths':['/a']}");

typedef int produce_fn(char **ret_text, struct ins_error *err);

/* Calls @produce with the first, second, … allocation failing, until none is left to fail. */
static void fail_each(produce_fn *produce)
{
	long n = 0;

	for (;; n++) {
		struct ins_error err = {};
		char *text = NULL;
		int r;

		until_failure = n;
		r = produce(&text, &err);
		if (until_failure >= 0)
			n = -2;
		until_failure = -1;
		if (n == -2) {
			assert_int_equal(r, 0);
			free(text);
			return;
		}
		assert_int_equal(r, -ENOMEM);
		assert_int_equal(err.code, ENOMEM);
		assert_null(text);
		assert_in_range(n, 0, 5000);
	}
}

static char *everything_json;

static int produce_spec(char **ret_text, struct ins_error *err)
{
	struct ins_spec *spec = NULL;
	int r = ins_spec_parse(everything_json, strlen(everything_json), &spec, err);

	(void)ret_text;
	if (r < 0)
		assert_null(spec);
	else
		assert_int_equal(spec->warnings.n, 1);
	ins_spec_free(spec);
	return r;
}

static int produce_default(char **ret_text, struct ins_error *err)
{
	return ins_spec_default(true, ret_text, err);
}

static int produce_state(char **ret_text, struct ins_error *err)
{
	static const char *const fds[] = { INS_SECCOMP_FD_NAME };
	static const struct ins_pair pair = { "a", "b" };
	const struct ins_state state = {
		.id = "i",
		.status = "running",
		.bundle = "/\xff",
		.annotations = { 1, &pair },
	};

	return ins_process_state_emit(&state, 1, "m", fds, 1, ret_text, err);
}

static int produce_features(char **ret_text, struct ins_error *err)
{
	static const char *const words[] = { "a", "b" };
	const struct ins_features features = {
		.mount_options = { 2, words },
		.seccomp_architectures = { 1, words },
	};

	return ins_features_emit(&features, ret_text, err);
}

static void allocations(void **state)
{
	(void)state;
	json_set_alloc_funcs(jansson_malloc, free);
	everything_json = with_quotes(everything);
	jansson_parses = true;
	fail_each(produce_spec);
	fail_each(produce_default);
	jansson_parses = false;
	fail_each(produce_state);
	fail_each(produce_features);
	free(everything_json);
	json_set_alloc_funcs(malloc, free);
}

/* --- texts and files -----------------------------------------------------------------------------
 */

static void not_json(void **state)
{
	(void)state;
	refuse("", "line 1, column 0: '[' or '{' expected near end of file");
	refuse("{", "line 1, column 1: string or '}' expected near end of file");
	refuse("{}x", "line 1, column 3: end of file expected near 'x'");
	refuse("{\n 'a': 1,\n 'a': 2}", "line 3, column 4: duplicate object key near ''a''");
	refuse("{'a':{'b':1,'b':1}}", "line 1, column 15: duplicate object key near ''b''");
	refuse("{'ociVersion':'1.0.0\\u0000','root':{'path':'r'}}",
		"line 1, column 27: character U+0000 in a string");
	refuse("{'a\\u0000':1}", "line 1, column 10: character U+0000 in a string");
	refuse("[1e400]", "line 1, column 6: real number overflow near '1e400'");
	refuse("[-9223372036854775809]",
		"line 1, column 21: too big negative integer near '-9223372036854775809'");
	refuse("['\xff']", "line 1, column 2: unable to decode byte 0xff near '''");
}

static void deep(void **state)
{
	enum { LEVELS = 100000 };
	cleanup_free char *text = malloc(LEVELS * 2);
	struct ins_error err = {};
	struct ins_spec *spec = NULL;

	(void)state;
	memset(text, '[', LEVELS);
	memset(text + LEVELS, ']', LEVELS);
	assert_int_equal(ins_spec_parse(text, LEVELS * 2, &spec, &err), -EINVAL);
	assert_non_null(strstr(err.text, "maximum parsing depth reached"));
}

static void large(void **state)
{
	size_t size = ((size_t)4 << 20) + 1;
	cleanup_free char *text = malloc(size);
	struct ins_error err = {};
	struct ins_spec *spec = NULL;

	(void)state;
	memset(text, ' ', size);
	assert_int_equal(ins_spec_parse(text, size, &spec, &err), -E2BIG);
	assert_string_equal(err.text, "more than 4194304 bytes");
	ins_error_clear(&err);
	assert_int_equal(ins_spec_parse(text, size - 1, &spec, &err), -EINVAL);
}

/* The most items that a text of that size can have. */
static void many(void **state)
{
	size_t size = (size_t)4 << 20, n;
	cleanup_free char *text = malloc(size);
	struct ins_error err = {};
	struct ins_spec *spec = NULL;
	const char *end = "]}}";

	(void)state;
	n = (size_t)sprintf(text, "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},\"linux\":"
				  "{\"devices\":[0");
	while (n < size - 8)
		n += (size_t)sprintf(text + n, ",0");
	n += (size_t)sprintf(text + n, "%s", end);
	assert_int_equal(ins_spec_parse(text, n, &spec, &err), -ENOMEM);
	assert_string_equal(err.text, "read the configuration: Cannot allocate memory");
}

static void files(void **state)
{
	char directory[] = "/tmp/insula-test-spec-XXXXXX";
	struct ins_error err = {};
	struct ins_spec *spec = NULL;
	cleanup_free char *json = with_quotes(CONFIG(""));
	int dir, fd;

	(void)state;
	assert_non_null(mkdtemp(directory));
	dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(ins_spec_load(dir, "config.json", &spec, &err), -ENOENT);
	assert_string_equal(err.text, "open config.json: No such file or directory");
	ins_error_clear(&err);
	fd = openat(dir, "config.json", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, "{}", 2), 2);
	assert_int_equal(ins_spec_load(dir, "config.json", &spec, &err), -EINVAL);
	assert_string_equal(err.text, "config.json: ociVersion: is required");
	ins_error_clear(&err);
	assert_int_equal(pwrite(fd, json, strlen(json), 0), strlen(json));
	assert_int_equal(ins_spec_load(dir, "config.json", &spec, &err), 0);
	assert_string_equal(spec->root_path, "r");
	ins_spec_free(spec);
	close(fd);
	unlinkat(dir, "config.json", 0);
	close(dir);
	rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(allocations),
		cmocka_unit_test(not_json),
		cmocka_unit_test(deep),
		cmocka_unit_test(large),
		cmocka_unit_test(many),
		cmocka_unit_test(files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What is a hit, and what is none. More of it, by way of the filters: test-seccomp-cache.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "base/cache.h"

static char root[] = "/tmp/insula-test-cache-XXXXXX";

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(root) ? 0 : -1;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", root);
	return system(command);
}

/* Is @value, of up to @max bytes, what the cache has for @key? */
static bool holds(const char *cache, const char *key, const char *value, size_t max)
{
	void *found;
	size_t size;
	bool same;

	if (!ins_cache_read(root, cache, key, strlen(key), max, &found, &size))
		return false;
	same = size == strlen(value) && memcmp(found, value, size) == 0;
	free(found);
	return same;
}

static void test_values(void **state)
{
	(void)state;
	assert_false(holds("one", "key", "value", 100));
	ins_cache_write(root, "one", "key", 3, "value", 5);
	assert_true(holds("one", "key", "value", 5));
	assert_false(holds("one", "key", "value", 4));
	assert_false(holds("one", "ke", "value", 100));
	assert_false(holds("two", "key", "value", 100));
	ins_cache_write(root, "one", "key", 3, "", 0);
	assert_true(holds("one", "key", "", 0));
	ins_cache_write(root, "two", "key", 3, "other", 5);
	assert_true(holds("two", "key", "other", 100));
	assert_true(holds("one", "key", "", 100));
}

/* A file that was moved, as two keys of one hash would do, holds another's key. */
static void test_moved(void **state)
{
	char from[128], to[128];

	(void)state;
	ins_cache_write(root, "moved", "a", 1, "A", 1);
	snprintf(from, sizeof(from), "%s/.cache/moved/%016llx", root,
		(unsigned long long)ins_cache_hash("a", 1));
	snprintf(to, sizeof(to), "%s/.cache/moved/%016llx", root,
		(unsigned long long)ins_cache_hash("b", 1));
	assert_int_equal(rename(from, to), 0);
	assert_false(holds("moved", "b", "A", 100));
	ins_cache_write(root, "moved", "b", 1, "B", 1);
	assert_true(holds("moved", "b", "B", 100));
	assert_int_equal(chmod(to, 0640), 0);
	assert_false(holds("moved", "b", "B", 100));
}

static void test_nowhere(void **state)
{
	void *value;
	size_t size;

	(void)state;
	ins_cache_write(NULL, "one", "key", 3, "value", 5);
	assert_false(ins_cache_read(NULL, "one", "key", 3, 100, &value, &size));
	ins_cache_write("/nonexistent", "one", "key", 3, "value", 5);
	assert_false(ins_cache_read("/nonexistent", "one", "key", 3, 100, &value, &size));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_moved),
		cmocka_unit_test(test_nowhere),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

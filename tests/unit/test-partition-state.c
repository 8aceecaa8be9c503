/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/tree.h"
#include "partition/number.h"
#include "partition/partition.h"

static char directory[] = "/tmp/insula-test-state-XXXXXX";
static int dir = -1;

static int set_up(void **state)
{
	(void)state;
	if (!mkdtemp(directory))
		return -1;
	dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
	(void)state;
	dir = ins_close(dir);
	return ins_tree_remove(AT_FDCWD, directory, NULL);
}

static void what_is_saved_is_loaded(void **state)
{
	char layers[][INS_LAYER_ID_SIZE] = { "00112233445566aa", "bbbbbbbbbbbbbbbb" };
	struct ins_snapshot snapshot = { (char *)"before", (char *)"2026-01-02T03:04:05Z",
		{ 1, layers } };
	struct ins_partition_state loaded = { 0 }, saved = { .number = 12287,
		.image = "0123456789abcdef",
		.made = (char *)"2026-01-02T03:04:05Z",
		.exit_status = 256,
		.layers = { 2, layers },
		.n_snapshots = 1,
		.snapshots = &snapshot };
	struct ins_error err = {};

	(void)state;
	assert_int_equal(ins_partition_state_save(dir, &saved, &err), 0);
	assert_int_equal(ins_partition_state_load(dir, &loaded, &err), 0);
	assert_int_equal(loaded.number, 12287);
	assert_string_equal(loaded.image, saved.image);
	assert_string_equal(loaded.made, saved.made);
	assert_int_equal(loaded.exit_status, 256);
	assert_int_equal(loaded.layers.n, 2);
	assert_string_equal(loaded.layers.v[1], "bbbbbbbbbbbbbbbb");
	assert_int_equal(loaded.n_snapshots, 1);
	assert_string_equal(loaded.snapshots[0].name, "before");
	assert_int_equal(loaded.snapshots[0].layers.n, 1);
	ins_partition_state_clear(&loaded);
}

static void what_is_broken_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"[]",
		"{}",
		"{\"number\": 12288, \"image\": \"0123456789abcdef\", \"made\": \"x\", \"layers\": "
		"[]}",
		"{\"number\": -1, \"image\": \"0123456789abcdef\", \"made\": \"x\", \"layers\": "
		"[]}",
		/* An id is a part of paths. */
		"{\"number\": 1, \"image\": \"../../../../etcx\", \"made\": \"x\", \"layers\": []}",
		"{\"number\": 1, \"image\": \"0123456789abcdef\", \"made\": \"x\", \"layers\": "
		"[\"..\"]}",
		"{\"number\": 1, \"image\": \"0123456789abcdef\", \"made\": \"x\"}",
		"{\"number\": 1, \"image\": \"0123456789abcdef\", \"layers\": []}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
		struct ins_partition_state loaded = { 0 };
		struct ins_error err = {};

		assert_int_equal(
			ins_file_write(dir, "state.json", texts[i], strlen(texts[i]), 0600, &err),
			0);
		assert_int_equal(ins_partition_state_load(dir, &loaded, &err), -EINVAL);
		assert_non_null(strstr(err.text, "state.json"));
	}
}

/* A library that has nothing but numbers; all share the directory of claims. */
static void open_claims(
	const char *name, struct ins_library *ret_library, struct ins_claims *ret_claims)
{
	char *path;

	assert_true(asprintf(&path, "%s/%s", directory, name) > 0);
	(void)mkdirat(dir, "claims", 0700);
	assert_int_equal(mkdir(path, 0700), 0);
	*ret_library = INS_LIBRARY_CLOSED;
	ret_library->path = path;
	ret_library->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(ret_library->dir, "numbers", 0700), 0);
	ret_library->numbers =
		openat(ret_library->dir, "numbers", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*ret_claims = (struct ins_claims){ ret_library,
		openat(dir, "claims", O_RDONLY | O_DIRECTORY | O_CLOEXEC) };
}

static void close_claims(struct ins_library *library, struct ins_claims *claims)
{
	char *path = (char *)library->path;

	ins_claims_close(claims);
	ins_library_close(library);
	assert_int_equal(ins_tree_remove(AT_FDCWD, path, NULL), 0);
	free(path);
}

static void numbers_are_given_once(void **state)
{
	struct ins_library library;
	struct ins_claims claims;
	struct ins_error err = {};
	char owner[64];
	uint32_t first, second, again;

	(void)state;
	open_claims("one", &library, &claims);
	assert_int_equal(ins_number_take(&claims, "web", &first, &err), 0);
	assert_int_equal(ins_number_take(&claims, "db", &second, &err), 0);
	assert_int_not_equal(first, second);
	/* Somebody who was killed has left it taken. */
	assert_int_equal(ins_number_take(&claims, "web", &again, &err), 0);
	assert_int_equal(again, first);
	assert_int_equal(ins_number_owner(library.numbers, first, owner, sizeof(owner), &err), 0);
	assert_string_equal(owner, "web");
	assert_int_equal(ins_number_give(&library, first, &err), 0);
	assert_int_equal(
		ins_number_owner(library.numbers, first, owner, sizeof(owner), &err), -ENOENT);
	/* The same name gets the same ids again. */
	assert_int_equal(ins_number_take(&claims, "web", &again, &err), 0);
	assert_int_equal(again, first);
	assert_int_equal(ins_number_give(&library, first, &err), 0);
	assert_int_equal(ins_number_give(&library, second, &err), 0);
	close_claims(&library, &claims);
}

static void two_libraries_have_no_number_in_common(void **state)
{
	struct ins_library one, two;
	struct ins_claims of_one, of_two;
	struct ins_error err = {};
	char other[PATH_MAX];
	uint32_t first, second;

	(void)state;
	open_claims("one", &one, &of_one);
	open_claims("two", &two, &of_two);
	assert_int_equal(ins_number_take(&of_one, "web", &first, &err), 0);
	assert_int_equal(ins_number_take(&of_two, "web", &second, &err), 0);
	assert_int_not_equal(first, second);
	/* What was tried is not kept. */
	assert_int_equal(ins_number_owner(two.numbers, first, other, sizeof(other), &err), -ENOENT);
	assert_int_equal(ins_claim(&of_two, first, other, &err), 0);
	assert_string_equal(other, one.path);
	assert_int_equal(ins_claim(&of_one, first, other, &err), 1);
	/* A claim counts as long as the library has the number, … */
	assert_int_equal(ins_number_give(&one, first, &err), 0);
	assert_int_equal(ins_claim(&of_two, first, other, &err), 1);
	assert_int_equal(ins_number_give(&two, second, &err), 0);
	/* … or is not to be seen. */
	assert_int_equal(unlinkat(of_one.dir, "7", 0) < 0 ? errno : 0, ENOENT);
	assert_int_equal(symlinkat("/nowhere", of_one.dir, "7"), 0);
	assert_int_equal(ins_claim(&of_one, 7, other, &err), 0);
	assert_string_equal(other, "/nowhere");
	close_claims(&one, &of_one);
	close_claims(&two, &of_two);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_saved_is_loaded),
		cmocka_unit_test(what_is_broken_is_refused),
		cmocka_unit_test(numbers_are_given_once),
		cmocka_unit_test(two_libraries_have_no_number_in_common),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

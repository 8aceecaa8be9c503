/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
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
	(void)unlinkat(dir, "state.json", 0);
	dir = ins_close(dir);
	return rmdir(directory);
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

static void numbers_are_given_once(void **state)
{
	struct ins_error err = {};
	char owner[64];
	uint32_t first, second, again;

	(void)state;
	assert_int_equal(ins_number_take(dir, "web", &first, &err), 0);
	assert_int_equal(ins_number_take(dir, "db", &second, &err), 0);
	assert_int_not_equal(first, second);
	/* Somebody who was killed has left it taken. */
	assert_int_equal(ins_number_take(dir, "web", &again, &err), 0);
	assert_int_equal(again, first);
	assert_int_equal(ins_number_owner(dir, first, owner, sizeof(owner), &err), 0);
	assert_string_equal(owner, "web");
	assert_int_equal(ins_number_give(dir, first, &err), 0);
	assert_int_equal(ins_number_owner(dir, first, owner, sizeof(owner), &err), -ENOENT);
	/* The same name gets the same ids again. */
	assert_int_equal(ins_number_take(dir, "web", &again, &err), 0);
	assert_int_equal(again, first);
	assert_int_equal(ins_number_give(dir, first, &err), 0);
	assert_int_equal(ins_number_give(dir, second, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_saved_is_loaded),
		cmocka_unit_test(what_is_broken_is_refused),
		cmocka_unit_test(numbers_are_given_once),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

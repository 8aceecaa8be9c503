/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "partition/layer.h"
#include "plan/plan.h"

static void the_newest_is_on_top(void **state)
{
	struct ins_layers layers = { 0 };

	(void)state;
	assert_int_equal(ins_layers_push(&layers, "0000000000000001", NULL), 0);
	assert_int_equal(ins_layers_push(&layers, "0000000000000002", NULL), 0);
	assert_int_equal(layers.n, 2);
	assert_string_equal(layers.v[0], "0000000000000002");
	assert_string_equal(layers.v[1], "0000000000000001");
	assert_true(ins_layers_contain(&layers, "0000000000000001"));
	assert_false(ins_layers_contain(&layers, "0000000000000003"));
	ins_layers_clear(&layers);
}

static void ids_differ(void **state)
{
	char a[INS_LAYER_ID_SIZE], b[INS_LAYER_ID_SIZE];

	(void)state;
	assert_int_equal(ins_layer_id(a, NULL), 0);
	assert_int_equal(ins_layer_id(b, NULL), 0);
	assert_int_equal(strspn(a, "0123456789abcdef"), INS_LAYER_ID_SIZE - 1);
	assert_string_not_equal(a, b);
}

/* With the image and one layer more it is what the kernel can be given. */
static void there_is_room_up_to_the_limit(void **state)
{
	struct ins_partition partition = { .name = "web1" };
	struct ins_layers layers = { .n = INS_OVERLAY_LAYERS - 2 };
	struct ins_error err = {};

	(void)state;
	assert_int_equal(ins_layers_check(&partition, &layers, &err), 0);
	layers.n++;
	assert_int_equal(ins_layers_check(&partition, &layers, &err), -E2BIG);
	assert_non_null(strstr(err.text, "web1"));
}

static void a_state_names_those_of_its_snapshots(void **state)
{
	char now[][INS_LAYER_ID_SIZE] = { "0000000000000002", "0000000000000001" };
	char then[][INS_LAYER_ID_SIZE] = { "0000000000000003" };
	struct ins_snapshot snapshot = { .layers = { 1, then } };
	struct ins_partition_state partition = {
		.layers = { 2, now }, .n_snapshots = 1, .snapshots = &snapshot
	};
	struct ins_layers all = { 0 };

	(void)state;
	assert_int_equal(ins_layers_of_state(&partition, &all, NULL), 0);
	assert_int_equal(all.n, 3);
	assert_true(ins_layers_contain(&all, "0000000000000001"));
	assert_true(ins_layers_contain(&all, "0000000000000003"));
	ins_layers_clear(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_newest_is_on_top),
		cmocka_unit_test(ids_differ),
		cmocka_unit_test(there_is_room_up_to_the_limit),
		cmocka_unit_test(a_state_names_those_of_its_snapshots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "plan-fixture.h"

static const struct ins_spec_mount dev_tmpfs = { "/dev", "tmpfs", "tmpfs", {}, {}, {} };

static void count(const struct plan_fixture *f, enum ins_op_kind kind, unsigned int expected)
{
	unsigned int n = 0;

	for (uint32_t i = 0; i < f->builder.n_staged; i++) {
		const struct ins_op *op = &f->builder.staged[i];

		assert_true(plan_fixture_holds(f, op->path));
		if (op->kind == INS_OP_SYMLINK)
			assert_true(plan_fixture_holds(f, op->text.text));
		n += op->kind == kind;
	}
	assert_int_equal(n, expected);
}

static void defaults(void **state)
{
	struct plan_fixture f;
	const struct ins_op *op;

	(void)state;
	plan_fixture_start(&f);
	f.spec.n_mounts = 1;
	f.spec.mounts = &dev_tmpfs;
	assert_int_equal(ins_dev_plan(&f.builder, &f.err), 0);
	count(&f, INS_OP_NODE_MAKE, 6);
	count(&f, INS_OP_SYMLINK, 5);
	op = plan_fixture_op(&f, INS_OP_NODE_MAKE, "/dev/full");
	assert_int_equal(op->node.type, S_IFCHR);
	assert_int_equal(op->node.major, 1);
	assert_int_equal(op->node.minor, 7);
	assert_int_equal(op->node.mode, 0666);
	assert_false(op->node.must_match || op->node.must_exist || op->node.in_image);
	op = plan_fixture_op(&f, INS_OP_SYMLINK, "/dev/ptmx");
	assert_string_equal(op->text.text, "pts/ptmx");
	plan_fixture_end(&f);

	/* Without a mount on it, it may be the host's after all. */
	plan_fixture_start(&f);
	assert_int_equal(ins_dev_plan(&f.builder, &f.err), 0);
	assert_true(plan_fixture_op(&f, INS_OP_NODE_MAKE, "/dev/null")->node.in_image);
	assert_true(plan_fixture_op(&f, INS_OP_SYMLINK, "/dev/ptmx")->text.in_image);
	plan_fixture_end(&f);
}

static void named_elsewhere(void **state)
{
	static const struct ins_spec_mount mounts[] = {
		{ "/dev/", "tmpfs", "tmpfs", {}, {}, {} },
		{ "/dev//random", "bind", "/dev/urandom", {}, {}, {} },
	};
	static const struct ins_spec_device devices[] = {
		{ .path = "/dev/null",
			.type = 'c',
			.major = 1,
			.minor = 3,
			.has_mode = true,
			.mode = 020600,
			.has_uid = true,
			.uid = 5 },
		{ .path = "/x/pipe", .type = 'p' },
		{ .path = "/dev/sda", .type = 'b', .major = 8 },
	};
	struct plan_fixture f;
	const struct ins_op *op;

	(void)state;
	plan_fixture_start(&f);
	f.spec.n_mounts = ARRAY_LENGTH(mounts);
	f.spec.mounts = mounts;
	f.spec.n_devices = ARRAY_LENGTH(devices);
	f.spec.devices = devices;
	assert_int_equal(ins_dev_plan(&f.builder, &f.err), 0);
	count(&f, INS_OP_NODE_MAKE, 7);
	assert_null(plan_fixture_op(&f, INS_OP_NODE_MAKE, "/dev/random"));
	op = plan_fixture_op(&f, INS_OP_NODE_MAKE, "/dev/null");
	assert_string_equal(op->key, "linux.devices[0]");
	assert_int_equal(op->node.mode, 0600);
	assert_int_equal(op->node.uid, 5);
	assert_true(op->node.must_match);
	assert_int_equal(plan_fixture_op(&f, INS_OP_NODE_MAKE, "/x/pipe")->node.type, S_IFIFO);
	op = plan_fixture_op(&f, INS_OP_NODE_MAKE, "/dev/sda");
	assert_int_equal(op->node.type, S_IFBLK);
	assert_int_equal(op->node.mode, 0666);
	plan_fixture_end(&f);
}

static void user_namespace(void **state)
{
	static const struct ins_spec_device devices[] = {
		{ .path = "/dev/pipe", .type = 'p' },
		{ .path = "/dev/fuse", .type = 'c', .major = 10, .minor = 229 },
	};
	struct plan_fixture f;
	const struct ins_op *op;

	(void)state;
	plan_fixture_start(&f);
	f.spec.n_mounts = 1;
	f.spec.mounts = &dev_tmpfs;
	f.spec.namespaces[INS_NS_USER].present = true;
	f.spec.n_devices = ARRAY_LENGTH(devices);
	f.spec.devices = devices;
	assert_int_equal(ins_dev_plan(&f.builder, &f.err), 0);
	count(&f, INS_OP_NODE_OPEN, 7);
	count(&f, INS_OP_NODE_ATTACH, 7);
	count(&f, INS_OP_NODE_MAKE, 1);
	count(&f, INS_OP_SOURCE_CLONE, 0);
	op = plan_fixture_op(&f, INS_OP_NODE_OPEN, "/dev/fuse");
	assert_int_equal(op->stage, INS_STAGE_PREPARE);
	assert_int_equal(op->node.minor, 229);
	assert_int_equal(op->slot, plan_fixture_op(&f, INS_OP_NODE_ATTACH, "/dev/fuse")->slot);
	plan_fixture_end(&f);

	plan_fixture_start(&f);
	f.spec.namespaces[INS_NS_USER].present = true;
	f.host.capabilities = 0;
	assert_int_equal(ins_dev_plan(&f.builder, &f.err), 0);
	count(&f, INS_OP_NODE_OPEN, 0);
	count(&f, INS_OP_SOURCE_CLONE, 6);
	plan_fixture_end(&f);
}

/* The host's /dev is not to be changed. */
static void bound(void **state)
{
	static const struct ins_spec_device device = { .path = "/dev/foo", .type = 'c' };
	struct plan_fixture f;
	struct ins_spec_mount mount = { "/dev", NULL, "/dev", STRINGS("rbind"), {}, {} };

	(void)state;
	plan_fixture_start(&f);
	f.spec.n_mounts = 1;
	f.spec.mounts = &mount;
	f.spec.n_devices = 1;
	f.spec.devices = &device;
	f.spec.namespaces[INS_NS_USER].present = true;
	assert_int_equal(ins_dev_plan(&f.builder, &f.err), 0);
	count(&f, INS_OP_NODE_MAKE, 1);
	count(&f, INS_OP_SYMLINK, 0);
	count(&f, INS_OP_NODE_ATTACH, 0);
	assert_true(plan_fixture_op(&f, INS_OP_NODE_MAKE, "/dev/foo")->node.must_exist);
	plan_fixture_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(named_elsewhere),
		cmocka_unit_test(user_namespace),
		cmocka_unit_test(bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/mount.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "plan-fixture.h"

static const struct ins_id_map some_map[] = { { 0, 1000, 1 } };

#define MAPS ((struct ins_id_maps){ 1, some_map })

/* The child has nothing of the parent's memory but the arena. */
static void check_arena(const struct plan_fixture *f)
{
	for (uint32_t i = 0; i < f->builder.n_staged; i++) {
		const struct ins_op *op = &f->builder.staged[i];
		const struct ins_fs_option *options = NULL;
		uint32_t n = 0;

		if (op->path != f->plan.rootfs)
			assert_true(plan_fixture_holds(f, op->path));
		assert_true(plan_fixture_holds(f, op->key));
		if (op->kind == INS_OP_MOUNT_FS) {
			assert_true(plan_fixture_holds(f, op->fs.fstype));
			assert_true(plan_fixture_holds(f, op->fs.source));
			assert_true(plan_fixture_holds(f, op->fs.mount_data));
			options = op->fs.options;
			n = op->fs.n_options;
		} else if (op->kind == INS_OP_MOUNT_REMOUNT) {
			options = op->remount.options;
			n = op->remount.n_options;
		}
		assert_true(plan_fixture_holds(f, options));
		for (uint32_t j = 0; j < n; j++) {
			assert_true(plan_fixture_holds(f, options[j].key));
			assert_true(plan_fixture_holds(f, options[j].value));
		}
	}
}

static int plan(struct plan_fixture *f, size_t n, const struct ins_spec_mount *mounts)
{
	int r;

	f->spec.n_mounts = n;
	f->spec.mounts = mounts;
	r = ins_mount_plan(&f->builder, &f->err);
	if (r == 0)
		r = ins_mount_finish_plan(&f->builder, &f->err);
	if (r < 0)
		assert_int_equal(f->err.code, -r);
	else
		check_arena(f);
	return r;
}

#define PLAN(f, ...)                                                            \
	plan(f, ARRAY_LENGTH(((const struct ins_spec_mount[]){ __VA_ARGS__ })), \
		(const struct ins_spec_mount[]){ __VA_ARGS__ })

#define BIND(destination, source, ...)                                 \
	{                                                              \
		destination, "bind", source, STRINGS(__VA_ARGS__), {}, \
		{                                                      \
		}                                                      \
	}
#define FS(type, destination, ...)                                 \
	{                                                          \
		destination, type, type, STRINGS(__VA_ARGS__), {}, \
		{                                                  \
		}                                                  \
	}

static void refuses(void (*change)(struct plan_fixture *f), const struct ins_spec_mount *mount,
	const char *words)
{
	struct plan_fixture f;

	plan_fixture_start(&f);
	if (change)
		change(&f);
	assert_true(plan(&f, mount ? 1 : 0, mount) < 0);
	if (!strstr(f.err.text, words))
		fail_msg("\"%s\" does not say \"%s\"", f.err.text, words);
	plan_fixture_end(&f);
}

#define REFUSES(change, words, ...) \
	refuses(change, &(const struct ins_spec_mount)__VA_ARGS__, words)

static void give_userns(struct plan_fixture *f)
{
	f->spec.namespaces[INS_NS_USER].present = true;
}

static void take_mount_namespace(struct plan_fixture *f)
{
	f->spec.namespaces[INS_NS_MOUNT].present = false;
}

static void join_mount_namespace(struct plan_fixture *f)
{
	f->spec.namespaces[INS_NS_MOUNT].path = "/proc/1/ns/mnt";
}

static void take_cgroup(struct plan_fixture *f)
{
	f->plan.cgroup = NULL;
	f->spec.namespaces[INS_NS_CGROUP].present = false;
}

static void root(void **state)
{
	struct plan_fixture f;
	const struct ins_op *op;

	(void)state;
	plan_fixture_start(&f);
	assert_int_equal(plan(&f, 0, NULL), 0);
	assert_int_equal(plan_fixture_op(&f, INS_OP_PROC_OPEN, NULL)->slot, INS_SLOT_PROC);
	op = plan_fixture_op(&f, INS_OP_ROOT_OPEN, "/bundle/rootfs");
	assert_int_equal(op->slot, INS_SLOT_ROOT);
	assert_int_equal(op->source.attrs.propagation, MS_PRIVATE);
	assert_true(op->source.attrs.propagation_recursive);
	assert_non_null(plan_fixture_op(&f, INS_OP_ROOT_PRIVATE, NULL));
	assert_null(plan_fixture_op(&f, INS_OP_ROOT_READONLY, NULL));
	assert_null(plan_fixture_op(&f, INS_OP_ROOT_PROPAGATION, NULL));
	assert_false(plan_fixture_op(&f, INS_OP_PIVOT, NULL)->pivot.chroot_only);
	plan_fixture_end(&f);
}

static void root_propagation(void **state)
{
	static const struct {
		const char *name;
		uint64_t opened, final;
		bool recursive;
	} cases[] = {
		{ "private", MS_PRIVATE, 0, false },
		{ "rslave", MS_SLAVE, 0, false },
		{ "shared", MS_SLAVE, MS_SHARED, false },
		{ "rshared", MS_SLAVE, MS_SHARED, true },
		{ "unbindable", MS_PRIVATE, MS_UNBINDABLE, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct plan_fixture f;
		const struct ins_op *op;

		plan_fixture_start(&f);
		f.spec.rootfs_propagation = cases[i].name;
		assert_int_equal(plan(&f, 0, NULL), 0);
		op = plan_fixture_op(&f, INS_OP_ROOT_OPEN, NULL);
		assert_int_equal(op->source.attrs.propagation, cases[i].opened);
		op = plan_fixture_op(&f, INS_OP_ROOT_PROPAGATION, NULL);
		assert_int_equal(op != NULL, cases[i].final != 0);
		if (op) {
			assert_int_equal(op->remount.attrs.propagation, cases[i].final);
			assert_int_equal(
				op->remount.attrs.propagation_recursive, cases[i].recursive);
		}
		plan_fixture_end(&f);
	}
}

static void bind(void **state)
{
	struct plan_fixture f;
	const struct ins_op *source, *attach;

	(void)state;
	plan_fixture_start(&f);
	assert_int_equal(PLAN(&f, BIND("data/./x", "vol", "rbind", "ro", "rnosuid"),
				 { "/n", "tmpfs", "/s", STRINGS("bind"), {}, {} }),
		0);
	source = plan_fixture_op(&f, INS_OP_SOURCE_OPEN, "/bundle/vol");
	attach = plan_fixture_op(&f, INS_OP_MOUNT_ATTACH, "/data/x");
	assert_int_equal(source->stage, INS_STAGE_PREPARE);
	assert_true(source->slot >= INS_SLOT_FIRST_FREE);
	assert_int_equal(source->slot, attach->slot);
	assert_string_equal(source->key, "mounts[0]");
	assert_true(source->source.recursive && !source->source.idmap);
	assert_int_equal(source->source.attrs.set, MOUNT_ATTR_RDONLY);
	assert_int_equal(source->source.attrs.rec_set, MOUNT_ATTR_NOSUID);
	assert_int_equal(source->source.attrs.propagation, MS_PRIVATE);
	assert_true(source->source.attrs.propagation_recursive);
	assert_int_equal(attach->attach.attrs.set, 0);
	assert_null(plan_fixture_op(&f, INS_OP_SOURCE_CLONE, NULL));
	assert_null(plan_fixture_op(&f, INS_OP_MOUNT_FS, NULL));
	assert_non_null(plan_fixture_op(&f, INS_OP_SOURCE_OPEN, "/s"));
	plan_fixture_end(&f);
	REFUSES(NULL, "mounts[0]: a bind mount needs a source",
		{ "/m", "bind", NULL, STRINGS("bind"), {}, {} });
	REFUSES(NULL, "'size'", BIND("/m", "/s", "bind", "size=1"));
	REFUSES(NULL, "mean nothing", BIND("/m", "/s", "bind", "sync"));
	REFUSES(NULL, "tmpcopyup", BIND("/m", "/s", "bind", "tmpcopyup"));
	REFUSES(NULL, "root directory", BIND("/..", "/s", "bind"));
}

static void propagation_stays_inside(void **state)
{
	static const struct {
		const char *option;
		uint64_t outside, inside;
		bool recursive;
	} cases[] = {
		{ "rshared", MS_SHARED, MS_SLAVE | MS_SHARED, true },
		{ "shared", MS_SHARED, MS_SLAVE | MS_SHARED, false },
		{ "private", MS_PRIVATE, MS_SLAVE | MS_PRIVATE, false },
		{ "rprivate", MS_PRIVATE, MS_PRIVATE, true },
		{ "slave", MS_SLAVE, MS_SLAVE, true },
		{ "unbindable", MS_UNBINDABLE, MS_SLAVE | MS_UNBINDABLE, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct plan_fixture f;
		const struct ins_op *op;

		plan_fixture_start(&f);
		assert_int_equal(PLAN(&f, BIND("/m", "/s", "rbind", cases[i].option)), 0);
		op = plan_fixture_op(&f, INS_OP_SOURCE_OPEN, NULL);
		assert_int_equal(op->source.attrs.propagation, cases[i].outside);
		plan_fixture_end(&f);
		plan_fixture_start(&f);
		give_userns(&f);
		assert_int_equal(PLAN(&f, BIND("/m", "/s", "rbind", cases[i].option)), 0);
		op = plan_fixture_op(&f, INS_OP_SOURCE_OPEN, NULL);
		assert_int_equal(op->source.attrs.propagation, cases[i].inside);
		assert_int_equal(op->source.attrs.propagation_recursive, cases[i].recursive);
		plan_fixture_end(&f);
	}
}

static void id_maps(void **state)
{
	struct plan_fixture f;
	const struct ins_op *op;

	(void)state;
	plan_fixture_start(&f);
	give_userns(&f);
	assert_int_equal(PLAN(&f, BIND("/a", "/a", "rbind", "ridmap"),
				 { "/b", NULL, "/b", STRINGS("bind", "idmap"), MAPS, MAPS },
				 { "/c", NULL, "/c", STRINGS("bind"), MAPS, MAPS }),
		0);
	op = plan_fixture_op(&f, INS_OP_SOURCE_OPEN, "/a");
	assert_int_equal(op->stage, INS_STAGE_IDMAP);
	assert_true(op->source.idmap && op->source.idmap_recursive && !op->source.n_uid);
	op = plan_fixture_op(&f, INS_OP_SOURCE_OPEN, "/b");
	assert_int_equal(op->stage, INS_STAGE_PREPARE);
	assert_true(op->source.idmap && !op->source.idmap_recursive);
	assert_int_equal(op->source.n_uid, 1);
	assert_int_equal(op->source.gid[0].host, 1000);
	assert_true(plan_fixture_op(&f, INS_OP_SOURCE_OPEN, "/c")->source.idmap);
	plan_fixture_end(&f);
	REFUSES(NULL, "uidMappings", BIND("/m", "/s", "bind", "idmap"));
	REFUSES(NULL, "only a bind", FS("tmpfs", "/m", "idmap"));
}

static void proc_is_protected(void **state)
{
	struct plan_fixture f;
	const struct ins_op *op;

	(void)state;
	plan_fixture_start(&f);
	assert_int_equal(PLAN(&f, FS("proc", "/proc", "nosuid"), FS("sysfs", "/sys", "ro"),
				 BIND("/proc/uptime", "/u", "bind"), BIND("/proc", "/p", "rbind")),
		0);
	op = plan_fixture_op(&f, INS_OP_MOUNT_FS, "/proc");
	assert_true(op->fs.proc_or_sys && op->fs.on_proc);
	op = plan_fixture_op(&f, INS_OP_MOUNT_FS, "/sys");
	assert_true(op->fs.proc_or_sys && !op->fs.on_proc);
	assert_int_equal(op->fs.n_options, 0); /* ro is an attribute: the superblock is shared */
	assert_int_equal(op->fs.attrs.set, MOUNT_ATTR_RDONLY);
	assert_true(plan_fixture_op(&f, INS_OP_MOUNT_ATTACH, "/proc/uptime")->attach.on_proc);
	assert_false(plan_fixture_op(&f, INS_OP_SOURCE_OPEN, "/u")->source.is_proc);
	assert_true(plan_fixture_op(&f, INS_OP_SOURCE_OPEN, "/p")->source.is_proc);
	assert_true(plan_fixture_op(&f, INS_OP_MOUNT_ATTACH, "/proc")->attach.strict);
	plan_fixture_end(&f);
	REFUSES(NULL, "inside /proc", BIND("/proc/self/attr", "/s", "bind"));
	REFUSES(NULL, "inside /proc", BIND("/dev/../proc//sys", "/s", "bind"));
	REFUSES(NULL, "inside /proc", FS("tmpfs", "/proc/uptime", "ro"));
	REFUSES(NULL, "inside /proc", FS("proc", "/proc/x", "ro"));
	REFUSES(NULL, "only a proc", FS("tmpfs", "/proc", "ro"));
}

static void filesystems(void **state)
{
	char lower[300] = "lowerdir=";
	struct plan_fixture f;
	const struct ins_op *op;

	(void)state;
	memset(lower + 9, 'x', sizeof(lower) - 10);
	plan_fixture_start(&f);
	f.host.has_selinux = true;
	f.spec.mount_label = "a:b:c,d";
	assert_int_equal(
		PLAN(&f, FS("tmpfs", "/a", "size=1m,mode=700", "nosuid", "noswap"),
			FS("ext4", "/b", "ro", "sync", "iversion"),
			FS("erofs", "/c", "ro", "context=\"e,f\""),
			FS("overlay", "/d", lower, "userxattr"), FS("tmpfs", "/e", "silent")),
		0);
	op = plan_fixture_op(&f, INS_OP_MOUNT_FS, "/a");
	assert_int_equal(op->fs.n_options, 4);
	assert_string_equal(op->fs.options[0].key, "size");
	assert_string_equal(op->fs.options[0].value, "1m");
	assert_string_equal(op->fs.options[1].value, "700");
	assert_string_equal(op->fs.options[2].key, "noswap");
	assert_null(op->fs.options[2].value);
	assert_string_equal(op->fs.options[3].key, "context");
	assert_string_equal(op->fs.options[3].value, "a:b:c,d");
	assert_false(op->fs.mode_of_target || op->fs.by_mount);
	op = plan_fixture_op(&f, INS_OP_MOUNT_FS, "/b");
	assert_true(op->fs.by_mount);
	assert_int_equal(op->fs.mount_flags, MS_RDONLY | MS_SYNCHRONOUS | MS_I_VERSION);
	assert_string_equal(op->fs.mount_data, "context=\"a:b:c,d\"");
	op = plan_fixture_op(&f, INS_OP_MOUNT_FS, "/c");
	assert_int_equal(op->fs.n_options, 2);
	assert_string_equal(op->fs.options[0].value, "e,f");
	assert_string_equal(op->fs.options[1].key, "ro");
	op = plan_fixture_op(&f, INS_OP_MOUNT_FS, "/d");
	assert_true(op->fs.by_mount && strncmp(op->fs.mount_data, lower, 299) == 0);
	op = plan_fixture_op(&f, INS_OP_MOUNT_FS, "/e");
	assert_true(op->fs.by_mount && op->fs.mode_of_target);
	assert_int_equal(op->fs.mount_flags, MS_SILENT);
	plan_fixture_end(&f);
	REFUSES(NULL, "type is required", { "/m", NULL, "x", {}, {}, {} });
	REFUSES(NULL, "tmpcopyup", FS("ramfs", "/m", "tmpcopyup"));
}

/* Things are still made in it: it becomes read-only at the end, through the fd that was kept. */
static void tmpfs_is_readonly_late(void **state)
{
	struct plan_fixture f;
	const struct ins_op *made, *late;

	(void)state;
	plan_fixture_start(&f);
	assert_int_equal(PLAN(&f, FS("tmpfs", "/dev", "ro", "nosuid")), 0);
	made = plan_fixture_op(&f, INS_OP_MOUNT_FS, "/dev");
	late = plan_fixture_op(&f, INS_OP_MOUNT_REMOUNT, "/dev");
	assert_int_equal(made->fs.attrs.set, MOUNT_ATTR_NOSUID);
	assert_int_equal(late->stage, INS_STAGE_ROOT);
	assert_int_equal(late->slot, made->slot);
	assert_true(late->slot != INS_NO_SLOT);
	assert_int_equal(late->remount.attrs.set, MOUNT_ATTR_RDONLY);
	plan_fixture_end(&f);
}

static void cgroup(void **state)
{
	struct plan_fixture f;
	const struct ins_op *op;

	(void)state;
	plan_fixture_start(&f);
	assert_int_equal(PLAN(&f, FS("cgroup", "/sys/fs/cgroup", "ro")), 0);
	op = plan_fixture_op(&f, INS_OP_MOUNT_FS, NULL);
	assert_string_equal(op->fs.fstype, "cgroup2");
	assert_true(op->fs.proc_or_sys && !op->fs.cgroup_fallback);
	assert_int_equal(op->slot, INS_NO_SLOT);
	plan_fixture_end(&f);

	plan_fixture_start(&f);
	give_userns(&f);
	assert_int_equal(PLAN(&f, FS("cgroup2", "/sys/fs/cgroup", "ro")), 0);
	op = plan_fixture_op(&f, INS_OP_MOUNT_FS, NULL);
	assert_true(op->fs.cgroup_fallback);
	assert_int_equal(op->slot, plan_fixture_op(&f, INS_OP_CGROUP_OPEN, NULL)->slot);
	plan_fixture_end(&f);

	plan_fixture_start(&f);
	f.spec.namespaces[INS_NS_CGROUP].present = false;
	assert_int_equal(PLAN(&f, FS("cgroup", "/sys/fs/cgroup", "ro")), 0);
	assert_null(plan_fixture_op(&f, INS_OP_MOUNT_FS, NULL));
	op = plan_fixture_op(&f, INS_OP_MOUNT_ATTACH, NULL);
	assert_int_equal(op->slot, plan_fixture_op(&f, INS_OP_CGROUP_OPEN, NULL)->slot);
	assert_int_equal(op->attach.attrs.set, MOUNT_ATTR_RDONLY);
	assert_int_equal(op->attach.attrs.propagation, MS_PRIVATE);
	assert_true(op->attach.strict);
	plan_fixture_end(&f);
	REFUSES(take_cgroup, "neither a cgroup", FS("cgroup", "/sys/fs/cgroup", "ro"));
}

static void remount(void **state)
{
	struct plan_fixture f;
	const struct ins_op *op;

	(void)state;
	plan_fixture_start(&f);
	assert_int_equal(
		PLAN(&f, FS("tmpfs", "/m", "size=1m"),
			{ "/m/", NULL, NULL, STRINGS("remount", "ro", "size=2m", "async"), {}, {} },
			{ "/", NULL, NULL, STRINGS("remount", "nosuid"), {}, {} }),
		0);
	op = plan_fixture_op(&f, INS_OP_MOUNT_REMOUNT, "/m");
	assert_int_equal(op->slot, INS_NO_SLOT);
	assert_int_equal(op->remount.n_options, 2);
	assert_string_equal(op->remount.options[1].key, "async");
	assert_int_equal(op->remount.attrs.set, MOUNT_ATTR_RDONLY);
	assert_non_null(plan_fixture_op(&f, INS_OP_MOUNT_REMOUNT, "/"));
	plan_fixture_end(&f);
	REFUSES(NULL, "earlier", { "/m", NULL, NULL, STRINGS("remount", "sync"), {}, {} });
	REFUSES(NULL, "earlier", { "/", NULL, NULL, STRINGS("remount", "size=1"), {}, {} });
	REFUSES(NULL, "iversion", { "/m", NULL, NULL, STRINGS("remount", "iversion"), {}, {} });
	REFUSES(NULL, "with 'bind'", { "/m", NULL, NULL, STRINGS("remount", "bind", "x"), {}, {} });
}

static void needs_mount_namespace(void **state)
{
	struct plan_fixture f;

	(void)state;
	REFUSES(take_mount_namespace, "mounts: needs", FS("tmpfs", "/m", "ro"));
	REFUSES(join_mount_namespace, "mounts: needs", FS("tmpfs", "/m", "ro"));
	plan_fixture_start(&f);
	take_mount_namespace(&f);
	assert_int_equal(plan(&f, 0, NULL), 0);
	assert_true(plan_fixture_op(&f, INS_OP_ROOT_OPEN, NULL)->source.in_place);
	assert_true(plan_fixture_op(&f, INS_OP_ROOT_ATTACH, NULL)->pivot.chroot_only);
	assert_true(plan_fixture_op(&f, INS_OP_PIVOT, NULL)->pivot.chroot_only);
	assert_null(plan_fixture_op(&f, INS_OP_ROOT_PRIVATE, NULL));
	plan_fixture_end(&f);
	plan_fixture_start(&f);
	take_mount_namespace(&f);
	f.spec.root_readonly = true;
	assert_true(plan(&f, 0, NULL) < 0);
	assert_non_null(strstr(f.err.text, "root.readonly"));
	plan_fixture_end(&f);
	plan_fixture_start(&f);
	give_userns(&f);
	f.args.no_pivot = true;
	assert_true(plan(&f, 0, NULL) < 0);
	plan_fixture_end(&f);
	plan_fixture_start(&f);
	f.spec.mount_label = "x";
	assert_int_equal(plan(&f, 0, NULL), -EOPNOTSUPP);
	assert_non_null(strstr(f.err.text, "linux.mountLabel"));
	plan_fixture_end(&f);
}

static void protected_paths(void **state)
{
	struct plan_fixture f;
	const struct ins_op *op;

	(void)state;
	plan_fixture_start(&f);
	f.spec.masked_paths = STRINGS("/proc/kcore", "/sys/firmware");
	f.spec.readonly_paths = STRINGS("/proc/sys");
	f.spec.root_readonly = true;
	assert_int_equal(plan(&f, 0, NULL), 0);
	op = plan_fixture_op(&f, INS_OP_MASK, "/sys/firmware");
	assert_string_equal(op->key, "linux.maskedPaths[1]");
	assert_int_equal(op->slot, plan_fixture_op(&f, INS_OP_NODE_OPEN, "/dev/null")->slot);
	assert_int_equal(op->slot, plan_fixture_op(&f, INS_OP_MASK, "/proc/kcore")->slot);
	assert_non_null(plan_fixture_op(&f, INS_OP_READONLY, "/proc/sys"));
	assert_non_null(plan_fixture_op(&f, INS_OP_ROOT_READONLY, NULL));
	plan_fixture_end(&f);
	plan_fixture_start(&f);
	f.spec.masked_paths = STRINGS("kcore");
	assert_int_equal(plan(&f, 0, NULL), -EINVAL);
	plan_fixture_end(&f);
}

/* Who has no CAP_SYS_ADMIN outside leaves the opening to the child; who may have it does both. */
static void unprivileged(void **state)
{
	struct plan_fixture f;

	(void)state;
	plan_fixture_start(&f);
	give_userns(&f);
	f.host.capabilities = 0;
	assert_int_equal(PLAN(&f, BIND("/m", "/s", "bind")), 0);
	assert_null(plan_fixture_op(&f, INS_OP_ROOT_OPEN, NULL));
	assert_null(plan_fixture_op(&f, INS_OP_SOURCE_OPEN, NULL));
	assert_int_equal(
		plan_fixture_op(&f, INS_OP_SOURCE_CLONE, "/bundle/rootfs")->slot, INS_SLOT_ROOT);
	assert_non_null(plan_fixture_op(&f, INS_OP_SOURCE_CLONE, "/s"));
	plan_fixture_end(&f);
	plan_fixture_start(&f);
	f.host.in_user_namespace = true;
	assert_int_equal(PLAN(&f, BIND("/m", "/s", "bind")), 0);
	assert_non_null(plan_fixture_op(&f, INS_OP_SOURCE_OPEN, "/s"));
	assert_non_null(plan_fixture_op(&f, INS_OP_SOURCE_CLONE, "/s"));
	plan_fixture_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(root),
		cmocka_unit_test(root_propagation),
		cmocka_unit_test(bind),
		cmocka_unit_test(propagation_stays_inside),
		cmocka_unit_test(id_maps),
		cmocka_unit_test(proc_is_protected),
		cmocka_unit_test(filesystems),
		cmocka_unit_test(tmpfs_is_readonly_late),
		cmocka_unit_test(cgroup),
		cmocka_unit_test(remount),
		cmocka_unit_test(needs_mount_namespace),
		cmocka_unit_test(protected_paths),
		cmocka_unit_test(unprivileged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

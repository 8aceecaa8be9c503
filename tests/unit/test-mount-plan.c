/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/mount.h>

#include "planner-fixture.h"

#define OWN    "{'type':'mount'},{'type':'cgroup'}"
#define USERNS OWN ",{'type':'user'}"
#define MAPS                                                         \
	",'uidMappings':[{'containerID':0,'hostID':1000,'size':1}]," \
	"'gidMappings':[{'containerID':0,'hostID':1000,'size':1}]"

#define ENTRY(destination, type, source, options, more)                        \
	"{'destination':'" destination "','type':'" type "','source':'" source \
	"','options':[" options "]" more "}"
#define BIND(destination, source, options) ENTRY(destination, "bind", source, options, "")
#define FS(type, destination, options)     ENTRY(destination, type, type, options, "")
#define REMOUNT(destination, options) \
	"{'destination':'" destination "','options':['remount'," options "]}"

#define IN(namespaces, mounts, more) \
	CONFIG(",'mounts':[" mounts "],'linux':{'namespaces':[" namespaces "]" more "}")
#define MOUNTS(mounts) IN(OWN, mounts, "")
#define NOTHING(more)  CONFIG(",'linux':{'namespaces':[" OWN "]" more "}")

static int plan_mounts(struct ins_plan_builder *builder, struct ins_error *err)
{
	int r = ins_mount_plan(builder, err);

	return r < 0 ? r : ins_mount_finish_plan(builder, err);
}

static void check_options(const struct planned *p, const struct ins_fs_option *options, uint32_t n)
{
	assert_true(is_in_arena(p, options));
	for (uint32_t i = 0; i < n; i++) {
		assert_true(is_in_arena(p, options[i].key));
		assert_true(is_in_arena(p, options[i].value));
	}
}

static void plan(struct planned *p, const char *config)
{
	p->plan.rootfs = "/bundle/r";
	p->builder.bundle = "/bundle";
	plan_with(p, plan_mounts, config);
	for (uint32_t i = 0; i < p->builder.n_staged; i++) {
		const struct ins_op *op = &p->builder.staged[i];

		assert_true(op->path == p->plan.rootfs || is_in_arena(p, op->path));
		if (op->kind == INS_OP_MOUNT_FS) {
			assert_true(is_in_arena(p, op->fs.fstype));
			assert_true(is_in_arena(p, op->fs.source));
			assert_true(is_in_arena(p, op->fs.mount_data));
			check_options(p, op->fs.options, op->fs.n_options);
		} else if (op->kind == INS_OP_MOUNT_REMOUNT) {
			check_options(p, op->remount.options, op->remount.n_options);
		}
	}
}

static void refuse_mounts(struct planned *p, const char *config, int code, const char *words)
{
	p->plan.rootfs = "/bundle/r";
	p->builder.bundle = "/bundle";
	refuse_plan(p, plan_mounts, config, code, words);
}

static void root(void **data)
{
	struct planned *p = *data;
	const struct ins_op *op;

	plan(p, NOTHING(""));
	expect_ops(p, INS_STAGE_PREPARE, "ROOT_OPEN");
	expect_ops(p, INS_STAGE_MOUNT, "ROOT_PRIVATE ROOT_ATTACH");
	expect_ops(p, INS_STAGE_ROOT, "PIVOT");
	op = get_op(p, INS_OP_ROOT_OPEN);
	assert_int_equal(op->slot, INS_SLOT_ROOT);
	assert_string_equal(op->key, "root.path");
	assert_int_equal(op->source.attrs.propagation, MS_PRIVATE);
	assert_true(op->source.attrs.propagation_recursive);
	assert_false(get_op(p, INS_OP_PIVOT)->pivot.chroot_only);
}

static void root_propagation(void **data)
{
	static const struct {
		const char *config;
		uint64_t opened, final;
		bool recursive;
	} cases[] = {
		{ NOTHING(",'rootfsPropagation':'private'"), MS_PRIVATE, 0, false },
		{ NOTHING(",'rootfsPropagation':'rslave'"), MS_SLAVE, 0, false },
		{ NOTHING(",'rootfsPropagation':'shared'"), MS_SLAVE, MS_SHARED, false },
		{ NOTHING(",'rootfsPropagation':'rshared'"), MS_SLAVE, MS_SHARED, true },
		{ NOTHING(",'rootfsPropagation':'unbindable'"), MS_PRIVATE, MS_UNBINDABLE, false },
	};
	struct planned *p = *data;

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		const struct ins_op *op;

		plan(p, cases[i].config);
		op = get_op(p, INS_OP_ROOT_OPEN);
		assert_int_equal(op->source.attrs.propagation, cases[i].opened);
		op = find_op(p, INS_OP_ROOT_PROPAGATION, 0);
		assert_int_equal(op != NULL, cases[i].final != 0);
		if (!op)
			continue;
		assert_int_equal(op->remount.attrs.propagation, cases[i].final);
		assert_int_equal(op->remount.attrs.propagation_recursive, cases[i].recursive);
	}
}

static void bind(void **data)
{
	struct planned *p = *data;
	const struct ins_op *source, *attach;

	plan(p, MOUNTS(BIND("data/./x", "vol", "'rbind','ro','rnosuid'") "," ENTRY(
			"/n", "tmpfs", "/s", "'bind'", "")));
	source = find_op_on(p, INS_OP_SOURCE_OPEN, "/bundle/vol");
	attach = find_op_on(p, INS_OP_MOUNT_ATTACH, "/data/x");
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
	assert_null(find_op(p, INS_OP_SOURCE_CLONE, 0));
	assert_null(find_op(p, INS_OP_MOUNT_FS, 0));
	assert_non_null(find_op_on(p, INS_OP_SOURCE_OPEN, "/s"));
}

static void bad_binds(void **data)
{
	struct planned *p = *data;

	refuse_mounts(p, MOUNTS("{'destination':'/m','options':['bind']}"), EINVAL,
		"mounts[0]: a bind mount needs a source");
	refuse_mounts(p, MOUNTS(BIND("/m", "/s", "'bind','size=1'")), EINVAL,
		"mounts[0]: the option 'size' means nothing to a bind mount");
	refuse_mounts(p, MOUNTS(BIND("/m", "/s", "'bind','sync'")), EINVAL,
		"mounts[0]: options of the filesystem (sync, dirsync, mand, lazytime, iversion) "
		"mean nothing to a bind mount");
	refuse_mounts(p, MOUNTS(BIND("/m", "/s", "'bind','tmpcopyup'")), EINVAL,
		"mounts[0]: tmpcopyup is for tmpfs only");
	refuse_mounts(p, MOUNTS(BIND("/..", "/s", "'bind'")), EINVAL,
		"mounts[0]: the root directory is root.path's: nothing else is mounted on it");
}

/* What is shared outside does not become so inside, wherever the copy is made. */
static void propagation_stays_inside(void **data)
{
	static const struct {
		const char *outside, *inside;
		uint64_t type, inside_type;
		bool recursive;
	} cases[] = {
#define CASE(option)                                           \
	IN(OWN, BIND("/m", "/s", "'rbind','" option "'"), ""), \
		IN(USERNS, BIND("/m", "/s", "'rbind','" option "'"), MAPS)
		{ CASE("rshared"), MS_SHARED, MS_SLAVE | MS_SHARED, true },
		{ CASE("shared"), MS_SHARED, MS_SLAVE | MS_SHARED, false },
		{ CASE("private"), MS_PRIVATE, MS_SLAVE | MS_PRIVATE, false },
		{ CASE("rprivate"), MS_PRIVATE, MS_PRIVATE, true },
		{ CASE("slave"), MS_SLAVE, MS_SLAVE, true },
		{ CASE("unbindable"), MS_UNBINDABLE, MS_SLAVE | MS_UNBINDABLE, false },
#undef CASE
	};
	struct planned *p = *data;

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		const struct ins_op *op;

		plan(p, cases[i].outside);
		op = get_op(p, INS_OP_SOURCE_OPEN);
		assert_int_equal(op->source.attrs.propagation, cases[i].type);
		plan(p, cases[i].inside);
		assert_int_equal(find_op_on(p, INS_OP_SOURCE_FIND, "/s")->stage, INS_STAGE_IDMAP);
		op = find_op_on(p, INS_OP_SOURCE_CLONE, "/s");
		assert_true(op->source.found);
		assert_int_equal(op->source.attrs.propagation, cases[i].inside_type);
		assert_int_equal(op->source.attrs.propagation_recursive, cases[i].recursive);
	}
}

/* The copy of a directory alone is the parent's, if it may: it has a slot of its own. */
static void copies_of_the_parent(void **data)
{
	struct planned *p = *data;
	const struct ins_op *alone, *whole;

	plan(p, IN(USERNS,
			BIND("/a", "/a", "'bind'") "," BIND("/b", "/b", "'rbind'") "," BIND(
				"/proc", "/proc", "'bind'"),
			MAPS));
	alone = find_op_on(p, INS_OP_SOURCE_FIND, "/a");
	assert_true(alone->source.copy_slot > 0 && alone->source.copy_slot != alone->slot);
	whole = find_op_on(p, INS_OP_SOURCE_CLONE, "/a");
	assert_int_equal(whole->source.copy_slot, alone->source.copy_slot);
	assert_int_equal(find_op_on(p, INS_OP_SOURCE_FIND, "/b")->source.copy_slot, 0);
	assert_int_equal(find_op_on(p, INS_OP_SOURCE_FIND, "/proc")->source.copy_slot, 0);
}

static void id_maps(void **data)
{
	struct planned *p = *data;
	const struct ins_op *op;

	plan(p, IN(USERNS,
			BIND("/a", "/a", "'rbind','ridmap'") "," ENTRY("/b", "bind", "/b",
				"'bind','idmap'",
				MAPS) "," ENTRY("/c", "bind", "/c", "'bind'", MAPS),
			MAPS));
	op = find_op_on(p, INS_OP_SOURCE_OPEN, "/a");
	assert_int_equal(op->stage, INS_STAGE_IDMAP);
	assert_true(op->source.idmap && op->source.idmap_recursive && !op->source.n_uid);
	op = find_op_on(p, INS_OP_SOURCE_OPEN, "/b");
	assert_int_equal(op->stage, INS_STAGE_PREPARE);
	assert_true(op->source.idmap && !op->source.idmap_recursive);
	assert_int_equal(op->source.n_uid, 1);
	assert_int_equal(op->source.gid[0].host, 1000);
	assert_true(find_op_on(p, INS_OP_SOURCE_OPEN, "/c")->source.idmap);
	refuse_mounts(p, MOUNTS(BIND("/m", "/s", "'bind','idmap'")), EINVAL,
		"mounts[0]: an id-mapped mount needs uidMappings and gidMappings, or a user "
		"namespace");
	refuse_mounts(p, MOUNTS(FS("tmpfs", "/m", "'idmap'")), EINVAL,
		"mounts[0]: only a bind mount can be id-mapped");
}

static void proc(void **data)
{
	struct planned *p = *data;
	const struct ins_op *op;

	plan(p, MOUNTS(FS("proc", "/proc", "'nosuid'") "," FS("sysfs", "/sys", "'ro'") "," BIND(
			"/proc/uptime", "/u", "'bind'") "," BIND("/proc", "/p", "'rbind'")));
	op = find_op_on(p, INS_OP_MOUNT_FS, "/proc");
	assert_true(op->fs.proc_or_sys && op->fs.on_proc);
	op = find_op_on(p, INS_OP_MOUNT_FS, "/sys");
	assert_true(op->fs.proc_or_sys && !op->fs.on_proc);
	/* Read-only as a mount: its superblock is shared with others. */
	assert_int_equal(op->fs.n_options, 0);
	assert_int_equal(op->fs.attrs.set, MOUNT_ATTR_RDONLY);
	assert_true(find_op_on(p, INS_OP_MOUNT_ATTACH, "/proc/uptime")->attach.on_proc);
	assert_false(find_op_on(p, INS_OP_SOURCE_OPEN, "/u")->source.is_proc);
	assert_true(find_op_on(p, INS_OP_SOURCE_OPEN, "/p")->source.is_proc);
	assert_true(find_op_on(p, INS_OP_MOUNT_ATTACH, "/proc")->attach.strict);
}

static void proc_is_protected(void **data)
{
	struct planned *p = *data;

	refuse_mounts(p, MOUNTS(BIND("/proc/self/attr", "/s", "'bind'")), EPERM,
		"mounts[0]: /proc/self/attr cannot be mounted on: it is inside /proc");
	refuse_mounts(p, MOUNTS(BIND("/dev/../proc//sys", "/s", "'bind'")), EPERM,
		"mounts[0]: /proc/sys cannot be mounted on: it is inside /proc");
	refuse_mounts(p, MOUNTS(FS("tmpfs", "/proc/uptime", "")), EPERM,
		"mounts[0]: /proc/uptime cannot be mounted on: it is inside /proc");
	refuse_mounts(p, MOUNTS(FS("proc", "/proc/x", "")), EPERM,
		"mounts[0]: /proc/x cannot be mounted on: it is inside /proc");
	refuse_mounts(p, MOUNTS(FS("tmpfs", "/proc", "")), EPERM,
		"mounts[0]: only a proc filesystem may be mounted on /proc");
}

static void filesystems(void **data)
{
	struct planned *p = *data;
	const struct ins_op *op;

	p->host.has_selinux = true;
	plan(p, IN(OWN,
			FS("tmpfs", "/a", "'size=1m,mode=700','nosuid','noswap'") "," FS("erofs",
				"/c", "'ro','context=\\'e,f\\''") "," FS("proc", "/proc", ""),
			",'mountLabel':'a:b:c,d'"));
	op = find_op_on(p, INS_OP_MOUNT_FS, "/a");
	assert_int_equal(op->fs.n_options, 4);
	assert_string_equal(op->fs.options[0].key, "size");
	assert_string_equal(op->fs.options[0].value, "1m");
	assert_string_equal(op->fs.options[1].value, "700");
	assert_string_equal(op->fs.options[2].key, "noswap");
	assert_null(op->fs.options[2].value);
	assert_string_equal(op->fs.options[3].key, "context");
	assert_string_equal(op->fs.options[3].value, "a:b:c,d");
	assert_int_equal(op->fs.attrs.set, MOUNT_ATTR_NOSUID);
	assert_false(op->fs.mode_of_target || op->fs.by_mount);
	op = find_op_on(p, INS_OP_MOUNT_FS, "/c");
	assert_int_equal(op->fs.n_options, 2);
	assert_string_equal(op->fs.options[0].value, "e,f");
	assert_string_equal(op->fs.options[1].key, "ro");
	assert_int_equal(find_op_on(p, INS_OP_MOUNT_FS, "/proc")->fs.n_options, 0);
	refuse_mounts(p, MOUNTS("{'destination':'/m','source':'x'}"), EINVAL,
		"mounts[0]: type is required unless the options hold 'bind' or 'rbind'");
	refuse_mounts(p, MOUNTS(FS("ramfs", "/m", "'tmpcopyup'")), EINVAL,
		"mounts[0]: tmpcopyup is for tmpfs only");
}

#define X50  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define LONG "lowerdir=" X50 X50 X50 X50 X50 X50

/* What fsconfig(2) has no words for, or takes no value that long. */
static void by_mount(void **data)
{
	struct planned *p = *data;
	const struct ins_op *op;

	p->host.has_selinux = true;
	plan(p, IN(OWN,
			FS("ext4", "/a", "'ro','sync','iversion'") "," FS("overlay", "/b",
				"'" LONG "','userxattr'") "," FS("tmpfs", "/c", "'silent'"),
			",'mountLabel':'l,m'"));
	op = find_op_on(p, INS_OP_MOUNT_FS, "/a");
	assert_true(op->fs.by_mount);
	assert_int_equal(op->fs.mount_flags, MS_RDONLY | MS_SYNCHRONOUS | MS_I_VERSION);
	assert_string_equal(op->fs.mount_data, "context=\"l,m\"");
	op = find_op_on(p, INS_OP_MOUNT_FS, "/b");
	assert_true(op->fs.by_mount);
	assert_string_equal(op->fs.mount_data, LONG ",userxattr,context=\"l,m\"");
	op = find_op_on(p, INS_OP_MOUNT_FS, "/c");
	assert_true(op->fs.by_mount && op->fs.mode_of_target);
	assert_int_equal(op->fs.mount_flags, MS_SILENT);
}

/* Things are still made in it: it becomes read-only at the end, through the fd that was kept. */
static void tmpfs_is_readonly_late(void **data)
{
	struct planned *p = *data;
	const struct ins_op *made, *late;

	plan(p, MOUNTS(FS("tmpfs", "/dev", "'ro','nosuid'")));
	made = get_op(p, INS_OP_MOUNT_FS);
	late = get_op(p, INS_OP_MOUNT_REMOUNT);
	assert_int_equal(made->fs.attrs.set, MOUNT_ATTR_NOSUID);
	assert_int_equal(late->stage, INS_STAGE_ROOT);
	assert_int_equal(late->slot, made->slot);
	assert_true(late->slot != INS_NO_SLOT);
	assert_int_equal(late->remount.attrs.set, MOUNT_ATTR_RDONLY);
}

static void cgroup(void **data)
{
	struct planned *p = *data;
	const struct ins_op *op;

	p->plan.cgroup = "/c";
	plan(p, MOUNTS(FS("cgroup", "/sys/fs/cgroup", "'ro'")));
	op = get_op(p, INS_OP_MOUNT_FS);
	assert_string_equal(op->fs.fstype, "cgroup2");
	assert_true(op->fs.proc_or_sys && !op->fs.cgroup_fallback);
	assert_int_equal(op->slot, INS_NO_SLOT);

	plan(p, IN(USERNS, FS("cgroup2", "/sys/fs/cgroup", "'ro'"), MAPS));
	op = get_op(p, INS_OP_MOUNT_FS);
	assert_true(op->fs.cgroup_fallback);
	assert_int_equal(op->slot, get_op(p, INS_OP_CGROUP_OPEN)->slot);

	plan(p, IN("{'type':'mount'}", FS("cgroup", "/sys/fs/cgroup", "'ro'"), ""));
	assert_null(find_op(p, INS_OP_MOUNT_FS, 0));
	op = get_op(p, INS_OP_MOUNT_ATTACH);
	assert_int_equal(op->slot, get_op(p, INS_OP_CGROUP_OPEN)->slot);
	assert_int_equal(op->attach.attrs.set, MOUNT_ATTR_RDONLY);
	assert_int_equal(op->attach.attrs.propagation, MS_PRIVATE);
	assert_true(op->attach.strict);
}

/* Without a cgroup of its own the container is in its caller's: the test's. */
static void own_cgroup(void **data)
{
	struct planned *p = *data;
	const struct ins_op *op;

	strcpy(p->host.cgroup_mount, "/cgroup2");
	plan(p, IN("{'type':'mount'}", FS("cgroup", "/sys/fs/cgroup", "'ro'"), ""));
	assert_null(find_op(p, INS_OP_CGROUP_OPEN, 0));
	op = get_op(p, INS_OP_SOURCE_OPEN);
	assert_true(strncmp(op->path, "/cgroup2/", 9) == 0);
	assert_int_equal(get_op(p, INS_OP_MOUNT_ATTACH)->slot, op->slot);
	assert_int_equal(get_op(p, INS_OP_MOUNT_ATTACH)->attach.attrs.set, MOUNT_ATTR_RDONLY);

	p->host.cgroup_mount[0] = '\0';
	refuse_mounts(p, IN("{'type':'mount'}", FS("cgroup", "/sys/fs/cgroup", "'ro'"), ""),
		EOPNOTSUPP, "mounts[0]: no cgroup2 hierarchy is mounted that could be shown");
}

static void remount(void **data)
{
	struct planned *p = *data;
	const struct ins_op *op;

	plan(p, MOUNTS(FS("tmpfs", "/m", "'size=1m'") "," REMOUNT(
			"/m/", "'ro','size=2m','async'") "," REMOUNT("/", "'nosuid'")));
	op = find_op_on(p, INS_OP_MOUNT_REMOUNT, "/m");
	assert_int_equal(op->slot, INS_NO_SLOT);
	assert_int_equal(op->remount.n_options, 2);
	assert_string_equal(op->remount.options[1].key, "async");
	assert_int_equal(op->remount.attrs.set, MOUNT_ATTR_RDONLY);
	assert_non_null(find_op_on(p, INS_OP_MOUNT_REMOUNT, "/"));
}

/* It would change the host's filesystem. */
static void bad_remounts(void **data)
{
	static const char earlier[] =
		"mounts[0]: a remount can change the options of a filesystem only where an earlier "
		"entry has mounted one";
	struct planned *p = *data;

	refuse_mounts(p, MOUNTS(REMOUNT("/m", "'sync'")), EINVAL, earlier);
	refuse_mounts(p, MOUNTS(REMOUNT("/", "'size=1'")), EINVAL, earlier);
	refuse_mounts(p, MOUNTS(REMOUNT("/m", "'iversion'")), EOPNOTSUPP,
		"mounts[0]: iversion and noiversion are not supported with remount");
	refuse_mounts(p, MOUNTS(REMOUNT("/m", "'bind','x'")), EINVAL,
		"mounts[0]: with 'bind' a remount changes the mount, not the filesystem");
}

static void without_mount_namespace(void **data)
{
	struct planned *p = *data;

	plan(p, CONFIG(""));
	assert_true(get_op(p, INS_OP_ROOT_OPEN)->source.in_place);
	assert_true(get_op(p, INS_OP_ROOT_ATTACH)->pivot.chroot_only);
	assert_true(get_op(p, INS_OP_PIVOT)->pivot.chroot_only);
	assert_null(find_op(p, INS_OP_ROOT_PRIVATE, 0));
	refuse_mounts(p, IN("", FS("tmpfs", "/m", ""), ""), EINVAL,
		"mounts: needs a new mount namespace in linux.namespaces");
	refuse_mounts(p, IN("{'type':'mount','path':'/n/mnt'}", FS("tmpfs", "/m", ""), ""), EINVAL,
		"mounts: needs a new mount namespace in linux.namespaces");
	refuse_mounts(p, LINUX("'maskedPaths':['/proc/kcore']"), EINVAL,
		"linux.maskedPaths: needs a new mount namespace in linux.namespaces");
	refuse_mounts(p, LINUX("'readonlyPaths':['/proc/sys']"), EINVAL,
		"linux.readonlyPaths: needs a new mount namespace in linux.namespaces");
	refuse_mounts(p, LINUX("'rootfsPropagation':'slave'"), EINVAL,
		"linux.rootfsPropagation: needs a new mount namespace in linux.namespaces");
}

static void refused_by_circumstances(void **data)
{
	struct planned *p = *data;

	refuse_mounts(p, NOTHING(",'mountLabel':'x'"), EOPNOTSUPP,
		"linux.mountLabel: SELinux is not enabled on this host");
	p->args.no_pivot = true;
	refuse_mounts(
		p, IN(USERNS, "", MAPS), EINVAL, "--no-pivot is not safe in a user namespace");
}

static void protected_paths(void **data)
{
	struct planned *p = *data;
	const struct ins_op *op;

	plan(p, NOTHING(",'maskedPaths':['/proc/kcore','/sys/firmware'],"
			"'readonlyPaths':['/proc/sys']"));
	expect_ops(p, INS_STAGE_ROOT, "PIVOT READONLY MASK MASK");
	op = find_op_on(p, INS_OP_MASK, "/sys/firmware");
	assert_string_equal(op->key, "linux.maskedPaths[1]");
	assert_int_equal(op->slot, find_op_on(p, INS_OP_NODE_OPEN, "/dev/null")->slot);
	assert_int_equal(op->slot, find_op_on(p, INS_OP_MASK, "/proc/kcore")->slot);
}

/* Who has no CAP_SYS_ADMIN outside leaves the opening to the child; who may have it does both. */
static void unprivileged(void **data)
{
	struct planned *p = *data;

	p->host.capabilities = 0;
	plan(p, IN(USERNS, BIND("/m", "/s", "'bind'"), MAPS));
	expect_ops(p, INS_STAGE_PREPARE, "");
	expect_ops(p, INS_STAGE_MOUNT,
		"ROOT_PRIVATE SOURCE_CLONE SOURCE_CLONE ROOT_ATTACH MOUNT_ATTACH");
	assert_int_equal(find_op_on(p, INS_OP_SOURCE_CLONE, "/bundle/r")->slot, INS_SLOT_ROOT);
	assert_non_null(find_op_on(p, INS_OP_SOURCE_CLONE, "/s"));
	refuse_mounts(p, IN(USERNS, BIND("/m", "/s", "'bind','idmap'"), MAPS), EPERM,
		"mounts[0]: an id-mapped mount needs CAP_SYS_ADMIN in the runtime");

	p->host.capabilities = UINT64_MAX;
	p->host.in_user_namespace = true;
	plan(p, MOUNTS(BIND("/m", "/s", "'bind'")));
	assert_non_null(find_op_on(p, INS_OP_SOURCE_OPEN, "/s"));
	assert_non_null(find_op_on(p, INS_OP_SOURCE_CLONE, "/s"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		plan_test(root),
		plan_test(root_propagation),
		plan_test(bind),
		plan_test(bad_binds),
		plan_test(propagation_stays_inside),
		plan_test(copies_of_the_parent),
		plan_test(id_maps),
		plan_test(proc),
		plan_test(proc_is_protected),
		plan_test(filesystems),
		plan_test(by_mount),
		plan_test(tmpfs_is_readonly_late),
		plan_test(cgroup),
		plan_test(own_cgroup),
		plan_test(remount),
		plan_test(bad_remounts),
		plan_test(without_mount_namespace),
		plan_test(refused_by_circumstances),
		plan_test(protected_paths),
		plan_test(unprivileged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

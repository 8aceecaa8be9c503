/* SPDX-License-Identifier: Apache-2.0 */
/* The devices that every container has (config-linux.md, "Default Devices"), those of
 * linux.devices, and the links of runtime-linux.md. */
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/path.h"
#include "plan/build.h"

/* What the last of mounts[] that is mounted on /dev makes of it. */
enum dev_kind {
	DEV_OF_IMAGE, /* nothing: the directory of the root file system */
	DEV_OF_MOUNT, /* a filesystem of the container's own */
	DEV_OF_HOST,  /* a bind: somebody else's directory, in which nothing is made */
};

struct default_device {
	const char *path;
	uint32_t major, minor;
};

static const struct default_device default_devices[] = {
	{ "/dev/null", 1, 3 },
	{ "/dev/zero", 1, 5 },
	{ "/dev/full", 1, 7 },
	{ "/dev/random", 1, 8 },
	{ "/dev/urandom", 1, 9 },
	{ "/dev/tty", 5, 0 },
};

static const struct {
	const char *path, *target;
} links[] = {
	{ "/dev/fd", "/proc/self/fd" },
	{ "/dev/stdin", "/proc/self/fd/0" },
	{ "/dev/stdout", "/proc/self/fd/1" },
	{ "/dev/stderr", "/proc/self/fd/2" },
	{ "/dev/ptmx", "pts/ptmx" },
};

static bool has_option(const struct ins_spec_mount *mount, const char *name)
{
	for (size_t i = 0; i < mount->options.n; i++) {
		if (strcmp(mount->options.v[i], name) == 0)
			return true;
	}
	return false;
}

/* Whether a path of the configuration is @path, however it is written. */
static bool is_path(const char *written, const char *path)
{
	char clean[PATH_MAX];

	return written && ins_path_clean(written, clean, sizeof(clean)) >= 0 &&
	       strcmp(clean, path) == 0;
}

static enum dev_kind find_dev(const struct ins_spec *spec)
{
	enum dev_kind kind = DEV_OF_IMAGE;

	for (size_t i = 0; i < spec->n_mounts; i++) {
		const struct ins_spec_mount *mount = &spec->mounts[i];

		if (!is_path(mount->destination, "/dev") || has_option(mount, "remount"))
			continue;
		kind = has_option(mount, "bind") || has_option(mount, "rbind") ? DEV_OF_HOST
									       : DEV_OF_MOUNT;
	}
	return kind;
}

/* The configuration itself says what is to be there. */
static bool is_taken(const struct ins_spec *spec, const char *path)
{
	for (size_t i = 0; i < spec->n_mounts; i++) {
		if (is_path(spec->mounts[i].destination, path))
			return true;
	}
	for (size_t i = 0; i < spec->n_devices; i++) {
		if (is_path(spec->devices[i].path, path))
			return true;
	}
	return false;
}

/* mknod(2) of a device wants CAP_MKNOD in the initial user namespace. Elsewhere the host's device
 * is bound, which needs a mount namespace. */
static bool has_to_bind(const struct ins_plan_builder *builder, uint32_t type)
{
	return type != S_IFIFO && ins_plan_has_own(builder, INS_NS_MOUNT) &&
	       (ins_plan_has_userns(builder) || builder->host->in_user_namespace);
}

static int add_source(struct ins_plan_builder *builder, enum ins_stage stage, enum ins_op_kind kind,
	int32_t slot, const struct ins_op *node, const char *key, struct ins_error *err)
{
	struct ins_op *op;
	int r = ins_plan_add(builder, stage, kind, &op, err, "%s", key);

	if (r < 0)
		return r;
	op->slot = slot;
	op->path = node->path;
	if (kind == INS_OP_NODE_OPEN)
		op->node = node->node;
	return 0;
}

/* @node: path, in the plan's arena, and node. */
static int add_node(struct ins_plan_builder *builder, const struct ins_op *node, const char *key,
	struct ins_error *err)
{
	bool bind = has_to_bind(builder, node->node.type) && !node->node.must_exist;
	int32_t slot = bind ? ins_plan_new_slot(builder) : INS_NO_SLOT;
	struct ins_op *op;
	int r = 0;

	if (bind && ins_plan_parent_clones(builder))
		r = add_source(builder, INS_STAGE_PREPARE, INS_OP_NODE_OPEN, slot, node, key, err);
	if (r == 0 && bind && ins_plan_child_clones(builder))
		r = add_source(builder, INS_STAGE_MOUNT, INS_OP_SOURCE_CLONE, slot, node, key, err);
	if (r == 0)
		r = ins_plan_add(builder, INS_STAGE_MOUNT,
			bind ? INS_OP_NODE_ATTACH : INS_OP_NODE_MAKE, &op, err, "%s", key);
	if (r < 0)
		return r;
	op->slot = slot;
	op->path = node->path;
	op->node = node->node;
	return 0;
}

static int add_default_devices(
	struct ins_plan_builder *builder, enum dev_kind dev, struct ins_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LENGTH(default_devices); i++) {
		const struct default_device *device = &default_devices[i];
		struct ins_op node = { 0 };

		if (is_taken(builder->spec, device->path))
			continue;
		node.node.type = S_IFCHR;
		node.node.mode = 0666;
		node.node.major = device->major;
		node.node.minor = device->minor;
		node.node.in_image = dev == DEV_OF_IMAGE;
		r = ins_plan_strdup(builder, device->path, &node.path, err);
		if (r == 0)
			r = add_node(builder, &node, "", err);
	}
	return r;
}

static int add_device(
	struct ins_plan_builder *builder, size_t i, enum dev_kind dev, struct ins_error *err)
{
	const struct ins_spec_device *device = &builder->spec->devices[i];
	char key[40], clean[PATH_MAX];
	struct ins_op node = { 0 };
	int r;

	snprintf(key, sizeof(key), "linux.devices[%zu]", i);
	r = ins_path_clean(device->path, clean, sizeof(clean));
	if (r < 0)
		return ins_error_key(err, -r, key, "path is too long");
	r = ins_plan_strdup(builder, clean, &node.path, err);
	if (r < 0)
		return r;
	node.node.type = device->type == 'b' ? S_IFBLK : device->type == 'p' ? S_IFIFO : S_IFCHR;
	node.node.mode = device->has_mode ? device->mode & 07777 : 0666;
	node.node.major = device->major;
	node.node.minor = device->minor;
	node.node.uid = device->uid;
	node.node.gid = device->gid;
	node.node.must_match = true;
	if (ins_path_is_below(clean, "/dev")) {
		node.node.must_exist = dev == DEV_OF_HOST;
		node.node.in_image = dev == DEV_OF_IMAGE;
	}
	return add_node(builder, &node, key, err);
}

static int add_links(struct ins_plan_builder *builder, enum dev_kind dev, struct ins_error *err)
{
	for (size_t i = 0; i < ARRAY_LENGTH(links); i++) {
		struct ins_op *op;
		int r;

		if (is_taken(builder->spec, links[i].path))
			continue;
		r = ins_plan_add(builder, INS_STAGE_MOUNT, INS_OP_SYMLINK, &op, err, "%s", "");
		if (r == 0)
			r = ins_plan_strdup(builder, links[i].path, &op->path, err);
		if (r == 0)
			r = ins_plan_strdup(builder, links[i].target, &op->text.text, err);
		if (r < 0)
			return r;
		op->text.in_image = dev == DEV_OF_IMAGE;
	}
	return 0;
}

int ins_dev_plan(struct ins_plan_builder *builder, struct ins_error *err)
{
	enum dev_kind dev = find_dev(builder->spec);
	int r = 0;

	/* Whoever binds a /dev brings its content along; it would be changed for its owner too. */
	if (dev != DEV_OF_HOST)
		r = add_default_devices(builder, dev, err);
	for (size_t i = 0; r == 0 && i < builder->spec->n_devices; i++)
		r = add_device(builder, i, dev, err);
	if (r == 0 && dev != DEV_OF_HOST)
		r = add_links(builder, dev, err);
	return r;
}

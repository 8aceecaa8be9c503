/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base/error.h"
#include "partition/bundle_directory.h"
#include "partition/bundle_mounts.h"
#include "partition/setting.h"

struct building {
	struct ins_emit *emit;
	json_t *mounts;
	const struct ins_bundle_mounts *what;
};

static void put_mount(struct building *building, const char *destination, const char *type,
	const char *source, const char *const *options)
{
	struct ins_emit *emit = building->emit;
	json_t *mount = json_object();
	size_t n = 0;

	while (options[n])
		n++;
	ins_emit_string(emit, mount, "destination", destination);
	ins_emit_string(emit, mount, "type", type);
	ins_emit_string(emit, mount, "source", source);
	ins_emit_strings(emit, mount, "options", options, n);
	ins_emit_append(emit, building->mounts, mount);
}

#define OPTIONS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void put_usual_mounts(struct building *building)
{
	put_mount(building, "/proc", "proc", "proc", OPTIONS("nosuid", "noexec", "nodev"));
	put_mount(building, "/dev", "tmpfs", "tmpfs",
		OPTIONS("nosuid", "strictatime", "mode=755", "size=1m"));
	/* All of the host share kernel.pty.max terminals, 4096 usually: one that takes all it can leaves enough. */
	put_mount(building, "/dev/pts", "devpts", "devpts",
		OPTIONS("nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5",
			"max=128"));
	put_mount(building, "/dev/shm", "tmpfs", "shm",
		OPTIONS("nosuid", "noexec", "nodev", "mode=1777", "size=64m"));
	put_mount(
		building, "/dev/mqueue", "mqueue", "mqueue", OPTIONS("nosuid", "noexec", "nodev"));
	/* sysfs is that of the network namespace: with the host's it would be the host's. */
	if (building->what->has_network)
		put_mount(building, "/sys", "sysfs", "sysfs",
			OPTIONS("nosuid", "noexec", "nodev", "ro"));
	else
		put_mount(building, "/sys", "none", "/sys",
			OPTIONS("rbind", "nosuid", "noexec", "nodev", "rro"));
	put_mount(building, "/sys/fs/cgroup", "cgroup", "cgroup",
		OPTIONS("nosuid", "noexec", "nodev", "relatime",
			building->what->boots ? "rw" : "ro"));
	if (!building->what->boots)
		return;
	put_mount(building, "/run", "tmpfs", "tmpfs",
		OPTIONS("nosuid", "nodev", "mode=755", "size=64m"));
	put_mount(building, "/tmp", "tmpfs", "tmpfs", OPTIONS("nosuid", "nodev", "mode=1777"));
}

static void put_views(struct building *building)
{
	for (size_t i = 0; i < building->what->views->n; i++) {
		char source[PATH_MAX];

		snprintf(source, sizeof(source), INS_VIEWS_DIRECTORY "%s",
			building->what->views->v[i]);
		put_mount(building, building->what->views->v[i], "none", source,
			OPTIONS("bind", "ro", "nosuid", "noexec", "nodev"));
	}
}

static int put_own_file(
	struct building *building, const char *file, const char *destination, struct ins_error *err)
{
	const struct ins_partition *partition = building->what->partition;
	char path[PATH_MAX];
	int r = ins_bundle_directory_path(
		partition->context, partition->name, file, path, sizeof(path), err);

	if (r == 0)
		put_mount(building, destination, "none", path,
			OPTIONS("bind", "ro", "nosuid", "noexec", "nodev"));
	return r;
}

int ins_bundle_check_mounts(const struct ins_definition *definition, struct ins_error *err)
{
	const struct ins_definition_value *wanted = &definition->values[INS_SETTING_MOUNT];

	for (size_t i = 0; i < wanted->n; i++) {
		struct ins_setting_mount mount;
		char source[PATH_MAX];

		if (ins_setting_mount(wanted->v[i], &mount) < 0)
			continue;
		snprintf(source, sizeof(source), "%.*s", (int)mount.source.size, mount.source.text);
		if (access(source, F_OK) < 0)
			return ins_error_set(err, errno, "mount: %s", source);
	}
	return 0;
}

static void put_wanted_mounts(struct building *building)
{
	const struct ins_definition_value *wanted =
		&building->what->partition->definition.values[INS_SETTING_MOUNT];

	for (size_t i = 0; i < wanted->n; i++) {
		struct ins_setting_mount mount;
		char source[PATH_MAX], target[PATH_MAX];

		if (ins_setting_mount(wanted->v[i], &mount) < 0)
			continue;
		snprintf(source, sizeof(source), "%.*s", (int)mount.source.size, mount.source.text);
		snprintf(target, sizeof(target), "%.*s", (int)mount.target.size, mount.target.text);
		put_mount(building, target, "none", source,
			OPTIONS("rbind", mount.readonly ? "rro" : "rw", "nosuid", "nodev"));
	}
}

int ins_bundle_emit_mounts(struct ins_emit *emit, json_t *root,
	const struct ins_bundle_mounts *what, struct ins_error *err)
{
	struct building building = { emit, ins_emit_array(emit, root, "mounts"), what };
	int r;

	put_usual_mounts(&building);
	put_views(&building);
	/* A socket on a read-only mount can be written to. */
	if (what->notify)
		put_mount(&building, INS_NOTIFY_INSIDE, "none", what->notify,
			OPTIONS("bind", "ro", "nosuid", "noexec", "nodev"));
	r = put_own_file(&building, "boot_id", "/proc/sys/kernel/random/boot_id", err);
	/* Inits take the name from there, and templates may have one of where they were made. */
	if (r == 0 && what->boots)
		r = put_own_file(&building, "hostname", "/etc/hostname", err);
	if (!what->boots) {
		if (r == 0)
			r = put_own_file(&building, "hosts", "/etc/hosts", err);
		if (r == 0)
			r = put_own_file(&building, "resolv.conf", "/etc/resolv.conf", err);
	}
	/* A source that is not there is told of here, where it still has the name that a person gave it. */
	if (r == 0)
		r = ins_bundle_check_mounts(&what->partition->definition, err);
	if (r == 0)
		put_wanted_mounts(&building);
	return r;
}

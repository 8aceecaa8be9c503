/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/tree.h"
#include "partition/copy.h"
#include "partition/disk.h"
#include "partition/layer.h"
#include "partition/make.h"
#include "partition/own.h"
#include "sys/bare.h"

static bool is_there(int dirfd, const char *name)
{
	return faccessat(dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* The root directory of a guest is that of the topmost layer: a new one must not look otherwise. */
int ins_own_inherit(const struct ins_library *library, int dir, const struct ins_layers *layers,
	struct ins_error *err)
{
	cleanup_fd int from = -1, to = -1;

	if (layers->n == 0)
		return 0;
	from = openat(
		library->layers, layers->v[0], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (from < 0)
		return ins_error_set(
			err, errno, "open the layer %s/layers/%s", library->path, layers->v[0]);
	to = openat(dir, "own/upper", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (to < 0)
		return ins_error_set(err, errno, "open own/upper");
	return ins_copy_attributes(from, to, false, err);
}

/* Attributes come from the topmost layer that has the directory: so @etc is where they are taken from. */
static int hide_machine_id(int dir, int etc, struct ins_error *err)
{
	cleanup_fd int to = -1, file = -1;
	int r;

	if (mkdirat(dir, "own/upper/etc", 0700) < 0)
		return ins_error_set(err, errno, "make own/upper/etc");
	to = openat(dir, "own/upper/etc", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (to < 0)
		return ins_error_set(err, errno, "open own/upper/etc");
	r = ins_copy_attributes(etc, to, false, err);
	if (r < 0)
		return r;
	file = openat(to, "machine-id", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0444);
	return file < 0 || fchmod(file, 0444) < 0
		       ? ins_error_set(err, errno, "make own/upper/etc/machine-id")
		       : 0;
}

int ins_own_new_machine_id(const struct ins_library *library, int dir,
	const struct ins_layers *layers, struct ins_error *err)
{
	cleanup_fd int top = -1;

	for (size_t i = 0; i < layers->n; i++) {
		const struct open_how how = { .flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
			.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS };
		char path[INS_LAYER_ID_SIZE + sizeof("/etc")];
		cleanup_fd int etc = -1;
		struct stat s;

		snprintf(path, sizeof(path), "%s/etc", layers->v[i]);
		etc = (int)ins_sys(openat2, library->layers, path, &how, sizeof(how));
		if (etc < 0)
			continue;
		if (top < 0)
			top = fcntl(etc, F_DUPFD_CLOEXEC, 0);
		if (fstatat(etc, "machine-id", &s, AT_SYMLINK_NOFOLLOW) == 0)
			return S_ISREG(s.st_mode) && s.st_size > 0 ? hide_machine_id(dir, top, err)
								   : 0;
	}
	return 0;
}

static int renew(const struct ins_partition *partition, struct ins_error *err)
{
	int r = ins_tree_remove(partition->dir, "own", err);

	if (r == 0)
		r = ins_partition_make_own(partition->dir, err);
	if (r == 0)
		r = ins_own_inherit(
			&partition->library, partition->dir, &partition->state.layers, err);
	return r < 0 ? r : ins_disk_renew(partition, err);
}

static int hand_over(const struct ins_partition *partition, struct ins_error *err)
{
	const char *id = partition->state.layers.v[0];

	if (is_there(partition->library.layers, id))
		return 0;
	if (renameat2(partition->dir, "own/upper", partition->library.layers, id,
		    RENAME_NOREPLACE) == 0)
		return 0;
	return ins_error_set(err, errno, "make own/upper the layer %s", id);
}

int ins_own_settle(struct ins_partition *partition, struct ins_error *err)
{
	struct ins_partition_state *state = &partition->state;
	enum ins_own wanted = state->own;
	int r = 0;

	switch (wanted) {
	case INS_OWN_KEPT:
		return 0;
	case INS_OWN_LAYER:
		r = hand_over(partition, err);
		break;
	case INS_OWN_VOID:
		break;
	}
	if (r == 0)
		r = renew(partition, err);
	if (r < 0)
		return r;
	state->own = INS_OWN_KEPT;
	r = ins_partition_state_save(partition->dir, state, err);
	if (r < 0)
		state->own = wanted;
	return r;
}

int ins_own_is_empty(const struct ins_partition *partition, struct ins_error *err)
{
	int fd = ins_disk_open_upper(partition, err);
	cleanup_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (fd < 0)
		return fd;
	if (!dir) {
		ins_close(fd);
		return ins_error_set(err, errno, "open own/upper of %s", partition->name);
	}
	while (errno = 0, entry = readdir(dir)) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			return 0;
	}
	return errno ? ins_error_set(err, errno, "read own/upper of %s", partition->name) : 1;
}

int ins_own_to_layer(struct ins_partition *partition, struct ins_error *err)
{
	struct ins_partition_state *state = &partition->state;
	char id[INS_LAYER_ID_SIZE];
	int r = ins_own_is_empty(partition, err);

	if (r != 0)
		return r < 0 ? r : 0;
	r = ins_layers_check(partition, &state->layers, err);
	if (r == 0)
		r = ins_layer_id(id, err);
	if (r == 0)
		r = ins_layers_push(&state->layers, id, err);
	if (r == 0)
		state->own = INS_OWN_LAYER;
	return r;
}

int ins_own_share(struct ins_partition *partition, struct ins_error *err)
{
	int r = ins_library_lock(&partition->library, INS_LIBRARY_SHARED, err);

	if (r == 0)
		r = ins_own_to_layer(partition, err);
	if (r == 0)
		r = ins_partition_state_save(partition->dir, &partition->state, err);
	if (r == 0)
		r = ins_own_settle(partition, err);
	ins_library_unlock(&partition->library);
	return r;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/directory.h"
#include "base/error.h"
#include "image/store.h"
#include "image/worker.h"

#define IMAGES "../images/"

/* Below the state directory, which a boot empties: what was checked, and where erofs images are mounted. */
#define RUNTIME_DIRECTORY ".images"

bool ins_image_is_id(const char *text)
{
	return strlen(text) == INS_IMAGE_ID_SIZE - 1 &&
	       strspn(text, "0123456789abcdef") == INS_IMAGE_ID_SIZE - 1;
}

int ins_image_of_template(const struct ins_library *library, const char *template,
	char ret_id[INS_IMAGE_ID_SIZE], struct ins_error *err)
{
	char target[sizeof(IMAGES) + INS_IMAGE_ID_SIZE], hint[128];
	ssize_t n;
	int r = ins_name_check("template", template, err);

	if (r < 0)
		return r;
	n = readlinkat(library->templates, template, target, sizeof(target) - 1);
	if (n < 0 && errno == ENOENT)
		return ins_error_text(err, ENOENT,
			"there is no template \"%s\"%s; `insula template list` shows them, "
			"`insula template build` makes one",
			template,
			ins_directory_hint(library->templates, template, hint, sizeof(hint)));
	if (n < 0)
		return ins_error_set(err, errno, "read the template %s", template);
	target[n] = '\0';
	if (strncmp(target, IMAGES, strlen(IMAGES)) != 0 ||
		!ins_image_is_id(target + strlen(IMAGES)))
		return ins_error_text(err, EINVAL, "%s/templates/%s does not lead to an image",
			library->path, template);
	memcpy(ret_id, target + strlen(IMAGES), INS_IMAGE_ID_SIZE);
	return 0;
}

/* --- the check at the first use ------------------------------------------------------------------------------ */

static int open_runtime(const char *runtime, struct ins_error *err)
{
	char path[PATH_MAX];
	int fd;

	if (snprintf(path, sizeof(path), "%s/" RUNTIME_DIRECTORY, runtime) >= (int)sizeof(path))
		return ins_error_set(err, ENAMETOOLONG, "the state directory");
	/* After a boot there may be no state directory yet. */
	if (mkdir(path, 0700) < 0 && errno == ENOENT && mkdir(runtime, 0700) == 0)
		(void)mkdir(path, 0700);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? ins_error_set(err, errno, "open %s", path) : fd;
}

/* Return: an fd that holds the lock, −errno. */
static int lock_image(int runtime, const char *id, struct ins_error *err)
{
	char name[INS_IMAGE_ID_SIZE + 8];
	cleanup_fd int fd = -1;
	int r;

	snprintf(name, sizeof(name), "%s.lock", id);
	fd = openat(runtime, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return ins_error_set(err, errno, "open the lock of image %s", id);
	do {
		r = flock(fd, LOCK_EX);
	} while (r < 0 && errno == EINTR);
	return r < 0 ? ins_error_set(err, errno, "lock image %s", id) : TAKE_FD(fd);
}

static int check_once(const struct ins_library *library, const char *id,
	const struct ins_context *context, int runtime, struct ins_error *err)
{
	char *argv[] = { NULL, NULL, (char *)"trust", (char *)library->path, (char *)id, NULL };
	char name[INS_IMAGE_ID_SIZE + 8], words[INS_WORKER_SIZE];
	int fd, r;

	snprintf(name, sizeof(name), "%s.checked", id);
	r = ins_worker_ask(context, argv, -1, words, err);
	if (r < 0)
		return r;
	fd = openat(runtime, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return ins_error_set(err, errno, "note that image %s was checked", id);
	ins_close(fd);
	return 0;
}

static bool was_checked(int runtime, const char *id)
{
	char name[INS_IMAGE_ID_SIZE + 8];

	snprintf(name, sizeof(name), "%s.checked", id);
	return faccessat(runtime, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* --- erofs ---------------------------------------------------------------------------------------------------- */

/* The file itself, without a loop device. With directio its data is in the page cache once instead of
 * twice; not all file systems can. Return: an fd of the mount, −errno. */
static int open_erofs(const char *file, bool directio)
{
	cleanup_fd int fs = fsopen("erofs", FSOPEN_CLOEXEC);
	int mounted;

	if (fs < 0 || fsconfig(fs, FSCONFIG_SET_STRING, "source", file, 0) < 0 ||
		(directio && fsconfig(fs, FSCONFIG_SET_FLAG, "directio", NULL, 0) < 0) ||
		fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	mounted = fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV);
	return mounted < 0 ? -errno : mounted;
}

static bool is_mounted(int runtime, const char *id)
{
	cleanup_fd int fd = openat(runtime, id, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct statfs s;

	return fd >= 0 && fstatfs(fd, &s) == 0 && s.f_type == EROFS_SUPER_MAGIC_V1;
}

static int mount_erofs(int runtime, const char *id, const char *file, struct ins_error *err)
{
	cleanup_fd int mounted = -1;
	int r;

	if (mkdirat(runtime, id, 0700) < 0 && errno != EEXIST)
		return ins_error_set(err, errno, "make the mount point of image %s", id);
	r = open_erofs(file, true);
	if (r < 0 && r != -ENODEV)
		r = open_erofs(file, false);
	if (r == -ENODEV || r == -ENOTBLK)
		return ins_error_text(err, EOPNOTSUPP,
			"image %s: this kernel cannot mount erofs from a file, or not from one of "
			"the library's file system: make the template without --erofs",
			id);
	if (r < 0)
		return ins_error_set(err, -r, "mount %s", file);
	mounted = r;
	if (move_mount(mounted, "", runtime, id, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return ins_error_set(err, errno, "attach the mount of image %s", id);
	return 0;
}

/* --- use -------------------------------------------------------------------------------------------------------- */

/* Under the image's lock. */
static int prepare(const struct ins_library *library, const char *id,
	const struct ins_context *context, int runtime, bool is_erofs, const char *file,
	struct ins_error *err)
{
	cleanup_fd int lock = lock_image(runtime, id, err);
	int r = lock < 0 ? lock : 0;

	if (r == 0 && !was_checked(runtime, id))
		r = check_once(library, id, context, runtime, err);
	if (r == 0 && is_erofs && !is_mounted(runtime, id))
		r = mount_erofs(runtime, id, file, err);
	return r;
}

int ins_image_use(const struct ins_library *library, const char *id,
	const struct ins_context *context, char ret_path[PATH_MAX], struct ins_error *err)
{
	const char *runtime = context->root;
	cleanup_fd int checked = open_runtime(runtime, err);
	char path[PATH_MAX];
	bool is_erofs;
	int n, r = 0;

	if (checked < 0)
		return checked;
	n = snprintf(path, sizeof(path), "%s/images/%s/root", library->path, id);
	if (n + (int)strlen(".erofs") >= (int)sizeof(path))
		return ins_error_set(err, ENAMETOOLONG, "the library %.64s…", library->path);
	is_erofs = access(path, F_OK) < 0;
	if (is_erofs)
		strcat(path, ".erofs");
	if (is_erofs && access(path, F_OK) < 0)
		return ins_error_set(err, errno, "image %s", id);
	if (!was_checked(checked, id) || (is_erofs && !is_mounted(checked, id)))
		r = prepare(library, id, context, checked, is_erofs, path, err);
	if (r < 0)
		return r;
	if (is_erofs && snprintf(path, sizeof(path), "%s/" RUNTIME_DIRECTORY "/%s", runtime, id) >=
				(int)sizeof(path))
		return ins_error_set(err, ENAMETOOLONG, "the state directory");
	memcpy(ret_path, path, strlen(path) + 1);
	return 0;
}

void ins_image_forget(const char *id, const char *runtime)
{
	static const char *const files[] = { ".checked", ".lock" };
	char path[PATH_MAX];

	for (size_t i = 0; i < ARRAY_LENGTH(files); i++) {
		if (snprintf(path, sizeof(path), "%s/" RUNTIME_DIRECTORY "/%s%s", runtime, id,
			    files[i]) < (int)sizeof(path))
			(void)unlink(path);
	}
	if (snprintf(path, sizeof(path), "%s/" RUNTIME_DIRECTORY "/%s", runtime, id) >=
		(int)sizeof(path))
		return;
	(void)umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW);
	(void)rmdir(path);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "image/library.h"

#define NAME_MAX_LENGTH 63

int ins_name_check(const char *what, const char *name, struct ins_error *err)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789_.-";
	size_t n = strlen(name);

	if (n > 0 && n <= NAME_MAX_LENGTH && strspn(name, allowed) == n && name[0] != '.' &&
		name[0] != '-')
		return 0;
	return ins_error_text(err, EINVAL,
		"\"%.80s\" is no name for a %s: letters, digits and _ . -, at most %d, no dot or "
		"dash in "
		"front",
		name, what, NAME_MAX_LENGTH);
}

/* mkdir -p, closed to others. */
static int make_path(const char *path, struct ins_error *err)
{
	char part[PATH_MAX];
	size_t n = strlen(path);

	if (n >= sizeof(part))
		return ins_error_set(err, ENAMETOOLONG, "the library %.64s…", path);
	for (size_t i = 1; i <= n; i++) {
		if (path[i] && path[i] != '/')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, i < n ? 0755 : 0700) < 0 && errno != EEXIST)
			return ins_error_set(err, errno, "make the library's directory %s", part);
	}
	return 0;
}

/* Uppers hold programs that are setuid inside: nobody else may come as far as there. */
static int check_owner(const struct ins_library *library, struct ins_error *err)
{
	struct stat s;

	if (fstat(library->dir, &s) < 0)
		return ins_error_set(err, errno, "stat of the library %s", library->path);
	if (s.st_uid == geteuid() && !(s.st_mode & 077))
		return 0;
	return ins_error_text(err, EPERM,
		"the library %s has to belong to the caller and be closed to all others (chmod "
		"700)",
		library->path);
}

static int open_part(const struct ins_library *library, const char *name, bool make, int *ret,
	struct ins_error *err)
{
	if (make && mkdirat(library->dir, name, 0700) < 0 && errno != EEXIST)
		return ins_error_set(err, errno, "make %s/%s", library->path, name);
	*ret = openat(library->dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return *ret < 0 ? ins_error_set(err, errno, "open %s/%s", library->path, name) : 0;
}

static int open_parts(struct ins_library *library, bool make, struct ins_error *err)
{
	int r = check_owner(library, err);

	if (r == 0)
		r = open_part(library, "numbers", make, &library->numbers, err);
	if (r == 0)
		r = open_part(library, "images", make, &library->images, err);
	if (r == 0)
		r = open_part(library, "templates", make, &library->templates, err);
	if (r == 0)
		r = open_part(library, "layers", make, &library->layers, err);
	if (r == 0)
		r = open_part(library, "partitions", make, &library->partitions, err);
	return r;
}

static bool is_whole(const struct ins_library *library)
{
	return faccessat(library->dir, "partitions", F_OK, 0) == 0;
}

int ins_library_open(
	const char *path, bool make, struct ins_library *ret_library, struct ins_error *err)
{
	cleanup_library struct ins_library library = INS_LIBRARY_CLOSED;
	int r = make ? make_path(path, err) : 0;

	if (r < 0)
		return r;
	library.path = path;
	library.dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (library.dir < 0 && errno == ENOENT && !make)
		return -ENOENT;
	if (library.dir < 0)
		return ins_error_set(err, errno, "open the library %s", path);
	/* The last part is made last: without it this is what was left of making it. */
	if (!make && !is_whole(&library))
		return -ENOENT;
	r = open_parts(&library, make, err);
	if (r < 0)
		return r;
	*ret_library = library;
	library = INS_LIBRARY_CLOSED;
	return 0;
}

void ins_library_close(struct ins_library *library)
{
	ins_library_unlock(library);
	library->partitions = ins_close(library->partitions);
	library->layers = ins_close(library->layers);
	library->templates = ins_close(library->templates);
	library->images = ins_close(library->images);
	library->numbers = ins_close(library->numbers);
	library->dir = ins_close(library->dir);
}

int ins_library_lock(struct ins_library *library, enum ins_library_lock how, struct ins_error *err)
{
	cleanup_fd int fd =
		openat(library->dir, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r;

	if (fd < 0)
		return ins_error_set(err, errno, "open %s/lock", library->path);
	do {
		r = flock(fd, how == INS_LIBRARY_SHARED ? LOCK_SH : LOCK_EX);
	} while (r < 0 && errno == EINTR);
	if (r < 0)
		return ins_error_set(err, errno, "lock the library %s", library->path);
	library->lock = TAKE_FD(fd);
	return 0;
}

void ins_library_unlock(struct ins_library *library)
{
	library->lock = ins_close(library->lock);
}

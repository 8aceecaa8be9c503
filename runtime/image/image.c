/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/tree.h"
#include "command.h"
#include "image.h"
#include "image/store.h"
#include "spec/emit.h"
#include "sys/program.h"
#include "verity.h"

#define IMAGE_FILE     "image.json"
#define IMAGE_FILE_MAX ((size_t)1 << 20)
#define DAMAGED_ROOT   "root.damaged"

static int hide_name(const char *template, char *name, size_t size, struct ins_error *err)
{
	uint32_t random;

	if (getrandom(&random, sizeof(random), GRND_INSECURE) != sizeof(random))
		return ins_error_set(err, errno, "make an image: no random name");
	snprintf(name, size, ".%s.%08x", template, random);
	return 0;
}

static int make_hidden(struct image *image, const char *template, struct ins_error *err)
{
	char name[sizeof(image->name)];
	int r = hide_name(template, name, sizeof(name), err);

	if (r < 0)
		return r;
	if (mkdirat(image->library.images, name, 0700) < 0)
		return ins_error_set(err, errno, "make %s/images/%s", image->library.path, name);
	memcpy(image->name, name, sizeof(name));
	image->dir = openat(
		image->library.images, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (image->dir < 0 || flock(image->dir, LOCK_EX) < 0 ||
		mkdirat(image->dir, "root", 0700) < 0 || fchmodat(image->dir, "root", 0755, 0) < 0)
		return ins_error_set(err, errno, "make %s/images/%s", image->library.path, name);
	image->root = openat(image->dir, "root", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return image->root < 0 ? ins_error_set(err, errno, "open the image's root") : 0;
}

int image_begin(
	const char *library, const char *template, struct image *image, struct ins_error *err)
{
	int r = ins_name_check("template", template, err);

	if (r == 0)
		r = ins_library_open(library, true, &image->library, err);
	/* Nobody clears up between the making of the directory and its lock. */
	if (r == 0)
		r = ins_library_lock(&image->library, INS_LIBRARY_SHARED, err);
	if (r == 0)
		r = make_hidden(image, template, err);
	ins_library_unlock(&image->library);
	return r;
}

int image_path(
	const struct image *image, const char *file, char path[PATH_MAX], struct ins_error *err)
{
	int n = snprintf(path, PATH_MAX, "%s/images/%s/%s", image->library.path, image->name, file);

	return n < PATH_MAX ? 0 : ins_error_set(err, ENAMETOOLONG, "the library's path");
}

void image_end(struct image *image)
{
	image->root = ins_close(image->root);
	if (image->name[0])
		(void)ins_tree_remove(image->library.images, image->name, NULL);
	image->dir = ins_close(image->dir);
	json_decref(image->config);
	ins_library_close(&image->library);
}

/* --- erofs ------------------------------------------------------------------------------------------------ */

int image_pack(struct image *image, struct ins_progress *progress, struct ins_error *err)
{
	char file[PATH_MAX], root[PATH_MAX];
	char *argv[] = { (char *)"mkfs.erofs", (char *)"--quiet", (char *)"-T0",
		(char *)"-U00000000-0000-0000-0000-000000000000", file, root, NULL };
	static const char *const places[] = { "/usr/bin/mkfs.erofs", "/usr/sbin/mkfs.erofs",
		"/sbin/mkfs.erofs", "/usr/local/bin/mkfs.erofs" };
	int status, r = image_path(image, "root.erofs", file, err);
	pid_t pid = -1;
	struct stat s;

	if (r == 0)
		r = image_path(image, "root", root, err);
	if (r < 0)
		return r;
	ins_progress_stage(progress, "packing", 0);
	r = -ENOENT;
	for (size_t i = 0; r == -ENOENT && i < ARRAY_LENGTH(places); i++)
		r = ins_program_start(
			places[i], argv, environ, (const int[]){ -1, STDERR_FILENO }, 2, &pid);
	if (r == -ENOENT)
		return ins_error_text(
			err, ENOENT, "mkfs.erofs is not there: apt-get install erofs-utils");
	if (r == 0)
		r = ins_program_wait(pid, &status);
	if (r < 0)
		return ins_error_set(err, -r, "execute mkfs.erofs");
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return ins_error_text(err, EIO, "mkfs.erofs has failed (wait status %#x)", status);
	if (stat(file, &s) == 0)
		image->bytes = (uint64_t)s.st_size;
	r = verity_enable(image->dir, "root.erofs", err);
	if (r < 0)
		return r;
	image->root = ins_close(image->root);
	return ins_tree_remove(image->dir, "root", err);
}

/* --- check ------------------------------------------------------------------------------------------------ */

static void free_json(json_t **json)
{
	json_decref(*json);
}

static bool has_file(int image, const char *name)
{
	return faccessat(image, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* With both the digest would be of the one, and a guest might see the other. */
static int check_root(int image, struct ins_error *err)
{
	return has_file(image, "root") != has_file(image, "root.erofs")
		       ? 0
		       : ins_error_text(
				 err, EBADMSG, "it has to have root or root.erofs: one of them");
}

static int check(int image, const char *id, bool measured, struct ins_progress *progress,
	struct ins_error *err)
{
	cleanup_with(free_json) json_t *description = NULL;
	cleanup_free char *text = NULL;
	char digest[DIGEST_SIZE];
	const char *expected;
	int r = ins_file_read(image, IMAGE_FILE, IMAGE_FILE_MAX, &text, NULL, err);

	if (r < 0)
		return r;
	description = json_loads(text, 0, NULL);
	expected = json_string_value(json_object_get(description, "digest"));
	if (!expected || strlen(expected) != DIGEST_SIZE - 1 ||
		strncmp(expected + strlen(DIGEST_PREFIX), id, INS_IMAGE_ID_SIZE - 1) != 0)
		return ins_error_text(err, EBADMSG, IMAGE_FILE " has no digest that fits");
	r = check_root(image, err);
	if (r == 0)
		r = command_check(json_object_get(description, "config"), err);
	if (r < 0)
		return r;
	ins_progress_stage(progress, "checking",
		(uint64_t)json_integer_value(json_object_get(description, "size")));
	r = digest_image(image, json_object_get(description, "config"), measured, progress, digest,
		NULL, err);
	if (r == 0 && strcmp(digest, expected) != 0)
		r = ins_error_text(err, EBADMSG,
			"its content was changed: it is %s, not %s: make the template again",
			digest, expected);
	return r;
}

/* --- finish ----------------------------------------------------------------------------------------------- */

static int write_description(const struct image *image, const char *source, const char *digest,
	uint64_t size, struct ins_error *err)
{
	bool is_erofs = faccessat(image->dir, "root.erofs", F_OK, 0) == 0;
	struct ins_emit emit = { 0 };
	json_t *root = ins_emit_root(&emit);
	cleanup_free char *text = NULL;
	time_t now = time(NULL);
	char made[32];
	struct tm tm;
	int r;

	strftime(made, sizeof(made), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
	ins_emit_string(&emit, root, "digest", digest);
	ins_emit_string(&emit, root, "kind", is_erofs ? "erofs" : "directory");
	ins_emit_put(&emit, root, "size", json_integer((json_int_t)size));
	ins_emit_string(&emit, root, "made", made);
	ins_emit_string(&emit, root, "source", source);
	if (image->config)
		ins_emit_put(&emit, root, "config", json_incref(image->config));
	r = ins_emit_text(&emit, JSON_INDENT(2), &text, err);
	if (r == 0 && strlen(text) > IMAGE_FILE_MAX)
		return ins_error_text(err, E2BIG,
			"what the image says of its program takes more than %zu KiB: no partition "
			"could read that",
			IMAGE_FILE_MAX >> 10);
	return r < 0 ? r : ins_file_write(image->dir, IMAGE_FILE, text, strlen(text), 0600, err);
}

/* What is damaged may be the root of partitions that run: it stays beside the new one, until the image is removed
 * or damaged again. */
static int renew_directory(
	const struct image *image, int there, const char *id, struct ins_error *err)
{
	struct ins_progress silent = { 0 };
	struct ins_error why = { 0 };
	int r;

	if (check(there, id, false, &silent, &why) == 0)
		return 0;
	r = ins_tree_remove(there, DAMAGED_ROOT, err);
	if (r < 0)
		return r;
	if (renameat2(image->dir, "root", there, "root", RENAME_EXCHANGE) < 0 ||
		renameat(image->dir, "root", there, DAMAGED_ROOT) < 0 ||
		renameat(image->dir, IMAGE_FILE, there, IMAGE_FILE) < 0)
		return ins_error_set(err, errno, "renew the image %s", id);
	return 0;
}

/* An erofs takes the place of the one that is there, which may be damaged, or older than the file system's
 * fs-verity; who has that mounted keeps it. */
static int renew(const struct image *image, const char *id, struct ins_error *err)
{
	cleanup_fd int there =
		openat(image->library.images, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (there < 0)
		return ins_error_set(err, errno, "open the image %s", id);
	if (has_file(image->dir, "root") && has_file(there, "root"))
		return renew_directory(image, there, id, err);
	if (renameat(image->dir, "root.erofs", there, "root.erofs") < 0 && errno != ENOENT)
		return ins_error_set(err, errno, "renew the image %s", id);
	return 0;
}

/* The same content may be there already: then that is the image. */
static int give_id(struct image *image, const char *id, struct ins_error *err)
{
	if (renameat2(image->library.images, image->name, image->library.images, id,
		    RENAME_NOREPLACE) == 0) {
		image->name[0] = '\0';
		return 0;
	}
	return errno == EEXIST ? renew(image, id, err)
			       : ins_error_set(err, errno, "name the image %s", id);
}

static int name_template(
	const struct image *image, const char *template, const char *id, struct ins_error *err)
{
	char target[32], hidden[96];
	int r = hide_name(template, hidden, sizeof(hidden), err);

	snprintf(target, sizeof(target), "../images/%s", id);
	if (r == 0 && symlinkat(target, image->library.templates, hidden) < 0)
		r = ins_error_set(err, errno, "name the template %s", template);
	if (r == 0 && renameat(image->library.templates, hidden, image->library.templates,
			      template) < 0) {
		r = ins_error_set(err, errno, "name the template %s", template);
		(void)unlinkat(image->library.templates, hidden, 0);
	}
	return r;
}

int image_finish(struct image *image, const char *template, const char *source,
	struct ins_progress *progress, struct ins_error *err)
{
	char digest[DIGEST_SIZE], id[INS_IMAGE_ID_SIZE];
	uint64_t size;
	int r;

	ins_progress_stage(progress, "hashing", image->bytes);
	r = digest_image(image->dir, image->config, true, progress, digest, &size, err);
	if (r == 0)
		r = write_description(image, source, digest, size, err);
	ins_progress_stage(progress, "writing", 0);
	/* What has its name is whole, also after a power failure. */
	if (r == 0 && syncfs(image->dir) < 0)
		r = ins_error_set(err, errno, "write the image");
	if (r < 0)
		return r;
	memcpy(id, digest + strlen(DIGEST_PREFIX), sizeof(id) - 1);
	id[sizeof(id) - 1] = '\0';
	/* An image that has no template yet is gc's. */
	r = ins_library_lock(&image->library, INS_LIBRARY_SHARED, err);
	if (r == 0)
		r = give_id(image, id, err);
	if (r == 0)
		r = name_template(image, template, id, err);
	ins_library_unlock(&image->library);
	return r;
}

int image_check(const char *library, const char *id, bool measured, struct ins_progress *progress,
	struct ins_error *err)
{
	cleanup_library struct ins_library opened = INS_LIBRARY_CLOSED;
	cleanup_fd int image = -1;
	int r = ins_library_open(library, false, &opened, err);

	if (r < 0)
		return r == -ENOENT ? ins_error_set(err, ENOENT, "the library %s", library) : r;
	image = openat(opened.images, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (image < 0)
		return ins_error_set(err, errno, "image %s", id);
	r = check(image, id, measured, progress, err);
	if (r < 0 && r != -ECANCELED)
		ins_error_prefix(err, "image %s", id);
	return r;
}

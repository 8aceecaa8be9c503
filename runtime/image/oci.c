/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Directories in OCI image layout: index.json names a manifest, that a configuration and layers, each by
 * digest and size, which have to be true.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "command.h"
#include "digest.h"
#include "source.h"

#define DOCUMENT_MAX ((size_t)4 << 20)
#define NESTING_MAX  4 /* of an index in an index */
#define TAG          "org.opencontainers.image.ref.name"
#define WHITEOUT     ".wh."
#define OPAQUE       ".wh..wh..opq"

struct layout {
	struct intake *intake;
	int dir;
	const char *tag; /* NULL: it has to be the only one */
};

static void free_json(json_t **json)
{
	json_decref(*json);
}

/* --- blobs ---------------------------------------------------------------------------------------------- */

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* What a descriptor names, compared with it. Return: an fd at its beginning, −errno. */
static int open_blob(const struct layout *layout, const json_t *descriptor, struct ins_error *err)
{
	const char *digest = text_of(descriptor, "digest");
	const json_t *size = json_object_get(descriptor, "size");
	char path[sizeof("blobs/sha256/") + DIGEST_HEX], real[DIGEST_SIZE];
	cleanup_fd int fd = -1;
	struct stat s;
	int r;

	if (strncmp(digest, DIGEST_PREFIX, strlen(DIGEST_PREFIX)) != 0 ||
		strlen(digest) != DIGEST_SIZE - 1 ||
		strspn(digest + strlen(DIGEST_PREFIX), "0123456789abcdef") != DIGEST_HEX)
		return ins_error_text(err, EINVAL,
			"the digest \"%.100s\": only sha256 with its 64 digits is known", digest);
	snprintf(path, sizeof(path), "blobs/sha256/%s", digest + strlen(DIGEST_PREFIX));
	fd = openat(layout->dir, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &s) < 0)
		return ins_error_set(err, errno, "%s", path);
	if (!S_ISREG(s.st_mode))
		return ins_error_text(err, EINVAL, "%s is no file", path);
	if (!json_is_integer(size) || json_integer_value(size) != s.st_size)
		return ins_error_text(err, EBADMSG, "%s has %lld bytes, and should have %lld", path,
			(long long)s.st_size, (long long)json_integer_value(size));
	r = digest_file(fd, real, err);
	if (r < 0)
		return r;
	if (strcmp(real, digest) != 0)
		return ins_error_text(err, EBADMSG, "%s is damaged: it is %s", path, real);
	return TAKE_FD(fd);
}

static json_t *load_fd(int fd, const char *what, struct ins_error *err)
{
	json_error_t error;
	struct stat s;
	json_t *json;

	if (fstat(fd, &s) < 0 || s.st_size > (off_t)DOCUMENT_MAX) {
		ins_error_text(err, EFBIG, "%s is too large", what);
		return NULL;
	}
	json = json_loadfd(fd, JSON_REJECT_DUPLICATES, &error);
	if (json_is_object(json))
		return json;
	ins_error_text(err, EINVAL, "%s: %s", what, json ? "no object" : error.text);
	json_decref(json);
	return NULL;
}

static json_t *load_blob(const struct layout *layout, const json_t *descriptor, const char *what,
	struct ins_error *err)
{
	cleanup_fd int fd = open_blob(layout, descriptor, err);

	if (fd < 0) {
		ins_error_prefix(err, "%s", what);
		return NULL;
	}
	return load_fd(fd, what, err);
}

/* --- the manifest ------------------------------------------------------------------------------------------ */

/* The machine's name of itself, in Go's words. */
static const char *own_architecture(struct utsname *name)
{
	static const char *const words[][2] = {
		{ "x86_64", "amd64" },
		{ "aarch64", "arm64" },
	};

	if (uname(name) < 0)
		return "";
	for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
		if (!strcmp(name->machine, words[i][0]))
			return words[i][1];
	}
	return name->machine;
}

static bool fits_machine(const json_t *descriptor)
{
	const json_t *platform = json_object_get(descriptor, "platform");
	struct utsname name;

	return !platform ||
	       (!strcmp(text_of(platform, "os"), "linux") &&
		       !strcmp(text_of(platform, "architecture"), own_architecture(&name)));
}

static bool is_index(const json_t *descriptor)
{
	const char *type = text_of(descriptor, "mediaType");

	return !strcmp(type, "application/vnd.oci.image.index.v1+json") ||
	       !strcmp(type, "application/vnd.docker.distribution.manifest.list.v2+json");
}

static bool is_manifest(const json_t *descriptor)
{
	const char *type = text_of(descriptor, "mediaType");

	return !strcmp(type, "application/vnd.oci.image.manifest.v1+json") ||
	       !strcmp(type, "application/vnd.docker.distribution.manifest.v2+json");
}

/* @tag: NULL: any. Return: borrowed, NULL with @err set. */
static const json_t *choose(const json_t *index, const char *tag, struct ins_error *err)
{
	const json_t *list = json_object_get(index, "manifests"), *item, *found = NULL;
	size_t i, n = 0;

	json_array_foreach(list, i, item) {
		const char *name = text_of(json_object_get(item, "annotations"), TAG);

		if ((!is_index(item) && !is_manifest(item)) || !fits_machine(item) ||
			(tag && strcmp(name, tag) != 0))
			continue;
		found = item;
		n++;
	}
	if (n == 1)
		return found;
	if (n == 0 && tag)
		ins_error_text(err, ENOENT,
			"index.json has no image with the tag \"%s\" for this machine", tag);
	else if (n == 0)
		ins_error_text(err, ENOENT, "there is no image for this machine in it");
	else
		ins_error_text(err, EINVAL,
			"there are %zu images in it: write the tag of one behind it, as DIR:TAG",
			n);
	return NULL;
}

/* Return: to be released; NULL with @err set. */
static json_t *find_manifest(const struct layout *layout, struct ins_error *err)
{
	cleanup_fd int fd =
		openat(layout->dir, "index.json", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	const char *tag = layout->tag;
	json_t *index;

	if (fd < 0) {
		ins_error_set(err, errno, "index.json");
		return NULL;
	}
	index = load_fd(fd, "index.json", err);
	for (int depth = 0; index; depth++) {
		const json_t *chosen = choose(index, tag, err);
		bool is_end = chosen && is_manifest(chosen);
		json_t *next = NULL;

		if (depth == NESTING_MAX)
			ins_error_text(err, EINVAL, "index.json leads from index to index");
		else if (chosen)
			next = load_blob(layout, chosen, is_end ? "manifest" : "index", err);
		json_decref(index);
		if (is_end)
			return next;
		index = next;
		tag = NULL;
	}
	return NULL;
}

/* --- layers -------------------------------------------------------------------------------------------------- */

/* The directory stays, what was in it before goes. */
static int empty_directory(int parent, const char *name, struct ins_error *err)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), r = 0;
	cleanup_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!dir) {
		ins_close(fd);
		/* The layer itself makes it, or makes something else of it. */
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP
			       ? 0
			       : ins_error_set(err, errno, "open %s", name);
	}
	while (r == 0 && (errno = 0, entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			r = intake_take_away(fd, entry->d_name, err);
	}
	return r < 0 || !errno ? r : ins_error_set(err, errno, "list %s", name);
}

/* Whiteouts are about the layers below, wherever they stand: so they are done before anything is put. */
static int apply_whiteout(
	void *data, struct archive *archive, struct archive_entry *entry, struct ins_error *err)
{
	const struct layout *layout = data;
	cleanup_fd int parent = -1;
	char clean[PATH_MAX];
	const char *name;
	bool is_opaque;
	int r = intake_clean(archive_entry_pathname(entry), clean, err);

	(void)archive;
	if (r < 0)
		return r;
	if (intake_is_interrupted)
		return ins_error_text(err, ECANCELED, "interrupted");
	name = strrchr(clean, '/') ? strrchr(clean, '/') + 1 : clean;
	if (strncmp(name, WHITEOUT, strlen(WHITEOUT)) != 0)
		return 0;
	is_opaque = !strcmp(name, OPAQUE);
	r = intake_parent(layout->intake, clean, false, &parent, &name, err);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return ins_error_prefix(err, "%.200s", clean);
	if (is_opaque)
		return empty_directory(parent, ".", err);
	name += strlen(WHITEOUT);
	if (!*name || !strcmp(name, ".") || !strcmp(name, ".."))
		return ins_error_text(err, EINVAL, "the whiteout \"%.200s\" names nothing", clean);
	return intake_take_away(parent, name, err);
}

static int put(
	void *data, struct archive *archive, struct archive_entry *entry, struct ins_error *err)
{
	const struct layout *layout = data;
	const char *path = archive_entry_pathname(entry);
	const char *name = path ? strrchr(path, '/') : NULL;

	name = name ? name + 1 : path;
	if (name && !strncmp(name, WHITEOUT, strlen(WHITEOUT)))
		return 0;
	return intake_put(layout->intake, NULL, archive, entry, err);
}

static int apply_layer(
	const struct layout *layout, const json_t *descriptor, bool is_first, struct ins_error *err)
{
	cleanup_fd int fd = open_blob(layout, descriptor, err);
	int r = fd < 0 ? fd : 0;

	if (r == 0 && !is_first)
		r = source_tar(fd, apply_whiteout, (void *)layout, err);
	if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
		r = ins_error_set(err, errno, "read");
	return r < 0 ? r : source_tar(fd, put, (void *)layout, err);
}

static int apply_layers(const struct layout *layout, const json_t *manifest, struct ins_error *err)
{
	const json_t *layers = json_object_get(manifest, "layers"), *layer;
	size_t i;

	if (json_array_size(layers) == 0)
		return ins_error_text(err, EINVAL, "manifest: it has no layers");
	json_array_foreach(layers, i, layer) {
		int r = apply_layer(layout, layer, i == 0, err);

		if (r < 0) {
			ins_error_prefix(err, "layer %zu", i + 1);
			return r;
		}
	}
	return 0;
}

int source_oci(struct intake *intake, const char *path, json_t **ret_config, struct ins_error *err)
{
	struct layout layout = { .intake = intake };
	cleanup_with(free_json) json_t *manifest = NULL, *config = NULL;
	cleanup_free char *directory = strdup(path);
	cleanup_fd int dir = -1;
	char *colon;
	int r;

	if (!directory)
		return ins_error_set(err, ENOMEM, "%s", path);
	colon = strrchr(directory, ':');
	if (colon && access(directory, F_OK) < 0) {
		*colon = '\0';
		layout.tag = colon + 1;
	}
	dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return ins_error_set(err, errno, "%s", directory);
	layout.dir = dir;
	manifest = find_manifest(&layout, err);
	if (manifest)
		config = load_blob(&layout, json_object_get(manifest, "config"), "config", err);
	r = config ? apply_layers(&layout, manifest, err) : -err->code;
	if (r == 0)
		r = command_take(json_object_get(config, "config"), intake->root, ret_config, err);
	if (r < 0)
		ins_error_prefix(err, "%s", path);
	return r;
}

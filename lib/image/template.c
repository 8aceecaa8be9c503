/* SPDX-License-Identifier: Apache-2.0 */
/* Templates: names of images. What makes them is the program insula-image. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/tree.h"
#include "guest/context.h"
#include "image/store.h"
#include "image/worker.h"
#include "insula_partition.h"
#include "spec/emit.h"

/* The build says where they are installed. */
#ifndef INS_RECIPES_DIR
#define INS_RECIPES_DIR "/usr/local/share/insula/rootfs-templates"
#endif

#define ARGUMENTS_MAX 48
#define JSON_SIZE_MAX ((size_t)4 << 20)

static void free_json(json_t **json)
{
	json_decref(*json);
}

static json_t *load(int dir, const char *path, struct ins_error *err)
{
	cleanup_free char *text = NULL;
	json_t *json;

	if (ins_file_read(dir, path, JSON_SIZE_MAX, &text, NULL, err) < 0)
		return NULL;
	json = json_loads(text, 0, NULL);
	if (!json_is_object(json)) {
		ins_error_text(err, EINVAL, "%s is not what it should be", path);
		json_decref(json);
		return NULL;
	}
	return json;
}

int ins_image_config(const struct ins_library *library, const char *id, json_t **ret_config,
	struct ins_error *err)
{
	cleanup_with(free_json) json_t *description = NULL;
	char path[INS_IMAGE_ID_SIZE + 16];

	snprintf(path, sizeof(path), "%s/image.json", id);
	description = load(library->images, path, err);
	if (!description)
		return -err->code;
	*ret_config = json_incref(json_object_get(description, "config"));
	return 0;
}

/* --- make --------------------------------------------------------------------------------------------- */

/* Beside the build tree's program, as insula's other programs are, or where they are installed. */
static void find_recipes(char *path, size_t size)
{
	const char *own = getenv("INSULA_TEMPLATES");
	char program[PATH_MAX];
	ssize_t n;

	if (own && *own) {
		snprintf(path, size, "%s", own);
		return;
	}
	n = readlink("/proc/self/exe", program, sizeof(program) - 1);
	program[n > 0 ? n : 0] = '\0';
	for (int i = 0; i < 2 && strrchr(program, '/'); i++)
		*strrchr(program, '/') = '\0';
	if ((size_t)snprintf(path, size, "%s/rootfs-templates", program) < size &&
		access(path, F_OK) == 0)
		return;
	snprintf(path, size, "%s", INS_RECIPES_DIR);
}

/* " (there are: busybox, debian)", or "". */
static void list_recipes(const char *directory, char *text, size_t size)
{
	struct dirent **entries = NULL;
	int n = scandir(directory, &entries, NULL, alphasort);
	size_t used = 0;

	text[0] = '\0';
	for (int i = 0; i < n; i++) {
		char path[PATH_MAX + NAME_MAX];

		snprintf(path, sizeof(path), "%s/%s/build", directory, entries[i]->d_name);
		if (entries[i]->d_name[0] != '.' && access(path, X_OK) == 0 && used < size)
			used += (size_t)snprintf(text + used, size - used, "%s%s",
				used > 0 ? ", " : " (there are: ", entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	if (used > 0 && used < size)
		snprintf(text + used, size - used, ")");
}

static int no_recipe(const char *name, const char *directory, struct ins_error *err)
{
	char known[256];

	list_recipes(directory, known, sizeof(known));
	return ins_error_text(err, ENOENT,
		"there is no recipe \"%s\" in %s%s; INSULA_TEMPLATES names another place", name,
		directory, known);
}

static int find_recipe(const char *name, char path[PATH_MAX], struct ins_error *err)
{
	char directory[PATH_MAX - NAME_MAX];
	int r = ins_name_check("recipe", name, err);

	if (r < 0)
		return r;
	find_recipes(directory, sizeof(directory));
	snprintf(path, PATH_MAX, "%s/%.64s/build", directory, name);
	if (access(path, X_OK) < 0)
		return no_recipe(name, directory, err);
	return 0;
}

static void warn(struct ins_context *context, char *words)
{
	char *rest;

	for (char *line = strtok_r(words, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		ins_context_warn(context, line);
}

int ins_template_make(
	struct ins_context *context, const struct ins_template_args *args, struct ins_error *err)
{
	static const char *const kinds[] = { "recipe", "directory", "tar", "oci", "guess" };
	char *argv[ARGUMENTS_MAX + 9] = { NULL, NULL, (char *)"make", context->library,
		(char *)args->name, (char *)kinds[args->source],
		(char *)(args->erofs ? "erofs" : "directory"), (char *)args->from };
	char path[PATH_MAX], words[INS_WORKER_SIZE];
	int r = ins_name_check("template", args->name, err);

	if (r == 0 && args->source == INS_TEMPLATE_RECIPE) {
		r = find_recipe(args->from, path, err);
		argv[7] = path;
	}
	for (size_t i = 0; r == 0 && args->arguments && args->arguments[i]; i++) {
		if (i == ARGUMENTS_MAX)
			return ins_error_text(
				err, E2BIG, "a recipe takes at most %d arguments", ARGUMENTS_MAX);
		argv[8 + i] = args->arguments[i];
	}
	if (r == 0)
		r = ins_worker_ask(
			context, argv, strcmp(args->from, "-") ? -1 : STDIN_FILENO, words, err);
	if (r == 0)
		warn(context, words);
	return r;
}

/* --- names and users ------------------------------------------------------------------------------------ */

/* The names in a directory, sorted; free each and the list. Return: their number, −errno. */
static int list_names(int dir, char ***ret_names, struct ins_error *err)
{
	struct dirent **entries;
	char **names;
	int n = scandirat(dir, ".", &entries, NULL, alphasort), count = 0;

	if (n < 0)
		return ins_error_set(err, errno, "list the library");
	names = calloc((size_t)n + 1, sizeof(*names));
	for (int i = 0; i < n; i++) {
		/* What is hidden is not finished. */
		if (names && entries[i]->d_name[0] != '.') {
			names[count] = strdup(entries[i]->d_name);
			count += names[count] != NULL;
		}
		free(entries[i]);
	}
	free(entries);
	if (!names)
		return ins_error_set(err, ENOMEM, "list the library");
	*ret_names = names;
	return count;
}

static void free_names(char **names)
{
	for (size_t i = 0; names && names[i]; i++)
		free(names[i]);
	free(names);
}

static bool names_image(int partitions, const char *partition, const char *id)
{
	cleanup_with(free_json) json_t *state = NULL;
	char path[NAME_MAX + 16];
	const char *image;

	snprintf(path, sizeof(path), "%s/state.json", partition);
	/* That is one which has come no further than its name, or has begun to go. */
	if (faccessat(partitions, path, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
		return false;
	state = load(partitions, path, NULL);
	image = json_string_value(json_object_get(state, "image"));
	return !image || !strcmp(image, id);
}

bool ins_image_is_used(const struct ins_library *library, const char *id)
{
	int fd = openat(library->partitions, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!dir) {
		ins_close(fd);
		return true;
	}
	while (errno = 0, entry = readdir(dir)) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (names_image(library->partitions, entry->d_name, id))
			return true;
	}
	return errno != 0;
}

static bool is_named(const struct ins_library *library, char *const *names, const char *id)
{
	char other[INS_IMAGE_ID_SIZE];

	for (size_t i = 0; names[i]; i++) {
		if (ins_image_of_template(library, names[i], other, NULL) == 0 &&
			!strcmp(other, id))
			return true;
	}
	return false;
}

/* --- list --------------------------------------------------------------------------------------------- */

struct listing {
	struct ins_context *context;
	struct ins_library library;
	ins_template_visit_fn *visit;
	void *data;
	struct ins_error *err;
};

static void listing_end(struct listing *listing)
{
	ins_library_close(&listing->library);
}

static const char *text_of(const json_t *description, const char *key)
{
	const char *text = json_string_value(json_object_get(description, key));

	return text ? text : "";
}

static int emit_info(
	struct ins_template_info *info, json_t *config, char **ret_text, struct ins_error *err)
{
	struct ins_emit emit = { 0 };
	json_t *root = ins_emit_root(&emit);

	ins_emit_string(&emit, root, "name", info->name);
	ins_emit_string(&emit, root, "image", info->image);
	ins_emit_string(&emit, root, "digest", info->digest);
	ins_emit_string(&emit, root, "kind", info->kind);
	ins_emit_put(&emit, root, "size", json_integer((json_int_t)info->size));
	ins_emit_string(&emit, root, "made", info->made);
	ins_emit_string(&emit, root, "source", info->source);
	if (config)
		ins_emit_put(&emit, root, "config", json_incref(config));
	return ins_emit_text(&emit, 0, ret_text, err);
}

/* @ret_texts: borrowed from the list, NULL at the end; to be freed. NULL: there is no list. */
static int texts_of(const json_t *list, const char ***ret_texts, struct ins_error *err)
{
	const char **texts;
	const json_t *item;
	size_t i;

	if (!list)
		return 0;
	texts = calloc(json_array_size(list) + 1, sizeof(*texts));
	if (!texts)
		return ins_error_set(err, ENOMEM, "list the library");
	json_array_foreach(list, i, item)
		texts[i] = json_string_value(item);
	*ret_texts = texts;
	return 0;
}

/* @name: NULL for an image without one. */
static int visit_image(
	const struct listing *listing, const char *name, const char *id, struct ins_error *err)
{
	cleanup_with(free_json) json_t *description = NULL;
	struct ins_template_info info = { .name = name, .image = id };
	cleanup_free const char **command = NULL, **env = NULL;
	char path[INS_IMAGE_ID_SIZE + 16];
	cleanup_free char *json = NULL;
	json_t *config;
	int r;

	snprintf(path, sizeof(path), "%s/image.json", id);
	description = load(listing->library.images, path, err);
	if (!description)
		return -err->code;
	info.digest = text_of(description, "digest");
	info.kind = text_of(description, "kind");
	info.made = text_of(description, "made");
	info.source = text_of(description, "source");
	info.size = (uint64_t)json_integer_value(json_object_get(description, "size"));
	config = json_object_get(description, "config");
	info.user = json_string_value(json_object_get(config, "user"));
	info.cwd = json_string_value(json_object_get(config, "cwd"));
	info.stop_signal = json_string_value(json_object_get(config, "stop-signal"));
	r = texts_of(json_object_get(config, "command"), &command, err);
	if (r == 0)
		r = texts_of(json_object_get(config, "env"), &env, err);
	if (r == 0)
		r = emit_info(&info, config, &json, err);
	if (r < 0)
		return r;
	info.command = command;
	info.env = env;
	info.json = json;
	return listing->visit(listing->data, &info);
}

static int visit_template(const struct listing *listing, const char *name, struct ins_error *err)
{
	char id[INS_IMAGE_ID_SIZE];
	int r = ins_image_of_template(&listing->library, name, id, err);

	if (r == 0)
		r = visit_image(listing, name, id, err);
	if (r < 0)
		ins_error_prefix(err, "template %s", name);
	return r;
}

/* One that is broken, or just removed, does not hide the others. */
static int visit_or_warn(const struct listing *listing, const char *name, const char *id)
{
	struct ins_error why = { 0 };
	int r = name ? visit_template(listing, name, &why) : visit_image(listing, NULL, id, &why);

	if (r < 0 && why.code) {
		if (why.code != ENOENT)
			ins_context_warn(listing->context, why.text);
		return 0;
	}
	return r;
}

static int visit_all(const struct listing *listing)
{
	char **names = NULL, **images = NULL;
	int r = list_names(listing->library.templates, &names, listing->err);

	for (size_t i = 0; r >= 0 && names[i]; i++)
		r = visit_or_warn(listing, names[i], NULL);
	if (r >= 0)
		r = list_names(listing->library.images, &images, listing->err);
	for (size_t i = 0; r >= 0 && images[i]; i++) {
		if (ins_image_is_id(images[i]) && !is_named(&listing->library, names, images[i]) &&
			ins_image_is_used(&listing->library, images[i]))
			r = visit_or_warn(listing, NULL, images[i]);
	}
	free_names(names);
	free_names(images);
	return r < 0 ? r : 0;
}

int ins_template_list(struct ins_context *context, const char *name, ins_template_visit_fn *visit,
	void *data, struct ins_error *err)
{
	cleanup_with(listing_end) struct listing listing = {
		.context = context,
		.library = INS_LIBRARY_CLOSED,
		.visit = visit,
		.data = data,
		.err = err,
	};
	int r = ins_library_open(context->library, name != NULL, &listing.library, err);

	/* Nothing was ever made. */
	if (r == -ENOENT && !name)
		return 0;
	if (r < 0)
		return r;
	return name ? visit_template(&listing, name, err) : visit_all(&listing);
}

/* --- remove, check -------------------------------------------------------------------------------------- */

/* Under the library's lock. @ret_dir: locked, so that nobody else clears it away meanwhile. */
static int hide_image(const struct ins_library *library, const char *id, char *hidden, size_t size,
	int *ret_dir, struct ins_error *err)
{
	cleanup_fd int dir =
		openat(library->images, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (dir < 0 && errno == ENOENT)
		return 0;
	snprintf(hidden, size, ".%s.%d", id, (int)getpid());
	if (dir < 0 || flock(dir, LOCK_EX) < 0 ||
		renameat(library->images, id, library->images, hidden) < 0)
		return ins_error_set(err, errno, "remove the image %s", id);
	*ret_dir = TAKE_FD(dir);
	return 0;
}

/* Under the library's lock. Return: 1 if a template has it, 0, −errno. */
static int has_name(const struct ins_library *library, const char *id, struct ins_error *err)
{
	char **names = NULL;
	int r = list_names(library->templates, &names, err);

	if (r >= 0)
		r = is_named(library, names, id);
	free_names(names);
	return r;
}

/* The library is locked, exclusively; afterwards it is not. */
static int remove_unused(struct ins_context *context, struct ins_library *library, const char *id,
	struct ins_error *err)
{
	cleanup_fd int dir = -1;
	char hidden[64] = "";
	int r = has_name(library, id, err);

	if (r == 0 && !ins_image_is_used(library, id))
		r = hide_image(library, id, hidden, sizeof(hidden), &dir, err);
	ins_library_unlock(library);
	if (r < 0 || dir < 0)
		return r < 0 ? r : 0;
	ins_image_forget(id, context->root);
	return ins_tree_remove(library->images, hidden, err);
}

int ins_image_release(struct ins_context *context, struct ins_library *library, const char *id,
	struct ins_error *err)
{
	int r;

	/* Two that have it both, and want to have it alone, would wait for each other. */
	ins_library_unlock(library);
	/* Most often the image has a name, and nobody has to wait for that to be known. */
	r = has_name(library, id, err);
	if (r != 0)
		return r < 0 ? r : 0;
	r = ins_library_lock(library, INS_LIBRARY_EXCLUSIVE, err);
	return r < 0 ? r : remove_unused(context, library, id, err);
}

int ins_template_remove(struct ins_context *context, const char *name, struct ins_error *err)
{
	cleanup_library struct ins_library library = INS_LIBRARY_CLOSED;
	char id[INS_IMAGE_ID_SIZE];
	int r = ins_library_open(context->library, true, &library, err);

	if (r == 0)
		r = ins_library_lock(&library, INS_LIBRARY_EXCLUSIVE, err);
	if (r == 0)
		r = ins_image_of_template(&library, name, id, err);
	if (r == 0 && unlinkat(library.templates, name, 0) < 0)
		r = ins_error_set(err, errno, "remove the template %s", name);
	return r < 0 ? r : remove_unused(context, &library, id, err);
}

int ins_template_check(struct ins_context *context, const char *name, struct ins_error *err)
{
	cleanup_library struct ins_library library = INS_LIBRARY_CLOSED;
	char id[INS_IMAGE_ID_SIZE], words[INS_WORKER_SIZE];
	char *argv[] = { NULL, NULL, (char *)"check", context->library, id, NULL };
	int r = ins_library_open(context->library, true, &library, err);

	if (r == 0)
		r = ins_image_of_template(&library, name, id, err);
	if (r == 0)
		r = ins_worker_ask(context, argv, -1, words, err);
	if (r < 0)
		ins_error_prefix(err, "template %s", name);
	return r;
}

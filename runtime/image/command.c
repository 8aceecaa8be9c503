/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/number.h"
#include "command.h"

/* --- users: numbers, or names that the image's own files know --------------------------------------------- */

static FILE *open_table(int root, const char *path)
{
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
	int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");

	if (!file)
		ins_close(fd);
	return file;
}

/* The field of a line "name:…" of passwd or group. Return: it is there. */
static bool is_field(const char *line, size_t n, const char *text)
{
	while (n-- > 0 && line)
		line = strchr(line, ':') ? strchr(line, ':') + 1 : NULL;
	return line && strcspn(line, ":\n") == strlen(text) && !strncmp(line, text, strlen(text));
}

static bool read_field(const char *line, size_t n, uint32_t *ret)
{
	char text[16];
	size_t length;

	while (n-- > 0 && line)
		line = strchr(line, ':') ? strchr(line, ':') + 1 : NULL;
	length = line ? strcspn(line, ":\n") : sizeof(text);
	if (length >= sizeof(text))
		return false;
	memcpy(text, line, length);
	text[length] = '\0';
	return ins_id_parse(text, ret) == 0;
}

/* @ret_group: the fourth field, or NULL. */
static bool look_up(
	int root, const char *path, const char *name, uint32_t *ret_id, uint32_t *ret_group)
{
	cleanup_file FILE *file = open_table(root, path);
	bool is_number = ins_id_parse(name, ret_id) == 0;
	char line[1024];

	while (file && fgets(line, sizeof(line), file)) {
		if (!is_field(line, is_number ? 2 : 0, name) || !read_field(line, 2, ret_id))
			continue;
		if (ret_group)
			(void)read_field(line, 3, ret_group);
		return true;
	}
	return is_number;
}

/* "USER[:GROUP]" becomes "UID:GID". */
static int find_user(const char *text, int root, json_t *taken, struct ins_error *err)
{
	uint32_t uid = 0, gid = 0;
	char user[128], number[32];
	const char *group = strchr(text, ':');
	size_t n = strcspn(text, ":");

	if (n >= sizeof(user))
		return ins_error_text(err, EINVAL, "config.User: too long");
	memcpy(user, text, n);
	user[n] = '\0';
	if (n > 0 && !look_up(root, "etc/passwd", user, &uid, &gid))
		return ins_error_text(
			err, EINVAL, "config.User: the image has no user \"%s\"", user);
	if (group && group[1] && !look_up(root, "etc/group", group + 1, &gid, NULL))
		return ins_error_text(
			err, EINVAL, "config.User: the image has no group \"%.80s\"", group + 1);
	if (uid > UINT16_MAX || gid > UINT16_MAX)
		return ins_error_text(err, EINVAL,
			"config.User: %u:%u: a partition has the ids 0 to 65535", uid, gid);
	snprintf(number, sizeof(number), "%u:%u", uid, gid);
	return json_object_set_new(taken, "user", json_string(number)) < 0
		       ? ins_error_set(err, ENOMEM, "config")
		       : 0;
}

/* --- the rest -------------------------------------------------------------------------------------------------- */

static int add_texts(json_t *list, const json_t *from, const char *key, struct ins_error *err)
{
	const json_t *item;
	size_t i;

	if (from && !json_is_null(from) && !json_is_array(from))
		return ins_error_text(err, EINVAL, "config.%s is no list", key);
	json_array_foreach(from, i, item) {
		if (!json_is_string(item))
			return ins_error_text(err, EINVAL, "config.%s[%zu] is no text", key, i);
		if (json_array_append(list, (json_t *)item) < 0)
			return ins_error_set(err, ENOMEM, "config");
	}
	return 0;
}

/* An empty list is as good as none. */
static int put_list(json_t *taken, const char *key, json_t *list, struct ins_error *err)
{
	if (json_array_size(list) > 0 && json_object_set(taken, key, list) < 0)
		return ins_error_set(err, ENOMEM, "config");
	return 0;
}

static int put_signal(json_t *taken, const char *text, struct ins_error *err)
{
	if (ins_signal_parse(text) <= 0)
		return ins_error_text(
			err, EINVAL, "config.StopSignal: there is no signal \"%.40s\"", text);
	return json_object_set_new(taken, "stop-signal", json_string(text)) < 0
		       ? ins_error_set(err, ENOMEM, "config")
		       : 0;
}

static void free_json(json_t **json)
{
	json_decref(*json);
}

int command_take(const json_t *config, int root, json_t **ret_config, struct ins_error *err)
{
	cleanup_with(free_json) json_t *taken = json_object(), *command = json_array(),
				       *env = json_array();
	const char *user = json_string_value(json_object_get(config, "User"));
	const char *cwd = json_string_value(json_object_get(config, "WorkingDir"));
	const char *stop_signal = json_string_value(json_object_get(config, "StopSignal"));
	int r;

	if (!taken || !command || !env)
		return ins_error_set(err, ENOMEM, "config");
	r = add_texts(command, json_object_get(config, "Entrypoint"), "Entrypoint", err);
	if (r == 0)
		r = add_texts(command, json_object_get(config, "Cmd"), "Cmd", err);
	if (r == 0)
		r = add_texts(env, json_object_get(config, "Env"), "Env", err);
	if (r == 0)
		r = put_list(taken, "command", command, err);
	if (r == 0)
		r = put_list(taken, "env", env, err);
	if (r == 0 && cwd && cwd[0] == '/' &&
		json_object_set_new(taken, "cwd", json_string(cwd)) < 0)
		r = ins_error_set(err, ENOMEM, "config");
	if (r == 0 && stop_signal && *stop_signal)
		r = put_signal(taken, stop_signal, err);
	if (r == 0 && user && *user)
		r = find_user(user, root, taken, err);
	if (r == 0 && json_object_size(taken) > 0)
		*ret_config = json_incref(taken);
	return r;
}

/* --- one that is there -------------------------------------------------------------------------------------- */

static bool is_list(const json_t *list)
{
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item) {
		if (!json_is_string(item))
			return false;
	}
	return !list || json_array_size(list) > 0;
}

static bool is_cwd(const json_t *cwd)
{
	const char *text = json_string_value(cwd);

	return !cwd || (text && text[0] == '/');
}

static bool is_user(const json_t *user)
{
	const char *text = json_string_value(user);
	uint32_t uid, gid;
	bool has_gid;

	return !user || (text && ins_user_parse(text, &uid, &has_gid, &gid) == 0);
}

static bool is_signal(const json_t *signal)
{
	return !signal || ins_signal_parse(json_string_value(signal)) > 0;
}

int command_check(const json_t *config, struct ins_error *err)
{
	static const struct {
		const char *key;
		bool (*is)(const json_t *value);
	} members[] = { { "command", is_list }, { "env", is_list }, { "cwd", is_cwd },
		{ "user", is_user }, { "stop-signal", is_signal } };

	if (config && !json_is_object(config))
		return ins_error_text(err, EINVAL, "its config is no object");
	for (size_t i = 0; i < ARRAY_LENGTH(members); i++) {
		if (!members[i].is(json_object_get(config, members[i].key)))
			return ins_error_text(err, EINVAL, "its config.%s is not what it should be",
				members[i].key);
	}
	return 0;
}

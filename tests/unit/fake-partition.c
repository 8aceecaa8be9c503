/* SPDX-License-Identifier: Apache-2.0 */
/* The other half of the library that only notes its calls: insula_partition.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fake-insula.h"
#include "insula_partition.h"

int ins_partition_revive(struct ins_context *context, struct ins_error *err)
{
	(void)context;
	(void)err;
	return 0;
}

/* --- definitions: any word is good ---------------------------------------------------------------- */

#define X(name, key, kind, change, argument, help) { key, INS_KIND_##kind },
static const struct {
	const char *key;
	enum ins_setting_kind kind;
} settings[] = { INS_SETTINGS(X) };
#undef X

static void clear(struct ins_definition_value *value)
{
	for (size_t i = 0; i < value->n; i++)
		free(value->v[i]);
	free(value->v);
	*value = (struct ins_definition_value){};
}

void ins_definition_clear(struct ins_definition *definition)
{
	for (int i = 0; i < INS_SETTING_COUNT; i++)
		clear(&definition->values[i]);
}

int ins_definition_set(struct ins_definition *definition, enum ins_setting setting,
	const char *text, struct ins_error *err)
{
	struct ins_definition_value *value = &definition->values[setting];

	(void)err;
	if (!text || settings[setting].kind < INS_KIND_WORDS)
		clear(value);
	if (!text)
		return 0;
	value->v = reallocarray(value->v, value->n + 2, sizeof(value->v[0]));
	if (!value->v)
		abort();
	value->v[value->n] = strdup(text);
	value->v[++value->n] = NULL;
	return 0;
}

int ins_definition_parse(
	const char *text, size_t size, struct ins_definition *ret_definition, struct ins_error *err)
{
	char comment[64];

	snprintf(comment, sizeof(comment), "%.*s", (int)size, text);
	*ret_definition = (struct ins_definition){};
	return ins_definition_set(ret_definition, INS_SETTING_COMMENT, comment, err);
}

int ins_definition_text(
	const struct ins_definition *definition, char **ret_text, struct ins_error *err)
{
	(void)definition;
	(void)err;
	*ret_text = strdup("{}\n");
	return 0;
}

static void note_definition(const struct ins_definition *definition)
{
	for (int i = 0; i < INS_SETTING_COUNT; i++) {
		for (size_t n = 0; n < definition->values[i].n; n++)
			note_text(settings[i].key, definition->values[i].v[n]);
	}
}

/* --- partitions: web1 and web2 -------------------------------------------------------------------- */

int ins_partition_make(struct ins_context *context, const char *name,
	const struct ins_definition *definition, struct ins_error *err)
{
	(void)context;
	note("make id=%s", name);
	note_definition(definition);
	return answer(name, err);
}

/* A container, as test programs' fakes know them, is no partition. */
int ins_partition_start(struct ins_context *context, const char *name,
	const struct ins_supervised *supervised, struct ins_error *err)
{
	(void)context;
	if (strncmp(name, "web", 3) != 0)
		return -ENOENT;
	note("partition start id=%s", name);
	note_number("supervised", supervised != NULL);
	return answer(name, err);
}

int ins_partition_start_check(struct ins_context *context, const char *name, struct ins_error *err)
{
	(void)context;
	(void)name;
	(void)err;
	return 0;
}

int ins_partition_stop(
	struct ins_context *context, const char *name, uint64_t timeout, struct ins_error *err)
{
	(void)context;
	note("stop id=%s", name);
	note_number("timeout", (long)timeout);
	return answer(name, err);
}

int ins_partition_settle(struct ins_context *context, const char *name, int status, bool *ret_again,
	struct ins_error *err)
{
	(void)context;
	note("settle id=%s", name);
	note_number("status", status);
	*ret_again = false;
	return answer(name, err);
}

int ins_partition_settle_unit(struct ins_context *context, const char *name, int status,
	bool failed, bool *ret_fail, struct ins_error *err)
{
	(void)context;
	note("settle id=%s", name);
	note_number("status", status);
	note_number("failed", failed);
	*ret_fail = false;
	return answer(name, err);
}

int ins_console_open(struct ins_context *context, const char *name, struct ins_console *ret_console,
	struct ins_error *err)
{
	(void)context;
	(void)ret_console;
	return with_id("console", name, err);
}

int ins_console_relay(const struct ins_console *console, bool *ret_detached, struct ins_error *err)
{
	(void)console;
	*ret_detached = true;
	return answer("relay", err);
}

void ins_console_close(struct ins_console *console)
{
	(void)console;
}

int ins_partition_enable(
	struct ins_context *context, const char *name, bool enabled, struct ins_error *err)
{
	(void)context;
	return with_id(enabled ? "enable" : "disable", name, err);
}

int ins_partition_remove(
	struct ins_context *context, const char *name, bool force, struct ins_error *err)
{
	(void)context;
	note("remove id=%s", name);
	note_number("force", force);
	return answer(name, err);
}

int ins_partition_remove_end(struct ins_context *context, struct ins_error *err)
{
	(void)context;
	(void)err;
	return 0;
}

int ins_partition_definition(struct ins_context *context, const char *name,
	struct ins_definition *ret_definition, struct ins_error *err)
{
	int r = with_id("definition", name, err);

	(void)context;
	*ret_definition = (struct ins_definition){};
	return r < 0 ? r : ins_definition_set(ret_definition, INS_SETTING_TEMPLATE, "debian", err);
}

int ins_partition_apply(struct ins_context *context, const char *name,
	const struct ins_definition *definition, ins_change_fn *visit, void *data,
	struct ins_error *err)
{
	(void)context;
	note("apply id=%s", name);
	note_definition(definition);
	visit(data, "memory", INS_CHANGE_LIVE);
	visit(data, "net", INS_CHANGE_RESTART);
	return answer(name, err);
}

int ins_partition_show(struct ins_context *context, const char *name, ins_partition_visit_fn *visit,
	void *data, struct ins_error *err)
{
	const struct ins_definition definition = {};
	const struct ins_partition_info info = {
		.name = name,
		.status = INS_STATUS_STOPPED,
		.template = "debian",
		.image = "0123456789abcdef",
		.made = "2026-01-02T03:04:05Z",
		.exit_status = -1,
		.definition = &definition,
		.directory = "/partitions/web",
		.json = "{}",
	};
	int r = with_id("show", name, err);

	(void)context;
	return r < 0 ? r : visit(data, &info);
}

int ins_partition_limits_missing(char *text, size_t size, struct ins_error *err)
{
	(void)err;
	if (size > 0)
		text[0] = '\0';
	return 0;
}

int ins_partition_list(struct ins_context *context, ins_container_visit_fn *visit, void *data,
	struct ins_error *err)
{
	return ins_list(context, visit, data, err);
}

int ins_partition_names(
	struct ins_context *context, char ***ret_names, size_t *ret_n, struct ins_error *err)
{
	(void)context;
	(void)err;
	*ret_names = calloc(3, sizeof(**ret_names));
	if (!*ret_names)
		abort();
	(*ret_names)[0] = strdup("web1");
	(*ret_names)[1] = strdup("web2");
	*ret_n = 2;
	return 0;
}

/* --- snapshots ------------------------------------------------------------------------------------- */

int ins_partition_snapshot(
	struct ins_context *context, const char *name, const char *snapshot, struct ins_error *err)
{
	(void)context;
	note("snapshot id=%s name=%s", name, snapshot);
	return answer(name, err);
}

int ins_partition_snapshots(struct ins_context *context, const char *name,
	ins_snapshot_visit_fn *visit, void *data, struct ins_error *err)
{
	const struct ins_snapshot_info info = { "first", "2026-01-02T03:04:05Z", 2 };
	int r = with_id("snapshots", name, err);

	(void)context;
	return r < 0 ? r : visit(data, &info);
}

int ins_partition_snapshot_remove(
	struct ins_context *context, const char *name, const char *snapshot, struct ins_error *err)
{
	(void)context;
	note("snapshot_remove id=%s name=%s", name, snapshot);
	return answer(name, err);
}

int ins_partition_rollback(
	struct ins_context *context, const char *name, const char *snapshot, struct ins_error *err)
{
	(void)context;
	note("rollback id=%s name=%s", name, snapshot);
	return answer(name, err);
}

int ins_partition_clone(struct ins_context *context, const char *name, const char *snapshot,
	const char *to, struct ins_error *err)
{
	(void)context;
	note("clone id=%s", name);
	note_text("snapshot", snapshot);
	note_text("to", to);
	return answer(name, err);
}

int ins_partition_export(struct ins_context *context, const char *name, int fd, bool with_image,
	struct ins_error *err)
{
	(void)context;
	(void)fd;
	note("export id=%s", name);
	note_number("with_image", with_image);
	return answer(name, err);
}

int ins_partition_import(struct ins_context *context, const char *name, int fd, char **ret_name,
	struct ins_error *err)
{
	(void)context;
	(void)fd;
	*ret_name = strdup(name ? name : "archived");
	return with_id("import", *ret_name, err);
}

/* --- the library, and the host ------------------------------------------------------------------ */

int ins_gc(struct ins_context *context, bool dry, ins_leftover_visit_fn *visit, void *data,
	struct ins_error *err)
{
	(void)context;
	(void)visit;
	(void)data;
	note("gc");
	note_number("dry", dry);
	return answer(NULL, err);
}

int ins_template_make(
	struct ins_context *context, const struct ins_template_args *args, struct ins_error *err)
{
	(void)context;
	note("template name=%s source=%d from=%s", args->name, args->source, args->from);
	for (char *const *word = args->arguments; word && *word; word++)
		note_text("arg", *word);
	note_number("erofs", args->erofs);
	return answer(args->name, err);
}

int ins_template_list(struct ins_context *context, const char *name, ins_template_visit_fn *visit,
	void *data, struct ins_error *err)
{
	(void)context;
	(void)visit;
	(void)data;
	note("template_list");
	note_text("name", name);
	return answer(name, err);
}

int ins_template_remove(struct ins_context *context, const char *name, struct ins_error *err)
{
	(void)context;
	return with_id("template_remove", name, err);
}

int ins_template_check(struct ins_context *context, const char *name, struct ins_error *err)
{
	(void)context;
	return with_id("template_check", name, err);
}

int ins_stats(struct ins_context *context, const char *id, ins_stats_fn *visit, void *data,
	struct ins_error *err)
{
	const struct ins_stats stats = { .id = id ? id : "c1", .pid = 100 };
	int r = with_id("stats", stats.id, err);

	(void)context;
	return r < 0 ? r : visit(data, &stats);
}

int ins_check(struct ins_context *context, ins_finding_fn *visit, void *data, struct ins_error *err)
{
	(void)context;
	(void)visit;
	(void)data;
	note("check");
	return answer(NULL, err);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fake-insula.h"

struct fake fake;

struct ins_context {
	struct ins_options options;
};

void note(const char *fmt, ...)
{
	size_t used = strlen(fake.calls);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(fake.calls + used, sizeof(fake.calls) - used, fmt, ap);
	va_end(ap);
}

void note_text(const char *name, const char *value)
{
	if (value)
		note(" %s=%s", name, value);
}

void note_number(const char *name, long value)
{
	if (value)
		note(" %s=%ld", name, value);
}

static void note_list(const char *name, char *const *list)
{
	for (; list && *list; list++)
		note(" %s=%s", name, *list);
}

int answer(const char *id, struct ins_error *err)
{
	note("\n");
	if (!fake.fail.code || (fake.fail_id && (!id || strcmp(fake.fail_id, id) != 0)))
		return 0;
	*err = fake.fail;
	return -fake.fail.code;
}

int ins_context_new(
	const struct ins_options *options, struct ins_context **ret_context, struct ins_error *err)
{
	struct ins_context *context = calloc(1, sizeof(*context));

	(void)err;
	if (!context)
		abort();
	context->options = *options;
	note("context");
	note_text("root", options->root);
	note_number("cgroup_manager", options->cgroup_manager);
	note_number("rootless", options->rootless);
	note_number("log_level", options->log_level);
	note("\n");
	*ret_context = context;
	return 0;
}

void ins_context_show_progress(struct ins_context *context, bool yes)
{
	(void)context;
	(void)yes;
}

void ins_context_free(struct ins_context *context)
{
	free(context);
}

static void note_create(const char *verb, const struct ins_create_args *args)
{
	note("%s", verb);
	note_text("id", args->id);
	note_text("bundle", args->bundle);
	note_text("config", args->config);
	note_text("console_socket", args->console_socket);
	note_text("pidfd_socket", args->pidfd_socket);
	note_text("pid_file", args->pid_file);
	note_number("preserve_fds", args->preserve_fds);
	note_number("no_pivot", args->no_pivot);
	note_number("no_new_keyring", args->no_new_keyring);
	note_number("no_subreaper", args->no_subreaper);
	note_number("detach", args->detach);
	note_number("keep", args->keep);
}

static void say(const struct ins_context *context)
{
	for (size_t i = 0; fake.say[i]; i++)
		context->options.log(context->options.log_data, INS_LOG_WARNING, fake.say[i]);
}

int ins_create(
	struct ins_context *context, const struct ins_create_args *args, struct ins_error *err)
{
	say(context);
	note_create("create", args);
	return answer(args->id, err);
}

int ins_run(struct ins_context *context, const struct ins_create_args *args, int *ret_status,
	struct ins_error *err)
{
	say(context);
	note_create("run", args);
	if (!args->detach)
		*ret_status = fake.status;
	return answer(args->id, err);
}

int ins_exec(struct ins_context *context, const struct ins_exec_args *args, int *ret_status,
	struct ins_error *err)
{
	(void)context;
	note("exec");
	note_text("id", args->id);
	note_text("process_file", args->process_file);
	note_list("arg", args->args);
	note_list("env", args->env);
	note_list("cap", args->caps);
	note_text("cwd", args->cwd);
	note_text("user", args->user);
	note_text("process_label", args->process_label);
	note_text("apparmor", args->apparmor);
	note_text("cgroup", args->cgroup);
	for (size_t i = 0; i < args->additional_gids_count; i++)
		note(" gid=%u", args->additional_gids[i]);
	note_text("console_socket", args->console_socket);
	note_text("pidfd_socket", args->pidfd_socket);
	note_text("pid_file", args->pid_file);
	note_number("preserve_fds", args->preserve_fds);
	note_number("tty", args->tty);
	note_number("no_new_privs", args->no_new_privs);
	note_number("ignore_paused", args->ignore_paused);
	note_number("detach", args->detach);
	if (!args->detach)
		*ret_status = fake.status;
	return answer(args->id, err);
}

int with_id(const char *verb, const char *id, struct ins_error *err)
{
	note("%s id=%s", verb, id);
	return answer(id, err);
}

int ins_start(struct ins_context *context, const char *id, struct ins_error *err)
{
	(void)context;
	return with_id("start", id, err);
}

int ins_pause(struct ins_context *context, const char *id, struct ins_error *err)
{
	(void)context;
	return with_id("pause", id, err);
}

int ins_resume(struct ins_context *context, const char *id, struct ins_error *err)
{
	(void)context;
	return with_id("resume", id, err);
}

int ins_update(
	struct ins_context *context, const struct ins_update_args *args, struct ins_error *err)
{
	(void)context;
	note("update id=%s resources=%s", args->id, args->resources);
	note_text("l3_cache_schema", args->l3_cache_schema);
	note_text("mem_bw_schema", args->mem_bw_schema);
	return answer(args->id, err);
}

int ins_kill(
	struct ins_context *context, const char *id, int signal, bool all, struct ins_error *err)
{
	(void)context;
	note("kill id=%s signal=%d", id, signal);
	note_number("all", all);
	return answer(id, err);
}

int ins_delete(struct ins_context *context, const char *id, bool force, struct ins_error *err)
{
	(void)context;
	note("delete id=%s", id);
	note_number("force", force);
	return answer(id, err);
}

const char *ins_status_name(enum ins_status status)
{
	return status == INS_STATUS_RUNNING ? "running" : "stopped";
}

static int show(size_t i, ins_container_visit_fn *visit, void *data)
{
	char id[16], json[64];
	const struct ins_container_info info = {
		.id = id,
		.status = INS_STATUS_RUNNING,
		.pid = 100,
		.bundle = "/bundles/one",
		.rootfs = "/bundles/one/rootfs",
		.created = "2026-01-02T03:04:05.000000006Z",
		.owner = "root",
		.json = json,
	};

	snprintf(id, sizeof(id), "c%zu", i);
	snprintf(json, sizeof(json), "{\n    \"id\": \"%s\"\n}", id);
	return visit(data, &info);
}

int ins_state(struct ins_context *context, const char *id, ins_container_visit_fn *visit,
	void *data, struct ins_error *err)
{
	int r;

	(void)context;
	r = with_id("state", id, err);
	return r < 0 ? r : show(1, visit, data);
}

int ins_list(struct ins_context *context, ins_container_visit_fn *visit, void *data,
	struct ins_error *err)
{
	int r;

	(void)context;
	note("list\n");
	(void)err;
	for (size_t i = 1; i <= fake.n_containers; i++) {
		r = show(i, visit, data);
		if (r < 0)
			return r;
	}
	return 0;
}

int ins_events(struct ins_context *context, const char *id, uint64_t interval, ins_event_fn *visit,
	void *data, struct ins_error *err)
{
	(void)context;
	note("events");
	note_text("id", id);
	note_number("interval", (long)interval);
	return answer(id, err) < 0 ? -err->code : visit(data, "{\"type\":\"stats\"}");
}

int ins_ps(struct ins_context *context, const char *id, pid_t **ret_pids, size_t *ret_count,
	struct ins_error *err)
{
	int r;

	(void)context;
	r = with_id("ps", id, err);
	if (r < 0)
		return r;
	*ret_pids = calloc(2, sizeof(pid_t));
	if (!*ret_pids)
		abort();
	(*ret_pids)[0] = 1;
	(*ret_pids)[1] = getpid();
	*ret_count = 2;
	return 0;
}

int ins_plan(struct ins_context *context, const struct ins_create_args *args,
	enum ins_format format, char **ret_text, struct ins_error *err)
{
	int r;

	(void)context;
	note_create("plan", args);
	note_number("format", format);
	r = answer(args->id, err);
	if (r == 0)
		*ret_text = strdup("the plan\n");
	return r;
}

int ins_spec_default(bool rootless, char **ret_text, struct ins_error *err)
{
	note("spec");
	note_number("rootless", rootless);
	*ret_text = strdup("{}\n");
	return answer(NULL, err);
}

int ins_features(char **ret_text, struct ins_error *err)
{
	note("features");
	*ret_text = strdup("{}\n");
	return answer(NULL, err);
}

const char *ins_version(void)
{
	return "1.2.3";
}

const char *ins_commit(void)
{
	return "0123abc";
}

int ins_signal_parse(const char *text)
{
	static const struct {
		const char *text;
		int number;
	} known[] = { { "TERM", 15 }, { "SIGKILL", 9 }, { "9", 9 }, { "10", 10 }, { "15", 15 } };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (!strcmp(known[i].text, text))
			return known[i].number;
	}
	return -EINVAL;
}

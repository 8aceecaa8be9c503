/* SPDX-License-Identifier: Apache-2.0 */
/* insula: the global options, the table of verbs, and the way from argv to an exit status. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "help.h"
#include "insula_partition.h"
#include "output.h"

const struct verb *const verbs[] = {
	&verb_create,
	&verb_start,
	&verb_state,
	&verb_kill,
	&verb_delete,
	&verb_run,
	&verb_exec,
	&verb_ps,
	&verb_events,
	&verb_list,
	&verb_pause,
	&verb_resume,
	&verb_update,
	&verb_spec,
	&verb_features,
	&verb_plan,
	&verb_spawn,
	&verb_show,
	&verb_set,
	&verb_apply,
	&verb_edit,
	&verb_enter,
	&verb_console,
	&verb_stop,
	&verb_restart,
	&verb_freeze,
	&verb_thaw,
	&verb_remove,
	&verb_template,
	&verb_snapshot,
	&verb_rollback,
	&verb_clone,
	&verb_export,
	&verb_import,
	&verb_logs,
	&verb_stats,
	&verb_top,
	&verb_check,
	&verb_enable,
	&verb_disable,
	&verb_boot,
	&verb_settle,
	&verb_gc,
	&verb_help,
	NULL,
};

struct global {
	struct ins_options context;
	const char *log;
	enum log_format log_format;
	enum ins_log_level log_level;
	bool debug;
	bool systemd_cgroup;
	bool version;
};

/* Each in the order of its enum. */
static const char *const log_formats[] = { "text", "json", NULL };
static const char *const cgroup_managers[] = { "cgroupfs", "systemd", "disabled", NULL };
static const char *const rootless_words[] = { "auto", "false", "true", NULL };

#define GLOBAL(member) offsetof(struct global, member)

const struct option global_options[] = {
	{ "root", 0, OPTION_PATH, GLOBAL(context.root), "DIR", NULL,
		"the state directory (default: /run/insula)" },
	{ "library", 0, OPTION_PATH, GLOBAL(context.library), "DIR", NULL,
		"where templates and partitions are kept (default: /var/lib/insula)" },
	{ "log", 0, OPTION_STRING, GLOBAL(log), "FILE", NULL, "append messages to this file" },
	{ "log-format", 0, OPTION_CHOICE, GLOBAL(log_format), NULL, log_formats,
		"the form of the messages in it" },
	{ "log-level", 0, OPTION_CHOICE, GLOBAL(log_level), NULL, log_levels,
		"how much is said (default: warning)" },
	{ "debug", 0, OPTION_FLAG, GLOBAL(debug), NULL, NULL, "the same as --log-level debug" },
	{ "systemd-cgroup", 0, OPTION_FLAG, GLOBAL(systemd_cgroup), NULL, NULL,
		"the same as --cgroup-manager systemd" },
	{ "cgroup-manager", 0, OPTION_CHOICE, GLOBAL(context.cgroup_manager), NULL, cgroup_managers,
		"who makes the container's cgroup" },
	{ "rootless", 0, OPTION_CHOICE, GLOBAL(context.rootless), NULL, rootless_words,
		"work as for an ordinary user (default: auto)" },
	{ "version", 'v', OPTION_FLAG, GLOBAL(version), NULL, NULL, "show the version and exit" },
	{ "help", 'h', OPTION_FLAG, 0, NULL, NULL, "show this, or after a command its help" },
	{},
};

/* What LXC, Docker and jails call it: insula-compared(7). NULL: nothing. */
static const char *translate(const char *name)
{
	static const struct {
		const char *theirs, *ours;
	} terms[] = {
		{ "attach", "enter" },
		{ "copy", "clone" },
		{ "destroy", "remove" },
		{ "info", "show" },
		{ "inspect", "show" },
		{ "launch", "spawn" },
		{ "ls", "list" },
		{ "rm", "remove" },
		{ "shell", "enter" },
		{ "unpause", "thaw" },
	};

	for (size_t i = 0; i < sizeof(terms) / sizeof(terms[0]); i++) {
		if (!strcmp(terms[i].theirs, name))
			return terms[i].ours;
	}
	return NULL;
}

const struct verb *verb_find(const char *name, struct ins_error *err)
{
	struct ins_nearest nearest = { .word = name };
	const char *meant = translate(name);

	for (size_t i = 0; verbs[i]; i++) {
		if (!strcmp(verbs[i]->name, name))
			return verbs[i];
		if (verbs[i]->summary)
			ins_nearest_offer(&nearest, verbs[i]->name);
	}
	if (!meant)
		meant = nearest.best;
	if (meant)
		error_set(err, EINVAL, "unknown command `%s`: did you mean `%s`? Try `insula help`",
			name, meant);
	else
		error_set(err, EINVAL, "unknown command `%s`; try `insula help`", name);
	return NULL;
}

/*
 * containerd's go-runc takes the version from a first line that begins with "runc version " and
 * nothing else, dockerd the name and the version from the last line with the word "version".
 */
static int print_version(struct ins_error *err)
{
	printf("runc version %s+insula\ninsula version %s\ncommit: %s\nspec: %s\n", ins_version(),
		ins_version(), ins_commit(), INS_OCI_VERSION);
	return output_flush(err);
}

static int check_arguments(const struct verb *verb, size_t n, char **args, struct ins_error *err)
{
	if (n < verb->min_args)
		return error_set(err, EINVAL, "%s needs %s; try `insula %s --help`", verb->name,
			verb->synopsis, verb->name);
	if (n > verb->max_args)
		return error_set(err, EINVAL,
			"%s: unexpected argument `%s`; try `insula %s --help`", verb->name,
			args[verb->max_args], verb->name);
	return 0;
}

static int call_verb(const struct verb *verb, struct call *call, const struct global *global,
	struct ins_error *err)
{
	struct ins_error why = {};
	int r;

	if (verb->no_context)
		return verb->run(call, err);
	r = ins_context_new(&global->context, &call->context, err);
	if (r < 0)
		return r;
	ins_context_show_progress(call->context, true);
	/* Nobody is to wait for a command of a certain kind. */
	if (ins_partition_revive(call->context, &why) < 0)
		log_write(call->log, INS_LOG_WARNING, why.text);
	r = verb->run(call, err);
	ins_context_free(call->context);
	return r;
}

/* @argv: what follows the verb. Return: as struct verb's run. */
static int run_verb(const struct verb *verb, char **argv, struct global *global, struct log *log,
	struct ins_error *err)
{
	struct call call = { .log = log, .args = argv };
	char command[32];
	void *options;
	bool help = false;
	int r;

	options = calloc(1, verb->options_size + 1);
	if (!options)
		return error_set(err, ENOMEM, "out of memory");
	snprintf(command, sizeof(command), "insula %s", verb->name);
	r = options_parse(verb->options, command, verb->in_order, argv, options, &help, err);
	if (r >= 0 && help) {
		r = help_print(verb, err);
	} else if (r >= 0) {
		call.options = options;
		call.n_args = (size_t)r;
		r = check_arguments(verb, call.n_args, argv, err);
		if (r == 0)
			r = call_verb(verb, &call, global, err);
	}
	options_clear(verb->options, options);
	free(options);
	return r;
}

/* What the global options say together. */
static int settle(struct global *global, struct log *log, struct ins_error *err)
{
	log->format = global->log_format;
	log->level = global->debug ? INS_LOG_DEBUG : global->log_level;
	global->context.log = log_write;
	global->context.log_data = log;
	global->context.log_level = log->level;
	if (!global->systemd_cgroup)
		return 0;
	if (global->context.cgroup_manager == INS_CGROUP_DISABLED)
		return error_set(err, EINVAL,
			"--systemd-cgroup and --cgroup-manager disabled exclude each other");
	global->context.cgroup_manager = INS_CGROUP_SYSTEMD;
	return 0;
}

/* @ret_verb: the verb, once it is known. Return: as struct verb's run. */
static int run_program(
	char **argv, struct log *log, const struct verb **ret_verb, struct ins_error *err)
{
	struct global global = { .log_level = INS_LOG_WARNING };
	const struct verb *verb;
	bool help = false;
	int n, r;

	n = options_parse(global_options, "insula", true, argv, &global, &help, err);
	/* The log is opened even so: who named it before the mistake looks for the error there. */
	r = settle(&global, log, err);
	if (global.log && log_open(log, global.log, err) < 0)
		return -err->code;
	if (n < 0 || r < 0)
		return -err->code;
	if (help)
		return help_print(NULL, err);
	if (global.version)
		return print_version(err);
	if (n == 0)
		return error_set(err, EINVAL, "a command is missing; try `insula help`");
	verb = verb_find(argv[0], err);
	if (!verb)
		return -err->code;
	*ret_verb = verb;
	return run_verb(verb, argv + 1, &global, log, err);
}

/* The exit status of a call that failed. */
static int failure_status(const struct verb *verb, const struct ins_error *err)
{
	if (!verb || !verb->runs_program)
		return 1;
	return err->status ? err->status : verb->failure;
}

int main(int argc, char **argv)
{
	struct log log = { .fd = -1, .level = INS_LOG_WARNING };
	const struct verb *verb = NULL;
	struct ins_error err = {};
	int r;

	r = output_prepare(&err);
	if (r == 0)
		r = run_program(argc > 0 ? argv + 1 : argv, &log, &verb, &err);
	if (r < 0)
		log_write(&log, INS_LOG_ERROR, err.text);
	log_close(&log, r < 0);
	return r < 0 ? failure_status(verb, &err) : r;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "absent.h"
#include "insula_partition.h"
#include "names.h"
#include "output.h"
#include "verb.h"

enum list_format {
	LIST_TABLE,
	LIST_JSON,
};

static const char *const list_formats[] = { "table", "json", NULL };

struct list_options {
	enum list_format format;
	bool json;
	bool quiet;
	bool all;
};

static const struct option list_options[] = {
	{ "format", 'f', OPTION_CHOICE, offsetof(struct list_options, format), NULL, list_formats,
		"a table, or a JSON array of the containers' states" },
	{ "json", 0, OPTION_FLAG, offsetof(struct list_options, json), NULL, NULL,
		"the same as --format json" },
	{ "quiet", 'q', OPTION_FLAG, offsetof(struct list_options, quiet), NULL, NULL,
		"print the ids only" },
	{ "all", 'a', OPTION_FLAG, offsetof(struct list_options, all), NULL, NULL,
		"all there are, which is also what no name means" },
	{},
};

enum { ID, PID, STATUS, BUNDLE, CREATED, OWNER, TEMPLATE, ADDRESS, COLUMNS };

static const char *const titles[COLUMNS] = {
	"ID",
	"PID",
	"STATUS",
	"BUNDLE",
	"CREATED",
	"OWNER",
	"TEMPLATE",
	"ADDRESS",
};

/* Columns are at least that wide and that far apart, and the first six are those of other runtimes: what
 * those know who parse theirs. */
#define COLUMN_WIDTH 12
#define COLUMN_GAP   3

/* On a terminal that is too narrow for a line, what is left out first. */
static const int dispensable[] = { BUNDLE, OWNER, CREATED };

/* Those that were asked for. */
struct selection {
	const struct names *names; /* NULL: all */
	bool *seen;                /* of the names */
	ins_container_visit_fn *visit;
	void *data;
};

struct table {
	struct ins_context *context;
	char *(*rows)[COLUMNS];
	size_t n;
};

struct array {
	struct ins_context *context;
	bool any;
};

static bool is_meant(struct selection *selection, const char *id)
{
	const struct names *names = selection->names;

	for (size_t i = 0; names && i < names->n; i++) {
		if (strcmp(names->v[i], id) == 0)
			return selection->seen[i] = true;
	}
	return !names;
}

static int visit_meant(void *data, const struct ins_container_info *info)
{
	struct selection *selection = data;

	return is_meant(selection, info->id) ? selection->visit(selection->data, info) : 0;
}

static int visit_each(const struct call *call, const struct names *names,
	ins_container_visit_fn *visit, void *data, struct ins_error *err)
{
	bool *seen = names ? calloc(names->n, sizeof(*seen)) : NULL;
	struct selection selection = { names, seen, visit, data };
	int r = names && !seen ? error_set(err, ENOMEM, "out of memory")
			       : ins_partition_list(call->context, visit_meant, &selection, err);

	for (size_t i = 0; names && r == 0 && i < names->n; i++) {
		if (!seen[i])
			r = absent_tell(call->context, names->v[i],
				error_set(err, ENOENT, "container \"%s\" does not exist",
					names->v[i]),
				err);
	}
	free(seen);
	return r;
}

static int print_id(void *data, const struct ins_container_info *info)
{
	(void)data;
	puts(info->id);
	return 0;
}

/* None of these has a character that JSON writes in another way. */
static int print_partition(void *data, const struct ins_partition_info *info)
{
	(void)data;
	printf(",\n  \"template\": \"%s\"", info->template);
	if (info->address)
		printf(",\n  \"address\": \"%s\"", info->address);
	if (info->address6)
		printf(",\n  \"address6\": \"%s\"", info->address6);
	return 0;
}

/* The state, and behind it in the same object what the table has of a partition. */
static int print_json(void *data, const struct ins_container_info *info)
{
	struct array *array = data;
	struct ins_error why = {};

	/* All but the last brace, which has a line of its own. */
	printf("%s%.*s", array->any ? "," : "[", (int)strlen(info->json) - 2, info->json);
	(void)ins_partition_show(array->context, info->id, print_partition, NULL, &why);
	fputs("\n}", stdout);
	array->any = true;
	return 0;
}

static int copy_cell(char **cell, const char *text)
{
	*cell = strdup(text ? text : "-");
	return *cell ? 0 : -ENOMEM;
}

static int fill_partition(void *data, const struct ins_partition_info *info)
{
	char **cells = data;
	int r = copy_cell(&cells[TEMPLATE], info->template);

	return r < 0 ? r
		     : copy_cell(&cells[ADDRESS], info->address ? info->address : info->address6);
}

static int gather(void *data, const struct ins_container_info *info)
{
	struct table *table = data;
	void *rows;
	char pid[16], **row;
	const char *const cells[TEMPLATE] = { info->id, pid, ins_status_name(info->status),
		info->bundle, info->created, info->owner };
	struct ins_error why = {};
	int r = 0;

	snprintf(pid, sizeof(pid), "%d", (int)info->pid);
	rows = reallocarray(table->rows, table->n + 1, sizeof(table->rows[0]));
	if (!rows)
		return -ENOMEM;
	table->rows = rows;
	row = table->rows[table->n++];
	memset(row, 0, sizeof(table->rows[0]));
	for (int i = 0; r == 0 && i < TEMPLATE; i++)
		r = copy_cell(&row[i], cells[i]);
	/* What is none, or has gone or is broken meanwhile, has its row as well. */
	if (r == 0)
		r = ins_partition_show(table->context, info->id, fill_partition, row, &why);
	for (int i = TEMPLATE; r != -ENOMEM && i < COLUMNS; i++)
		r = row[i] ? 0 : copy_cell(&row[i], NULL);
	return r;
}

/* @widths: 0: the column is left out. */
static void print_row(char *const *cells, const int *widths)
{
	for (int i = 0; i < COLUMNS; i++) {
		if (widths[i] == 0)
			continue;
		output_text(cells[i]);
		if (i < COLUMNS - 1)
			printf("%*s", widths[i] - (int)strlen(cells[i]), "");
	}
	putchar('\n');
}

/* A file, and a program that reads, gets all columns. */
static void fit_terminal(int *widths)
{
	struct winsize size;
	int width = -COLUMN_GAP;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
		return;
	for (int i = 0; i < COLUMNS; i++)
		width += widths[i];
	for (size_t i = 0; width > size.ws_col && i < sizeof(dispensable) / sizeof(dispensable[0]);
		i++) {
		width -= widths[dispensable[i]];
		widths[dispensable[i]] = 0;
	}
}

static void print_table(const struct table *table)
{
	char *header[COLUMNS];
	int widths[COLUMNS];

	for (int i = 0; i < COLUMNS; i++) {
		header[i] = (char *)titles[i];
		widths[i] = COLUMN_WIDTH;
		for (size_t row = 0; row < table->n; row++) {
			int width = (int)strlen(table->rows[row][i]) + COLUMN_GAP;

			if (width > widths[i])
				widths[i] = width;
		}
	}
	fit_terminal(widths);
	print_row(header, widths);
	for (size_t row = 0; row < table->n; row++)
		print_row(table->rows[row], widths);
}

static int list_table(const struct call *call, const struct names *names, struct ins_error *err)
{
	struct table table = { .context = call->context };
	int r;

	r = visit_each(call, names, gather, &table, err);
	if (r == -ENOMEM)
		error_set(err, -r, "out of memory");
	else if (r == 0)
		print_table(&table);
	for (size_t row = 0; row < table.n; row++)
		for (int i = 0; i < COLUMNS; i++)
			free(table.rows[row][i]);
	free(table.rows);
	return r;
}

static int list_json(const struct call *call, const struct names *names, struct ins_error *err)
{
	struct array array = { .context = call->context };
	int r;

	r = visit_each(call, names, print_json, &array, err);
	puts(array.any ? "]" : "[]");
	return r;
}

static int list_meant(const struct call *call, const struct names *names, struct ins_error *err)
{
	const struct list_options *options = call->options;

	if (options->quiet)
		return visit_each(call, names, print_id, NULL, err);
	if (options->json || options->format == LIST_JSON)
		return list_json(call, names, err);
	return list_table(call, names, err);
}

static int list(const struct call *call, struct ins_error *err)
{
	const struct list_options *options = call->options;
	bool is_chosen = call->n_args > 0;
	struct names names = {};
	int r = is_chosen ? names_find(call, call->args, options->all, NAMES_OF_ALL, &names, err)
			  : 0;

	if (r == 0)
		r = list_meant(call, is_chosen ? &names : NULL, err);
	names_clear(&names);
	return r < 0 ? r : output_flush(err);
}

const struct verb verb_list = {
	.name = "list",
	.summary = "list the containers below the state directory",
	.synopsis = "[NAME]...",
	.options = list_options,
	.options_size = sizeof(struct list_options),
	.max_args = SIZE_MAX,
	.run = list,
};

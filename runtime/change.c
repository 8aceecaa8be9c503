/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "change.h"
#include "log.h"
#include "output.h"

#define DEFINITION_SIZE_MAX ((size_t)1 << 20)

struct told {
	const char *name;
};

static void tell(void *data, const char *key, enum ins_change change)
{
	const struct told *told = data;

	switch (change) {
	case INS_CHANGE_LIVE:
		printf("%s: %s is changed\n", told->name, key);
		break;
	case INS_CHANGE_RESTART:
		printf("%s: %s will be changed by a restart (insula restart %s)\n", told->name, key,
			told->name);
		break;
	case INS_CHANGE_NONE:
	case INS_CHANGE_NEVER:
		break;
	}
}

int change_apply(struct ins_context *context, const char *name,
	const struct ins_definition *definition, struct ins_error *err)
{
	struct told told = { name };
	int r = ins_partition_apply(context, name, definition, tell, &told, err);

	return r < 0 ? r : output_flush(err);
}

static int read_all(
	FILE *file, const char *path, char **ret_text, size_t *ret_size, struct ins_error *err)
{
	char *text = malloc(DEFINITION_SIZE_MAX + 1);
	size_t n;

	if (!text)
		return error_set(err, ENOMEM, "out of memory");
	n = fread(text, 1, DEFINITION_SIZE_MAX + 1, file);
	if (ferror(file) || n > DEFINITION_SIZE_MAX) {
		free(text);
		return n > DEFINITION_SIZE_MAX
			       ? error_set(err, EFBIG, "%s: too long for a definition", path)
			       : error_set(err, errno, "read %s: %s", path, strerror(errno));
	}
	*ret_text = text;
	*ret_size = n;
	return 0;
}

int change_read(const char *path, struct ins_definition *ret_definition, struct ins_error *err)
{
	bool standard = !strcmp(path, "-");
	FILE *file = standard ? stdin : fopen(path, "re");
	struct ins_error why = {};
	char *text = NULL;
	size_t size = 0;
	int r;

	if (!file)
		return error_set(err, errno, "open %s: %s", path, strerror(errno));
	r = read_all(file, path, &text, &size, err);
	if (!standard)
		fclose(file);
	if (r < 0)
		return r;
	r = ins_definition_parse(text, size, ret_definition, &why);
	free(text);
	return r < 0 ? error_set(err, -r, "%s: %s", standard ? "standard input" : path, why.text)
		     : 0;
}

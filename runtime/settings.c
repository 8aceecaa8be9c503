/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "log.h"
#include "settings.h"

static int take_list(const struct option_list *list, enum ins_setting setting,
	struct ins_definition *definition, struct ins_error *err)
{
	int r = ins_definition_set(definition, setting, NULL, err);

	for (size_t i = 0; r == 0 && i < list->n; i++)
		r = ins_definition_set(definition, setting, list->items[i], err);
	return r;
}

bool settings_given(const struct setting_options *options)
{
	for (int i = 0; i < INS_SETTING_COUNT; i++) {
		if (options->values[i].text || options->values[i].list.n > 0)
			return true;
	}
	return false;
}

int settings_take(const struct setting_options *options, struct ins_definition *definition,
	struct ins_error *err)
{
	int r = 0;

	for (int i = 0; r == 0 && i < INS_SETTING_COUNT; i++) {
		const struct setting_value *value = &options->values[i];

		if (value->text)
			r = ins_definition_set(definition, (enum ins_setting)i, value->text, err);
		else if (value->list.n > 0)
			r = take_list(&value->list, (enum ins_setting)i, definition, err);
	}
	return r;
}

int settings_take_command(
	char *const *words, size_t n, struct ins_definition *definition, struct ins_error *err)
{
	int r = n > 0 ? ins_definition_set(definition, INS_SETTING_COMMAND, NULL, err) : 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = ins_definition_set(definition, INS_SETTING_COMMAND, words[i], err);
	return r;
}

int settings_unset(const char *key, struct ins_definition *definition, struct ins_error *err)
{
	struct ins_nearest nearest = { .word = key };

#define X(name, text, kind, change, argument, help)                                   \
	if (!strcmp(key, text))                                                       \
		return ins_definition_set(definition, INS_SETTING_##name, NULL, err); \
	ins_nearest_offer(&nearest, text);
	INS_SETTINGS(X)
#undef X
	if (nearest.best)
		return error_set(err, EINVAL,
			"--unset: there is no setting \"%s\"; did you mean \"%s\"?", key,
			nearest.best);
	return error_set(err, EINVAL, "--unset: there is no setting \"%s\"", key);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The settings of a partition as options: of spawn and set. */
#ifndef RUNTIME_SETTINGS_H
#define RUNTIME_SETTINGS_H

#include "insula_partition.h"
#include "options.h"

/* What was given on the command line. The options of a verb that takes settings begin with it. */
struct setting_options {
	struct setting_value {
		const char *text;
		struct option_list list;
	} values[INS_SETTING_COUNT];
};

#define SETTING_FLAG(name) OPTION_SWITCH, offsetof(struct setting_options, values[INS_SETTING_##name].text)
#define SETTING_TEXT(name) OPTION_STRING, offsetof(struct setting_options, values[INS_SETTING_##name].text)
#define SETTING_LIST(name) OPTION_LIST, offsetof(struct setting_options, values[INS_SETTING_##name].list)

/* The kinds of lib/insula_partition.h. */
#define SETTING_KIND_FLAG     SETTING_FLAG
#define SETTING_KIND_NAME     SETTING_TEXT
#define SETTING_KIND_TEXT     SETTING_TEXT
#define SETTING_KIND_PATH     SETTING_TEXT
#define SETTING_KIND_USER     SETTING_TEXT
#define SETTING_KIND_SIZE     SETTING_TEXT
#define SETTING_KIND_NUMBER   SETTING_TEXT
#define SETTING_KIND_WEIGHT   SETTING_TEXT
#define SETTING_KIND_CPUS     SETTING_TEXT
#define SETTING_KIND_CPU_LIST SETTING_TEXT
#define SETTING_KIND_NET      SETTING_TEXT
#define SETTING_KIND_RESTART  SETTING_TEXT
#define SETTING_KIND_SIGNAL   SETTING_TEXT
#define SETTING_KIND_ADDRESS  SETTING_TEXT
#define SETTING_KIND_WORDS    SETTING_LIST
#define SETTING_KIND_PAIRS    SETTING_LIST
#define SETTING_KIND_NAMES    SETTING_LIST
#define SETTING_KIND_PATHS    SETTING_LIST
#define SETTING_KIND_CAPS     SETTING_LIST
#define SETTING_KIND_MOUNTS   SETTING_LIST
#define SETTING_KIND_PUBLISH  SETTING_LIST
#define SETTING_KIND_ADDRESSES SETTING_LIST

/* All rows, with a comma behind each. */
#define SETTING_ROW(name, key, kind, change, argument, help) \
	{ key, 0, SETTING_KIND_##kind(name), argument, NULL, help },
#define SETTING_OPTIONS INS_SETTINGS(SETTING_ROW)

/* settings_given - is there any on the command line? */
bool settings_given(const struct setting_options *options);

/**
 * settings_take - what was given becomes part of a definition
 *
 * A list that was given replaces the one that was there.
 */
int settings_take(const struct setting_options *options, struct ins_definition *definition,
	struct ins_error *err);

/* settings_take_command - the words behind a name; n 0: nothing changes. */
int settings_take_command(
	char *const *words, size_t n, struct ins_definition *definition, struct ins_error *err);

/* settings_unset - take the setting of that key away. Return: 0, −EINVAL: there is none. */
int settings_unset(const char *key, struct ins_definition *definition, struct ins_error *err);

#endif

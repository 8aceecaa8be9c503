/* SPDX-License-Identifier: Apache-2.0 */
/* Definitions: the settings' table, and what the library asks of one beyond insula_partition.h. */
#ifndef INSULA_PARTITION_DEFINITION_H
#define INSULA_PARTITION_DEFINITION_H

#include "insula_partition.h"
#include "spec/emit.h"

struct ins_setting_row {
	const char *key, *argument, *help;
	enum ins_setting_kind kind;
	enum ins_change change;
};

extern const struct ins_setting_row ins_settings[INS_SETTING_COUNT];

/* ins_setting_find - the setting of that key, −EINVAL with a hint at the nearest. */
int ins_setting_find(const char *key, struct ins_error *err);

/* ins_setting_is_list - it may have several values. */
bool ins_setting_is_list(enum ins_setting setting);

/* ins_definition_get - the one value, or the first of a list; NULL: there is none. */
const char *ins_definition_get(const struct ins_definition *definition, enum ins_setting setting);

/* ins_definition_check - what settings say together. Return: 0, −EINVAL. */
int ins_definition_check(const struct ins_definition *definition, struct ins_error *err);

/* ins_setting_differs - one setting is not the same in both. */
bool ins_setting_differs(const struct ins_definition *before, const struct ins_definition *after,
	enum ins_setting setting);

/**
 * ins_definition_differs - the strongest change between two definitions
 * @visit: called for each setting that differs; may be NULL
 */
enum ins_change ins_definition_differs(const struct ins_definition *before, const struct ins_definition *after,
	void (*visit)(void *data, enum ins_setting setting), void *data);

/* ins_definition_emit - its settings as members of @object. */
void ins_definition_emit(
	struct ins_emit *emit, json_t *object, const struct ins_definition *definition);

/* Values as numbers; those that were checked are. */
uint64_t ins_setting_bytes(const char *text);      /* "512M": 536870912 */
uint64_t ins_setting_microcpus(const char *text);  /* "1.5": 1500000 */

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* A partition's definition: its settings in memory, and as the file that people read and write. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/number.h"
#include "partition/number.h"
#include "partition/setting.h"
#include "spec/value.h"
#include "spec/emit.h"

/* So many words may a list have. */
#define WORDS_MAX 4096

static void clear_value(struct ins_definition_value *value)
{
	for (size_t i = 0; i < value->n; i++)
		free(value->v[i]);
	free(TAKE_PTR(value->v));
	value->n = 0;
}

void ins_definition_clear(struct ins_definition *definition)
{
	for (int i = 0; i < INS_SETTING_COUNT; i++)
		clear_value(&definition->values[i]);
}

static int add(struct ins_definition_value *value, const char *text, struct ins_error *err)
{
	char **grown = reallocarray(value->v, value->n + 2, sizeof(*grown));

	if (!grown)
		return ins_error_set(err, ENOMEM, "keep a setting");
	value->v = grown;
	grown[value->n] = strdup(text);
	if (!grown[value->n])
		return ins_error_set(err, ENOMEM, "keep a setting");
	grown[++value->n] = NULL;
	return 0;
}

int ins_definition_set(struct ins_definition *definition, enum ins_setting setting,
	const char *text, struct ins_error *err)
{
	struct ins_definition_value *value = &definition->values[setting];
	int r = text ? ins_setting_check(setting, text, err) : 0;

	if (r < 0)
		return r;
	if (text && ins_settings[setting].kind == INS_KIND_FLAG && !strcmp(text, "false"))
		text = NULL;
	if (!text || !ins_setting_is_list(setting))
		clear_value(value);
	if (value->n >= WORDS_MAX)
		return ins_error_key(
			err, E2BIG, ins_settings[setting].key, "more than %d words", WORDS_MAX);
	return text ? add(value, text, err) : 0;
}

const char *ins_definition_get(const struct ins_definition *definition, enum ins_setting setting)
{
	const struct ins_definition_value *value = &definition->values[setting];

	return value->n > 0 ? value->v[0] : NULL;
}

/* --- the file ------------------------------------------------------------------------------------------ */

/* Sizes as numbers are bytes, true is a flag that is set; false and null are the same as nothing. */
static int set_scalar(struct ins_definition *definition, enum ins_setting setting,
	const json_t *value, struct ins_error *err)
{
	char text[32];

	switch (json_typeof(value)) {
	case JSON_STRING:
		if (strlen(json_string_value(value)) != json_string_length(value))
			break;
		return ins_definition_set(definition, setting, json_string_value(value), err);
	case JSON_INTEGER:
		snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(value));
		return ins_definition_set(definition, setting, text, err);
	case JSON_REAL:
		snprintf(text, sizeof(text), "%.9g", json_real_value(value));
		return ins_definition_set(definition, setting, text, err);
	case JSON_TRUE:
		return ins_definition_set(definition, setting, "true", err);
	case JSON_FALSE:
	case JSON_NULL:
		return 0;
	case JSON_ARRAY:
	case JSON_OBJECT:
		break;
	}
	return ins_error_key(err, EINVAL, ins_settings[setting].key, "expected a word or a number");
}

static int set_list(struct ins_definition *definition, enum ins_setting setting, const json_t *list,
	struct ins_error *err)
{
	const json_t *item;
	size_t i;
	int r = 0;

	json_array_foreach(list, i, item) {
		if (r == 0)
			r = set_scalar(definition, setting, item, err);
	}
	return r;
}

static int set_members(struct ins_definition *definition, json_t *document, struct ins_error *err)
{
	const char *key;
	json_t *value;

	json_object_foreach(document, key, value) {
		int setting = ins_setting_find(key, err);
		int r = setting;

		if (r >= 0 && json_is_array(value) &&
			ins_setting_is_list((enum ins_setting)setting))
			r = set_list(definition, (enum ins_setting)setting, value, err);
		else if (r >= 0)
			r = set_scalar(definition, (enum ins_setting)setting, value, err);
		if (r < 0)
			return r;
	}
	return ins_definition_check(definition, err);
}

int ins_definition_parse(
	const char *text, size_t size, struct ins_definition *ret_definition, struct ins_error *err)
{
	struct ins_definition definition = { 0 };
	json_error_t where;
	json_t *document = json_loadb(text, size, JSON_REJECT_DUPLICATES, &where);
	int r;

	if (!document)
		return ins_error_text(err, EINVAL, "line %d: %s", where.line, where.text);
	r = json_is_object(document)
		    ? set_members(&definition, document, err)
		    : ins_error_text(err, EINVAL, "expected an object: settings between { and }");
	json_decref(document);
	if (r < 0)
		ins_definition_clear(&definition);
	else
		*ret_definition = definition;
	return r;
}

void ins_definition_emit(
	struct ins_emit *emit, json_t *object, const struct ins_definition *definition)
{
	for (int i = 0; i < INS_SETTING_COUNT; i++) {
		const struct ins_definition_value *value = &definition->values[i];

		if (value->n == 0)
			continue;
		if (ins_setting_is_list((enum ins_setting)i))
			ins_emit_strings(emit, object, ins_settings[i].key,
				(const char *const *)value->v, value->n);
		else if (ins_settings[i].kind == INS_KIND_FLAG)
			ins_emit_put(emit, object, ins_settings[i].key, json_true());
		else
			ins_emit_string(emit, object, ins_settings[i].key, value->v[0]);
	}
}

int ins_definition_text(
	const struct ins_definition *definition, char **ret_text, struct ins_error *err)
{
	struct ins_emit emit = { 0 };
	cleanup_free char *text = NULL;
	int r;

	ins_definition_emit(&emit, ins_emit_root(&emit), definition);
	r = ins_emit_text(&emit, JSON_INDENT(2), &text, err);
	if (r < 0)
		return r;
	return asprintf(ret_text, "%s\n", text) < 0
		       ? ins_error_set(err, ENOMEM, "write a definition")
		       : 0;
}

/* --- all together ---------------------------------------------------------------------------------------- */

/* A setting that only means something with another one's value. */
static int needs(const struct ins_definition *definition, enum ins_setting setting,
	enum ins_setting other, const char *value, struct ins_error *err)
{
	const char *have = ins_definition_get(definition, other);

	if (!ins_definition_get(definition, setting) || (have && !strcmp(have, value)))
		return 0;
	return ins_error_key(err, EINVAL, ins_settings[setting].key,
		"means something with %s %s only", ins_settings[other].key, value);
}

/* What is less than this is a mistake: a unit that was forgotten, or 0 for "no limit". No program starts
 * in it. */
#define MEMORY_MIN (UINT64_C(1) << 20)

static int check_sizes(const struct ins_definition *definition, struct ins_error *err)
{
	const char *memory = ins_definition_get(definition, INS_SETTING_MEMORY);
	const char *disk = ins_definition_get(definition, INS_SETTING_DISK);

	if (memory && ins_setting_bytes(memory) < MEMORY_MIN)
		return ins_error_key(err, EINVAL, "memory",
			"\"%s\" is %llu bytes, and at least 1M is needed (512M are megabytes)",
			memory, (unsigned long long)ins_setting_bytes(memory));
	/* How little it may be depends on the file system. */
	if (disk && ins_setting_bytes(disk) == 0)
		return ins_error_key(err, EINVAL, "disk",
			"\"%s\" is nothing; without the setting there is no limit", disk);
	return 0;
}

/* Inside there are as many ids as a partition has numbers for. */
static int check_user(const struct ins_definition *definition, struct ins_error *err)
{
	const char *user = ins_definition_get(definition, INS_SETTING_USER);
	uint32_t uid, gid = 0;
	bool has_gid;

	if (!user || ins_user_parse(user, &uid, &has_gid, &gid) < 0 ||
		(uid < INS_NUMBER_IDS && (!has_gid || gid < INS_NUMBER_IDS)))
		return 0;
	return ins_error_key(
		err, EINVAL, "user", "\"%s\": ids inside end at %u", user, INS_NUMBER_IDS - 1);
}

static bool is_same_port(const char *left, const char *right)
{
	struct ins_setting_publish a, b;

	return ins_setting_publish(left, &a) == 0 && ins_setting_publish(right, &b) == 0 &&
	       a.outside == b.outside && a.udp == b.udp && a.address.size == b.address.size &&
	       !memcmp(a.address.text, b.address.text, a.address.size);
}

static int check_ports(const struct ins_definition *definition, struct ins_error *err)
{
	const struct ins_definition_value *ports = &definition->values[INS_SETTING_PUBLISH];

	for (size_t i = 0; i < ports->n; i++) {
		/* Of IPv6 the kernel routes nothing away that comes from loopback. */
		if (!strncmp(ports->v[i], "[::1]:", strlen("[::1]:")))
			return ins_error_key(err, EINVAL, "publish",
				"\"%s\": nothing leads from ::1 to a partition; 127.0.0.1 and the "
				"other "
				"addresses of the host do",
				ports->v[i]);
		for (size_t k = 0; k < i; k++) {
			if (is_same_port(ports->v[i], ports->v[k]))
				return ins_error_key(err, EINVAL, "publish",
					"%s and %s are the same port of the host", ports->v[k],
					ports->v[i]);
		}
	}
	return 0;
}

static int check_groups(const struct ins_definition *definition, struct ins_error *err)
{
	const struct ins_definition_value *groups = &definition->values[INS_SETTING_GROUP];

	for (size_t i = 0; i < groups->n; i++) {
		for (size_t k = 0; k < i; k++) {
			if (!strcmp(groups->v[i], groups->v[k]))
				return ins_error_key(
					err, EINVAL, "group", "%s is in it twice", groups->v[i]);
		}
	}
	return 0;
}

int ins_definition_check(const struct ins_definition *definition, struct ins_error *err)
{
	const char *net = ins_definition_get(definition, INS_SETTING_NET);
	bool alone = net && (!strcmp(net, "none") || !strcmp(net, "host"));
	int r;

	if (!ins_definition_get(definition, INS_SETTING_TEMPLATE))
		return ins_error_key(err, EINVAL, "template",
			"is needed: `insula template list` shows which there are");
	r = needs(definition, INS_SETTING_BRIDGE, INS_SETTING_NET, "bridge", err);
	if (r == 0)
		r = needs(definition, INS_SETTING_PARENT, INS_SETTING_NET, "macvlan", err);
	if (r == 0 && alone && definition->values[INS_SETTING_PUBLISH].n > 0)
		r = ins_error_key(err, EINVAL, "publish", "leads nowhere with net %s", net);
	if (r == 0 && alone && definition->values[INS_SETTING_GROUP].n > 0)
		r = ins_error_key(err, EINVAL, "group", "joins nobody with net %s", net);
	if (r == 0)
		r = check_groups(definition, err);
	if (r == 0 && alone && definition->values[INS_SETTING_ADDRESS].n > 0)
		r = ins_error_key(err, EINVAL, "address", "belongs to nothing with net %s", net);
	/* An init writes the file itself, or what it gets from DHCP does. */
	if (r == 0 && ins_definition_get(definition, INS_SETTING_BOOT) &&
		definition->values[INS_SETTING_DNS].n > 0)
		r = ins_error_key(err, EINVAL, "dns",
			"with boot the partition's own /etc/resolv.conf has its name servers");
	if (r == 0)
		r = check_sizes(definition, err);
	if (r == 0)
		r = check_user(definition, err);
	return r == 0 ? check_ports(definition, err) : r;
}

bool ins_setting_differs(const struct ins_definition *before, const struct ins_definition *after,
	enum ins_setting setting)
{
	const struct ins_definition_value *a = &before->values[setting],
					  *b = &after->values[setting];

	if (a->n != b->n)
		return true;
	for (size_t i = 0; i < a->n; i++) {
		if (strcmp(a->v[i], b->v[i]) != 0)
			return true;
	}
	return false;
}

enum ins_change ins_definition_differs(const struct ins_definition *before,
	const struct ins_definition *after, void (*visit)(void *data, enum ins_setting setting),
	void *data)
{
	enum ins_change strongest = INS_CHANGE_NONE;

	for (int i = 0; i < INS_SETTING_COUNT; i++) {
		if (!ins_setting_differs(before, after, (enum ins_setting)i))
			continue;
		if (visit)
			visit(data, (enum ins_setting)i);
		if (ins_settings[i].change > strongest)
			strongest = ins_settings[i].change;
	}
	return strongest;
}

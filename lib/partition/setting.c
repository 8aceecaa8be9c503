/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of settings: how each is written, and what is wrong with one that is not. */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/number.h"
#include "partition/setting.h"
#include "spec/value.h"
#include "spec/spec.h"

#define X(name, key, kind, change, argument, help) \
	[INS_SETTING_##name] = { key, argument, help, INS_KIND_##kind, INS_CHANGE_##change },
const struct ins_setting_row ins_settings[INS_SETTING_COUNT] = { INS_SETTINGS(X) };
#undef X

int ins_setting_find(const char *key, struct ins_error *err)
{
	struct ins_nearest nearest = { .word = key };
	char hint[80];

	for (int i = 0; i < INS_SETTING_COUNT; i++) {
		if (!strcmp(ins_settings[i].key, key))
			return i;
		ins_nearest_offer(&nearest, ins_settings[i].key);
	}
	return ins_error_text(err, EINVAL, "there is no setting \"%s\"%s", key,
		ins_did_you_mean(&nearest, hint, sizeof(hint)));
}

bool ins_setting_is_list(enum ins_setting setting)
{
	return ins_settings[setting].kind >= INS_KIND_WORDS;
}

/* --- numbers -------------------------------------------------------------------------------------- */

/* A decimal number with at most @places digits behind a point, in units of 10^−places. Return: how much
 * of the text that was, 0: none. */
static size_t take_decimal(const char *text, unsigned int places, uint64_t max, uint64_t *ret)
{
	uint64_t value = 0;
	bool behind = false;
	size_t n = 0;

	for (; (text[n] >= '0' && text[n] <= '9') || (text[n] == '.' && !behind && n > 0); n++) {
		if (text[n] == '.') {
			behind = true;
			continue;
		}
		if (behind && places-- == 0)
			return 0;
		if (value > (max - 9) / 10)
			return 0;
		value = value * 10 + (uint64_t)(text[n] - '0');
	}
	for (; places > 0; places--) {
		if (value > max / 10)
			return 0;
		value *= 10;
	}
	if (n > 0 && text[n - 1] == '.')
		return 0;
	*ret = value;
	return n;
}

/* Letters of powers of 1024; an "i" and a "B" may stand behind: 512M, 512MiB. */
static int parse_bytes(const char *text, uint64_t *ret)
{
	static const char letters[] = "KMGTP";
	uint64_t thousandths;
	size_t n = take_decimal(text, 3, UINT64_MAX, &thousandths);
	const char *rest = text + n, *letter;
	unsigned int shift = 0;

	if (n == 0)
		return -EINVAL;
	/* Not of the blank, which would be the letters' end. */
	letter = rest[0] > ' ' ? strchr(letters, rest[0] & ~0x20) : NULL;
	if (letter) {
		shift = 10 * ((unsigned int)(letter - letters) + 1);
		rest++;
		rest += *rest == 'i';
	}
	rest += *rest == 'B';
	if (*rest || (thousandths / 1000) >> (63 - shift))
		return -EINVAL;
	*ret = (thousandths / 1000 << shift) + ((thousandths % 1000 << shift) / 1000);
	return 0;
}

uint64_t ins_setting_bytes(const char *text)
{
	uint64_t bytes = 0;

	(void)parse_bytes(text, &bytes);
	return bytes;
}

static int parse_cpus(const char *text, uint64_t *ret)
{
	size_t n = take_decimal(text, 6, 8192ULL * 1000000, ret);

	return n > 0 && !text[n] && *ret >= 10000 ? 0 : -EINVAL;
}

uint64_t ins_setting_microcpus(const char *text)
{
	uint64_t millionths = 0;

	(void)parse_cpus(text, &millionths);
	return millionths;
}

/* --- words of several parts -------------------------------------------------------------------------- */

static struct ins_setting_part part(const char *from, const char *to)
{
	return (struct ins_setting_part){ .text = from, .size = (size_t)(to - from) };
}

int ins_setting_mount(const char *text, struct ins_setting_mount *ret)
{
	const char *first = strchr(text, ':'), *second = first ? strchr(first + 1, ':') : NULL;
	const char *end = second ? second : text + strlen(text);

	if (!first || text[0] != '/' || first[1] != '/')
		return -EINVAL;
	if (second && strcmp(second, ":ro") != 0 && strcmp(second, ":rw") != 0)
		return -EINVAL;
	*ret = (struct ins_setting_mount){ .source = part(text, first),
		.target = part(first + 1, end),
		.readonly = second && !strcmp(second, ":ro") };
	return 0;
}

/* Return: how long the number was, 0: it is no port. */
static size_t take_port(const char *text, uint16_t *ret)
{
	uint64_t value;
	size_t n = take_decimal(text, 0, UINT32_MAX, &value);

	if (n == 0 || value == 0 || value > UINT16_MAX)
		return 0;
	*ret = (uint16_t)value;
	return n;
}

static bool is_address(const char *text)
{
	unsigned char buffer[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, text, buffer) == 1 || inet_pton(AF_INET6, text, buffer) == 1;
}

/* "ADDRESS:", an IPv6 one in brackets. Return: what is behind it, @text if there is none, NULL. */
static const char *take_address(const char *text, struct ins_setting_part *ret)
{
	const char *end = text[0] == '[' ? strchr(text, ']') : strchr(text, ':');
	const char *from = text + (text[0] == '[');
	char address[INET6_ADDRSTRLEN];

	*ret = (struct ins_setting_part){ .text = text };
	/* PORT:PORT has one colon. */
	if (text[0] != '[' && (!end || !strchr(end + 1, ':')))
		return text;
	if (!end || (size_t)(end - from) >= sizeof(address))
		return NULL;
	*ret = part(from, end);
	memcpy(address, from, ret->size);
	address[ret->size] = '\0';
	end += text[0] == '[';
	return is_address(address) && *end == ':' ? end + 1 : NULL;
}

int ins_setting_publish(const char *text, struct ins_setting_publish *ret)
{
	struct ins_setting_publish publish = { 0 };
	const char *rest = take_address(text, &publish.address);
	size_t n = rest ? take_port(rest, &publish.outside) : 0;

	if (n == 0 || rest[n] != ':')
		return -EINVAL;
	rest += n + 1;
	n = take_port(rest, &publish.inside);
	if (n == 0 || (rest[n] && strcmp(rest + n, "/tcp") != 0 && strcmp(rest + n, "/udp") != 0))
		return -EINVAL;
	publish.udp = !strcmp(rest + n, "/udp");
	*ret = publish;
	return 0;
}

/* --- one check a kind ---------------------------------------------------------------------------------- */

static bool is_flag(const char *text)
{
	return !strcmp(text, "true") || !strcmp(text, "false");
}

static bool is_name(const char *text)
{
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
	size_t n = strspn(text, allowed);

	return n > 0 && n < 64 && !text[n] && text[0] != '.' && text[0] != '-';
}

static bool is_text(const char *text)
{
	(void)text;
	return true;
}

static bool is_path(const char *text)
{
	return text[0] == '/' && strlen(text) < PATH_MAX;
}

static bool is_user(const char *text)
{
	uint32_t uid, gid;
	bool has_gid;

	return ins_user_parse(text, &uid, &has_gid, &gid) == 0;
}

static bool is_size(const char *text)
{
	uint64_t bytes;

	return parse_bytes(text, &bytes) == 0;
}

static bool is_number(const char *text)
{
	uint64_t value;

	return ins_number_u64(text, 1, INT32_MAX, &value) == 0;
}

static bool is_weight(const char *text)
{
	uint64_t value;

	return ins_number_u64(text, 1, 10000, &value) == 0;
}

static bool is_cpus(const char *text)
{
	uint64_t millionths;

	return parse_cpus(text, &millionths) == 0;
}

static bool is_cpu_list(const char *text)
{
	unsigned char mask[INS_CPU_MASK_BYTES];

	return ins_cpu_list_parse(text, mask, sizeof(mask)) == 0;
}

/* Whether a prefix has to stand there is for the kind of network to say. */
static bool is_address_and_prefix(const char *text)
{
	char address[INET6_ADDRSTRLEN];
	size_t n = strcspn(text, "/");
	uint64_t prefix;

	if (n >= sizeof(address))
		return false;
	memcpy(address, text, n);
	address[n] = '\0';
	return is_address(address) &&
	       (!text[n] || ins_number_u64(text + n + 1, 1, 128, &prefix) == 0);
}

static bool is_one_of(const char *text, const char *const *words)
{
	while (*words && strcmp(*words, text) != 0)
		words++;
	return *words;
}

static bool is_net(const char *text)
{
	static const char *const words[] = { "none", "host", "routed", "bridge", "macvlan", NULL };

	return is_one_of(text, words);
}

static bool is_restart(const char *text)
{
	static const char *const words[] = { "no", "on-failure", "always", NULL };

	return is_one_of(text, words);
}

/* Not 0, which only asks. */
static bool is_signal(const char *text)
{
	return ins_signal_parse(text) > 0;
}

static bool is_pair(const char *text)
{
	return text[0] != '=' && strchr(text, '=');
}

/* People write it without the prefix, and in small letters, too. */
int ins_setting_capability(const char *text)
{
	char name[64] = "CAP_";
	size_t n = strncasecmp(text, name, 4) == 0 ? 0 : 4;

	if (strlen(text) >= sizeof(name) - n)
		return -EINVAL;
	for (size_t i = 0; i <= strlen(text); i++)
		name[n + i] = (char)toupper((unsigned char)text[i]);
	return ins_capability_number(name);
}

static bool is_capability(const char *text)
{
	return ins_setting_capability(text) >= 0;
}

static bool is_mount(const char *text)
{
	struct ins_setting_mount mount;

	return ins_setting_mount(text, &mount) == 0;
}

static bool is_publish(const char *text)
{
	struct ins_setting_publish publish;

	return ins_setting_publish(text, &publish) == 0;
}

static const struct {
	bool (*is)(const char *text);
	const char *expected;
} kinds[INS_KIND_COUNT] = {
	[INS_KIND_FLAG] = { is_flag, "true or false" },
	[INS_KIND_NAME] = { is_name,
		"letters, digits and _ . -, at most 63, no dot or dash in front" },
	[INS_KIND_TEXT] = { is_text, "a text" },
	[INS_KIND_PATH] = { is_path, "an absolute path" },
	[INS_KIND_USER] = { is_user, "UID or UID:GID, in numbers" },
	[INS_KIND_SIZE] = { is_size, "a number of bytes below 8 EiB, as 512M or 1.5G" },
	[INS_KIND_NUMBER] = { is_number, "a number from 1 to 2147483647" },
	[INS_KIND_WEIGHT] = { is_weight, "a number from 1 to 10000" },
	[INS_KIND_CPUS] = { is_cpus, "a number of processors, as 2 or 0.5, at least 0.01" },
	[INS_KIND_CPU_LIST] = { is_cpu_list, "a list of processors, as 0-3,7" },
	[INS_KIND_NET] = { is_net, "none, host, routed, bridge or macvlan" },
	[INS_KIND_RESTART] = { is_restart, "no, on-failure or always" },
	[INS_KIND_SIGNAL] = { is_signal, "a signal, as TERM, 15 or RTMIN+3" },
	[INS_KIND_ADDRESS] = { is_address_and_prefix,
		"an IPv4 or IPv6 address, or ADDRESS/PREFIX" },
	[INS_KIND_WORDS] = { is_text, "words" },
	[INS_KIND_PAIRS] = { is_pair, "NAME=VALUE" },
	[INS_KIND_NAMES] = { is_name, "a name: letters, digits and _ . -" },
	[INS_KIND_PATHS] = { is_path, "an absolute path" },
	[INS_KIND_CAPS] = { is_capability, "a capability, as NET_RAW" },
	[INS_KIND_MOUNTS] = { is_mount,
		"SOURCE:DIR, both absolute, and :ro behind if it may not be changed" },
	[INS_KIND_PUBLISH] = { is_publish,
		"PORT:PORT, the host's first, an ADDRESS: before or /udp behind" },
	[INS_KIND_ADDRESSES] = { is_address, "an IPv4 or IPv6 address" },
};

/* Else it could not be written down. */
static bool is_utf8(const char *text)
{
	json_t *string = json_string(text);

	json_decref(string);
	return string;
}

int ins_setting_check(enum ins_setting setting, const char *text, struct ins_error *err)
{
	const struct ins_setting_row *row = &ins_settings[setting];

	if (!is_utf8(text))
		return ins_error_key(err, EINVAL, row->key, "\"%s\" is not UTF-8", text);
	if (kinds[row->kind].is(text))
		return 0;
	return ins_error_key(
		err, EINVAL, row->key, "\"%s\" is not %s", text, kinds[row->kind].expected);
}

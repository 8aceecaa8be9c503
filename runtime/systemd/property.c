/* SPDX-License-Identifier: Apache-2.0 */
/* Properties of a unit from words. The runtime has made sure of what they say; here nothing is guessed. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "property.h"

/* No type of a unit's property comes near it. */
#define TYPE_SIZE 64

/* How long the complete type is that @type begins with; 0: there is none. */
static size_t type_length(const char *type)
{
	size_t length = 0;
	int open = 0;

	do {
		while (type[length] == 'a')
			length++;
		if (!type[length])
			return 0;
		open += (type[length] == '(') - (type[length] == ')');
		length++;
	} while (open > 0);
	return open < 0 ? 0 : length;
}

/* Room for any basic value, where sd-bus looks for it by its type. */
union basic {
	uint8_t y;
	int16_t n;
	uint16_t q;
	int32_t i;
	uint32_t u;
	int64_t x;
	uint64_t t;
	double d;
	int b;
};

static int append_basic(sd_bus_message *message, char type, const char *word)
{
	union basic value = { 0 };
	char *end = NULL;

	errno = 0;
	switch (type) {
	case 's':
	case 'o':
		return sd_bus_message_append_basic(message, type, word);
	case 'b':
		value.b = strcmp(word, "true") == 0;
		return value.b || strcmp(word, "false") == 0
			       ? sd_bus_message_append_basic(message, type, &value)
			       : -EINVAL;
	case 'd':
		value.d = strtod(word, &end);
		break;
	case 'y':
		value.y = (uint8_t)strtoul(word, &end, 10);
		break;
	case 'n':
		value.n = (int16_t)strtol(word, &end, 10);
		break;
	case 'q':
		value.q = (uint16_t)strtoul(word, &end, 10);
		break;
	case 'i':
		value.i = (int32_t)strtol(word, &end, 10);
		break;
	case 'u':
		value.u = (uint32_t)strtoul(word, &end, 10);
		break;
	case 'x':
		value.x = strtoll(word, &end, 10);
		break;
	case 't':
		value.t = strtoull(word, &end, 10);
		break;
	default:
		return -EINVAL;
	}
	if (errno || end == word || *end)
		return -EINVAL;
	return sd_bus_message_append_basic(message, type, &value);
}

/* One value. @type: complete; @words: moved behind what was used. */
static int append_value(sd_bus_message *message, const char *type, char ***words);

/* @contents: the type between the brackets, or of an element. */
static int append_array(sd_bus_message *message, const char *contents, char ***words)
{
	char *end;
	unsigned long n;
	int r;

	if (!**words)
		return -EINVAL;
	n = strtoul(**words, &end, 10);
	if (end == **words || *end)
		return -EINVAL;
	(*words)++;
	r = sd_bus_message_open_container(message, 'a', contents);
	for (unsigned long i = 0; r >= 0 && i < n; i++)
		r = append_value(message, contents, words);
	return r < 0 ? r : sd_bus_message_close_container(message);
}

static int append_struct(sd_bus_message *message, const char *contents, char ***words)
{
	int r = sd_bus_message_open_container(message, 'r', contents);

	while (r >= 0 && *contents) {
		size_t length = type_length(contents);
		char member[TYPE_SIZE];

		if (length == 0 || length >= sizeof(member))
			return -EINVAL;
		memcpy(member, contents, length);
		member[length] = '\0';
		r = append_value(message, member, words);
		contents += length;
	}
	return r < 0 ? r : sd_bus_message_close_container(message);
}

static int append_value(sd_bus_message *message, const char *type, char ***words)
{
	size_t length = type_length(type);
	char contents[TYPE_SIZE];

	if (length == 0 || type[length] || length >= sizeof(contents))
		return -EINVAL;
	if (type[0] == 'a')
		return append_array(message, type + 1, words);
	if (type[0] == '(') {
		memcpy(contents, type + 1, length - 2);
		contents[length - 2] = '\0';
		return append_struct(message, contents, words);
	}
	if (!**words)
		return -EINVAL;
	return append_basic(message, type[0], *(*words)++);
}

int properties_append(sd_bus_message *message, char **words)
{
	int r = 0;

	while (r >= 0 && words[0]) {
		const char *name = words[0], *type = words[1];

		if (!type)
			return -EINVAL;
		words += 2;
		r = sd_bus_message_open_container(message, 'r', "sv");
		if (r >= 0)
			r = sd_bus_message_append_basic(message, 's', name);
		if (r >= 0)
			r = sd_bus_message_open_container(message, 'v', type);
		if (r >= 0)
			r = append_value(message, type, &words);
		if (r >= 0)
			r = sd_bus_message_close_container(message);
		if (r >= 0)
			r = sd_bus_message_close_container(message);
	}
	return r;
}

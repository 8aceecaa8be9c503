/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "duration.h"

#define LONGEST INT64_MAX

/* "ms" is looked for before "m" and before "s". The micro sign has two code points. */
static const struct {
	const char *name;
	uint64_t nanoseconds;
} units[] = {
	{ "ns", 1 },
	{ "us", 1000 },
	{ "\u00b5s", 1000 },
	{ "\u03bcs", 1000 },
	{ "ms", 1000000 },
	{ "s", 1000000000 },
	{ "m", UINT64_C(60) * 1000000000 },
	{ "h", UINT64_C(3600) * 1000000000 },
};

static const char *scan_unit(const char *text, uint64_t *ret)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		size_t length = strlen(units[i].name);

		if (strncmp(text, units[i].name, length) == 0) {
			*ret = units[i].nanoseconds;
			return text + length;
		}
	}
	return NULL;
}

/* The digits from @text on, as a number and as the power of ten above it. What comes after the
 * eighteenth digit behind a point is below a nanosecond. */
static const char *scan_digits(const char *text, uint64_t *ret_value, uint64_t *ret_scale)
{
	uint64_t value = 0, scale = 1;

	for (; *text >= '0' && *text <= '9'; text++) {
		if (scale >= UINT64_C(1000000000000000000))
			continue;
		value = value * 10 + (uint64_t)(*text - '0');
		scale *= 10;
	}
	*ret_value = value;
	*ret_scale = scale;
	return text;
}

/* One number with its unit. Return: what stands behind it, NULL with errno. */
static const char *scan_part(const char *text, uint64_t *ret)
{
	uint64_t whole, fraction = 0, scale, unit;
	const char *end = scan_digits(text, &whole, &scale), *point = end;
	size_t digits = (size_t)(end - text);

	errno = ERANGE;
	if (digits > 18)
		return NULL;
	scale = 1;
	if (*point == '.') {
		end = scan_digits(point + 1, &fraction, &scale);
		digits += (size_t)(end - point - 1);
	}
	errno = EINVAL;
	end = digits > 0 ? scan_unit(end, &unit) : NULL;
	if (!end)
		return NULL;
	errno = ERANGE;
	if (whole > LONGEST / unit)
		return NULL;
	*ret = whole * unit + (uint64_t)((unsigned __int128)fraction * unit / scale);
	return end;
}

int duration_parse(const char *text, uint64_t *ret)
{
	uint64_t sum = 0, part;

	if (strcmp(text, "0") == 0) {
		*ret = 0;
		return 0;
	}
	if (!*text)
		return -EINVAL;
	while (*text) {
		text = scan_part(text, &part);
		if (!text)
			return -errno;
		if (part > LONGEST - sum)
			return -ERANGE;
		sum += part;
	}
	*ret = sum;
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of lib/spec share. JSON is written with ' for ", so that it can be read. */
#ifndef INSULA_TESTS_UNIT_TEST_SPEC_H
#define INSULA_TESTS_UNIT_TEST_SPEC_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "spec/spec.h"

/* The least configuration, with more members of the outermost object behind it. */
#define CONFIG(more)       "{'ociVersion':'1.3.0','root':{'path':'r'}" more "}"
#define LINUX(members)     CONFIG(",'linux':{" members "}")
#define RESOURCES(members) LINUX("'resources':{" members "}")
#define PROCESS(more)      "{'cwd':'/','args':['a']" more "}"

static inline char *with_quotes(const char *text)
{
	char *copy = strdup(text);

	assert_non_null(copy);
	for (char *at = copy; *at; at++) {
		if (*at == '\'')
			*at = '"';
	}
	return copy;
}

/* Must be accepted. */
static inline struct ins_spec *parse(const char *text)
{
	struct ins_error err = {};
	struct ins_spec *spec = NULL;
	cleanup_free char *json = with_quotes(text);

	if (ins_spec_parse(json, strlen(json), &spec, &err) < 0)
		fail_msg("%s: %s", text, err.text);
	assert_int_equal(err.code, 0);
	return spec;
}

static inline struct ins_spec *parse_process(const char *text)
{
	struct ins_error err = {};
	struct ins_spec *spec = NULL;
	cleanup_free char *json = with_quotes(text);

	if (ins_spec_process_parse(json, strlen(json), &spec, &err) < 0)
		fail_msg("%s: %s", text, err.text);
	return spec;
}

static inline void accept(const char *text)
{
	ins_spec_free(parse(text));
}

/* jansson's own words have ' for quotes. */
static inline void check_words(const char *words, const char *expected)
{
	cleanup_free char *a = with_quotes(words);
	cleanup_free char *b = with_quotes(expected);

	assert_string_equal(a, b);
}

/* Must be refused with these words. */
static inline void refuse(const char *text, const char *words)
{
	struct ins_error err = {};
	struct ins_spec *spec = NULL;
	cleanup_free char *json = with_quotes(text);

	if (ins_spec_parse(json, strlen(json), &spec, &err) != -EINVAL)
		fail_msg("%s: not refused", text);
	check_words(err.text, words);
	assert_int_equal(err.code, EINVAL);
	assert_null(spec);
}

static inline void refuse_process(const char *text, const char *words)
{
	struct ins_error err = {};
	struct ins_spec *spec = NULL;
	cleanup_free char *json = with_quotes(text);

	if (ins_spec_process_parse(json, strlen(json), &spec, &err) != -EINVAL)
		fail_msg("%s: not refused", text);
	check_words(err.text, words);
	assert_null(spec);
}

#endif

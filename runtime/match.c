/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "match.h"

struct matches {
	regex_t regex;
	char **ids;
	size_t n;
};

/* The ids are gathered first: the list is not to be changed while it is walked. */
static int gather(void *data, const struct ins_container_info *info)
{
	struct matches *matches = data;
	char **ids;

	if (regexec(&matches->regex, info->id, 0, NULL, 0) != 0)
		return 0;
	ids = reallocarray(matches->ids, matches->n + 1, sizeof(ids[0]));
	if (!ids)
		return -ENOMEM;
	matches->ids = ids;
	ids[matches->n] = strdup(info->id);
	if (!ids[matches->n])
		return -ENOMEM;
	matches->n++;
	return 0;
}

static int treat(const struct call *call, const struct matches *matches, match_fn *fn,
	const void *data, struct ins_error *err)
{
	int result = 0;

	for (size_t i = 0; i < matches->n; i++) {
		struct ins_error one = {};
		int r;

		r = fn(call->context, matches->ids[i], data, &one);
		if (r >= 0)
			continue;
		if (result == 0) {
			*err = one;
			result = r;
		} else {
			log_write(call->log, INS_LOG_ERROR, one.text);
		}
	}
	return result;
}

int match_each(const struct call *call, const char *pattern, bool may_be_none, match_fn *fn,
	const void *data, struct ins_error *err)
{
	struct matches matches = {};
	int r;

	r = regcomp(&matches.regex, pattern, REG_EXTENDED | REG_NOSUB);
	if (r != 0) {
		char words[128];

		regerror(r, &matches.regex, words, sizeof(words));
		return error_set(err, EINVAL, "--regex: `%s`: %s", pattern, words);
	}
	r = ins_list(call->context, gather, &matches, err);
	if (r < 0)
		error_set(err, -r, "out of memory");
	else if (matches.n == 0 && !may_be_none)
		r = error_set(err, ESRCH, "no container's id matches `%s`", pattern);
	else
		r = treat(call, &matches, fn, data, err);
	for (size_t i = 0; i < matches.n; i++)
		free(matches.ids[i]);
	free(matches.ids);
	regfree(&matches.regex);
	return r;
}

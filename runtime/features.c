/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "output.h"
#include "verb.h"

static const struct option features_options[] = { {} };

static int features(const struct call *call, struct ins_error *err)
{
	char *text;
	int r;

	(void)call;
	r = ins_features(&text, err);
	if (r < 0)
		return r;
	output_line(text);
	free(text);
	return output_flush(err);
}

const struct verb verb_features = {
	.name = "features",
	.summary = "print what this runtime supports as JSON",
	.synopsis = "",
	.options = features_options,
	.no_context = true,
	.run = features,
};

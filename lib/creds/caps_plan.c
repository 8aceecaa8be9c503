/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which of the wanted capabilities there will be. runtime-spec: one that is unknown to the kernel
 * or cannot be granted is worth a warning, not an error. So each set is cut here to what the kernel
 * will accept (capabilities(7)), and everything that is cut is named.
 */
#include <stdio.h>

#include "creds/creds.h"

typedef void say_fn(void *data, const char *text);

static void tell(const struct ins_plan_builder *builder, say_fn *say, const char *set,
	uint64_t left_out, const char *why)
{
	char text[1024];
	int used;

	if (!left_out || !say)
		return;
	used = snprintf(text, sizeof(text), "process.capabilities%s: %s, left out:", set, why);
	for (int i = 0; i < 64 && used < (int)sizeof(text); i++) {
		const char *name = ins_capability_name(i);

		if (left_out >> i & 1)
			used += snprintf(
				text + used, sizeof(text) - (size_t)used, " %s", name ? name : "?");
	}
	say(builder->warn_data, text);
}

/* All capabilities in a user namespace of one's own; outside, those that the runtime has itself. */
static uint64_t available(const struct ins_plan_builder *builder)
{
	int last = builder->host->last_capability;
	uint64_t known = last >= 63 ? ~0ULL : (1ULL << (last + 1)) - 1;

	return ins_creds_in_userns(builder) ? known : builder->host->capabilities & known;
}

void ins_creds_caps_plan(const struct ins_plan_builder *builder, struct ins_spec_caps *ret_caps)
{
	struct ins_spec_caps caps = builder->spec->process.caps;
	uint64_t grantable = available(builder);
	uint64_t wanted =
		caps.bounding | caps.effective | caps.inheritable | caps.permitted | caps.ambient;

	tell(builder, builder->warn, "", wanted & ~grantable, "not to be had here");
	caps.bounding &= grantable;
	caps.permitted &= grantable;
	caps.effective &= grantable;
	caps.inheritable &= grantable;
	caps.ambient &= grantable;

	tell(builder, builder->warn, ".effective", caps.effective & ~caps.permitted,
		"not in permitted");
	caps.effective &= caps.permitted;
	/* capset(2) takes nothing into the inheritable set that the bounding set lacks. */
	tell(builder, builder->warn, ".inheritable", caps.inheritable & ~caps.bounding,
		"not in bounding");
	caps.inheritable &= caps.bounding;
	/* No warning: buildah asks for this at every RUN, and shows every warning. */
	tell(builder, builder->note, ".ambient",
		caps.ambient & ~(caps.permitted & caps.inheritable),
		"not both in permitted and inheritable");
	caps.ambient &= caps.permitted & caps.inheritable;
	*ret_caps = caps;
}

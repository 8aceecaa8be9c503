/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of the command line, and lists of cpus. What is taken has to be the text's own value: written
 * again, it is the same text. */
#include <inttypes.h>

#include "base/cleanup.h"
#include "base/number.h"
#include "fuzz.h"
#include "spec/spec.h"

static void check_user(const char *text)
{
	uint32_t uid = 0, gid = 0;
	bool has_gid = false;
	char again[64];

	if (ins_user_parse(text, &uid, &has_gid, &gid) < 0)
		return;
	if (has_gid)
		snprintf(again, sizeof(again), "%" PRIu32 ":%" PRIu32, uid, gid);
	else
		snprintf(again, sizeof(again), "%" PRIu32, uid);
	FUZZ_CHECK(strcmp(text, again) == 0);
}

static void check_numbers(const char *text)
{
	uint64_t u;
	int64_t i;
	char again[64];

	if (ins_number_u64(text, 0, UINT64_MAX, &u) == 0) {
		snprintf(again, sizeof(again), "%" PRIu64, u);
		FUZZ_CHECK(strcmp(text, again) == 0);
	}
	if (ins_number_i64(text, INT64_MIN, INT64_MAX, &i) == 0) {
		snprintf(again, sizeof(again), "%" PRId64, i);
		FUZZ_CHECK(strcmp(text, again) == 0 || strcmp(text, "-0") == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_free char *text = malloc(size + 1);
	unsigned char mask[16] = {};

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	check_user(text);
	check_numbers(text);
	FUZZ_CHECK(ins_signal_parse(text) <= 64);
	(void)ins_cpu_list_parse(text, mask, sizeof(mask));
	return 0;
}

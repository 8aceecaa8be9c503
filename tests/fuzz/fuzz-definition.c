/* SPDX-License-Identifier: Apache-2.0 */
/* A definition is a file from anybody: it is refused, or what is written of it reads as the same. */
#include "base/cleanup.h"
#include "fuzz.h"
#include "insula_partition.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ins_definition definition = { 0 }, again = { 0 };
	struct ins_error err = { 0 };
	cleanup_free char *text = NULL, *second = NULL;
	int r = ins_definition_parse((const char *)data, size, &definition, &err);

	fuzz_check_error(r, &err);
	if (r < 0)
		return 0;
	FUZZ_CHECK(ins_definition_text(&definition, &text, &err) == 0);
	FUZZ_CHECK(ins_definition_parse(text, strlen(text), &again, &err) == 0);
	FUZZ_CHECK(ins_definition_text(&again, &second, &err) == 0);
	FUZZ_CHECK(!strcmp(text, second));
	ins_definition_clear(&definition);
	ins_definition_clear(&again);
	return 0;
}

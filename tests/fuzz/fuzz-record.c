/* SPDX-License-Identifier: Apache-2.0 */
/* state.json: written by insula alone, but whoever can write there must not crash every verb. */
#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "fuzz.h"
#include "guest/record.h"

static int directory(void)
{
	static int fd = -1;
	char path[] = "/tmp/insula-fuzz-XXXXXX";

	if (fd >= 0)
		return fd;
	FUZZ_CHECK(mkdtemp(path));
	fd = open(path, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	FUZZ_CHECK(fd >= 0);
	return fd;
}

/* The directory goes when the file in it has gone: after each input nothing is left but an empty one. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ins_record record = { 0 };
	struct ins_error err = { 0 };
	char *text cleanup_free = NULL;
	int dir = directory();
	int fd = openat(dir, "state.json", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int r;

	FUZZ_CHECK(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	close(fd);
	r = ins_record_load(dir, &record, &err);
	fuzz_check_error(r, &err);
	if (r == 0) {
		FUZZ_CHECK(record.id);
		r = ins_record_state_json(&record, NULL, false, &text, &err);
		fuzz_check_error(r, &err);
		ins_record_clear(&record);
	}
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* state.json: written by insula alone, but whoever can write there must not crash every verb. */
#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "fuzz.h"
#include "guest/record.h"

static char path[] = "/tmp/insula-fuzz-XXXXXX";
static int dir = -1;

static void remove_directory(void)
{
	(void)unlinkat(dir, "state.json", 0);
	(void)rmdir(path);
}

static void make_directory(void)
{
	FUZZ_CHECK(mkdtemp(path));
	dir = open(path, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	FUZZ_CHECK(dir >= 0);
	FUZZ_CHECK(atexit(remove_directory) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ins_record record = { 0 };
	struct ins_error err = { 0 };
	cleanup_free char *text = NULL;
	int fd, r;

	if (dir < 0)
		make_directory();
	fd = openat(dir, "state.json", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
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

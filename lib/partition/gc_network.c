/* SPDX-License-Identifier: Apache-2.0 */
/* What is left on the host of networks whose partitions are gone. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/number.h"
#include "net/net.h"
#include "partition/gc.h"
#include "partition/number.h"

/* Numbers are a library's, but the names of interfaces that follow from them are the host's: what the usual
 * library does not know may be another one's. So another one takes nothing for a leftover. */
#define USUAL_LIBRARY "/var/lib/insula"

/* All that are given out, whether their partitions run or not: what stops gives its network back itself. */
static int read_numbers(
	struct ins_gc *gc, uint32_t **ret_numbers, size_t *ret_n, struct ins_error *err)
{
	int fd = openat(gc->library.numbers, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	cleanup_free uint32_t *numbers = calloc(INS_NUMBERS, sizeof(*numbers));
	struct dirent *entry;
	size_t n = 0;

	if (!dir) {
		ins_close(fd);
		return ins_error_set(err, errno, "read the numbers of partitions");
	}
	if (!numbers)
		return ins_error_set(err, ENOMEM, "read the numbers of partitions");
	while (errno = 0, entry = readdir(dir)) {
		uint64_t number;

		if (n < INS_NUMBERS &&
			ins_number_u64(entry->d_name, 0, INS_NUMBERS - 1, &number) == 0)
			numbers[n++] = (uint32_t)number;
	}
	if (errno)
		return ins_error_set(err, errno, "read the numbers of partitions");
	*ret_numbers = TAKE_PTR(numbers);
	*ret_n = n;
	return 0;
}

static int sweep(struct ins_gc *gc, unsigned int *ret_removed, struct ins_error *err)
{
	cleanup_free uint32_t *numbers = NULL;
	size_t n = 0;
	int r = read_numbers(gc, &numbers, &n, err);

	return r < 0 ? r : ins_network_sweep(numbers, n, ret_removed, err);
}

void ins_gc_networks(struct ins_gc *gc)
{
	struct ins_error why = { 0 };
	unsigned int removed = 0;
	char text[16];
	int r;

	if (gc->dry || gc->is_over || strcmp(gc->library.path, USUAL_LIBRARY) != 0)
		return;
	r = sweep(gc, &removed, &why);
	/* Without insula-net there has never been a network. */
	if (r == -EOPNOTSUPP)
		return;
	if (r < 0) {
		ins_gc_fail(gc, &why);
		return;
	}
	snprintf(text, sizeof(text), "%u", removed);
	if (removed > 0)
		ins_gc_tell(gc, "networks", text);
}

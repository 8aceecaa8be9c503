/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "sys/memfd.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U /* Linux 6.3 */
#endif

#define ALL_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

int ins_memfd_sealed(
	const char *name, bool executable, const void *data, size_t size, struct ins_error *err)
{
	const unsigned int flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	cleanup_fd int fd = memfd_create(name, flags | (executable ? MFD_EXEC : 0));
	size_t done = 0;

	/* Before Linux 6.3 all memfds can be executed and the flag is unknown. */
	if (fd < 0 && errno == EINVAL && executable)
		fd = memfd_create(name, flags);
	if (fd < 0)
		return ins_error_set(err, errno, "make a memfd for %s", name);
	while (done < size) {
		ssize_t n = write(fd, (const char *)data + done, size - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return ins_error_set(err, n < 0 ? errno : EIO, "fill a memfd for %s", name);
		done += (size_t)n;
	}
	if (fcntl(fd, F_ADD_SEALS, ALL_SEALS) < 0)
		return ins_error_set(err, errno, "seal a memfd for %s", name);
	return TAKE_FD(fd);
}

int ins_memfd_text(const char *name, const char *text, struct ins_error *err)
{
	int fd = ins_memfd_sealed(name, false, text, strlen(text), err);

	if (fd >= 0 && lseek(fd, 0, SEEK_SET) < 0) {
		ins_close(fd);
		return ins_error_set(err, errno, "rewind a memfd for %s", name);
	}
	return fd;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "base/path.h"

int ins_path_clean(const char *path, char *buffer, size_t size)
{
	size_t used = 0;

	while (*path) {
		size_t n = strcspn(path, "/");

		if (n == 2 && path[0] == '.' && path[1] == '.') {
			while (used > 0 && buffer[--used] != '/')
				continue;
		} else if (n > 0 && !(n == 1 && path[0] == '.')) {
			if (used + 1 + n >= size)
				return -ENAMETOOLONG;
			buffer[used++] = '/';
			memcpy(buffer + used, path, n);
			used += n;
		}
		path += n;
		path += *path == '/';
	}
	if (used == 0) {
		if (size < 2)
			return -ENAMETOOLONG;
		buffer[used++] = '/';
	}
	buffer[used] = '\0';
	return (int)used;
}

bool ins_path_is_below(const char *path, const char *directory)
{
	size_t n = strlen(directory);

	/* The root directory is the only clean path that ends in a slash. */
	if (n == 1)
		return true;
	return strncmp(path, directory, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

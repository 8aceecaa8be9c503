/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/directory.h"
#include "base/nearest.h"

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int collect(DIR *dir, char ***names, size_t *n)
{
	struct dirent *entry;

	while (errno = 0, entry = readdir(dir)) {
		char **grown;

		if (entry->d_name[0] == '.' ||
			(entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN))
			continue;
		grown = reallocarray(*names, *n + 1, sizeof(**names));
		if (!grown)
			return -ENOMEM;
		*names = grown;
		grown[*n] = strdup(entry->d_name);
		if (!grown[*n])
			return -ENOMEM;
		(*n)++;
	}
	return -errno;
}

int ins_directory_names(int fd, char ***ret_names, size_t *ret_n)
{
	cleanup_dir DIR *dir = fdopendir(fd);
	char **names = NULL;
	size_t n = 0;
	int r;

	if (!dir) {
		r = -errno;
		ins_close(fd);
		return r;
	}
	r = collect(dir, &names, &n);
	if (r < 0) {
		while (n > 0)
			free(names[--n]);
		free(names);
		return r;
	}
	if (n > 1)
		qsort(names, n, sizeof(*names), compare_names);
	*ret_names = names;
	*ret_n = n;
	return 0;
}

const char *ins_directory_hint(int dir, const char *name, char *buffer, size_t size)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_dir DIR *listing = fd < 0 ? NULL : fdopendir(fd);
	struct ins_nearest nearest = { .word = name };
	char best[sizeof(((struct dirent *)NULL)->d_name)];
	const struct dirent *entry;

	if (!listing)
		ins_close(fd);
	while (listing && (entry = readdir(listing))) {
		if (entry->d_name[0] != '.')
			ins_nearest_offer(&nearest, entry->d_name);
		/* The next entry takes its place. */
		if (nearest.best == entry->d_name)
			nearest.best = strcpy(best, entry->d_name);
	}
	return ins_did_you_mean(&nearest, buffer, size);
}

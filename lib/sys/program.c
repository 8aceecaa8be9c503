/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sys/program.h"

/* The build says where they are installed. */
#ifndef INS_LIBEXECDIR
#define INS_LIBEXECDIR "/usr/local/libexec/insula"
#endif

void ins_program_find(const char *name, char *path, size_t size)
{
	char own[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", own, sizeof(own) - 1);
	char *slash;

	own[n > 0 ? n : 0] = '\0';
	slash = strrchr(own, '/');
	if (slash) {
		*slash = '\0';
		if ((size_t)snprintf(path, size, "%s/%s", own, name) < size &&
			access(path, X_OK) == 0)
			return;
	}
	snprintf(path, size, "%s/%s", INS_LIBEXECDIR, name);
}

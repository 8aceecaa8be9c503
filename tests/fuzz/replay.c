/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main() of a fuzz target that is not built with libFuzzer: runs the target on each file of its corpus
 * (tests/fuzz/corpus/NAME, or the files and directories given) and prints TAP. A target that finds
 * something wrong aborts, so then the plan at the end is missing.
 */
#include <dirent.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned int points;

static void fail(const char *path)
{
	printf("Bail out! ");
	fflush(stdout);
	perror(path);
	exit(1);
}

static void replay_file(const char *path)
{
	FILE *file = fopen(path, "re");
	struct stat status;
	uint8_t *data;
	size_t size;

	if (!file || fstat(fileno(file), &status) < 0)
		fail(path);
	/* Exactly as large as the input: the sanitizers see the first byte behind it. */
	size = (size_t)status.st_size;
	data = malloc(size ? size : 1);
	if (!data || fread(data, 1, size, file) != size)
		fail(path);
	fclose(file);
	printf("# %s\n", path);
	fflush(stdout);
	(void)LLVMFuzzerTestOneInput(data, size);
	free(data);
	printf("ok %u - %s\n", ++points, strrchr(path, '/') ? strrchr(path, '/') + 1 : path);
}

static void replay(const char *path)
{
	struct dirent **entries;
	struct stat status;
	int n;

	if (stat(path, &status) < 0)
		fail(path);
	if (!S_ISDIR(status.st_mode)) {
		replay_file(path);
		return;
	}
	n = scandir(path, &entries, NULL, alphasort);
	if (n < 0)
		fail(path);
	for (int i = 0; i < n; i++) {
		char below[PATH_MAX];

		if (entries[i]->d_name[0] != '.') {
			snprintf(below, sizeof(below), "%s/%s", path, entries[i]->d_name);
			replay(below);
		}
		free(entries[i]);
	}
	free(entries);
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		for (int i = 1; i < argc; i++)
			replay(argv[i]);
	} else {
		const char *top = getenv("top_srcdir");
		const char *name = strstr(argv[0], "fuzz-");
		char path[PATH_MAX];

		/* The last "fuzz-": a directory on the way may be called so, too. */
		for (const char *next = name; next; next = strstr(next + 1, "fuzz-"))
			name = next;
		snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/%s", top ? top : ".",
			name ? name + strlen("fuzz-") : "");
		replay(path);
	}
	printf("1..%u\n", points);
	return 0;
}

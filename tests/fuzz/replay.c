/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main() of a fuzz target that is not built with libFuzzer: gives the target each file of its corpus
 * (tests/fuzz/corpus/NAME for tests/fuzz/fuzz-NAME, or the files that are named as arguments) and each of
 * these cut short, and prints TAP. A target that finds something wrong aborts: then the plan at the end
 * is missing.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define MAX_SIZE ((size_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned int points;

__attribute__((noreturn)) static void bail_out(const char *path)
{
	printf("Bail out! %s: %s\n", path, strerror(errno));
	exit(1);
}

/* Memory of exactly this size, so that reading behind it shows. */
static void give(const uint8_t *data, size_t size)
{
	cleanup_free uint8_t *copy = malloc(size > 0 ? size : 1);

	if (!copy)
		bail_out("memory");
	memcpy(copy, data, size);
	(void)LLVMFuzzerTestOneInput(copy, size);
}

static void replay(const char *path)
{
	cleanup_file FILE *file = fopen(path, "re");
	cleanup_free uint8_t *data = malloc(MAX_SIZE);
	size_t size;

	if (!file || !data)
		bail_out(path);
	size = fread(data, 1, MAX_SIZE, file);
	if (ferror(file))
		bail_out(path);
	printf("# %s\n", path);
	fflush(stdout);
	give(data, size);
	for (size_t n = 0; n < size; n += 1 + size / 64)
		give(data, n);
	printf("ok %u - %s\n", ++points, strrchr(path, '/') ? strrchr(path, '/') + 1 : path);
}

static void replay_corpus(const char *program)
{
	const char *top = getenv("top_srcdir"), *name = strrchr(program, '/');
	char directory[2048], path[4096];
	struct dirent **entries;
	int n;

	name = name ? name + 1 : program;
	/* Libtool runs a program that is not installed yet under another name. */
	if (strncmp(name, "lt-", 3) == 0)
		name += 3;
	if (strncmp(name, "fuzz-", 5) == 0)
		name += 5;
	snprintf(directory, sizeof(directory), "%s/tests/fuzz/corpus/%s", top ? top : ".", name);
	n = scandir(directory, &entries, NULL, alphasort);
	if (n < 0)
		bail_out(directory);
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, entries[i]->d_name);
		if (entries[i]->d_name[0] != '.')
			replay(path);
		free(entries[i]);
	}
	free(entries);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		replay(argv[i]);
	if (argc == 1)
		replay_corpus(argv[0]);
	printf("1..%u\n", points);
	return 0;
}

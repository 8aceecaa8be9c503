/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "program-fixture.h"

#define main program
#include "../../runtime/main.c"
#undef main

char out[32768], words[8192];
char directory[] = "/tmp/insula-test-program-XXXXXX";

static void read_back(int fd, char *buffer, size_t size)
{
	ssize_t n = pread(fd, buffer, size - 1, 0);

	assert_true(n >= 0);
	buffer[n] = '\0';
	(void)close(fd);
}

int insula(const char *line)
{
	int saved_out = dup(STDOUT_FILENO), saved_err = dup(STDERR_FILENO);
	int out_fd = memfd_create("out", MFD_CLOEXEC), err_fd = memfd_create("err", MFD_CLOEXEC);
	char *copy = strdup(line);
	char *argv[64] = { (char *)"insula" };
	char *rest = copy;
	char *word;
	int argc = 1;
	int status;

	while ((word = strsep(&rest, " ")))
		argv[argc++] = word;
	memset(fake.calls, 0, sizeof(fake.calls));
	fflush(stdout);
	dup2(out_fd, STDOUT_FILENO);
	dup2(err_fd, STDERR_FILENO);
	status = program(argc, argv);
	fflush(stdout);
	dup2(saved_out, STDOUT_FILENO);
	dup2(saved_err, STDERR_FILENO);
	(void)close(saved_out);
	(void)close(saved_err);
	read_back(out_fd, out, sizeof(out));
	read_back(err_fd, words, sizeof(words));
	free(copy);
	return status;
}

void expect(const char *line, const char *calls)
{
	int status = insula(line);

	if (status != 0)
		print_error("%s: %s", line, words);
	assert_int_equal(status, 0);
	assert_string_equal(words, "");
	assert_string_equal(fake.calls, calls);
}

void refuse(const char *line, int status, const char *text)
{
	char expected[512];

	snprintf(expected, sizeof(expected), "insula: %s\n", text);
	assert_int_equal(insula(line), status);
	assert_string_equal(words, expected);
	assert_string_equal(out, "");
	assert_null(strstr(fake.calls, "create"));
	assert_null(strstr(fake.calls, "exec"));
	assert_null(strstr(fake.calls, "kill"));
}

const char *file(const char *name)
{
	static char paths[4][128];
	static size_t next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", directory, name);
	return path;
}

const char *read_file(const char *name)
{
	static char text[16384];
	int fd = open(file(name), O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	read_back(fd, text, sizeof(text));
	return text;
}

int set_up_program(void **state)
{
	(void)state;
	return mkdtemp(directory) ? 0 : -1;
}

int tear_down_program(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf -- %s", directory);
	return system(command);
}

int forget_calls(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	return 0;
}

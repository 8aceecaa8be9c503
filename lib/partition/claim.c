/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/number.h"
#include "partition/claim.h"
#include "partition/number.h"

#define TEXT_SIZE 12

int ins_claims_open(
	const struct ins_library *library, struct ins_claims *ret_claims, struct ins_error *err)
{
	cleanup_fd int dir = -1;
	int r = mkdir(INS_CLAIMS_DIRECTORY, 0700);

	*ret_claims = (struct ins_claims){ library, -1 };
	if (r < 0 && (errno == EACCES || errno == EROFS))
		return 0;
	if (r < 0 && errno != EEXIST)
		return ins_error_set(err, errno, "make " INS_CLAIMS_DIRECTORY);
	dir = open(INS_CLAIMS_DIRECTORY, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0 && errno == EACCES)
		return 0;
	if (dir < 0)
		return ins_error_set(err, errno, "open " INS_CLAIMS_DIRECTORY);
	do {
		r = flock(dir, LOCK_EX);
	} while (r < 0 && errno == EINTR);
	if (r < 0)
		return ins_error_set(err, errno, "lock " INS_CLAIMS_DIRECTORY);
	ret_claims->dir = TAKE_FD(dir);
	return 0;
}

void ins_claims_close(struct ins_claims *claims)
{
	claims->dir = ins_close(claims->dir);
}

static bool has(int numbers, const char *text)
{
	return faccessat(numbers, text, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* It has the number, and is not ours by another name. @unseen: what is said of one that is not to be seen. */
static bool is_anothers(
	const struct ins_claims *claims, const char *library, const char *text, bool unseen)
{
	cleanup_fd int numbers = -1;
	char path[PATH_MAX + sizeof("/numbers")];
	struct stat own, other;

	if (!strcmp(library, claims->library->path))
		return false;
	snprintf(path, sizeof(path), "%s/numbers", library);
	numbers = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (numbers < 0 || fstat(numbers, &other) < 0 || fstat(claims->library->numbers, &own) < 0)
		return unseen;
	if (own.st_dev == other.st_dev && own.st_ino == other.st_ino)
		return false;
	return has(numbers, text);
}

/* Return: 0, −errno: no error is recorded. */
static int read_claim(int dir, const char *text, char ret_library[PATH_MAX])
{
	ssize_t n = readlinkat(dir, text, ret_library, PATH_MAX - 1);

	if (n < 0)
		return -errno;
	ret_library[n] = '\0';
	return 0;
}

int ins_claim(const struct ins_claims *claims, uint32_t number, char ret_other[PATH_MAX],
	struct ins_error *err)
{
	const char *path = claims->library->path;
	char text[TEXT_SIZE];
	int r;

	if (claims->dir < 0)
		return 1;
	snprintf(text, sizeof(text), "%u", number);
	if (is_anothers(claims, INS_LIBRARY_USUAL, text, false)) {
		snprintf(ret_other, PATH_MAX, INS_LIBRARY_USUAL);
		return 0;
	}
	r = read_claim(claims->dir, text, ret_other);
	if (r == 0 && !strcmp(ret_other, path))
		return 1;
	if (r == 0 && is_anothers(claims, ret_other, text, true))
		return 0;
	if (r == 0 && unlinkat(claims->dir, text, 0) < 0)
		r = -errno;
	if ((r < 0 && r != -ENOENT) || symlinkat(path, claims->dir, text) < 0)
		return ins_error_set(
			err, r < 0 && r != -ENOENT ? -r : errno, "claim the number %s", text);
	return 1;
}

static bool is_claimed(const struct ins_library *library, uint32_t number)
{
	char path[sizeof(INS_CLAIMS_DIRECTORY "/") + TEXT_SIZE], owner[PATH_MAX];

	snprintf(path, sizeof(path), INS_CLAIMS_DIRECTORY "/%u", number);
	return read_claim(AT_FDCWD, path, owner) == 0 && !strcmp(owner, library->path);
}

void ins_claim_drop(const struct ins_library *library, uint32_t number)
{
	cleanup_claims struct ins_claims claims = INS_CLAIMS_CLOSED;
	struct ins_error ignored = { 0 };
	char text[TEXT_SIZE];

	snprintf(text, sizeof(text), "%u", number);
	if (!is_claimed(library, number) || ins_claims_open(library, &claims, &ignored) < 0)
		return;
	/* Before it was locked, somebody else may have found that it does not count. */
	if (claims.dir >= 0 && is_claimed(library, number) && !has(library->numbers, text))
		(void)unlinkat(claims.dir, text, 0);
}

int ins_claim_ensure(const struct ins_library *library, uint32_t number, struct ins_error *err)
{
	cleanup_claims struct ins_claims claims = INS_CLAIMS_CLOSED;
	char other[PATH_MAX];
	int r;

	/* Nobody takes it from who has it. */
	if (is_claimed(library, number))
		return 0;
	r = ins_claims_open(library, &claims, err);
	if (r == 0)
		r = ins_claim(&claims, number, other, err);
	if (r == 0)
		return ins_error_text(err, EEXIST,
			"its ids and addresses follow from the number %u, which a partition of the "
			"library %s has, too: a copy of it (insula clone) gets another one",
			number, other);
	return r < 0 ? r : 0;
}

int ins_claims_read(const struct ins_claims *claims, bool is_live[], struct ins_error *err)
{
	int fd =
		claims->dir < 0 ? -1 : openat(claims->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (claims->dir < 0)
		return 0;
	if (!dir) {
		ins_close(fd);
		return ins_error_set(err, errno, "read " INS_CLAIMS_DIRECTORY);
	}
	while (errno = 0, entry = readdir(dir)) {
		const char *text = entry->d_name;
		char library[PATH_MAX];
		uint64_t number;

		if (ins_number_u64(text, 0, INS_NUMBERS - 1, &number) < 0 ||
			read_claim(claims->dir, text, library) < 0)
			continue;
		if (is_anothers(claims, library, text, true) || has(claims->library->numbers, text))
			is_live[number] = true;
		else
			(void)unlinkat(claims->dir, text, 0);
	}
	return errno ? ins_error_set(err, errno, "read " INS_CLAIMS_DIRECTORY) : 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * insula-image: makes and checks images. A program of its own, because it takes libarchive and nettle, and
 * because who starts a partition has no need of them.
 *
 *     insula-image PROGRESS make LIBRARY TEMPLATE KIND FORMAT FROM [ARGUMENT…]
 *     insula-image PROGRESS check LIBRARY ID    (all is read)
 *     insula-image PROGRESS trust LIBRARY ID    (what the kernel checks by fs-verity is not read)
 *     insula-image PROGRESS pack NAME=PATH…
 *     insula-image PROGRESS unpack DIRECTORY
 *
 * PROGRESS: progress (it is shown on the standard error), quiet. The archive is the standard input, also the one
 * that is written.
 *
 * KIND: recipe (FROM is its program, and has the arguments), directory, tar ("-": the standard input), oci,
 * guess. FORMAT: directory, erofs.
 *
 * The exit status is an errno, and what stands on the standard output then are its words; with 0 each line
 * there is a warning. It ends with who has started it, and takes away what it has begun.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/tree.h"
#include "image.h"
#include "source.h"
#include "transfer.h"

struct request {
	const char *library, *template, *kind, *format, *from;
	char **arguments;
};

/* /dev/null, and the tar that is read; −1: none. */
static volatile int nothing = -1, input = -1;

/* libarchive reads on after a signal, for ever if nobody writes. So what it reads has an end. */
static void interrupt(int signal)
{
	int saved = errno;

	(void)signal;
	intake_is_interrupted = 1;
	if (input >= 0)
		(void)dup2(nothing, input);
	errno = saved;
}

/* Without SA_RESTART: a wait for a recipe ends. */
static void prepare(void)
{
	struct sigaction action = { .sa_handler = interrupt };

	nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	(void)sigaction(SIGTERM, &action, NULL);
	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGHUP, &action, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	umask(077);
}

static bool is_directory(const char *path, size_t n)
{
	char part[PATH_MAX];
	struct stat s;

	snprintf(part, sizeof(part), "%.*s", (int)n, path);
	return stat(part, &s) == 0 && S_ISDIR(s.st_mode);
}

static const char *guess(const char *from)
{
	const char *tag = strrchr(from, ':');
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/oci-layout", from);
	if (access(path, F_OK) == 0)
		return "oci";
	if (is_directory(from, strlen(from)))
		return "directory";
	return tag && access(from, F_OK) < 0 && is_directory(from, (size_t)(tag - from)) ? "oci"
											 : "tar";
}

static int take_tar(struct intake *intake, const char *from, struct ins_error *err)
{
	cleanup_fd int fd = strcmp(from, "-") ? open(from, O_RDONLY | O_CLOEXEC)
					      : fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	int r;

	if (fd < 0)
		return ins_error_set(err, errno, "open %s", from);
	source_begin(intake->progress, fd);
	input = fd;
	r = intake_is_interrupted ? 0 : source_tar(fd, source_tar_put, intake, err);
	input = -1;
	if (intake_is_interrupted)
		return ins_error_text(err, ECANCELED, "interrupted");
	if (r == 0 && intake->entries == 0)
		r = ins_error_text(err, EINVAL, "there is nothing in it");
	if (r == 0 && faccessat(intake->root, "oci-layout", F_OK, AT_SYMLINK_NOFOLLOW) == 0 &&
		faccessat(intake->root, "index.json", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		r = ins_error_text(err, EINVAL,
			"it is no root, but an OCI image layout: unpack it into a directory, and "
			"import that");
	if (r < 0)
		ins_error_prefix(err, "%s", strcmp(from, "-") ? from : "standard input");
	return r;
}

static int take_directory(struct intake *intake, const char *from, struct ins_error *err)
{
	int r;

	if (!is_directory(from, strlen(from)))
		return ins_error_text(err, ENOTDIR, "%s: there is no directory", from);
	ins_progress_stage(intake->progress, "copying", 0);
	r = source_directory(intake, from, err);
	if (r < 0)
		ins_error_prefix(err, "%s", from);
	return r;
}

static int take_recipe(struct image *image, struct intake *intake, const struct request *request,
	struct ins_error *err)
{
	char path[PATH_MAX];
	int r = image_path(image, "", path, err);

	if (r == 0)
		r = source_recipe(intake, request->from, request->arguments, image->dir, path, err);
	return r < 0 ? r : ins_tree_remove(image->dir, "recipe", err);
}

static int take(struct image *image, struct intake *intake, const struct request *request,
	struct ins_error *err)
{
	if (!strcmp(request->kind, "recipe"))
		return take_recipe(image, intake, request, err);
	if (!strcmp(request->kind, "directory"))
		return take_directory(intake, request->from, err);
	if (!strcmp(request->kind, "oci")) {
		ins_progress_stage(intake->progress, "unpacking", 0);
		return source_oci(intake, request->from, &image->config, err);
	}
	return take_tar(intake, request->from, err);
}

/* For people: what it was made from. A recipe is known by its folder. */
static void describe(const struct request *request, char *text, size_t size)
{
	char from[PATH_MAX];
	const char *name = from;
	int n;

	snprintf(from, sizeof(from), "%s", request->from);
	if (!strcmp(request->kind, "recipe"))
		name = basename(dirname(from));
	n = snprintf(text, size, "%s %s", request->kind, name);
	for (char **word = request->arguments; *word && n < (int)size; word++)
		n += snprintf(text + n, size - (size_t)n, " %s", *word);
}

static int make(struct request *request, struct ins_progress *progress, struct ins_error *err)
{
	cleanup_with(image_end) struct image image = IMAGE_NONE;
	struct intake intake = { .progress = progress };
	char source[512];
	int r;

	if (!strcmp(request->kind, "guess"))
		request->kind = guess(request->from);
	r = image_begin(request->library, request->template, &image, err);
	if (r < 0)
		return r;
	intake.root = image.root;
	r = take(&image, &intake, request, err);
	image.bytes = intake.bytes;
	ins_progress_end(progress);
	if (r == 0 && !strcmp(request->format, "erofs"))
		r = image_pack(&image, progress, err);
	describe(request, source, sizeof(source));
	if (r == 0)
		r = image_finish(&image, request->template, source, progress, err);
	if (r == 0 && intake.devices > 0)
		printf("%s: device nodes and sockets were left out: %llu, the first %s\n",
			request->template, (unsigned long long)intake.devices, intake.device);
	return r;
}

int main(int argc, char **argv)
{
	struct ins_progress progress = { .is_shown = argc > 1 && !strcmp(argv[1], "progress") };
	struct ins_error err = { 0 };
	int r;

	prepare();
	if (argc == 5 && (!strcmp(argv[2], "check") || !strcmp(argv[2], "trust"))) {
		r = image_check(argv[3], argv[4], !strcmp(argv[2], "trust"), &progress, &err);
	} else if (argc >= 4 && !strcmp(argv[2], "pack")) {
		r = transfer_pack(STDIN_FILENO, argv + 3, &progress, &err);
	} else if (argc == 4 && !strcmp(argv[2], "unpack")) {
		r = transfer_unpack(STDIN_FILENO, argv[3], &progress, &err);
	} else if (argc >= 8 && !strcmp(argv[2], "make")) {
		struct request request = { argv[3], argv[4], argv[5], argv[6], argv[7], argv + 8 };

		r = make(&request, &progress, &err);
	} else {
		r = ins_error_text(&err, EINVAL, "insula-image is for insula to start");
	}
	ins_progress_end(&progress);
	if (r < 0)
		puts(err.text);
	return -r;
}

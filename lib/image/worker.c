/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "image/worker.h"
#include "sys/program.h"

int ins_worker_ask(const struct ins_context *context, char **argv, int file,
	char words[INS_WORKER_SIZE], struct ins_error *err)
{
	static const struct ins_own_program program = { "insula-image", EOPNOTSUPP,
		"it makes and checks templates (./configure --with-libarchive builds it, if "
		"libarchive and nettle are installed)" };

	argv[1] = (char *)(ins_context_progress(context).is_shown ? "progress" : "quiet");
	return ins_program_ask(&program, argv, file, words, INS_WORKER_SIZE, err);
}

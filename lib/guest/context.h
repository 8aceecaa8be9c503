/* SPDX-License-Identifier: Apache-2.0 */
/* What a context is made of, and how the library speaks to its caller. */
#ifndef INSULA_GUEST_CONTEXT_H
#define INSULA_GUEST_CONTEXT_H

#include "base/progress.h"
#include "insula.h"

struct ins_context {
	char *root; /* the state directory, absolute */
	char *library; /* of templates and partitions, absolute */
	enum ins_cgroup_manager cgroup_manager;
	enum ins_rootless rootless;
	enum ins_log_level log_level;
	ins_log_fn *log;
	void *log_data;
	bool shows_progress;
};

/* ins_context_log - hand one line to the caller's log function, if it wants this level. */
void ins_context_log(struct ins_context *context, enum ins_log_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* ins_context_warn, ins_context_note - as callbacks of builders and runs; @data is the context. */
void ins_context_warn(void *data, const char *text);
void ins_context_note(void *data, const char *text);

/* ins_context_progress - for work that may be long, to be ended with ins_progress_end(). */
struct ins_progress ins_context_progress(const struct ins_context *context);

/* ins_context_wants - whether a line of this level would be seen by anybody. */
bool ins_context_wants(const struct ins_context *context, enum ins_log_level level);

#endif

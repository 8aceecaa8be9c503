/* SPDX-License-Identifier: Apache-2.0 */
/* What the two halves of gc share: the library, and what partitions have on the host. */
#ifndef INSULA_PARTITION_GC_H
#define INSULA_PARTITION_GC_H

#include <limits.h>

#include "guest/context.h"
#include "image/library.h"
#include "insula_partition.h"

struct ins_gc {
	struct ins_context *context;
	struct ins_library library; /* locked, exclusively */
	bool dry;
	ins_leftover_visit_fn *visit;
	void *data;
	int result;             /* of @visit, or of the first that could not be taken away */
	struct ins_error first; /* why */
	bool is_over;           /* @visit does not want to hear more */
	char where[NAME_MAX + 16]; /* the directory that is gone through, for people: "images/" */
};

/* How one is taken away: @dir, @name as ins_gc_take() was given them. */
typedef int ins_gc_remove_fn(struct ins_gc *gc, int dir, const char *name, struct ins_error *err);

/* ins_gc_remove_file - a plain file, or a symlink. 0 also if it has gone meanwhile. */
ins_gc_remove_fn ins_gc_remove_file;

/* ins_gc_take - take something away, unless this is dry, and tell of it. @where: what its name is shown
 * with in front, "" for nothing. */
void ins_gc_take(struct ins_gc *gc, const char *kind, const char *where, int dir, const char *name,
	ins_gc_remove_fn *remove);

/* ins_gc_tell - something was taken away. */
void ins_gc_tell(struct ins_gc *gc, const char *kind, const char *name);

/* ins_gc_fail - something went wrong that keeps nothing else from being done. */
void ins_gc_fail(struct ins_gc *gc, const struct ins_error *why);

/* ins_gc_containers - containers of partitions, cgroups of containers that are gone, and what groups know of those. */
void ins_gc_containers(struct ins_gc *gc);

/* ins_gc_is_away - the partition has no container, and nobody is about to start it, or to clear up behind it, as long as
 * @ret_lock is open. */
bool ins_gc_is_away(const struct ins_gc *gc, const char *name, int *ret_lock);

/* ins_gc_networks - interfaces and firewall elements of numbers that nobody has. The library's own numbers are
 * in order by then. */
void ins_gc_networks(struct ins_gc *gc);

/* ins_gc_mounts - mounted images that are not there any more. */
void ins_gc_mounts(struct ins_gc *gc);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What the configuration says of a systemd unit: its name, its place, its properties. Pure text. */
#ifndef INSULA_CGROUP_UNIT_H
#define INSULA_CGROUP_UNIT_H

#include <stdint.h>

#include "base/arena.h"
#include "plan/plan.h"

/* A scope. The texts are in the arena. */
struct ins_unit_name {
	const char *unit;   /* "libpod-0123.scope" */
	const char *slice;  /* "machine.slice" */
	const char *cgroup; /* where systemd is going to put it, below the cgroup2 mount */
};

/**
 * ins_unit_name_parse - linux.cgroupsPath, as it is written for systemd: "SLICE:PREFIX:NAME"
 * @text: NULL or "": "insula" is the prefix and @id the name
 * @id: NULL if it is not known
 * @user: it is a unit of this user's systemd; NULL: of the system's
 *
 * Without a SLICE it is the manager's own for such things; without a PREFIX the unit is NAME alone.
 *
 * Return: 0, −EINVAL, −ENAMETOOLONG, −ENOMEM.
 */
int ins_unit_name_parse(const char *text, const char *id, const uint32_t *user,
	struct ins_arena *arena, struct ins_unit_name *ret, struct ins_error *err);

/**
 * ins_unit_property_parse - an annotation org.systemd.property.NAME
 * @name: of the property. "TimeoutStopSec", in seconds, is another way to write "TimeoutStopUSec".
 * @text: its value, as GVariant's text format has it: numbers, texts, true and false, with a type in
 *        front if it is not the usual one, lists and tuples of them
 *
 * Return: 0, −EINVAL, −ERANGE, −ENOMEM.
 */
int ins_unit_property_parse(const char *name, const char *text, struct ins_arena *arena,
	struct ins_unit_property *ret, struct ins_error *err);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Running hooks outside the container. */
#ifndef INSULA_HOOK_HOOK_H
#define INSULA_HOOK_HOOK_H

#include "spec/spec.h"

/**
 * ins_hooks_run - run all hooks of one kind in the runtime's namespaces, in order
 * @hooks: of that kind
 * @state_json: the state object, given on stdin
 *
 * Return: 0; the first that fails ends it: −errno, the error names hooks.<kind>[i] and the path.
 */
int ins_hooks_run(const struct ins_spec_hooks *hooks, enum ins_hook_kind kind,
	const char *state_json, struct ins_error *err);

#endif

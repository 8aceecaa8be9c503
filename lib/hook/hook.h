/* SPDX-License-Identifier: Apache-2.0 */
/* Running hooks outside the container. */
#ifndef INSULA_HOOK_HOOK_H
#define INSULA_HOOK_HOOK_H

#include "spec/spec.h"

/**
 * ins_hook_run - run one hook in the runtime's namespaces
 * @hooks: of that kind
 * @state_json: the state object, given on stdin
 *
 * Return: 0 or −errno; the error names hooks.<kind>[@index] and the path.
 */
int ins_hook_run(const struct ins_spec_hooks *hooks, enum ins_hook_kind kind, size_t index,
	const char *state_json, struct ins_error *err);

#endif

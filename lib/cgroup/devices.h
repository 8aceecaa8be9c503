/* SPDX-License-Identifier: Apache-2.0 */
/* linux.resources.devices as an eBPF program: cgroup2 has no files for it. */
#ifndef INSULA_CGROUP_DEVICES_H
#define INSULA_CGROUP_DEVICES_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stdint.h>

#include "spec/spec.h"

/**
 * ins_devices_compile - the rules of a configuration as BPF_PROG_TYPE_CGROUP_DEVICE
 * @has_userns: the container lives in a user namespace
 * @ret_program: to be freed with free(); NULL if everything is allowed, so that none is needed
 *
 * Return: 0, −EINVAL (the key is named), −E2BIG, −ENOMEM.
 */
int ins_devices_compile(const struct ins_spec *spec, bool has_userns, struct bpf_insn **ret_program,
	uint32_t *ret_n, struct ins_error *err);

/**
 * ins_devices_attach - put a cgroup and all below it under a program
 * @state_root: the state directory, where it is noted which programs are loaded; NULL: none
 *
 * All containers with the same rules share one program, as long as one of them lives. Needs CAP_BPF
 * and CAP_NET_ADMIN, or CAP_SYS_ADMIN, in the initial user namespace. Programs further up stay in
 * force: an access has to be allowed by all.
 *
 * Return: 0, −errno.
 */
int ins_devices_attach(int cgroup, const char *state_root, const struct bpf_insn *program,
	uint32_t n, struct ins_error *err);

/**
 * ins_devices_replace - put a cgroup under another program than the one that is on it
 * @program: NULL: under none any more
 *
 * At no moment is there none between the two (BPF_F_REPLACE, Linux 5.6). Return: 0, −errno: the old one holds.
 */
int ins_devices_replace(int cgroup, const char *state_root, const struct bpf_insn *program,
	uint32_t n, struct ins_error *err);

/* ins_devices_detach - take off what ins_devices_attach() put on; for a cgroup that stays. That nothing
 * is on it is no error. Return: 0, −errno. */
int ins_devices_detach(int cgroup, struct ins_error *err);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What both floors of a whole container do: its tree and what is around it. */
#ifndef INSULA_TESTS_BENCH_TREE_H
#define INSULA_TESTS_BENCH_TREE_H

/* mount_or_die - mount(2). */
void mount_or_die(const char *source, const char *target, const char *type, unsigned long flags,
	const char *data);

/* make_links - those in dev. The working directory is the root to be. */
void make_links(void);

/* mount_kernels - what lies below dev and sys, whose directories are there. @shm: the options of dev/shm. */
void mount_kernels(const char *shm);

/* enter_root - the working directory becomes the root. */
void enter_root(void);

/* hide_paths - mask and make read-only what the configuration says. */
void hide_paths(void);

/* loopback_up - set lo up. */
void loopback_up(void);

/* attach_devices - to the cgroup, a device program that allows everything. */
void attach_devices(int cgroup);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interfaces whose guests have ended. The kernel deletes a network namespace, and with it the other end of a veth, some
 * time after its last process is gone: tens of milliseconds, more if there are many.
 */
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/number.h"
#include "net/net.h"

#define PAUSE_NS    (5 * 1000 * 1000)
#define TRIES       100 /* without a change */
#define NAME_PREFIX 3   /* "isl", "isb" */

static bool is_departing(const char *name, const bool is_live[], size_t n)
{
	uint64_t number;

	return (!strncmp(name, "isl", NAME_PREFIX) || !strncmp(name, "isb", NAME_PREFIX)) &&
	       ins_number_u64(name + NAME_PREFIX, 0, n - 1, &number) == 0 && !is_live[number];
}

static size_t count(const bool is_live[], size_t n)
{
	struct if_nameindex *all = if_nameindex();
	size_t departing = 0;

	for (const struct if_nameindex *one = all; one && one->if_name; one++)
		departing += is_departing(one->if_name, is_live, n);
	if (all)
		if_freenameindex(all);
	return departing;
}

void ins_network_wait(const bool is_live[], size_t n)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };
	size_t before = count(is_live, n);

	for (int i = 0; before > 0 && i < TRIES; i++) {
		size_t now;

		nanosleep(&pause, NULL);
		now = count(is_live, n);
		if (now != before)
			i = 0;
		before = now;
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "net/net.h"

/* "  eth0: " and sixteen numbers: what was received (bytes, packets, errors, dropped, and four
 * more), and the same of what was sent. The kernel allows no colon in a name. */
static bool scan_interface(char *line, struct ins_net_counters *ret)
{
	struct ins_net_way *in = &ret->received, *out = &ret->sent;
	char *name = line + strspn(line, " "), *colon = strchr(name, ':');

	if (!colon || colon - name >= INS_NET_NAME_SIZE)
		return false;
	*colon = '\0';
	strcpy(ret->name, name);
	return sscanf(colon + 1, "%lu %lu %lu %lu %*u %*u %*u %*u %lu %lu %lu %lu", &in->bytes,
		       &in->packets, &in->errors, &in->dropped, &out->bytes, &out->packets,
		       &out->errors, &out->dropped) == 8;
}

int ins_net_counters_read(
	pid_t pid, struct ins_net_counters **ret_counters, size_t *ret_n, struct ins_error *err)
{
	cleanup_free struct ins_net_counters *counters = NULL;
	cleanup_file FILE *file = NULL;
	char path[40], line[512];
	size_t n = 0;

	snprintf(path, sizeof(path), "/proc/%d/net/dev", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return ins_error_set(err, errno == ENOENT ? ESRCH : errno, "open %s", path);
	counters = calloc(INS_NET_COUNTERS_MAX, sizeof(*counters));
	if (!counters)
		return ins_error_set(err, ENOMEM, "read %s", path);
	while (n < INS_NET_COUNTERS_MAX && fgets(line, sizeof(line), file))
		n += scan_interface(line, &counters[n]);
	if (ferror(file))
		return ins_error_set(err, errno == EINVAL ? ESRCH : errno, "read %s", path);
	*ret_counters = TAKE_PTR(counters);
	*ret_n = n;
	return 0;
}

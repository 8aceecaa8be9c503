/* SPDX-License-Identifier: Apache-2.0 */
/* What would keep a partition from starting, as far as it can be seen while it still runs. */
#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "partition/bundle_mounts.h"
#include "partition/elsewhere.h"
#include "partition/limits.h"
#include "partition/network.h"

static int check_devices(const struct ins_definition *definition, struct ins_error *err)
{
	const struct ins_definition_value *wanted = &definition->values[INS_SETTING_DEVICE];

	for (size_t i = 0; i < wanted->n; i++) {
		if (access(wanted->v[i], F_OK) < 0)
			return ins_error_set(err, errno, "device: %s", wanted->v[i]);
	}
	return 0;
}

static int check_interface(const struct ins_partition *partition, struct ins_error *err)
{
	struct ins_network network;

	if (!ins_partition_network(&partition->definition, partition->state.number, &network) ||
		!network.device || if_nametoindex(network.device) > 0)
		return 0;
	return ins_error_set(err, errno, "find the interface \"%s\"", network.device);
}

static int check_limits(const struct ins_definition *definition, struct ins_error *err)
{
	struct ins_host host;
	int r = ins_host_probe(&host, false, err);

	if (r == 0)
		r = ins_host_probe_controllers(&host, err);
	return r < 0 ? r : ins_limits_possible(definition, &host, err);
}

int ins_partition_start_check(struct ins_context *context, const char *name, struct ins_error *err)
{
	cleanup_partition struct ins_partition partition = INS_PARTITION_CLOSED;
	int r = ins_partition_open(context, name, INS_PARTITION_LOOK, &partition, err);

	if (r == 0)
		r = ins_elsewhere_check(&partition, err);
	if (r == 0)
		r = ins_bundle_check_mounts(&partition.definition, err);
	if (r == 0)
		r = check_devices(&partition.definition, err);
	if (r == 0)
		r = check_interface(&partition, err);
	return r < 0 ? r : check_limits(&partition.definition, err);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <string.h>

#include "base/error.h"
#include "base/number.h"
#include "net/net.h"
#include "partition/network.h"

static struct ins_strings words(const struct ins_definition *definition, enum ins_setting setting)
{
	const struct ins_definition_value *value = &definition->values[setting];

	return (struct ins_strings){ value->n, (const char *const *)value->v };
}

bool ins_partition_network(
	const struct ins_definition *definition, uint32_t number, struct ins_network *ret_network)
{
	const char *kind = ins_definition_get(definition, INS_SETTING_NET);

	if (!kind)
		kind = "routed";
	if (!strcmp(kind, "none") || !strcmp(kind, "host"))
		return false;
	*ret_network = (struct ins_network){ .kind = kind,
		.number = number,
		.address = ins_definition_get(definition, INS_SETTING_ADDRESS),
		.device = ins_definition_get(definition,
			!strcmp(kind, "macvlan") ? INS_SETTING_PARENT : INS_SETTING_BRIDGE),
		.publish = words(definition, INS_SETTING_PUBLISH),
		.groups = words(definition, INS_SETTING_GROUP) };
	return true;
}

int ins_partition_network_check(
	const struct ins_definition *definition, uint32_t number, struct ins_error *err)
{
	struct ins_network_addresses addresses;
	struct ins_network network;

	return ins_partition_network(definition, number, &network)
		       ? ins_network_address(&network, &addresses, err)
		       : 0;
}

#define BEHIND "the partition behind isl"

void ins_partition_network_name(const struct ins_partition *partition, struct ins_error *err)
{
	const struct ins_error told = *err;
	const char *behind = strstr(told.text, BEHIND);
	char name[NAME_MAX + 1];
	uint64_t number;

	if (!behind || ins_number_u64(behind + strlen(BEHIND), 0, INS_NUMBERS - 1, &number) < 0 ||
		ins_number_owner(
			partition->library.numbers, (uint32_t)number, name, sizeof(name), NULL) < 0)
		return;
	/* The first one that is recorded stays. */
	err->code = 0;
	(void)ins_error_text(
		err, told.code, "%.*spartition \"%s\"", (int)(behind - told.text), told.text, name);
}

int ins_partition_network_release(const struct ins_partition *partition, struct ins_error *err)
{
	struct ins_network network;

	return ins_partition_network(&partition->definition, partition->state.number, &network)
		       ? ins_network_release(network.number, err)
		       : 0;
}

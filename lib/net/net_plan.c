/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "net/interface.h"
#include "net/net.h"
#include "plan/build.h"

/* The name is that in the container, and one namespace has each name once. */
static int check_names(
	const struct ins_spec *spec, size_t index, const char *name, struct ins_error *err)
{
	for (size_t i = 0; i < index; i++) {
		const struct ins_spec_net_device *other = &spec->net_devices[i];

		if (strcmp(other->name ? other->name : other->host, name) == 0 &&
			!strchr(name, '%'))
			return ins_error_text(err, EINVAL,
				"linux.netDevices[\"%s\"].name: \"%s\" is the name of \"%s\", too",
				spec->net_devices[index].host, name, other->host);
	}
	return 0;
}

static int add_device(struct ins_plan_builder *builder, size_t index, struct ins_error *err)
{
	const struct ins_spec_net_device *device = &builder->spec->net_devices[index];
	const char *name = device->name ? device->name : device->host;
	struct ins_op *op;
	int r;

	if (!builder->spec->namespaces[INS_NS_NETWORK].present)
		return ins_error_key(err, EINVAL, "linux.netDevices",
			"the container has no network namespace of its own");
	r = check_names(builder->spec, index, name, err);
	if (r == 0)
		r = ins_plan_add(builder, INS_STAGE_NET, INS_OP_NET_DEVICE, &op, err,
			"linux.netDevices[\"%s\"]", device->host);
	if (r == 0)
		r = ins_plan_strdup(builder, device->host, &op->path, err);
	return r < 0 ? r : ins_plan_strdup(builder, name, &op->text.text, err);
}

/* Before the interfaces of linux.netDevices: those may have any name and index that is free. */
static int add_network(struct ins_plan_builder *builder, struct ins_error *err)
{
	const struct ins_network *network = builder->network;
	struct ins_interface interface, *copy;
	cleanup_free char *request = NULL;
	struct ins_op *op;
	int r;

	if (!ins_plan_has_own(builder, INS_NS_NETWORK))
		return ins_error_key(
			err, EINVAL, "net", "the container has no network namespace of its own");
	r = ins_network_interface(network, &interface, err);
	if (r == 0)
		r = ins_network_request("change", network, &request, err);
	if (r == 0)
		r = ins_plan_strdup(builder, network->device, &interface.device, err);
	if (r == 0)
		r = ins_plan_add(builder, INS_STAGE_NET, INS_OP_NET_ATTACH, &op, err, "%s", "");
	if (r < 0)
		return r;
	copy = ins_arena_copy(builder->arena, &interface, sizeof(interface));
	if (!copy)
		return ins_error_set(err, ENOMEM, "plan the network");
	op->net.interface = copy;
	op->net.has_elements = network->publish.n + network->groups.n > 0;
	return ins_plan_strdup(builder, request, &op->net.request, err);
}

int ins_net_plan(struct ins_plan_builder *builder, struct ins_error *err)
{
	struct ins_op *op;
	int r = builder->network ? add_network(builder, err) : 0;

	for (size_t i = 0; r == 0 && i < builder->spec->n_net_devices; i++)
		r = add_device(builder, i, err);
	if (r < 0 || !ins_plan_has_own(builder, INS_NS_NETWORK))
		return r;
	return ins_plan_add(builder, INS_STAGE_NET, INS_OP_LOOPBACK, &op, err,
		"linux.namespaces[%zu]", builder->spec->namespaces[INS_NS_NETWORK].index);
}

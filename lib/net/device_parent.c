/* SPDX-License-Identifier: Apache-2.0 */
/* linux.netDevices: interfaces of the host that are moved into the container. */
#include "net/helper.h"
#include "plan/run.h"

int ins_net_device_op(struct ins_run *run, const struct ins_op *op, struct ins_error *err)
{
	char request[64];

	snprintf(request, sizeof(request), "move %s %s", op->path, op->text.text);
	return ins_net_ask(run, request, err);
}

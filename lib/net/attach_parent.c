/* SPDX-License-Identifier: Apache-2.0 */
/* The network of a partition, made when its namespace is there. */
#include "net/helper.h"
#include "plan/run.h"

int ins_net_attach_op(struct ins_run *run, const struct ins_op *op, struct ins_error *err)
{
	return ins_net_ask(run, op->text.text, err);
}

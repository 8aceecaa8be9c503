/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/build.h"

int ins_net_plan(struct ins_plan_builder *builder, struct ins_error *err)
{
	struct ins_op *op;

	if (!ins_plan_has_own(builder, INS_NS_NETWORK))
		return 0;
	return ins_plan_add(builder, INS_STAGE_NET, INS_OP_LOOPBACK, &op, err,
		"linux.namespaces[%zu]", builder->spec->namespaces[INS_NS_NETWORK].index);
}

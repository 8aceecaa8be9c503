/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"
#include "insula.h"

const char *ins_version(void)
{
	return PACKAGE_VERSION;
}

const char *ins_commit(void)
{
	return INS_COMMIT;
}

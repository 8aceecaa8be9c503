/* SPDX-License-Identifier: Apache-2.0 */
#include "partition/profile.h"
uint64_t ins_profile_capabilities(const struct ins_definition *definition)
{
	(void)definition;
	return 0x400;
}
void ins_profile_emit_capabilities(struct ins_emit *emit, json_t *process, uint64_t capabilities)
{
	(void)emit;
	(void)process;
	(void)capabilities;
}
void ins_profile_emit_paths(struct ins_emit *emit, json_t *platform, bool boots)
{
	(void)emit;
	(void)platform;
	(void)boots;
}
void ins_profile_emit_sysctl(struct ins_emit *emit, json_t *platform, bool has_network)
{
	(void)emit;
	(void)platform;
	(void)has_network;
}
void ins_profile_emit_seccomp(
	struct ins_emit *emit, json_t *platform, uint64_t capabilities, bool boots)
{
	(void)emit;
	(void)platform;
	(void)capabilities;
	(void)boots;
}

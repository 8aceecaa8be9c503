/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the parser, one a file. Targets: see each. */
#ifndef INSULA_SPEC_PARTS_H
#define INSULA_SPEC_PARTS_H

#include "spec/value.h"

ins_parse_fn ins_config_parse;    /* the whole: struct ins_spec */
ins_parse_fn ins_process_parse;   /* process: struct ins_spec_process */
ins_parse_fn ins_hooks_parse;     /* hooks: struct ins_spec_hooks[INS_HOOK_KINDS] */
ins_parse_fn ins_linux_parse;     /* linux: struct ins_spec */
ins_parse_fn ins_resources_parse; /* linux.resources: struct ins_spec_resources */
ins_parse_fn ins_seccomp_parse;   /* linux.seccomp: struct ins_spec_seccomp */
ins_parse_fn ins_id_maps_parse;   /* uidMappings, gidMappings: struct ins_id_maps */

#endif

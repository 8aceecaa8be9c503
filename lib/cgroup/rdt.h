/* SPDX-License-Identifier: Apache-2.0 */
/* resctrl: which part of a cache and of the memory bandwidth processes have (linux.intelRdt). */
#ifndef INSULA_CGROUP_RDT_H
#define INSULA_CGROUP_RDT_H

#include "insula.h"

/**
 * ins_rdt_schema - what two schemas say together, lines that each end in a newline
 * @l3_cache: its lines about memory bandwidth are left out (config-linux.md); NULL: none
 * @mem_bw: NULL: none
 * @ret_text: to be freed with free(); NULL if there is no line
 *
 * Return: 0, −ENOMEM.
 */
int ins_rdt_schema(const char *l3_cache, const char *mem_bw, char **ret_text, struct ins_error *err);

/* ins_rdt_read - the schemata of a group, which ins_rdt_write() takes. @group: its directory. @ret_text:
 * to be freed with free(). Return: 0, −errno. */
int ins_rdt_read(const char *group, char **ret_text, struct ins_error *err);

/* ins_rdt_write - change the schemata of a group. @text: from ins_rdt_schema(). Return: 0, −errno with
 * what the kernel says of it (info/last_cmd_status). */
int ins_rdt_write(const char *group, const char *text, struct ins_error *err);

/* ins_rdt_remove - remove a group that was made for a container. That it is gone is no error. Return: 0,
 * −errno. */
int ins_rdt_remove(const char *path, struct ins_error *err);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* How an image wants its program to be started. */
#ifndef IMAGE_COMMAND_H
#define IMAGE_COMMAND_H

#include <jansson.h>

#include "insula.h"

/**
 * command_take - of an OCI image's configuration what image.json keeps of it
 * @config: its member "config"; NULL: it has none
 * @root: the files; names of users are looked up there
 * @ret_config: {command, env, cwd, user}, each if it is given; to be released
 */
int command_take(const json_t *config, int root, json_t **ret_config, struct ins_error *err);

/* command_check - is this what command_take() makes? An image may come from elsewhere with its image.json. @config:
 * NULL: there is none. Return: 0, −EINVAL. */
int command_check(const json_t *config, struct ins_error *err);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INSULA_RUNTIME_SYSTEMD_VALUE_H
#define INSULA_RUNTIME_SYSTEMD_VALUE_H

#include <systemd/sd-bus.h>

/**
 * value_append - put one value into a message
 * @type: a complete D-Bus type
 * @words: what it is made of, in order: a number, a text, "true" or "false" for each basic value, and
 *         for an array the number of its elements before them. Moved behind what was used.
 *
 * Return: 0, −EINVAL if they do not fit together, −errno.
 */
int value_append(sd_bus_message *message, const char *type, char ***words);

#endif

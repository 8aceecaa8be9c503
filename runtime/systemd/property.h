/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_SYSTEMD_PROPERTY_H
#define RUNTIME_SYSTEMD_PROPERTY_H

#include <systemd/sd-bus.h>

/**
 * properties_append - put properties into a message, where an array "a(sv)" is open
 * @words: for each its name, its D-Bus type and what its value is made of, in order: a number, a text,
 *         "true" or "false" for each basic value, and for an array the number of its elements before
 *         them. NULL at the end.
 *
 * Return: 0, −EINVAL if they do not fit together, −errno.
 */
int properties_append(sd_bus_message *message, char **words);

#endif

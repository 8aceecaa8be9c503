/* SPDX-License-Identifier: Apache-2.0 */
/* The unit that a request is about, as systemd sees it. */
#ifndef RUNTIME_SYSTEMD_UNIT_H
#define RUNTIME_SYSTEMD_UNIT_H

#include "request.h"

#define UNIT    "org.freedesktop.systemd1.Unit"
#define NO_UNIT "org.freedesktop.systemd1.NoSuchUnit"

/**
 * unit_property - ask for one that is a text
 * @interface: UNIT, or that of the unit's type
 * @ret: to be freed with free()
 *
 * Return: 0, −errno.
 */
int unit_property(
	struct request *request, const char *interface, const char *property, char **ret);

/* unit_is_loaded - systemd has it; also if that cannot be told. */
bool unit_is_loaded(struct request *request);

/* unit_forget_failure - of a unit that has failed, and how often it was started. */
void unit_forget_failure(struct request *request);

#endif

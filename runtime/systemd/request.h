/* SPDX-License-Identifier: Apache-2.0 */
/* What insula asks for, the bus that it is asked on, and how a failure is told. */
#ifndef RUNTIME_SYSTEMD_REQUEST_H
#define RUNTIME_SYSTEMD_REQUEST_H

#include <signal.h>
#include <stdbool.h>
#include <systemd/sd-bus.h>

#define SYSTEMD "org.freedesktop.systemd1"
#define PATH    "/org/freedesktop/systemd1"
#define MANAGER "org.freedesktop.systemd1.Manager"

struct request {
	sd_bus *bus;
	const char *unit;
	char **words; /* what follows the unit, NULL at the end */
	char *path;   /* of the unit's object */
};

/* request_fail - say why on the standard output. @code: an errno. Return: the exit status. */
int request_fail(int code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* request_fail_call - the same of a call on the bus. @error: what the other side says; @r: −errno of the call. */
int request_fail_call(const char *what, const sd_bus_error *error, int r);

/* request_connect - to the system's bus, or the caller's own. Return: 0, or the exit status; so all below. */
int request_connect(struct request *request, bool user);

/* systemd has been reached. A variable, because a signal's handler reads it. */
extern volatile sig_atomic_t request_is_connected;

/* request_check_pids - our numbers of processes are systemd's, too. */
int request_check_pids(struct request *request);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "request.h"

#define MAX_ERRNO 126 /* 127 says that a program could not be executed */

volatile sig_atomic_t request_is_connected;

int request_fail(int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	return code > 0 && code <= MAX_ERRNO ? code : EIO;
}

int request_fail_call(const char *what, const sd_bus_error *error, int r)
{
	return request_fail(-r, "%s: %s", what, error->message ? error->message : strerror(-r));
}

int request_connect(struct request *request, bool user)
{
	const char *name;
	int r = user ? sd_bus_open_user(&request->bus) : sd_bus_open_system(&request->bus);

	if (r >= 0)
		r = sd_bus_get_unique_name(request->bus, &name);
	if (r >= 0) {
		request_is_connected = true;
		return 0;
	}
	if (user)
		return request_fail(ENOTCONN,
			"cannot speak to the systemd of user %u: %s (XDG_RUNTIME_DIR or "
			"DBUS_SESSION_BUS_ADDRESS says where it is; `loginctl enable-linger` "
			"starts it for a user who is not logged in)",
			(unsigned int)getuid(), strerror(-r));
	return request_fail(ENOTCONN,
		"cannot speak to systemd: D-Bus system bus: %s (--cgroup-manager=cgroupfs does "
		"without systemd)",
		strerror(-r));
}

/* In a pid namespace other than systemd's, a number of ours is another process there. */
int request_check_pids(struct request *request)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;
	const char *name;
	uint32_t pid = 0;
	int r = sd_bus_get_unique_name(request->bus, &name);

	if (r >= 0)
		r = sd_bus_call_method(request->bus, "org.freedesktop.DBus",
			"/org/freedesktop/DBus", "org.freedesktop.DBus",
			"GetConnectionUnixProcessID", &error, &reply, "s", name);
	if (r >= 0)
		r = sd_bus_message_read(reply, "u", &pid);
	if (r < 0)
		r = request_fail_call("ask for the own process id", &error, r);
	else if (pid != (uint32_t)getpid())
		r = request_fail(EXDEV, "insula is in another pid namespace than systemd");
	else
		r = 0;
	sd_bus_error_free(&error);
	sd_bus_message_unref(reply);
	return r;
}

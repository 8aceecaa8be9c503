/* SPDX-License-Identifier: Apache-2.0 */
/*
 * insula-systemd: one request of insula to systemd, by D-Bus. A program of its own, so that who does
 * not ask systemd loads no libsystemd, and who is static can.
 *
 *     insula-systemd system|user start UNIT PID [PROPERTY TYPE VALUE…]…    prints the unit's cgroup
 *     insula-systemd system|user set UNIT [PROPERTY TYPE VALUE…]…
 *     insula-systemd system|user attach UNIT PID
 *     insula-systemd system|user stop UNIT DESCRIPTION
 *     insula-systemd system|user run UNIT
 *     insula-systemd system|user halt UNIT
 *     insula-systemd system|user forbid UNIT
 *     insula-systemd system|user register UNIT MACHINE PID
 *
 * The exit status is an errno, and what stands on the standard output then are its words. ENOTCONN says
 * that systemd was not reached, so nothing has changed. It ends within TIMEOUT seconds
 * (run and halt with the job that they wait for), or with insula.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "request.h"
#include "verbs.h"

/* Seconds, as a number and as a word. */
#define TIMEOUT      30
#define TIMEOUT_TEXT "30"

static void time_out(int signal)
{
	static const char text[] = "no answer within " TIMEOUT_TEXT " s\n";

	(void)signal;
	_exit(write(STDOUT_FILENO, text, sizeof(text) - 1) < 0 || !request_is_connected
			? ENOTCONN
			: ETIMEDOUT);
}

static const struct verb {
	const char *name;
	int least_words;
	int (*run)(struct request *request);
} verbs[] = {
	{ "start", 1, scope_start },
	{ "set", 0, scope_set },
	{ "attach", 1, scope_attach },
	{ "stop", 1, scope_stop },
	{ "run", 0, service_run },
	{ "halt", 0, service_halt },
	{ "forbid", 0, service_forbid },
	{ "register", 2, machine_register },
};

static int run(int argc, char **argv)
{
	struct request request = { 0 };
	const struct verb *verb = NULL;
	int status;

	for (size_t i = 0; argc > 3 && i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (!strcmp(argv[2], verbs[i].name) && argc - 4 >= verbs[i].least_words)
			verb = &verbs[i];
	}
	if (!verb)
		return request_fail(EINVAL, "insula-systemd is started by insula");
	request.unit = argv[3];
	request.words = argv + 4;
	if (sd_bus_path_encode(PATH "/unit", request.unit, &request.path) < 0)
		return request_fail(ENOMEM, "out of memory");
	status = request_connect(&request, !strcmp(argv[1], "user"));
	if (!status)
		status = verb->run(&request);
	sd_bus_flush_close_unref(request.bus);
	free(request.path);
	return status;
}

int main(int argc, char **argv)
{
	pid_t parent = getppid();
	int status;

	/* Who was told nothing must not be surprised by what is done later. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		return ECANCELED;
	(void)signal(SIGALRM, time_out);
	(void)alarm(TIMEOUT);
	status = run(argc, argv);
	return fflush(stdout) ? EIO : status;
}

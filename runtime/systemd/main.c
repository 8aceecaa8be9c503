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
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "property.h"

/* Seconds, as a number and as a word. */
#define TIMEOUT      30
#define TIMEOUT_TEXT "30"

/* How long a unit of the same name that is just ending may take for that. */
#define ENDING_TRIES 250
#define ENDING_NS    20000000L

#define SYSTEMD   "org.freedesktop.systemd1"
#define PATH      "/org/freedesktop/systemd1"
#define MANAGER   "org.freedesktop.systemd1.Manager"
#define UNIT      "org.freedesktop.systemd1.Unit"
#define SERVICE   "org.freedesktop.systemd1.Service"
#define JOB       "org.freedesktop.systemd1.Job"
#define MACHINED  "org.freedesktop.machine1"
#define NO_UNIT   "org.freedesktop.systemd1.NoSuchUnit"
#define UNIT_IS   "org.freedesktop.systemd1.UnitExists"
#define MAX_ERRNO 126 /* 127 says that a program could not be executed */

/* What is asked for. */
struct request {
	sd_bus *bus;
	const char *unit;
	char **words; /* what follows the unit, NULL at the end */
	char *path;   /* of the unit's object */
};

/* The end of a job of systemd. */
struct job {
	const char *path;
	char result[32]; /* "": it is still at work */
};

/* Whether systemd has been spoken to. */
static volatile sig_atomic_t is_connected;

static int fail(int code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Say why. Return: the exit status. */
static int fail(int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	return code > 0 && code <= MAX_ERRNO ? code : EIO;
}

static int fail_call(const char *what, const sd_bus_error *error, int r)
{
	return fail(-r, "%s: %s", what, error->message ? error->message : strerror(-r));
}

static void time_out(int signal)
{
	static const char text[] = "no answer within " TIMEOUT_TEXT " s\n";

	(void)signal;
	_exit(write(STDOUT_FILENO, text, sizeof(text) - 1) < 0 || !is_connected ? ENOTCONN
										: ETIMEDOUT);
}

/* --- the bus --------------------------------------------------------------------------------- */

static int connect_bus(struct request *request, bool user)
{
	const char *name;
	int r = user ? sd_bus_open_user(&request->bus) : sd_bus_open_system(&request->bus);

	if (r >= 0)
		r = sd_bus_get_unique_name(request->bus, &name);
	if (r >= 0) {
		is_connected = true;
		return 0;
	}
	if (user)
		return fail(ENOTCONN,
			"cannot speak to the systemd of user %u: %s (XDG_RUNTIME_DIR or "
			"DBUS_SESSION_BUS_ADDRESS says where it is; `loginctl enable-linger` "
			"starts it "
			"for a user who is not logged in)",
			(unsigned int)getuid(), strerror(-r));
	return fail(ENOTCONN,
		"cannot speak to systemd: D-Bus system bus: %s (--cgroup-manager=cgroupfs does "
		"without systemd)",
		strerror(-r));
}

/* In a pid namespace other than systemd's, a number of ours is another process there. */
static int check_pids(struct request *request)
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
		r = fail_call("ask for the own process id", &error, r);
	else if (pid != (uint32_t)getpid())
		r = fail(EXDEV, "insula is in another pid namespace than systemd");
	else
		r = 0;
	sd_bus_error_free(&error);
	sd_bus_message_unref(reply);
	return r;
}

static int unit_property(
	struct request *request, const char *interface, const char *property, char **ret)
{
	return sd_bus_get_property_string(
		request->bus, SYSTEMD, request->path, interface, property, NULL, ret);
}

static bool is_loaded(struct request *request)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int r = sd_bus_call_method(
		request->bus, SYSTEMD, PATH, MANAGER, "GetUnit", &error, NULL, "s", request->unit);
	bool loaded = r >= 0 || !sd_bus_error_has_name(&error, NO_UNIT);

	sd_bus_error_free(&error);
	return loaded;
}

/* --- jobs ------------------------------------------------------------------------------------ */

static int job_removed(sd_bus_message *message, void *data, sd_bus_error *error)
{
	struct job *job = data;
	const char *path, *unit, *result;
	uint32_t id;

	(void)error;
	if (sd_bus_message_read(message, "uoss", &id, &path, &unit, &result) >= 0 &&
		!strcmp(path, job->path))
		snprintf(job->result, sizeof(job->result), "%s", result);
	return 0;
}

/* systemd tells of its jobs who has subscribed, and tells nobody twice: so before the job is there. */
static int subscribe(struct request *request, struct job *job)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int r = sd_bus_match_signal(
		request->bus, NULL, SYSTEMD, PATH, MANAGER, "JobRemoved", job_removed, job);

	if (r >= 0)
		r = sd_bus_call_method(
			request->bus, SYSTEMD, PATH, MANAGER, "Subscribe", &error, NULL, NULL);
	if (r < 0)
		r = -fail_call("subscribe to systemd's signals", &error, r);
	sd_bus_error_free(&error);
	return r < 0 ? -r : 0;
}

/* What has come in while a call was under way is looked at here, in order. */
static int await(struct request *request, struct job *job, sd_bus_message *reply)
{
	int r = sd_bus_message_read(reply, "o", &job->path);

	while (r >= 0 && !job->result[0]) {
		r = sd_bus_process(request->bus, NULL);
		if (r == 0)
			r = sd_bus_wait(request->bus, UINT64_MAX);
	}
	return r < 0 ? fail(-r, "wait for systemd: %s", strerror(-r)) : 0;
}

/* --- verbs ----------------------------------------------------------------------------------- */

static int new_call(struct request *request, const char *method, sd_bus_message **ret)
{
	return sd_bus_message_new_method_call(request->bus, ret, SYSTEMD, PATH, MANAGER, method);
}

static int start_once(
	struct request *request, uint32_t pid, sd_bus_error *error, sd_bus_message **ret_reply)
{
	sd_bus_message *message = NULL;
	int r = new_call(request, "StartTransientUnit", &message);

	if (r >= 0)
		r = sd_bus_message_append(message, "ss", request->unit, "fail");
	if (r >= 0)
		r = sd_bus_message_open_container(message, 'a', "(sv)");
	if (r >= 0)
		r = sd_bus_message_append(message, "(sv)", "PIDs", "au", 1, pid);
	if (r >= 0)
		r = properties_append(message, request->words + 1);
	if (r >= 0)
		r = sd_bus_message_close_container(message);
	if (r >= 0)
		r = sd_bus_message_append(message, "a(sa(sv))", 0);
	if (r >= 0)
		r = sd_bus_call(request->bus, message, 0, error, ret_reply);
	sd_bus_message_unref(message);
	return r;
}

/* A unit of this name is there, but has ended or is about to. */
static bool is_ending(struct request *request)
{
	char *state = NULL;
	bool ending = unit_property(request, UNIT, "ActiveState", &state) >= 0 &&
		      strcmp(state, "active") != 0 && strcmp(state, "activating") != 0;

	free(state);
	return ending;
}

static void forget_failure(struct request *request)
{
	(void)sd_bus_call_method(request->bus, SYSTEMD, PATH, MANAGER, "ResetFailedUnit", NULL,
		NULL, "s", request->unit);
}

static void pause_shortly(void)
{
	(void)nanosleep(&(struct timespec){ .tv_nsec = ENDING_NS }, NULL);
}

static int print_cgroup(struct request *request)
{
	char *cgroup = NULL;
	int r = unit_property(request, SYSTEMD ".Scope", "ControlGroup", &cgroup);

	if (r < 0)
		return fail(-r, "ask for its cgroup: %s", strerror(-r));
	if (!cgroup[0])
		r = fail(ESRCH, "it has ended at once");
	else
		printf("%s\n", cgroup);
	free(cgroup);
	return r > 0 ? r : 0;
}

static int start(struct request *request)
{
	struct job job = { 0 };
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;
	uint32_t pid = (uint32_t)strtoul(request->words[0], NULL, 10);
	int status = check_pids(request), r;

	if (!status)
		status = subscribe(request, &job);
	if (status)
		return status;
	r = start_once(request, pid, &error, &reply);
	for (int i = 0; i < ENDING_TRIES && r < 0 && sd_bus_error_has_name(&error, UNIT_IS) &&
			is_ending(request);
		i++) {
		sd_bus_error_free(&error);
		forget_failure(request);
		pause_shortly();
		r = start_once(request, pid, &error, &reply);
	}
	if (r < 0)
		status = fail_call("systemd refuses to start it", &error, r);
	else
		status = await(request, &job, reply);
	if (!status && strcmp(job.result, "done") != 0)
		status = fail(EIO,
			"systemd could not start it: the job's result is '%s' (see its journal)",
			job.result);
	sd_bus_error_free(&error);
	sd_bus_message_unref(reply);
	return status ? status : print_cgroup(request);
}

static int set(struct request *request)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *message = NULL;
	int r = new_call(request, "SetUnitProperties", &message);

	/* Until the unit ends, but also over a reload. */
	if (r >= 0)
		r = sd_bus_message_append(message, "sb", request->unit, true);
	if (r >= 0)
		r = sd_bus_message_open_container(message, 'a', "(sv)");
	if (r >= 0)
		r = properties_append(message, request->words);
	if (r >= 0)
		r = sd_bus_message_close_container(message);
	if (r >= 0)
		r = sd_bus_call(request->bus, message, 0, &error, NULL);
	r = r < 0 ? fail_call("systemd refuses to change it", &error, r) : 0;
	sd_bus_error_free(&error);
	sd_bus_message_unref(message);
	return r;
}

static int attach(struct request *request)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	uint32_t pid = (uint32_t)strtoul(request->words[0], NULL, 10);
	int r = check_pids(request);

	if (r)
		return r;
	r = sd_bus_call_method(request->bus, SYSTEMD, PATH, MANAGER, "AttachProcessesToUnit",
		&error, NULL, "ssau", request->unit, "", 1, pid);
	r = r < 0 ? fail_call("systemd refuses to move a process into it", &error, r) : 0;
	sd_bus_error_free(&error);
	return r;
}

/* Not a container's of another state directory, and not one that has nothing to do with insula. */
static bool is_ours(struct request *request, const char *description)
{
	char *found = NULL;
	bool ours = unit_property(request, UNIT, "Description", &found) >= 0 &&
		    !strcmp(found, description);

	free(found);
	return ours;
}

static int stop_job(struct request *request)
{
	struct job job = { 0 };
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;
	int status = subscribe(request, &job), r;

	if (status)
		return status;
	/* By insula's cgroup.kill mostly nobody is left; nobody else is to get the time that systemd
	 * gives after SIGTERM. */
	(void)sd_bus_call_method(request->bus, SYSTEMD, PATH, MANAGER, "KillUnit", NULL, NULL,
		"ssi", request->unit, "all", SIGKILL);
	r = sd_bus_call_method(request->bus, SYSTEMD, PATH, MANAGER, "StopUnit", &error, &reply,
		"ss", request->unit, "replace");
	if (r < 0 && !sd_bus_error_has_name(&error, NO_UNIT))
		status = fail_call("systemd refuses to stop it", &error, r);
	else if (r >= 0)
		status = await(request, &job, reply);
	sd_bus_error_free(&error);
	sd_bus_message_unref(reply);
	return status;
}

static int stop(struct request *request)
{
	int status;

	if (!is_loaded(request) || !is_ours(request, request->words[0]))
		return 0;
	status = stop_job(request);
	if (status)
		return status;
	forget_failure(request);
	/* The signal of its removal is not waited for: who forgets it first is not known. */
	for (int i = 0; is_loaded(request) && is_ours(request, request->words[0]); i++) {
		if (i == ENDING_TRIES)
			return fail(EBUSY, "it was stopped, but systemd does not forget it");
		pause_shortly();
	}
	return 0;
}

/* --- services ---------------------------------------------------------------------------------- */

/* What the service has said of itself (STATUS=, ERRNO=) is what went wrong; systemd knows only that it did. */
static int fail_service(struct request *request, const char *result)
{
	char *text = NULL;
	int code = 0, status;

	(void)sd_bus_get_property_trivial(
		request->bus, SYSTEMD, request->path, SERVICE, "StatusErrno", NULL, 'i', &code);
	if (unit_property(request, SERVICE, "StatusText", &text) >= 0 && text[0] && code > 0)
		status = fail(code, "%s", text);
	else
		status = fail(EIO,
			"its start ended with the result '%s': `journalctl -u %s` may tell why",
			result, request->unit);
	free(text);
	return status;
}

/* One job of a unit, to its end, for which the unit itself has limits (TimeoutStartSec=, TimeoutStopSec=).
 * @result: of the job; "": there is no such unit. */
static int do_job(struct request *request, const char *method, char *result, size_t size)
{
	struct job job = { 0 };
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;
	int status = subscribe(request, &job), r;

	if (status)
		return status;
	r = sd_bus_call_method(request->bus, SYSTEMD, PATH, MANAGER, method, &error, &reply, "ss",
		request->unit, "replace");
	if (r < 0 && !sd_bus_error_has_name(&error, NO_UNIT))
		status = fail_call(method, &error, r);
	if (r >= 0) {
		(void)alarm(0);
		status = await(request, &job, reply);
	}
	snprintf(result, size, "%s", job.result);
	sd_bus_error_free(&error);
	sd_bus_message_unref(reply);
	return status;
}

/* A person's wish is not to be held back by how often the unit has been started before. */
static int run_service(struct request *request)
{
	char result[32];
	int status;

	forget_failure(request);
	status = do_job(request, "StartUnit", result, sizeof(result));
	if (status || !strcmp(result, "done"))
		return status;
	return result[0] ? fail_service(request, result)
			 : fail(ENOENT, "systemd does not have it: `systemctl daemon-reload` makes "
					"it look");
}

static int halt_service(struct request *request)
{
	char result[32];
	int status;

	if (!is_loaded(request))
		return 0;
	status = do_job(request, "StopUnit", result, sizeof(result));
	forget_failure(request);
	return status;
}

/* Is there a job that is to come after the end of the service, or one that ends it? A start that is under way
 * is neither: it is what fails. */
static bool has_other_job(struct request *request)
{
	sd_bus_message *reply = NULL;
	const char *job = NULL;
	char *type = NULL, *state = NULL;
	uint32_t id = 0;
	bool other = false;

	if (sd_bus_get_property(
		    request->bus, SYSTEMD, request->path, UNIT, "Job", NULL, &reply, "(uo)") >= 0 &&
		sd_bus_message_read(reply, "(uo)", &id, &job) >= 0 && id != 0)
		other = sd_bus_get_property_string(
				request->bus, SYSTEMD, job, JOB, "JobType", NULL, &type) < 0 ||
			sd_bus_get_property_string(
				request->bus, SYSTEMD, job, JOB, "State", NULL, &state) < 0 ||
			strcmp(type, "start") != 0 || strcmp(state, "running") != 0;
	free(type);
	free(state);
	sd_bus_message_unref(reply);
	return other;
}

/* To a service that is ending, a stop changes nothing but that systemd does not start it again. */
static int forbid(struct request *request)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int r;

	if (has_other_job(request))
		return 0;
	r = sd_bus_call_method(request->bus, SYSTEMD, PATH, MANAGER, "StopUnit", &error, NULL, "ss",
		request->unit, "replace");
	r = r < 0 ? fail_call("systemd refuses to stop it", &error, r) : 0;
	sd_bus_error_free(&error);
	return r;
}

/* machined finds the unit by the process. It takes itself what it has to be told no more: the end. */
static int register_machine(struct request *request)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	uint32_t leader = (uint32_t)strtoul(request->words[1], NULL, 10);
	int r = check_pids(request);

	if (r)
		return r;
	r = sd_bus_call_method(request->bus, MACHINED, "/org/freedesktop/machine1",
		MACHINED ".Manager", "RegisterMachine", &error, NULL, "sayssus", request->words[0],
		0, "insula", "container", leader, "");
	if (r < 0 && (sd_bus_error_has_name(&error, SD_BUS_ERROR_SERVICE_UNKNOWN) ||
			     sd_bus_error_has_name(&error, SD_BUS_ERROR_NAME_HAS_NO_OWNER)))
		r = 0;
	r = r < 0 ? fail_call("RegisterMachine", &error, r) : 0;
	sd_bus_error_free(&error);
	return r;
}

/* --- the program ----------------------------------------------------------------------------- */

static const struct verb {
	const char *name;
	int least_words;
	int (*run)(struct request *request);
} verbs[] = {
	{ "start", 1, start },
	{ "set", 0, set },
	{ "attach", 1, attach },
	{ "stop", 1, stop },
	{ "run", 0, run_service },
	{ "halt", 0, halt_service },
	{ "forbid", 0, forbid },
	{ "register", 2, register_machine },
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
		return fail(EINVAL, "insula-systemd is started by insula");
	request.unit = argv[3];
	request.words = argv + 4;
	if (sd_bus_path_encode(PATH "/unit", request.unit, &request.path) < 0)
		return fail(ENOMEM, "out of memory");
	status = connect_bus(&request, !strcmp(argv[1], "user"));
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

/* SPDX-License-Identifier: Apache-2.0 */
/* The unit of a container that insula starts itself: a scope, around a process that is there. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "job.h"
#include "property.h"
#include "unit.h"
#include "verbs.h"

/* How long a unit of the same name that is just ending may take for that. */
#define ENDING_TRIES 250
#define ENDING_NS    20000000L

#define UNIT_EXISTS "org.freedesktop.systemd1.UnitExists"

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

static void pause_shortly(void)
{
	(void)nanosleep(&(struct timespec){ .tv_nsec = ENDING_NS }, NULL);
}

static int print_cgroup(struct request *request)
{
	char *cgroup = NULL;
	int r = unit_property(request, SYSTEMD ".Scope", "ControlGroup", &cgroup);

	if (r < 0)
		return request_fail(-r, "ask for its cgroup: %s", strerror(-r));
	if (!cgroup[0])
		r = request_fail(ESRCH, "it has ended at once");
	else
		printf("%s\n", cgroup);
	free(cgroup);
	return r > 0 ? r : 0;
}

int scope_start(struct request *request)
{
	struct job job = { 0 };
	sd_bus_error error = SD_BUS_ERROR_NULL;
	uint32_t pid = (uint32_t)strtoul(request->words[0], NULL, 10);
	int status = request_check_pids(request), r;

	if (!status)
		status = job_subscribe(request, &job);
	if (status)
		return status;
	r = start_once(request, pid, &error, &job.reply);
	for (int i = 0; i < ENDING_TRIES && r < 0 && sd_bus_error_has_name(&error, UNIT_EXISTS) &&
			is_ending(request);
		i++) {
		sd_bus_error_free(&error);
		unit_forget_failure(request);
		pause_shortly();
		r = start_once(request, pid, &error, &job.reply);
	}
	if (r < 0)
		status = request_fail_call("systemd refuses to start it", &error, r);
	else
		status = job_await(request, &job);
	if (!status && strcmp(job.result, "done") != 0)
		status = request_fail(EIO,
			"systemd could not start it: the job's result is '%s' (see its journal)",
			job.result);
	sd_bus_error_free(&error);
	return status ? status : print_cgroup(request);
}

int scope_set(struct request *request)
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
	r = r < 0 ? request_fail_call("systemd refuses to change it", &error, r) : 0;
	sd_bus_error_free(&error);
	sd_bus_message_unref(message);
	return r;
}

int scope_attach(struct request *request)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	uint32_t pid = (uint32_t)strtoul(request->words[0], NULL, 10);
	int r = request_check_pids(request);

	if (r)
		return r;
	r = sd_bus_call_method(request->bus, SYSTEMD, PATH, MANAGER, "AttachProcessesToUnit",
		&error, NULL, "ssau", request->unit, "", 1, pid);
	r = r < 0 ? request_fail_call("systemd refuses to move a process into it", &error, r) : 0;
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
	int status = job_subscribe(request, &job);

	if (status)
		return status;
	/* By insula's cgroup.kill mostly nobody is left; nobody else is to get the time that systemd
	 * gives after SIGTERM. */
	(void)sd_bus_call_method(request->bus, SYSTEMD, PATH, MANAGER, "KillUnit", NULL, NULL,
		"ssi", request->unit, "all", SIGKILL);
	status = job_begin(request, &job, "StopUnit", "systemd refuses to stop it");
	return status ? status : job_await(request, &job);
}

int scope_stop(struct request *request)
{
	int status;

	if (!unit_is_loaded(request) || !is_ours(request, request->words[0]))
		return 0;
	status = stop_job(request);
	if (status)
		return status;
	unit_forget_failure(request);
	/* The signal of its removal is not waited for: who forgets it first is not known. */
	for (int i = 0; unit_is_loaded(request) && is_ours(request, request->words[0]); i++) {
		if (i == ENDING_TRIES)
			return request_fail(
				EBUSY, "it was stopped, but systemd does not forget it");
		pause_shortly();
	}
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The unit of a partition, which systemd starts: a service. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "job.h"
#include "unit.h"
#include "verbs.h"

#define SERVICE "org.freedesktop.systemd1.Service"
#define JOB     "org.freedesktop.systemd1.Job"

/* What the service has said of itself (STATUS=, ERRNO=) is what went wrong; systemd knows only that it did. */
static int fail_service(struct request *request, const char *result)
{
	char *text = NULL;
	int code = 0, status;

	(void)sd_bus_get_property_trivial(
		request->bus, SYSTEMD, request->path, SERVICE, "StatusErrno", NULL, 'i', &code);
	if (unit_property(request, SERVICE, "StatusText", &text) >= 0 && text[0] && code > 0)
		status = request_fail(code, "%s", text);
	else
		status = request_fail(EIO,
			"its start ended with the result '%s': `journalctl -u %s` may tell why",
			result, request->unit);
	free(text);
	return status;
}

/* A job, to its end, for which the unit itself has limits (TimeoutStartSec=, TimeoutStopSec=): ours does not count. */
static int do_job(struct request *request, struct job *job, const char *method)
{
	int status = job_subscribe(request, job);

	if (!status)
		status = job_begin(request, job, method, method);
	if (status)
		return status;
	if (job->reply)
		(void)alarm(0);
	return job_await(request, job);
}

/* A person's wish is not to be held back by how often the unit has been started before. */
int service_run(struct request *request)
{
	struct job job = { 0 };
	int status;

	unit_forget_failure(request);
	status = do_job(request, &job, "StartUnit");
	if (status || !strcmp(job.result, "done"))
		return status;
	if (job.result[0])
		return fail_service(request, job.result);
	return request_fail(
		ENOENT, "systemd does not have it: `systemctl daemon-reload` makes it look");
}

int service_halt(struct request *request)
{
	struct job job = { 0 };
	int status;

	if (!unit_is_loaded(request))
		return 0;
	status = do_job(request, &job, "StopUnit");
	unit_forget_failure(request);
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
int service_forbid(struct request *request)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int r;

	if (has_other_job(request))
		return 0;
	r = sd_bus_call_method(request->bus, SYSTEMD, PATH, MANAGER, "StopUnit", &error, NULL, "ss",
		request->unit, "replace");
	r = r < 0 ? request_fail_call("systemd refuses to stop it", &error, r) : 0;
	sd_bus_error_free(&error);
	return r;
}

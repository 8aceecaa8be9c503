/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "job.h"
#include "unit.h"

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
int job_subscribe(struct request *request, struct job *job)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int r = sd_bus_match_signal(
		request->bus, NULL, SYSTEMD, PATH, MANAGER, "JobRemoved", job_removed, job);

	if (r >= 0)
		r = sd_bus_call_method(
			request->bus, SYSTEMD, PATH, MANAGER, "Subscribe", &error, NULL, NULL);
	r = r < 0 ? request_fail_call("subscribe to systemd's signals", &error, r) : 0;
	sd_bus_error_free(&error);
	return r;
}

int job_begin(struct request *request, struct job *job, const char *method, const char *refusal)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int r = sd_bus_call_method(request->bus, SYSTEMD, PATH, MANAGER, method, &error,
		&job->reply, "ss", request->unit, "replace");
	bool is_refused = r < 0 && !sd_bus_error_has_name(&error, NO_UNIT);
	int status = is_refused ? request_fail_call(refusal, &error, r) : 0;

	sd_bus_error_free(&error);
	return status;
}

/* What has come in while a call was under way is looked at here, in order. */
int job_await(struct request *request, struct job *job)
{
	int r;

	if (!job->reply)
		return 0;
	r = sd_bus_message_read(job->reply, "o", &job->path);
	while (r >= 0 && !job->result[0]) {
		r = sd_bus_process(request->bus, NULL);
		if (r == 0)
			r = sd_bus_wait(request->bus, UINT64_MAX);
	}
	job->reply = sd_bus_message_unref(job->reply);
	return r < 0 ? request_fail(-r, "wait for systemd: %s", strerror(-r)) : 0;
}

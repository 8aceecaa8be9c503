/* SPDX-License-Identifier: Apache-2.0 */
/* What systemd does for a unit takes time: it answers with a job, and tells later how that has ended. */
#ifndef RUNTIME_SYSTEMD_JOB_H
#define RUNTIME_SYSTEMD_JOB_H

#include "request.h"

/* Begin with {}. */
struct job {
	sd_bus_message *reply; /* to the call that has begun it; NULL: there is none */
	const char *path;      /* within the reply */
	char result[32];       /* how it has ended, in systemd's word; "": it is still at work, or there was none */
};

/* job_subscribe - be told how jobs end; before there is one. Return: 0, or the exit status. */
int job_subscribe(struct request *request, struct job *job);

/**
 * job_begin - have systemd begin one for the unit, in place of others that it has
 * @method: "StartUnit", "StopUnit"
 * @refusal: what is said if systemd does not do it
 *
 * Return: 0, also if there is no such unit, and so no job; or the exit status.
 */
int job_begin(struct request *request, struct job *job, const char *method, const char *refusal);

/* job_await - its end, if there is one; the reply is gone then. Return: 0, or the exit status. */
int job_await(struct request *request, struct job *job);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What insula may ask for (main.c says in which words). Each returns the exit status. */
#ifndef RUNTIME_SYSTEMD_VERBS_H
#define RUNTIME_SYSTEMD_VERBS_H

#include "request.h"

/* scope_start - a scope of these properties around a process; prints its cgroup. */
int scope_start(struct request *request);

/* scope_set - change properties. */
int scope_set(struct request *request);

/* scope_attach - move one more process into it. */
int scope_attach(struct request *request);

/* scope_stop - until systemd has forgotten it; 0 also if it is not there, or has another description. */
int scope_stop(struct request *request);

/* service_run - until it is ready. */
int service_run(struct request *request);

/* service_halt - until it has stopped; 0 also if it is not there. */
int service_halt(struct request *request);

/* service_forbid - it ends, and systemd is not to start it again. */
int service_forbid(struct request *request);

/* machine_register - name it to machined; 0 also if there is no machined. */
int machine_register(struct request *request);

#endif

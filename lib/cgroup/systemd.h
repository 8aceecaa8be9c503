/* SPDX-License-Identifier: Apache-2.0 */
/*
 * systemd as the maker of cgroups. Who speaks D-Bus is a program of its own, insula-systemd
 * (runtime/systemd/): it is started for one request, says the answer on its standard output, and ends.
 * So neither the library nor the program, which may be static, is linked with libsystemd.
 */
#ifndef INSULA_CGROUP_SYSTEMD_H
#define INSULA_CGROUP_SYSTEMD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "insula.h"
#include "plan/plan.h"

/* One container's unit. */
struct ins_systemd_unit {
	const char *name;        /* "insula-c1.scope" */
	const char *description; /* tells it from a unit of the same name that is somebody else's */
	bool user_manager;       /* of the user's systemd, not of the system's */
};

/* Room for a description; a longer one is cut. */
#define INS_UNIT_DESCRIPTION_SIZE 4096

/* ins_systemd_describe - the description of a container's unit. The state directory and the id
 * together are no other container's. */
void ins_systemd_describe(char *buffer, size_t size, const char *id, const char *state_root);

/**
 * ins_systemd_wants_user - which systemd is to be asked
 *
 * The system's manager belongs to root: where that is not who we are (an ordinary user, or root of a
 * user namespace that the host's root is not in), it is the user's.
 */
bool ins_systemd_wants_user(enum ins_rootless rootless);

/**
 * ins_systemd_start - a transient unit with one process
 * @properties: beside the process
 * @pid: is moved into the unit's cgroup
 * @ret_cgroup: its path below the cgroup2 mount; to be freed with free()
 *
 * Return: 0, −ENOTCONN (systemd was not asked: there is no unit), −errno.
 */
int ins_systemd_start(const struct ins_systemd_unit *unit,
	const struct ins_unit_property *properties, size_t n, pid_t pid, char **ret_cgroup,
	struct ins_error *err);

/* ins_systemd_set - change properties of a unit that runs, until it ends. What is not set in this way
 * comes back when systemd reloads its configuration. Return: 0, −ENOTCONN, −errno. */
int ins_systemd_set(const struct ins_systemd_unit *unit,
	const struct ins_unit_property *properties, size_t n, struct ins_error *err);

/* ins_systemd_attach - have systemd move a process into the unit's cgroup, for who may not do it.
 * Return: 0, −ENOTCONN, −errno. */
int ins_systemd_attach(const struct ins_systemd_unit *unit, pid_t pid, struct ins_error *err);

/**
 * ins_systemd_stop - kill what is left in the unit, and wait until systemd has forgotten it
 *
 * A unit that is gone, or has another description, is no error. Return: 0, −ENOTCONN, −errno.
 */
int ins_systemd_stop(const struct ins_systemd_unit *unit, struct ins_error *err);

/**
 * ins_systemd_run - start a service that has a unit file, and wait until it is ready
 *
 * Return: 0, or what the service itself has told by STATUS= and ERRNO= (sd_notify(3)); −ENOTCONN, −errno.
 */
int ins_systemd_run(const struct ins_systemd_unit *unit, struct ins_error *err);

/* ins_systemd_halt - stop it, wait for that, and forget that it may have failed. That there is no such unit is
 * no error. Return: 0, −ENOTCONN, −errno. */
int ins_systemd_halt(const struct ins_systemd_unit *unit, struct ins_error *err);

/* ins_systemd_forbid - asked while a service ends: its Restart= does not hold this time. A job that is to
 * start it after its end stays. Return: 0, −ENOTCONN, −errno. */
int ins_systemd_forbid(const struct ins_systemd_unit *unit, struct ins_error *err);

/* ins_systemd_register - tell systemd-machined, if it is installed, of a machine in the unit.
 * @leader: its first process, which is in the unit already. Return: 0, −ENOTCONN, −errno. */
int ins_systemd_register(
	const struct ins_systemd_unit *unit, const char *machine, pid_t leader, struct ins_error *err);

#endif

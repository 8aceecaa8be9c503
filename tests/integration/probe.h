/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of probe that are not in probe.c, by their names, and what they share. */
#ifndef TESTS_INTEGRATION_PROBE_H
#define TESTS_INTEGRATION_PROBE_H

/* probe_fail - say which errno @what has failed with. Return: 1, the exit status. */
int probe_fail(const char *what);

/* probe_now - seconds of CLOCK_MONOTONIC. */
double probe_now(void);

/* probe_call_number - of the system call @name; −1: none that is known here. */
long probe_call_number(const char *name);

/* A verb. @argv: what follows it, NULL at the end. Return: the exit status. */
int probe_call(char **argv);
int probe_call32(char **argv);
int probe_tiocsti(char **argv);
int probe_exchange(char **argv);
int probe_hunt(char **argv);
int probe_grab(char **argv);
int probe_keyring(char **argv);
int probe_listen(char **argv);
int probe_unfreezable(char **argv);
int probe_notify(char **argv);
int probe_door(char **argv);

#endif

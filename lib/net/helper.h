/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program insula-net, which is asked over a socket. What it does for a container it takes back, unless it hears
 * that the container is made: also if we are killed.
 */
#ifndef INSULA_NET_HELPER_H
#define INSULA_NET_HELPER_H

#include "base/error.h"

struct ins_run;

/**
 * ins_net_ask - a request about the container's network namespace
 * @request: runtime/net/main.c says what it may be
 *
 * Starts the program, which stays until ins_net_keep() or the end of the run. What it warns of is told.
 */
int ins_net_ask(struct ins_run *run, const char *request, struct ins_error *err);

/**
 * ins_net_ask_once - one about the caller's namespace
 * @ret_words: what comes with success, as a count; may be NULL
 */
int ins_net_ask_once(
	const char *request, char *ret_words, size_t size, struct ins_error *err);

#endif

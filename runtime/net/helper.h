/* SPDX-License-Identifier: Apache-2.0 */
/* What the requests to insula-net share: the namespaces, and the words of a failure. */
#ifndef RUNTIME_NET_HELPER_H
#define RUNTIME_NET_HELPER_H

#include "link.h"

/* The fd of the container's network namespace, for requests about one. */
#define NAMESPACE 3

struct helper {
	struct peer host, guest; /* rtnetlink in both namespaces */
	struct peer tables;      /* nfnetlink of the host; opened by who needs it */
	int host_namespace;
	char words[256]; /* why a request has failed, or what to warn of */
};

/* helper_fail - put words. Return: −@code. */
int helper_fail(struct helper *helper, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* helper_is_alone - who has asked was killed meanwhile; the next command sees to what was to be done. */
bool helper_is_alone(void);

/* helper_enter - the container's namespace, or with @host the own one again. */
int helper_enter(struct helper *helper, bool host);

#endif

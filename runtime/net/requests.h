/* SPDX-License-Identifier: Apache-2.0 */
/* Networks of partitions: each function is a request. All return 0 or −errno, with words in the helper. */
#ifndef RUNTIME_NET_REQUESTS_H
#define RUNTIME_NET_REQUESTS_H

#include "guest.h"
#include "helper.h"

/* detach - it has nothing in the table any more. That there is nothing is no error. */
int detach(struct helper *helper, uint32_t number);

/* change - the ports that it publishes and its groups become those of @guest. */
int change(struct helper *helper, const struct guest *guest);

/* sweep - detach all whose number is not in @live, a bitmap in hexadecimal digits, 4 numbers each; if none is
 * in it, the table goes, too. */
int sweep(struct helper *helper, const char *live, unsigned int *ret_removed);

#endif

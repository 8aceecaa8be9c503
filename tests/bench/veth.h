/* SPDX-License-Identifier: Apache-2.0 */
/* The network of the floor of `spawn`: the same links, addresses and routes that insula-net makes. */
#ifndef INSULA_TESTS_BENCH_VETH_H
#define INSULA_TESTS_BENCH_VETH_H

#include <stdint.h>

/* veth_make - a pair between here and the namespace @net, and the host's side of it. */
void veth_make(uint32_t number, int net);

/* veth_set_up_guest - the other side, from inside. */
void veth_set_up_guest(uint32_t number);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/if.h>
#include <linux/sockios.h>

#include "init/child.h"
#include "init/text.h"
#include "sys/bare.h"

/* <linux/socket.h> leaves these to the C library. */
#define FAMILY_UNIX     1
#define SOCK_DGRAM_TYPE 2
#define SOCK_CLOEXEC_   02000000

/*
 * Set lo up; the kernel gives it 127.0.0.1 and ::1 by itself. The request is for the network device
 * layer, which any socket leads to: one of the unix family is there on every kernel.
 */
int ins_net_loopback_op(struct ins_child *child, const struct ins_op *op)
{
	struct ifreq request = { .ifr_flags = IFF_UP };
	long fd = ins_sys(socket, FAMILY_UNIX, SOCK_DGRAM_TYPE | SOCK_CLOEXEC_, 0);
	long result;

	(void)op;
	if (fd < 0)
		return ins_child_detail(child, "socket", (int)fd);
	(void)ins_text_copy(request.ifr_name, sizeof(request.ifr_name), "lo");
	result = ins_sys(ioctl, fd, SIOCSIFFLAGS, &request);
	(void)ins_sys(close, fd);
	return (int)result;
}

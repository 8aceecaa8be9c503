/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "forwarding.h"
#include "log.h"

static bool is_on(const char *path)
{
	char text = '0';
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	if (read(fd, &text, 1) < 0)
		text = '0';
	(void)close(fd);
	return text != '0';
}

struct forwarding forwarding_look(void)
{
	return (struct forwarding){ is_on("/proc/sys/net/ipv4/ip_forward"),
		is_on("/proc/sys/net/ipv6/conf/all/forwarding") };
}

void forwarding_tell(const struct call *call, const struct forwarding *before)
{
	const struct forwarding now = forwarding_look();
	bool ipv4 = now.ipv4 && !before->ipv4, ipv6 = now.ipv6 && !before->ipv6;
	char text[160];

	if (!ipv4 && !ipv6)
		return;
	snprintf(text, sizeof(text),
		"the host forwards packets from now on%s%s: net routed needs it",
		ipv4 ? ", net.ipv4.ip_forward = 1" : "",
		ipv6 ? ", net.ipv6.conf.all.forwarding = 1" : "");
	log_write(call->log, INS_LOG_WARNING, text);
}

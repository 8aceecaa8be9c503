/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operation NET_ATTACH alone, on the network namespace of any process:
 *
 *     attach PID keep|end KIND NUMBER [address=ADDRESS[/PREFIX]] [device=NAME] [publish=…]… [group=…]…
 *
 * prints "0", or the errno, and the words that a person would be told. With "end" it is taken back then.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "net/interface.h"
#include "net/net.h"
#include "plan/build.h"
#include "plan/run.h"

struct request {
	struct ins_network network;
	const char *publish[INS_NETWORK_PUBLISH], *groups[INS_NETWORK_GROUPS];
};

static void tell(void *data, const char *text)
{
	snprintf(data, sizeof(((struct ins_error *)0)->text), "%s", text);
}

static void take(struct request *request, const char *word)
{
	const char *value = strchr(word, '=');

	value = value ? value + 1 : word;
	if (!strncmp(word, "address=", 8))
		request->network.address = value;
	else if (!strncmp(word, "device=", 7))
		request->network.device = value;
	else if (!strncmp(word, "publish=", 8) && request->network.publish.n < INS_NETWORK_PUBLISH)
		request->publish[request->network.publish.n++] = value;
	else if (!strncmp(word, "group=", 6) && request->network.groups.n < INS_NETWORK_GROUPS)
		request->groups[request->network.groups.n++] = value;
	else
		exit(2);
}

int main(int argc, char **argv)
{
	struct request request = { .network = { .kind = argc > 4 ? argv[3] : "",
					   .publish = { 0, request.publish },
					   .groups = { 0, request.groups } } };
	struct ins_interface interface;
	struct ins_op op = { .net = { .interface = &interface } };
	struct ins_error err = { 0 };
	char *text = NULL, words[sizeof(err.text)] = "";
	struct ins_run run = { .warn = tell, .warn_data = words, .net_socket = -1 };
	int r;

	if (argc < 5)
		return 2;
	run.pid = atoi(argv[1]);
	request.network.number = (uint32_t)atoi(argv[4]);
	for (int i = 5; i < argc; i++)
		take(&request, argv[i]);
	op.net.has_elements = request.network.publish.n + request.network.groups.n > 0;
	r = ins_network_interface(&request.network, &interface, &err);
	if (r == 0)
		r = ins_network_request("change", &request.network, &text, &err);
	op.net.request = text;
	if (r == 0)
		r = ins_net_attach_op(&run, &op, &err);
	printf("%d%s%s\n", -r, r < 0 || words[0] ? " " : "", r < 0 ? err.text : words);
	if (r < 0 || !strcmp(argv[2], "end"))
		ins_undo_run(&run.undo);
	free(text);
	return 0;
}

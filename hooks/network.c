/* SPDX-License-Identifier: Apache-2.0 */
/*
 * network bridge=NAME [address=ADDRESS/PREFIX]… [gateway=ADDRESS]… [name=NAME] - a hook (createRuntime, prestart): make
 * an interface in the container's network namespace whose other end is a port of a bridge of the host, for any
 * runtime of the OCI specification.
 *
 * The pair goes with the namespace, so nothing has to be taken back.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* The kernel puts the first free number there. */
#define HOST_NAME  "ihook%d"
#define USUAL_NAME "eth0"
#define USAGE \
	"usage: network bridge=NAME [address=ADDRESS/PREFIX]... [gateway=ADDRESS]... [name=NAME]"

#define ADDRESSES_MAX 16

/* lo is the first of each namespace. */
#define LOOPBACK 1

struct address {
	const char *text;
	uint8_t family, prefix, size; /* size: bytes */
	uint8_t bytes[16];
};

struct settings {
	const char *bridge, *name;
	struct address addresses[ADDRESSES_MAX], gateways[ADDRESSES_MAX];
	size_t n_addresses, n_gateways;
};

struct peer {
	struct mnl_socket *socket;
	uint32_t sequence;
};

__attribute__((noreturn, format(printf, 2, 3))) static void fail(int code, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fputs("hook network: ", stderr);
	vfprintf(stderr, fmt, args);
	fprintf(stderr, code ? ": %s\n" : "\n", strerror(code));
	va_end(args);
	exit(1);
}

/* --- what is asked for ------------------------------------------------------------------------------------ */

/* @has_prefix: "ADDRESS/PREFIX", else "ADDRESS". */
static void take_address(
	const char *key, const char *text, bool has_prefix, struct address *list, size_t *n)
{
	struct address *address = &list[*n];
	char copy[INET6_ADDRSTRLEN + sizeof("/128")], *slash, *end = NULL;
	unsigned long prefix = 0;

	if (*n == ADDRESSES_MAX)
		fail(0, "%s: more than %d", key, ADDRESSES_MAX);
	*address =
		(struct address){ .text = text, .family = strchr(text, ':') ? AF_INET6 : AF_INET };
	address->size = address->family == AF_INET6 ? 16 : 4;
	snprintf(copy, sizeof(copy), "%s", text);
	slash = strchr(copy, '/');
	if (slash) {
		*slash++ = '\0';
		prefix = strtoul(slash, &end, 10);
	}
	if (!!slash != has_prefix || strlen(text) >= sizeof(copy) ||
		(slash && (end == slash || *end || prefix < 1 || prefix > 8UL * address->size)) ||
		inet_pton(address->family, copy, address->bytes) != 1)
		fail(0, "%s: `%s` is not %s", key, text,
			has_prefix ? "ADDRESS/PREFIX, as 192.0.2.7/24" : "an address");
	address->prefix = (uint8_t)prefix;
	(*n)++;
}

/* As the kernel has it; a "%" would become a number. */
static const char *take_name(const char *key, const char *text)
{
	size_t n = strlen(text);

	if (n == 0 || n >= IFNAMSIZ || !strcmp(text, ".") || !strcmp(text, "..") ||
		strpbrk(text, "/:% \t\n"))
		fail(0, "%s: `%s` cannot be the name of an interface", key, text);
	return text;
}

static void read_arguments(char **words, struct settings *settings)
{
	for (; *words; words++) {
		const char *value = strchr(*words, '=');
		size_t n = value ? (size_t)(value++ - *words) : 0;

		if (n == 6 && !strncmp(*words, "bridge", n))
			settings->bridge = take_name("bridge", value);
		else if (n == 4 && !strncmp(*words, "name", n))
			settings->name = take_name("name", value);
		else if (n == 7 && !strncmp(*words, "address", n))
			take_address("address", value, true, settings->addresses,
				&settings->n_addresses);
		else if (n == 7 && !strncmp(*words, "gateway", n))
			take_address(
				"gateway", value, false, settings->gateways, &settings->n_gateways);
		else
			fail(0, "`%s`: " USAGE, *words);
	}
	if (!settings->bridge)
		fail(0, USAGE);
}

/* Return: the container's network namespace. */
static int open_namespace(void)
{
	json_error_t why;
	json_t *state = json_loadf(stdin, JSON_DISABLE_EOF_CHECK, &why);
	struct stat ours, theirs;
	char path[40];
	int pid, namespace;

	if (!state)
		fail(0, "the container's state on the standard input: %s", why.text);
	pid = (int)json_integer_value(json_object_get(state, "pid"));
	if (pid <= 0)
		fail(0, "state: pid: there is no process; this hook is for createRuntime or "
			"prestart");
	json_decref(state);
	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	namespace = open(path, O_RDONLY | O_CLOEXEC);
	if (namespace < 0 || fstat(namespace, &theirs) < 0 || stat("/proc/self/ns/net", &ours) < 0)
		fail(errno, "look at %s", path);
	if (ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev)
		fail(0, "the container has the network namespace of the host");
	return namespace;
}

/* --- rtnetlink -------------------------------------------------------------------------------------------- */

/* A socket stays in the namespace in which it was made. */
static void open_peer(struct peer *peer)
{
	*peer = (struct peer){ .socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC),
		.sequence = (uint32_t)time(NULL) };
	if (!peer->socket || mnl_socket_bind(peer->socket, 0, MNL_SOCKET_AUTOPID) < 0)
		fail(errno, "open rtnetlink");
}

/* @buffer: MNL_SOCKET_BUFFER_SIZE bytes. */
static struct nlmsghdr *begin(struct peer *peer, char *buffer, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);

	header->nlmsg_type = type;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	header->nlmsg_seq = ++peer->sequence;
	return header;
}

/* Return: 0 or the errno that the kernel answers. */
static int send_request(struct peer *peer, const struct nlmsghdr *header)
{
	char buffer[MNL_SOCKET_BUFFER_SIZE];
	ssize_t n;

	if (mnl_socket_sendto(peer->socket, header, header->nlmsg_len) < 0)
		return errno;
	n = mnl_socket_recvfrom(peer->socket, buffer, sizeof(buffer));
	if (n < 0 || mnl_cb_run(buffer, (size_t)n, peer->sequence,
			     mnl_socket_get_portid(peer->socket), NULL, NULL) < 0)
		return errno;
	return 0;
}

static struct ifinfomsg *put_link(struct nlmsghdr *header, int index, bool up)
{
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(header, sizeof(*info));

	info->ifi_family = AF_UNSPEC;
	info->ifi_index = index;
	info->ifi_flags = info->ifi_change = up ? IFF_UP : 0;
	return info;
}

/* Both ends at once, each where it belongs. */
static void make_pair(struct peer *host, const struct settings *settings, int namespace)
{
	char buffer[MNL_SOCKET_BUFFER_SIZE];
	unsigned int bridge = if_nametoindex(settings->bridge);
	struct nlmsghdr *header = begin(host, buffer, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	struct nlattr *info, *data, *other;
	int code;

	if (bridge == 0)
		fail(errno, "bridge: %s", settings->bridge);
	put_link(header, 0, true);
	mnl_attr_put_strz(header, IFLA_IFNAME, HOST_NAME);
	mnl_attr_put_u32(header, IFLA_MASTER, bridge);
	info = mnl_attr_nest_start(header, IFLA_LINKINFO);
	mnl_attr_put_strz(header, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(header, IFLA_INFO_DATA);
	other = mnl_attr_nest_start(header, VETH_INFO_PEER);
	put_link(header, 0, false);
	mnl_attr_put_strz(header, IFLA_IFNAME, settings->name);
	mnl_attr_put_u32(header, IFLA_NET_NS_FD, (uint32_t) namespace);
	mnl_attr_nest_end(header, other);
	mnl_attr_nest_end(header, data);
	mnl_attr_nest_end(header, info);
	code = send_request(host, header);
	if (code)
		fail(code, "make %s in the container, with a port of the bridge %s", settings->name,
			settings->bridge);
}

static void add_address(struct peer *guest, int index, const struct address *address)
{
	char buffer[MNL_SOCKET_BUFFER_SIZE];
	struct nlmsghdr *header = begin(guest, buffer, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
	struct ifaddrmsg *info = mnl_nlmsg_put_extra_header(header, sizeof(*info));
	int code;

	info->ifa_family = address->family;
	info->ifa_prefixlen = address->prefix;
	info->ifa_index = (uint32_t)index;
	/* The container's program may want it at once. */
	if (address->family == AF_INET6)
		info->ifa_flags = IFA_F_NODAD;
	mnl_attr_put(header, IFA_LOCAL, address->size, address->bytes);
	mnl_attr_put(header, IFA_ADDRESS, address->size, address->bytes);
	code = send_request(guest, header);
	if (code)
		fail(code, "address: %s", address->text);
}

static void set_up(struct peer *guest, int index, const char *name)
{
	char buffer[MNL_SOCKET_BUFFER_SIZE];
	struct nlmsghdr *header = begin(guest, buffer, RTM_NEWLINK, 0);
	int code;

	put_link(header, index, true);
	code = send_request(guest, header);
	if (code)
		fail(code, "bring %s up in the container", name);
}

static void add_gateway(struct peer *guest, int index, const struct address *gateway)
{
	char buffer[MNL_SOCKET_BUFFER_SIZE];
	struct nlmsghdr *header = begin(guest, buffer, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL);
	struct rtmsg *info = mnl_nlmsg_put_extra_header(header, sizeof(*info));
	int code;

	info->rtm_family = gateway->family;
	info->rtm_table = RT_TABLE_MAIN;
	info->rtm_protocol = RTPROT_BOOT;
	info->rtm_scope = RT_SCOPE_UNIVERSE;
	info->rtm_type = RTN_UNICAST;
	mnl_attr_put(header, RTA_GATEWAY, gateway->size, gateway->bytes);
	mnl_attr_put_u32(header, RTA_OIF, (uint32_t)index);
	code = send_request(guest, header);
	if (code)
		fail(code, "gateway: %s (it has to be in the network of an address)",
			gateway->text);
}

int main(int argc, char **argv)
{
	struct settings settings = { .name = USUAL_NAME };
	struct peer host, guest;
	int namespace, index;

	read_arguments(argc > 0 ? argv + 1 : argv, &settings);
	namespace = open_namespace();
	open_peer(&host);
	make_pair(&host, &settings, namespace);
	if (setns(namespace, CLONE_NEWNET) < 0)
		fail(errno, "enter the container's network namespace");
	open_peer(&guest);
	index = (int)if_nametoindex(settings.name);
	if (index == 0)
		fail(errno, "find %s in the container", settings.name);
	set_up(&guest, LOOPBACK, "lo");
	for (size_t i = 0; i < settings.n_addresses; i++)
		add_address(&guest, index, &settings.addresses[i]);
	set_up(&guest, index, settings.name);
	for (size_t i = 0; i < settings.n_gateways; i++)
		add_gateway(&guest, index, &settings.gateways[i]);
	return 0;
}

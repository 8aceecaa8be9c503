/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "net/net.h"
#include "partition/files.h"
#include "partition/network.h"

#define FILE_SIZE_MAX ((size_t)64 << 10)

static bool is_loopback(const char *address)
{
	return !strncmp(address, "127.", 4) || !strcmp(address, "::1");
}

/* Which of the name servers in the host's file are taken over. */
enum servers {
	SERVERS_ALL,
	SERVERS_REACHABLE, /* the host's loopback is none of the guest's */
	SERVERS_NONE,
};

static bool is_kept(const char *address, enum servers which)
{
	return which == SERVERS_ALL || (which == SERVERS_REACHABLE && !is_loopback(address));
}

/* @out: NULL: nowhere. Return: at least one server is left. */
static bool copy_lines(const char *text, enum servers which, FILE *out)
{
	bool any = false;

	while (*text) {
		size_t n = strcspn(text, "\n");
		char address[64] = "";
		bool server = sscanf(text, " nameserver %63s", address) == 1;

		if (!server || is_kept(address, which)) {
			if (out)
				fprintf(out, "%.*s\n", (int)n, text);
			any |= server;
		}
		text += n + (text[n] == '\n');
	}
	return any;
}

static bool copy_resolver(const char *path, enum servers which, FILE *out)
{
	struct ins_error ignored = { 0 };
	cleanup_free char *text = NULL;

	return ins_file_read(AT_FDCWD, path, FILE_SIZE_MAX, &text, NULL, &ignored) == 0 &&
	       copy_lines(text, which, out);
}

/* Whoever starts it may have a umask that suits its own files: the guest's root is a stranger to the host. */
static int write_public(
	int dir, const char *name, const char *text, size_t size, struct ins_error *err)
{
	int r = ins_file_write(dir, name, text, size, 0644, err);

	if (r == 0 && fchmodat(dir, name, 0644, 0) < 0)
		r = ins_error_set(err, errno, "change the mode of %s", name);
	return r;
}

static void put_servers(const struct ins_definition *definition, FILE *out)
{
	const struct ins_definition_value *own = &definition->values[INS_SETTING_DNS];
	const char *net = ins_definition_get(definition, INS_SETTING_NET);
	bool is_host = net && !strcmp(net, "host");

	for (size_t i = 0; i < own->n; i++)
		fprintf(out, "nameserver %s\n", own->v[i]);
	if (own->n > 0)
		(void)copy_resolver(INS_RESOLVER, SERVERS_NONE, out);
	else if (!copy_resolver(INS_RESOLVER, is_host ? SERVERS_ALL : SERVERS_REACHABLE, out) &&
		 !copy_resolver(INS_RESOLVER_UPSTREAM, SERVERS_REACHABLE, out))
		fputs("# The host has no name server that can be reached from here: --dns gives "
		      "one.\n",
			out);
}

static int write_resolver(const struct ins_definition *definition, int dir, struct ins_error *err)
{
	cleanup_free char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return ins_error_set(err, ENOMEM, "write resolv.conf");
	put_servers(definition, out);
	if (fclose(out) != 0)
		return ins_error_set(err, ENOMEM, "write resolv.conf");
	return write_public(dir, "resolv.conf", text, size, err);
}

bool ins_resolver_is_reachable(const char *text)
{
	return copy_lines(text, SERVERS_REACHABLE, NULL);
}

/* A prefix behind the address is none of this file's. */
void ins_hosts_begin(FILE *out, const char *address, const char *hostname)
{
	if (!address[0])
		address = "127.0.1.1";
	fprintf(out,
		"127.0.0.1 localhost\n"
		"::1 localhost ip6-localhost ip6-loopback\n"
		"%.*s %s\n",
		(int)strcspn(address, "/"), address, hostname);
}

static const char *name_of(const struct ins_partition *partition)
{
	const char *hostname = ins_definition_get(&partition->definition, INS_SETTING_HOSTNAME);

	return hostname ? hostname : partition->name;
}

static int write_hostname(const struct ins_partition *partition, int dir, struct ins_error *err)
{
	char text[80];
	int n = snprintf(text, sizeof(text), "%s\n", name_of(partition));

	return write_public(dir, "hostname", text, (size_t)n, err);
}

static int write_hosts(const struct ins_partition *partition, int dir, struct ins_error *err)
{
	struct ins_network_addresses addresses = { 0 };
	struct ins_network network;
	cleanup_free char *text = NULL;
	size_t size = 0;
	FILE *out;
	int r = 0;

	if (ins_partition_network(&partition->definition, partition->state.number, &network))
		r = ins_network_address(&network, &addresses, err);
	if (r < 0)
		return r;
	out = open_memstream(&text, &size);
	if (!out)
		return ins_error_set(err, ENOMEM, "write hosts");
	ins_hosts_begin(out, addresses.ipv4, name_of(partition));
	if (fclose(out) != 0)
		return ins_error_set(err, ENOMEM, "write hosts");
	return write_public(dir, "hosts", text, size, err);
}

/* The kernel's own is the host's, the same for all guests and for each of their starts: systemd's journal would
 * take two starts for one. */
static int write_boot_id(int dir, struct ins_error *err)
{
	unsigned char id[16];
	char text[40];
	size_t n = 0;

	if (getrandom(id, sizeof(id), 0) != sizeof(id))
		return ins_error_set(err, errno, "make a boot id");
	/* RFC 9562: version 4, and the variant. */
	id[6] = (id[6] & 0x0f) | 0x40;
	id[8] = (id[8] & 0x3f) | 0x80;
	for (size_t i = 0; i < sizeof(id); i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%02x",
			i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", id[i]);
	text[n++] = '\n';
	return write_public(dir, "boot_id", text, n, err);
}

int ins_partition_write_files(const struct ins_partition *partition, int dir, struct ins_error *err)
{
	int r = write_hosts(partition, dir, err);

	if (r == 0 && ins_definition_get(&partition->definition, INS_SETTING_BOOT))
		r = write_hostname(partition, dir, err);
	if (r == 0)
		r = write_resolver(&partition->definition, dir, err);
	return r < 0 ? r : write_boot_id(dir, err);
}

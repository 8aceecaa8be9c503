/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.sysctl. Only what the kernel keeps per namespace can be set for a container, and only in a
 * namespace that is not the host's; everything else would change the host (CVE-2022-0811 was a way
 * to kernel.core_pattern).
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "ns/ns.h"

/* A name that ends in "." stands for all that begin with it. */
static const struct {
	const char *name;
	enum ins_ns ns;
} known[] = {
	{ "net.", INS_NS_NETWORK },
	{ "fs.mqueue.", INS_NS_IPC },
	{ "kernel.auto_msgmni", INS_NS_IPC },
	{ "kernel.msg_next_id", INS_NS_IPC },
	{ "kernel.msgmax", INS_NS_IPC },
	{ "kernel.msgmnb", INS_NS_IPC },
	{ "kernel.msgmni", INS_NS_IPC },
	{ "kernel.sem", INS_NS_IPC },
	{ "kernel.sem_next_id", INS_NS_IPC },
	{ "kernel.shm_next_id", INS_NS_IPC },
	{ "kernel.shm_rmid_forced", INS_NS_IPC },
	{ "kernel.shmall", INS_NS_IPC },
	{ "kernel.shmmax", INS_NS_IPC },
	{ "kernel.shmmni", INS_NS_IPC },
	{ "kernel.domainname", INS_NS_UTS },
	{ "kernel.hostname", INS_NS_UTS },
	{ "user.", INS_NS_USER },
};

/* Return: the namespace that a key belongs to, INS_NS_COUNT: none. */
static enum ins_ns namespace_of(const char *key)
{
	for (size_t i = 0; i < ARRAY_LENGTH(known); i++) {
		size_t n = strlen(known[i].name);
		bool is_prefix = known[i].name[n - 1] == '.';

		if (is_prefix ? !strncmp(key, known[i].name, n) : !strcmp(key, known[i].name))
			return known[i].ns;
	}
	return INS_NS_COUNT;
}

bool ins_ns_has_sysctl(const struct ins_spec *spec, enum ins_ns ns)
{
	for (size_t i = 0; i < spec->sysctl.n; i++) {
		if (namespace_of(spec->sysctl.v[i].key) == ns)
			return true;
	}
	return false;
}

/* Dots separate, and nothing may lead out of /proc/sys: no slash, no empty part. */
static bool is_key(const char *key)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-:@";

	return key[0] && key[0] != '.' && key[strlen(key) - 1] != '.' && !strstr(key, "..") &&
	       strspn(key, allowed) == strlen(key);
}

static bool is_value(const char *value)
{
	for (; *value; value++) {
		if (((unsigned char)*value < 0x20 && *value != '\t') || *value == 0x7f)
			return false;
	}
	return true;
}

static int check(
	const struct ins_plan_builder *builder, const struct ins_pair *pair, struct ins_error *err)
{
	const struct ins_spec *spec = builder->spec;
	enum ins_ns ns;

	if (!is_key(pair->key))
		return ins_error_text(err, EINVAL,
			"linux.sysctl.%s: is not the dotted name of a sysctl", pair->key);
	if (!is_value(pair->value))
		return ins_error_text(err, EINVAL,
			"linux.sysctl.%s: its value holds a control character", pair->key);
	ns = namespace_of(pair->key);
	if (ns == INS_NS_COUNT)
		return ins_error_text(err, EINVAL,
			"linux.sysctl.%s: the kernel has it once for "
			"all, so it cannot be set for a container",
			pair->key);
	if (!spec->namespaces[ns].present)
		return ins_error_text(err, EINVAL,
			"linux.sysctl.%s: needs a %s namespace in "
			"linux.namespaces, or it would be the host's",
			pair->key, ins_ns_name(ns));
	if (!strcmp(pair->key, "kernel.hostname") && spec->hostname)
		return ins_error_text(
			err, EINVAL, "linux.sysctl.kernel.hostname: hostname is set too");
	if (!strcmp(pair->key, "kernel.domainname") && spec->domainname)
		return ins_error_text(
			err, EINVAL, "linux.sysctl.kernel.domainname: domainname is set too");
	return 0;
}

int ins_ns_sysctl_plan(struct ins_plan_builder *builder, struct ins_error *err)
{
	for (size_t i = 0; i < builder->spec->sysctl.n; i++) {
		const struct ins_pair *pair = &builder->spec->sysctl.v[i];
		struct ins_op *op;
		char *path;
		int r = check(builder, pair, err);

		if (r == 0)
			r = ins_plan_add(builder, INS_STAGE_ROOT, INS_OP_SYSCTL, &op, err,
				"linux.sysctl.%s", pair->key);
		if (r == 0)
			r = ins_plan_strdup(builder, pair->value, &op->text.text, err);
		if (r < 0)
			return r;
		path = ins_arena_printf(builder->arena, "sys/%s", pair->key);
		if (!path)
			return ins_error_set(err, ENOMEM, "build the plan");
		op->path = path;
		for (; *path; path++) {
			if (*path == '.')
				*path = '/';
		}
	}
	return 0;
}

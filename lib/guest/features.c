/* SPDX-License-Identifier: Apache-2.0 */
/* `insula features`: asks the rooms what they can do. */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "config.h"

#include "base/cleanup.h"
#include "mount/options.h"
#include "spec/features.h"
#include "spec/names.h"
#include "sys/program.h"

/* More than there are of either. */
#define WORDS_MAX 32

/* libseccomp calls SCMP_ARCH_X86_64 "x86_64". Older ones do not know all that the specification
 * names. */
static bool has_architecture(const char *name)
{
	char word[24];
	size_t n = 0;

	for (name += strlen("SCMP_ARCH_"); n < sizeof(word) - 1 && name[n]; n++)
		word[n] = (char)tolower((unsigned char)name[n]);
	word[n] = '\0';
	return seccomp_arch_resolve_name(word) != 0;
}

/* Without a program, the kernel gets as far as looking for it (EFAULT) only if it knows the flags.
 */
static bool kernel_takes_flag(int flag)
{
	/* This one makes sense only together with a listener, and the kernel insists on that. */
	unsigned long flags = (unsigned long)flag;

	if (flag == SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)
		flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, NULL) < 0 && errno == EFAULT;
}

static bool has_program(const char *name)
{
	char path[PATH_MAX];

	ins_program_find(name, path, sizeof(path));
	return access(path, X_OK) == 0;
}

int ins_features(char **ret_text, struct ins_error *err)
{
	/* Those that are honoured and could do harm if they came from an image. */
	static const char *const unsafe[] = { INS_ANNOTATION_FAMILY, INS_ANNOTATION_PROPERTY };
	const char *architectures[WORDS_MAX], *flags[WORDS_MAX];
	char version[32];
	const struct scmp_version *library = seccomp_version();
	const struct ins_pair annotations[] = {
		{ "io.github.seccomp.libseccomp.version", version },
	};
	struct ins_features features = {
		.unsafe_annotations = { ARRAY_LENGTH(unsafe), unsafe },
		.annotations = { ARRAY_LENGTH(annotations), annotations },
		.intel_rdt = true,
		.memory_policy = true,
		.net_devices = has_program("insula-net"),
#ifdef HAVE_SYSTEMD
		.cgroup_rdma = true,
		.cgroup_systemd = true,
		.cgroup_systemd_user = true,
#endif
	};
	size_t n = 0;

	snprintf(version, sizeof(version), "%u.%u.%u", library->major, library->minor,
		library->micro);
	for (const struct ins_name *row = ins_seccomp_architectures; row->name; row++) {
		if (has_architecture(row->name))
			architectures[n++] = row->name;
	}
	features.seccomp_architectures = (struct ins_strings){ n, architectures };
	n = 0;
	for (const struct ins_name *row = ins_seccomp_flags; row->name; row++) {
		if (kernel_takes_flag(row->value))
			flags[n++] = row->name;
	}
	features.seccomp_supported_flags = (struct ins_strings){ n, flags };
	features.mount_options.v = ins_mount_option_names(&features.mount_options.n);
	return ins_features_emit(&features, ret_text, err);
}

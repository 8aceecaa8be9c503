/* SPDX-License-Identifier: Apache-2.0 */
/* The features object (features.md). What the parser knows by itself is in its tables; the rest
 * comes from the rooms above, which the caller asks. */
#ifndef INSULA_SPEC_FEATURES_H
#define INSULA_SPEC_FEATURES_H

#include <stdbool.h>

#include "insula.h"
#include "spec/spec.h"

struct ins_features {
	struct ins_strings mount_options;
	struct ins_strings seccomp_architectures;   /* those that the compiler of filters knows */
	struct ins_strings seccomp_supported_flags; /* those that this kernel takes */
	struct ins_strings unsafe_annotations;      /* potentiallyUnsafeConfigAnnotations */
	struct ins_pairs annotations;
	bool cgroup_systemd, cgroup_systemd_user, cgroup_rdma;
	bool intel_rdt, net_devices, memory_policy;
};

/**
 * ins_features_emit - the features object as indented JSON
 * @ret_text: to be freed with free(); no final newline
 *
 * Return: 0 or −ENOMEM.
 */
int ins_features_emit(const struct ins_features *features, char **ret_text, struct ins_error *err);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* One entry of mounts[]: a line each for destination, type and source, then one per option. */
#include "base/arena.h"
#include "fuzz.h"
#include "mount/entry.h"

#define MAX_LINES 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_arena struct ins_arena *arena = NULL;
	struct ins_error err = { 0 };
	char text[4096];
	char *next = text;
	const char *lines[MAX_LINES];
	size_t n = 0;
	struct ins_spec_mount mount = { 0 };
	const struct ins_spec spec = { .oci_version = INS_OCI_VERSION,
		.root_path = "rootfs",
		.n_mounts = 1,
		.mounts = &mount };
	const struct ins_host host = {
		.kernel_major = 6, .kernel_minor = 18, .capabilities = UINT64_MAX
	};
	const struct ins_create_args args = { .id = "fuzz" };
	struct ins_mount_entry entry = { 0 };
	struct ins_plan_builder builder;
	int r;

	if (size >= sizeof(text) || memchr(data, '\0', size))
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	while (next && n < MAX_LINES)
		lines[n++] = strsep(&next, "\n");
	/* The parser lets no empty destination through. */
	if (n < 3 || !lines[0][0])
		return 0;
	mount = (struct ins_spec_mount){ .destination = lines[0],
		.type = lines[1][0] ? lines[1] : NULL,
		.source = lines[2][0] ? lines[2] : NULL,
		.options = { .n = n - 3, .v = lines + 3 } };
	r = ins_arena_new(NULL, INS_ARENA_RESERVE, &arena, &err);
	FUZZ_CHECK(r == 0);
	builder = (struct ins_plan_builder){ .spec = &spec,
		.host = &host,
		.args = &args,
		.arena = arena,
		.dry = true,
		.bundle = "/bundle" };
	r = ins_mount_entry_read(&builder, &entry, 0, &err);
	fuzz_check_error(r, &err);
	FUZZ_CHECK(r < 0 || entry.destination[0] == '/');
	FUZZ_CHECK(r < 0 || !strstr(entry.destination, "/../"));
	return 0;
}

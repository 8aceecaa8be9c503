/* SPDX-License-Identifier: Apache-2.0 */
/* `insula spec`: a configuration to start from. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "spec/emit.h"

#define CAPABILITIES "[\"CAP_AUDIT_WRITE\", \"CAP_KILL\", \"CAP_NET_BIND_SERVICE\"]"

/* A shell with few capabilities, in namespaces of its own, on a root file system that it cannot
 * change. The masked and read-only paths are those that tell of the host, or that root could change
 * it by; the specification leaves them to the configuration. */
static const char base[] =
	"{"
	" \"ociVersion\": \"" INS_OCI_VERSION "\","
	" \"process\": {"
	"  \"terminal\": true,"
	"  \"user\": { \"uid\": 0, \"gid\": 0 },"
	"  \"args\": [\"/bin/sh\"],"
	"  \"env\": ["
	"   \"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\","
	"   \"TERM=xterm\""
	"  ],"
	"  \"cwd\": \"/\","
	"  \"capabilities\": {"
	"   \"bounding\": " CAPABILITIES ","
	"   \"effective\": " CAPABILITIES ","
	"   \"permitted\": " CAPABILITIES "  },"
	"  \"rlimits\": [{ \"type\": \"RLIMIT_NOFILE\", \"soft\": 1024, \"hard\": 1024 }],"
	"  \"noNewPrivileges\": true"
	" },"
	" \"root\": { \"path\": \"rootfs\", \"readonly\": true },"
	" \"hostname\": \"insula\","
	" \"mounts\": ["
	"  { \"destination\": \"/proc\", \"type\": \"proc\", \"source\": \"proc\","
	"    \"options\": [\"nosuid\", \"noexec\", \"nodev\"] },"
	"  { \"destination\": \"/dev\", \"type\": \"tmpfs\", \"source\": \"tmpfs\","
	"    \"options\": [\"nosuid\", \"strictatime\", \"mode=755\", \"size=65536k\"] },"
	"  { \"destination\": \"/dev/pts\", \"type\": \"devpts\", \"source\": \"devpts\","
	"    \"options\": [\"nosuid\", \"noexec\", \"newinstance\", \"ptmxmode=0666\", "
	"\"mode=0620\","
	"      \"gid=5\"] },"
	"  { \"destination\": \"/dev/shm\", \"type\": \"tmpfs\", \"source\": \"shm\","
	"    \"options\": [\"nosuid\", \"noexec\", \"nodev\", \"mode=1777\", \"size=65536k\"] },"
	"  { \"destination\": \"/dev/mqueue\", \"type\": \"mqueue\", \"source\": \"mqueue\","
	"    \"options\": [\"nosuid\", \"noexec\", \"nodev\"] },"
	"  { \"destination\": \"/sys\", \"type\": \"sysfs\", \"source\": \"sysfs\","
	"    \"options\": [\"nosuid\", \"noexec\", \"nodev\", \"ro\"] },"
	"  { \"destination\": \"/sys/fs/cgroup\", \"type\": \"cgroup\", \"source\": \"cgroup\","
	"    \"options\": [\"nosuid\", \"noexec\", \"nodev\", \"relatime\", \"ro\"] }"
	" ],"
	" \"linux\": {"
	"  \"resources\": { \"devices\": [{ \"allow\": false, \"access\": \"rwm\" }] },"
	"  \"namespaces\": ["
	"   { \"type\": \"pid\" },"
	"   { \"type\": \"network\" },"
	"   { \"type\": \"ipc\" },"
	"   { \"type\": \"uts\" },"
	"   { \"type\": \"mount\" },"
	"   { \"type\": \"cgroup\" }"
	"  ],"
	"  \"maskedPaths\": ["
	"   \"/proc/acpi\", \"/proc/asound\", \"/proc/interrupts\", \"/proc/kcore\", "
	"\"/proc/keys\","
	"   \"/proc/latency_stats\", \"/proc/sched_debug\", \"/proc/scsi\", \"/proc/timer_list\","
	"   \"/proc/timer_stats\", \"/sys/devices/virtual/powercap\", \"/sys/firmware\""
	"  ],"
	"  \"readonlyPaths\": ["
	"   \"/proc/bus\", \"/proc/fs\", \"/proc/irq\", \"/proc/sys\", \"/proc/sysrq-trigger\""
	"  ]"
	" }"
	"}";

/* The same for a user without privilege: one id inside, the user's. There is no group 5 for the
 * terminals then, no right to a device program, and a network namespace would have no way out; and
 * without one, sysfs cannot be mounted, only bound. */
static const char rootless_linux[] = "{"
				     " \"namespaces\": ["
				     "  { \"type\": \"pid\" },"
				     "  { \"type\": \"ipc\" },"
				     "  { \"type\": \"uts\" },"
				     "  { \"type\": \"mount\" },"
				     "  { \"type\": \"cgroup\" },"
				     "  { \"type\": \"user\" }"
				     " ]"
				     "}";
static const char rootless_pts_options[] =
	"[\"nosuid\", \"noexec\", \"newinstance\", \"ptmxmode=0666\", \"mode=0620\"]";
static const char rootless_sys[] =
	"{ \"destination\": \"/sys\", \"type\": \"none\", \"source\": \"/sys\","
	"  \"options\": [\"rbind\", \"nosuid\", \"noexec\", \"nodev\", \"ro\"] }";

/* [{ "containerID": 0, "hostID": @id, "size": 1 }] */
static json_t *make_map(unsigned int id)
{
	return json_pack("[{s:i,s:I,s:i}]", "containerID", 0, "hostID", (json_int_t)id, "size", 1);
}

/* The index of the mount on @destination, which is there. */
static size_t find_mount(json_t *mounts, const char *destination)
{
	size_t index;
	json_t *mount;

	json_array_foreach(mounts, index, mount) {
		if (strcmp(json_string_value(json_object_get(mount, "destination")), destination) ==
			0)
			break;
	}
	return index;
}

static void make_rootless(struct ins_emit *emit)
{
	json_t *platform = json_object_get(emit->root, "linux");
	json_t *mounts = json_object_get(emit->root, "mounts");
	json_t *changes = json_loads(rootless_linux, 0, NULL);

	if (json_object_update(platform, changes) < 0 || json_object_del(platform, "resources") < 0)
		emit->failed = true;
	json_decref(changes);
	ins_emit_put(emit, platform, "uidMappings", make_map(geteuid()));
	ins_emit_put(emit, platform, "gidMappings", make_map(getegid()));
	ins_emit_put(emit, json_array_get(mounts, find_mount(mounts, "/dev/pts")), "options",
		json_loads(rootless_pts_options, 0, NULL));
	if (json_array_set_new(
		    mounts, find_mount(mounts, "/sys"), json_loads(rootless_sys, 0, NULL)) < 0)
		emit->failed = true;
}

int ins_spec_default(bool rootless, char **ret_text, struct ins_error *err)
{
	struct ins_emit emit = { .root = json_loads(base, 0, NULL) };
	char *text, *longer;
	size_t n;
	int r;

	if (emit.root && rootless)
		make_rootless(&emit);
	r = ins_emit_text(&emit, JSON_INDENT(4), &text, err);
	if (r < 0)
		return r;
	n = strlen(text);
	longer = realloc(text, n + 2);
	if (!longer) {
		free(text);
		return ins_error_set(err, ENOMEM, "write JSON");
	}
	longer[n] = '\n';
	longer[n + 1] = '\0';
	*ret_text = longer;
	return 0;
}

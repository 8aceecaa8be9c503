/* SPDX-License-Identifier: Apache-2.0 */
/* The record of a container: state.json to struct ins_record and back, and what it says of now. */
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "guest/record.h"
#include "spec/plain.h"
#include "spec/emit.h"

/* A record holds the annotations, the hooks and the process object of a configuration. Written anew, numbers
 * and texts in a text may be several times as long; what could not be read again is never written. */
#define RECORD_SIZE_MAX ((size_t)8 << 20)

static void release_json(json_t **json)
{
	json_decref(*json);
}

#define cleanup_json cleanup_with(release_json)

static const char *const status_names[] = {
	[INS_STATUS_CREATING] = "creating",
	[INS_STATUS_CREATED] = "created",
	[INS_STATUS_RUNNING] = "running",
	[INS_STATUS_PAUSED] = "paused",
	[INS_STATUS_STOPPED] = "stopped",
};

const char *ins_status_name(enum ins_status status)
{
	return (unsigned int)status < ARRAY_LENGTH(status_names) ? status_names[status] : "unknown";
}

static enum ins_status parse_status(const char *name)
{
	for (size_t i = 0; i < ARRAY_LENGTH(status_names); i++) {
		if (name && !strcmp(name, status_names[i]))
			return (enum ins_status)i;
	}
	return INS_STATUS_STOPPED;
}

/* --- state.json ------------------------------------------------------------------------------ */

enum field_kind {
	FIELD_TEXT,
	FIELD_OPTIONAL_TEXT, /* NULL: the key is left out */
	FIELD_NUMBER,        /* not negative; of 4 or 8 bytes */
	FIELD_BOOL,
};

struct field {
	const char *key;
	enum field_kind kind;
	size_t offset, size;
};

#define FIELD(key, kind, member)                                 \
	{                                                        \
		key, kind, offsetof(struct ins_record, member),  \
			sizeof(((struct ins_record *)0)->member) \
	}

/* All but the status and the annotations, which are no plain values. */
static const struct field fields[] = {
	FIELD("id", FIELD_TEXT, id),
	FIELD("bundle", FIELD_TEXT, bundle),
	FIELD("rootfs", FIELD_TEXT, rootfs),
	FIELD("created", FIELD_TEXT, created),
	FIELD("owner", FIELD_NUMBER, owner),
	FIELD("pid", FIELD_NUMBER, pid),
	FIELD("startTime", FIELD_NUMBER, start_time),
	FIELD("cgroupMount", FIELD_OPTIONAL_TEXT, cgroup_mount),
	FIELD("cgroup", FIELD_OPTIONAL_TEXT, cgroup),
	FIELD("cgroupMade", FIELD_NUMBER, cgroup_made),
	FIELD("unit", FIELD_OPTIONAL_TEXT, unit),
	FIELD("userManager", FIELD_BOOL, user_manager),
	FIELD("rdtGroup", FIELD_OPTIONAL_TEXT, rdt_group),
	FIELD("rdtMade", FIELD_OPTIONAL_TEXT, rdt_made),
	FIELD("namespaces", FIELD_NUMBER, namespaces),
	FIELD("noNewPrivileges", FIELD_BOOL, no_new_privileges),
	FIELD("filter", FIELD_BOOL, has_filter),
	FIELD("rootInPlace", FIELD_BOOL, root_in_place),
	FIELD("listenerPath", FIELD_OPTIONAL_TEXT, listener_path),
	FIELD("listenerMetadata", FIELD_OPTIONAL_TEXT, listener_metadata),
	FIELD("personality", FIELD_OPTIONAL_TEXT, personality),
	FIELD("hooks", FIELD_OPTIONAL_TEXT, hooks_json),
	FIELD("process", FIELD_OPTIONAL_TEXT, process_json),
};

static uint64_t read_number(const void *member, size_t size)
{
	return size == sizeof(uint64_t) ? *(const uint64_t *)member : *(const uint32_t *)member;
}

/* Return: 0 or −ENOMEM; jansson fails for no other reason with the texts of a configuration. */
static int save_field(json_t *root, const struct field *field, const struct ins_record *record)
{
	const void *member = (const char *)record + field->offset;
	const char *text;
	json_t *value = NULL;

	switch (field->kind) {
	case FIELD_TEXT:
	case FIELD_OPTIONAL_TEXT:
		text = *(const char *const *)member;
		if (!text && field->kind == FIELD_OPTIONAL_TEXT)
			return 0;
		value = json_string(text);
		break;
	case FIELD_NUMBER:
		value = json_integer((json_int_t)read_number(member, field->size));
		break;
	case FIELD_BOOL:
		value = json_boolean(*(const bool *)member);
		break;
	}
	return json_object_set_new_nocheck(root, field->key, value) < 0 ? -ENOMEM : 0;
}

static int save_annotations(json_t *root, const struct ins_record *record)
{
	json_t *object = json_object();

	for (size_t i = 0; object && i < record->annotations.n; i++) {
		const struct ins_pair *pair = &record->annotations.v[i];

		if (json_object_set_new(object, pair->key, json_string(pair->value)) < 0) {
			json_decref(object);
			return -ENOMEM;
		}
	}
	return json_object_set_new_nocheck(root, "annotations", object) < 0 ? -ENOMEM : 0;
}

int ins_store_save(struct ins_store *store, const struct ins_record *record, struct ins_error *err)
{
	cleanup_json json_t *root = json_object();
	cleanup_free char *text = NULL;
	int r = json_object_set_new(root, "status", json_string(ins_status_name(record->status)));

	for (size_t i = 0; r == 0 && i < ARRAY_LENGTH(fields); i++)
		r = save_field(root, &fields[i], record);
	if (r == 0)
		r = save_annotations(root, record);
	if (r < 0)
		r = ins_error_set(err, ENOMEM, "build its JSON");
	else
		r = ins_emit_dump(root, JSON_COMPACT, &text, err);
	if (r == 0 && strlen(text) > RECORD_SIZE_MAX)
		r = ins_error_text(err, E2BIG,
			"larger than %zu bytes (annotations, hooks and process are kept in it)",
			RECORD_SIZE_MAX);
	if (r == 0)
		r = ins_file_write(store->dir, "state.json", text, strlen(text), 0600, err);
	return r < 0 ? ins_error_prefix(err, "the state of container %s", record->id) : 0;
}

/* Return: 0, or −EINVAL: the value is missing, or none that was ever written there. */
static int load_field(const json_t *root, const struct field *field, struct ins_record *record)
{
	const json_t *value = json_object_get(root, field->key);
	void *member = (char *)record + field->offset;
	json_int_t number;

	switch (field->kind) {
	case FIELD_OPTIONAL_TEXT:
		if (!value)
			return 0;
		/* fall through */
	case FIELD_TEXT:
		*(const char **)member = json_string_value(value);
		return json_is_string(value) ? 0 : -EINVAL;
	case FIELD_NUMBER:
		number = json_integer_value(value);
		if (!json_is_integer(value) || number < 0)
			return -EINVAL;
		if (field->size == sizeof(uint64_t))
			*(uint64_t *)member = (uint64_t)number;
		else if (number <= UINT32_MAX)
			*(uint32_t *)member = (uint32_t)number;
		else
			return -EINVAL;
		return 0;
	case FIELD_BOOL:
		*(bool *)member = json_is_true(value);
		return json_is_boolean(value) ? 0 : -EINVAL;
	}
	return -EINVAL;
}

static int load_annotations(struct ins_record *record, json_t *object)
{
	size_t n = json_object_size(object), i = 0;
	const char *key;
	json_t *value;

	if (!json_is_object(object))
		return -EINVAL;
	record->annotation_pairs = n ? calloc(n, sizeof(*record->annotation_pairs)) : NULL;
	if (n && !record->annotation_pairs)
		return -ENOMEM;
	json_object_foreach(object, key, value) {
		if (!json_is_string(value))
			return -EINVAL;
		record->annotation_pairs[i++] = (struct ins_pair){ key, json_string_value(value) };
	}
	record->annotations = (struct ins_pairs){ i, record->annotation_pairs };
	return 0;
}

static int load_fields(struct ins_record *record, json_t *root)
{
	record->status = parse_status(json_string_value(json_object_get(root, "status")));
	for (size_t i = 0; i < ARRAY_LENGTH(fields); i++) {
		int r = load_field(root, &fields[i], record);

		if (r < 0)
			return r;
	}
	return load_annotations(record, json_object_get(root, "annotations"));
}

int ins_record_load(int dir, struct ins_record *ret_record, struct ins_error *err)
{
	struct ins_record record = { 0 };
	cleanup_free char *text = NULL;
	json_error_t why;
	bool has_big;
	size_t size;
	int r = ins_file_read(dir, "state.json", RECORD_SIZE_MAX, &text, &size, err);

	if (r < 0)
		return r;
	r = ins_json_read(text, size, &record.document, &has_big, &why);
	if (r == -ENOMEM)
		return ins_error_set(err, ENOMEM, "read state.json");
	if (r < 0)
		return ins_error_text(err, EINVAL, "state.json is damaged: %s", why.text);
	r = load_fields(&record, record.document);
	if (r < 0) {
		ins_record_clear(&record);
		return ins_error_text(err, -r, "state.json is damaged");
	}
	*ret_record = record;
	return 0;
}

void ins_record_clear(struct ins_record *record)
{
	free(record->annotation_pairs);
	json_decref(record->document);
	*record = (struct ins_record){ 0 };
}

/* A pidfd can be read once the whole process has ended. The letter Z in /proc/PID/stat would not say that:
 * it is about the first thread, and a guest may end that one and live on. */
static bool has_ended(int pidfd)
{
	struct pollfd process = { .fd = pidfd, .events = POLLIN };

	return poll(&process, 1, 0) > 0;
}

int ins_process_start_time(pid_t pid, int pidfd, uint64_t *ret_time)
{
	char path[40], text[1024];
	cleanup_fd int fd = -1;
	const char *field;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	n = read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	/* The second field is the name in parentheses, which may hold anything: start behind the
	 * last one. There stand the state, field 3, and the rest. */
	field = strrchr(text, ')');
	if (!field || !field[1])
		return -ESRCH;
	field += 2;
	for (int i = 3; i < 22; i++) {
		field = strchr(field, ' ');
		if (!field)
			return -ESRCH;
		field++;
	}
	*ret_time = strtoull(field, NULL, 10);
	/* Asked last: if it has not ended now, the number was its own before. */
	return has_ended(pidfd) ? -ESRCH : 0;
}

int ins_record_pidfd(const struct ins_record *record)
{
	cleanup_fd int fd = -1;
	uint64_t start_time;
	int r;

	if (record->pid <= 0)
		return -ESRCH;
	fd = (int)syscall(SYS_pidfd_open, record->pid, 0); /* Linux 5.3 */
	/* EINVAL and, since Linux 6.9, ENOENT: it is the number of a thread now. */
	if (fd < 0)
		return errno == EINVAL || errno == ENOENT ? -ESRCH : -errno;
	/* With the pidfd in hand the pid cannot pass to another process unnoticed. */
	r = ins_process_start_time(record->pid, fd, &start_time);
	if (r < 0)
		return r;
	return start_time == record->start_time ? TAKE_FD(fd) : -ESRCH;
}

/* From /etc/passwd itself: a static program has no name service switch. A number does as well. */
static void name_owner(uid_t uid, char *buffer, size_t size)
{
	cleanup_file FILE *file = fopen("/etc/passwd", "re");
	struct passwd *entry;

	snprintf(buffer, size, "%u", (unsigned int)uid);
	while (file && (entry = fgetpwent(file))) {
		if (entry->pw_uid == uid) {
			snprintf(buffer, size, "%s", entry->pw_name);
			return;
		}
	}
}

void ins_record_state(const struct ins_record *record, const char *status,
	struct ins_state *ret_state, char *owner, size_t owner_size)
{
	name_owner(record->owner, owner, owner_size);
	*ret_state = (struct ins_state){ .id = record->id,
		.status = status,
		.pid = strcmp(status, "stopped") ? record->pid : 0,
		.bundle = record->bundle,
		.annotations = record->annotations,
		.rootfs = record->rootfs,
		.created = record->created,
		.owner = owner };
}

int ins_record_state_json(const struct ins_record *record, const char *status, bool compact,
	char **ret_text, struct ins_error *err)
{
	struct ins_state state;
	char owner[INS_OWNER_SIZE];

	ins_record_state(record, status, &state, owner, sizeof(owner));
	return ins_state_emit(&state, compact, ret_text, err);
}

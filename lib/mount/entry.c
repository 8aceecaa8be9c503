/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/mount.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/path.h"
#include "mount/entry.h"

/* fsconfig(2) takes no longer value than this, mount(2) no more data than that. */
#define MAX_VALUE 255
#define MAX_DATA  4095

static int out_of_memory(struct ins_error *err)
{
	return ins_error_set(err, ENOMEM, "plan the mounts");
}

static bool is_one_of(const char *text, const char *const *list, size_t n)
{
	for (size_t i = 0; text && i < n; i++) {
		if (strcmp(text, list[i]) == 0)
			return true;
	}
	return false;
}

/* Their superblock is the kernel's, shared with others or needed writable by ourselves, so "ro" is
 * only meant for the mount. A disk, on the other hand, must not even be repaired. */
static bool is_readonly_by_mount(const char *type)
{
	static const char *const types[] = { "proc", "sysfs", "cgroup2", "tmpfs", "ramfs", "devpts",
		"mqueue", "debugfs", "tracefs", "securityfs", "bpf", "hugetlbfs", "configfs",
		"pstore", "efivarfs", "binfmt_misc", "selinuxfs", "devtmpfs" };

	return is_one_of(type, types, ARRAY_LENGTH(types));
}

/* Types that take no SELinux context. */
static bool is_unlabelled(const char *type)
{
	static const char *const types[] = { "proc", "sysfs", "cgroup2", "mqueue" };

	return is_one_of(type, types, ARRAY_LENGTH(types));
}

static bool is_context(const char *key)
{
	static const char *const keys[] = { "context", "fscontext", "defcontext", "rootcontext" };

	return is_one_of(key, keys, ARRAY_LENGTH(keys));
}

/* Files that lxcfs and the like put in place of the kernel's: they tell about the machine, and no
 * protection depends on them. */
static bool is_allowed_below_proc(const char *path)
{
	static const char *const files[] = { "/proc/cpuinfo", "/proc/diskstats", "/proc/meminfo",
		"/proc/stat", "/proc/swaps", "/proc/uptime", "/proc/loadavg", "/proc/slabinfo",
		"/proc/sys/kernel/ns_last_pid", "/proc/sys/crypto/fips_enabled",
		"/proc/sys/kernel/random/boot_id", "/proc/pressure/cpu", "/proc/pressure/io",
		"/proc/pressure/memory" };

	return is_one_of(path, files, ARRAY_LENGTH(files));
}

static int read_destination(
	struct ins_plan_builder *builder, struct ins_mount_entry *entry, struct ins_error *err)
{
	static const char *const trees[] = { "/proc", "/sys", "/dev" };
	char clean[PATH_MAX];

	if (!entry->spec->destination || !entry->spec->destination[0])
		return ins_error_key(err, EINVAL, entry->key, "destination is required");
	if (ins_path_clean(entry->spec->destination, clean, sizeof(clean)) < 0)
		return ins_error_key(err, ENAMETOOLONG, entry->key, "destination is too long");
	entry->destination = ins_arena_strdup(builder->arena, clean);
	if (!entry->destination)
		return out_of_memory(err);
	entry->strict = is_one_of(clean, trees, ARRAY_LENGTH(trees));
	entry->on_proc = strcmp(clean, "/proc") == 0 || is_allowed_below_proc(clean);
	return 0;
}

/* Where one of several options in one string ends: at a comma, unless it is quoted or escaped. */
static char *option_end(char *text)
{
	bool quoted = false;

	for (; *text; text++) {
		if (*text == '\\' && text[1])
			text++;
		else if (*text == '"')
			quoted = !quoted;
		else if (*text == ',' && !quoted)
			break;
	}
	return text;
}

/* What the kernel does with the text of mount(2) is done here: fsconfig(2) takes one at a time. */
static void split_data(struct ins_mount_entry *entry, char *text)
{
	while (*text) {
		char *end = option_end(text), *value;
		size_t n;

		if (*end)
			*end++ = '\0';
		value = strchr(text, '=');
		if (value)
			*value++ = '\0';
		n = value ? strlen(value) : 0;
		if (n >= 2 && is_context(text) && value[0] == '"' && value[n - 1] == '"') {
			value[n - 1] = '\0';
			value++;
		}
		if (*text)
			entry->data[entry->n_data++] = (struct ins_fs_option){ text, value };
		text = end;
	}
}

/* Apply what the table knows; the rest is the filesystem's. */
static int read_options(
	struct ins_plan_builder *builder, struct ins_mount_entry *entry, struct ins_error *err)
{
	const struct ins_strings *list = &entry->spec->options;
	size_t room = 16; /* for superblock flags and a label */

	for (size_t i = 0; i < list->n; i++) {
		room++;
		for (const char *c = list->v[i]; *c; c++)
			room += *c == ',';
	}
	entry->data = ins_arena_array(builder->arena, room, sizeof(*entry->data));
	if (!entry->data)
		return out_of_memory(err);
	for (size_t i = 0; i < list->n; i++) {
		char *copy;

		if (ins_mount_options_apply(&entry->options, list->v[i]))
			continue;
		copy = ins_arena_strdup(builder->arena, list->v[i]);
		if (!copy)
			return out_of_memory(err);
		split_data(entry, copy);
	}
	for (uint32_t i = 0; i < entry->n_data; i++)
		entry->has_mode = entry->has_mode || strcmp(entry->data[i].key, "mode") == 0;
	entry->idmap = entry->options.idmap || entry->spec->uid_mappings.n;
	return 0;
}

/* Superblock flags in words, before the options that were read. */
static int add_super_words(struct ins_plan_builder *builder, struct ins_mount_entry *entry,
	uint64_t flags, bool set, struct ins_error *err)
{
	for (uint64_t flag = 1; flag && flag <= flags; flag <<= 1) {
		const char *word = flags & flag ? ins_mount_super_word(flag, set) : NULL;
		const char *copy = ins_arena_strdup(builder->arena, word);

		if (!word)
			continue;
		if (!copy)
			return out_of_memory(err);
		entry->data[entry->n_data++] = (struct ins_fs_option){ copy, NULL };
	}
	return 0;
}

static int add_label(
	struct ins_plan_builder *builder, struct ins_mount_entry *entry, struct ins_error *err)
{
	const char *label = builder->spec->mount_label;
	const char *kind = ins_spec_annotation(builder->spec, INS_ANNOTATION_MOUNTLABEL);
	struct ins_fs_option option;

	if (!label || !label[0] || is_unlabelled(entry->type))
		return 0;
	if (!kind)
		kind = "context";
	if (!is_context(kind))
		return ins_error_key(err, EINVAL, "annotations", "%s: unknown value '%s'",
			INS_ANNOTATION_MOUNTLABEL, kind);
	for (uint32_t i = 0; i < entry->n_data; i++) {
		if (is_context(entry->data[i].key))
			return 0;
	}
	option.key = ins_arena_strdup(builder->arena, kind);
	option.value = ins_arena_strdup(builder->arena, label);
	if (!option.key || !option.value)
		return out_of_memory(err);
	entry->data[entry->n_data++] = option;
	return 0;
}

/* The filesystem's options as mount(2) takes them. A context may hold commas. */
static int join_data(
	struct ins_plan_builder *builder, struct ins_mount_entry *entry, struct ins_error *err)
{
	cleanup_free char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);

	if (!file)
		return out_of_memory(err);
	for (uint32_t i = 0; i < entry->n_data; i++) {
		const struct ins_fs_option *option = &entry->data[i];
		const char *quote = is_context(option->key) ? "\"" : "";

		fprintf(file, "%s%s", i ? "," : "", option->key);
		if (option->value)
			fprintf(file, "=%s%s%s", quote, option->value, quote);
	}
	if (fclose(file) != 0)
		return out_of_memory(err);
	if (size > MAX_DATA)
		return ins_error_key(
			err, E2BIG, entry->key, "options are longer than %d bytes", MAX_DATA);
	entry->mount_data = ins_arena_strdup(builder->arena, text);
	return entry->mount_data ? 0 : out_of_memory(err);
}

static bool needs_mount(const struct ins_mount_entry *entry)
{
	if (entry->options.silent || entry->options.super_set & MS_I_VERSION)
		return true;
	for (uint32_t i = 0; i < entry->n_data; i++) {
		if (entry->data[i].value && strlen(entry->data[i].value) > MAX_VALUE)
			return true;
	}
	return false;
}

/*
 * A copy of a mount of the host's is in the peer group of its original. The kernel makes it a slave
 * when it copies it into a user namespace; but this copy is made outside.
 */
static void keep_from_host(struct ins_mount_attrs *attrs)
{
	if (!attrs->propagation) {
		attrs->propagation = MS_PRIVATE;
		attrs->propagation_recursive = true;
	} else if (attrs->propagation == MS_SLAVE) {
		attrs->propagation_recursive = true;
	} else if (attrs->propagation == MS_SHARED || !attrs->propagation_recursive) {
		attrs->propagation |= MS_SLAVE;
	}
}

static int read_filesystem(
	struct ins_plan_builder *builder, struct ins_mount_entry *entry, struct ins_error *err)
{
	const struct ins_mount_options *options = &entry->options;
	const char *type = entry->spec->type;
	uint64_t flags = options->super_set;
	int r;

	if (!type || !type[0])
		return ins_error_key(err, EINVAL, entry->key,
			"type is required unless the options hold 'bind' or 'rbind'");
	entry->is_cgroup = strcmp(type, "cgroup") == 0 || strcmp(type, "cgroup2") == 0;
	r = ins_plan_strdup(builder, entry->is_cgroup ? "cgroup2" : type, &entry->type, err);
	if (r == 0)
		r = ins_plan_strdup(builder, entry->spec->source, &entry->source, err);
	if (r < 0)
		return r;
	if (entry->idmap)
		return ins_error_key(err, EINVAL, entry->key, "only a bind mount can be id-mapped");
	if (options->copy_up && strcmp(type, "tmpfs") != 0)
		return ins_error_key(err, EINVAL, entry->key, "tmpcopyup is for tmpfs only");
	if (is_one_of(type, (const char *const[]){ "proc", "sysfs" }, 2) || entry->is_cgroup)
		entry->strict = true;
	if (entry->is_cgroup)
		keep_from_host(&entry->options.attrs);
	if (is_readonly_by_mount(entry->type))
		flags &= ~(uint64_t)MS_RDONLY;
	r = add_label(builder, entry, err);
	if (r < 0)
		return r;
	entry->by_mount = needs_mount(entry);
	if (!entry->by_mount)
		return add_super_words(builder, entry, flags, true, err);
	entry->mount_flags = flags | (options->silent ? MS_SILENT : 0);
	return join_data(builder, entry, err);
}

static int read_bind(
	struct ins_plan_builder *builder, struct ins_mount_entry *entry, struct ins_error *err)
{
	const char *source = entry->spec->source;

	if (!source || !source[0])
		return ins_error_key(err, EINVAL, entry->key, "a bind mount needs a source");
	/* The kernel would take no notice of any of these. */
	if (entry->n_data)
		return ins_error_key(err, EINVAL, entry->key,
			"the option '%s' means nothing to a bind mount", entry->data[0].key);
	if (entry->options.super_set & ~(uint64_t)MS_RDONLY)
		return ins_error_key(err, EINVAL, entry->key,
			"options of the filesystem (sync, dirsync, mand, lazytime, iversion) mean "
			"nothing to a bind mount");
	if (entry->options.copy_up)
		return ins_error_key(err, EINVAL, entry->key, "tmpcopyup is for tmpfs only");
	if (entry->idmap && !entry->spec->uid_mappings.n && !ins_plan_has_userns(builder))
		return ins_error_key(err, EINVAL, entry->key,
			"an id-mapped mount needs uidMappings and gidMappings, or a user "
			"namespace");
	/* Without a user namespace, "shared" means shared with the host. */
	if (!entry->options.attrs.propagation || ins_plan_has_userns(builder))
		keep_from_host(&entry->options.attrs);
	entry->source = source[0] == '/' ? ins_arena_strdup(builder->arena, source)
					 : ins_arena_printf(builder->arena, "%s/%s",
						   builder->bundle, source);
	return entry->source ? 0 : out_of_memory(err);
}

/* Changing a superblock that the container's own entries have not made would change the host's. */
static bool has_own_filesystem(const struct ins_mount_entry *entries, size_t i)
{
	for (size_t j = i; j-- > 0;) {
		if (strcmp(entries[j].destination, entries[i].destination) == 0 &&
			!entries[j].options.remount)
			return entries[j].type && !entries[j].is_cgroup;
	}
	return false;
}

static int read_remount(struct ins_plan_builder *builder, struct ins_mount_entry *entries, size_t i,
	struct ins_error *err)
{
	struct ins_mount_entry *entry = &entries[i];
	const struct ins_mount_options *options = &entry->options;
	uint64_t set = options->super_set & ~(uint64_t)MS_RDONLY;
	uint64_t clear = options->super_clear & ~(uint64_t)MS_RDONLY;
	int r;

	if (entry->idmap || options->copy_up)
		return ins_error_key(err, EINVAL, entry->key,
			"neither id-mapping nor tmpcopyup can be asked of a remount");
	if ((set | clear) & MS_I_VERSION)
		return ins_error_key(err, EOPNOTSUPP, entry->key,
			"iversion and noiversion are not supported with remount");
	if (options->bind && (entry->n_data || set))
		return ins_error_key(err, EINVAL, entry->key,
			"with 'bind' a remount changes the mount, not the filesystem");
	if ((entry->n_data || set || clear) && !has_own_filesystem(entries, i))
		return ins_error_key(err, EINVAL, entry->key,
			"a remount can change the options of a filesystem only where an earlier "
			"entry has mounted one");
	r = add_super_words(builder, entry, set, true, err);
	return r < 0 ? r : add_super_words(builder, entry, clear, false, err);
}

/* Masks, labels and read-only paths are all about what is found below /proc. */
static int check_proc(const struct ins_mount_entry *entry, struct ins_error *err)
{
	if (entry->options.remount || !ins_path_is_below(entry->destination, "/proc"))
		return 0;
	if (strcmp(entry->destination, "/proc") == 0) {
		/* A bind has to be of a procfs, which is seen when it is opened. */
		if (entry->options.bind || strcmp(entry->type, "proc") == 0)
			return 0;
		return ins_error_key(
			err, EPERM, entry->key, "only a proc filesystem may be mounted on /proc");
	}
	if (entry->options.bind && entry->on_proc)
		return 0;
	return ins_error_key(err, EPERM, entry->key, "%s cannot be mounted on: it is inside /proc",
		entry->destination);
}

int ins_mount_entry_read(struct ins_plan_builder *builder, struct ins_mount_entry *entries,
	size_t i, struct ins_error *err)
{
	struct ins_mount_entry *entry = &entries[i];
	int r;

	*entry = (struct ins_mount_entry){ .spec = &builder->spec->mounts[i], .slot = INS_NO_SLOT };
	snprintf(entry->key, sizeof(entry->key), "mounts[%zu]", i);
	r = read_destination(builder, entry, err);
	if (r == 0)
		r = read_options(builder, entry, err);
	if (r < 0)
		return r;
	if (entry->options.remount)
		return read_remount(builder, entries, i, err);
	if (strcmp(entry->destination, "/") == 0)
		return ins_error_key(err, EINVAL, entry->key,
			"the root directory is root.path's: nothing else is mounted on it");
	r = entry->options.bind ? read_bind(builder, entry, err)
				: read_filesystem(builder, entry, err);
	return r < 0 ? r : check_proc(entry, err);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* linux.seccomp in the plan, and the two files that hold compiled filters: an entry of the cache, and the
 * one in a container's state directory. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "plan/build.h"
#include "seccomp/seccomp.h"

#include "seccomp-fixture.h"

struct fixture {
	char root[64];
	struct ins_spec spec;
	struct ins_host host;
	struct ins_arena *arena;
	struct ins_plan_builder builder;
	struct ins_error err;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	*state = f;
	strcpy(f->root, "/tmp/insula-test-XXXXXX");
	if (!mkdtemp(f->root))
		return -1;
	f->host = (struct ins_host){ .kernel_major = 6, .kernel_minor = 1 };
	f->spec.seccomp = *SPEC(
		"SCMP_ACT_ALLOW", RULES({ .names = NAMES("read"), .action = "SCMP_ACT_LOG" }));
	/* The rules above live only as long as this function. */
	f->spec.seccomp.n_rules = 0;
	if (ins_arena_new(NULL, 1 << 20, &f->arena, &f->err) < 0)
		return -1;
	f->builder = (struct ins_plan_builder){
		.spec = &f->spec, .host = &f->host, .arena = f->arena, .state_root = f->root
	};
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", f->root);
	if (system(command) != 0)
		return -1;
	ins_arena_free(f->arena);
	free(f);
	return 0;
}

static unsigned int count_entries(const struct fixture *f)
{
	char path[128];
	cleanup_dir DIR *entries = NULL;
	struct dirent *entry;
	unsigned int n = 0;

	snprintf(path, sizeof(path), "%s/.cache/seccomp", f->root);
	entries = opendir(path);
	while (entries && (entry = readdir(entries)))
		n += entry->d_name[0] != '.';
	return n;
}

/* The path of the only entry. */
static void find_entry(const struct fixture *f, char *path, size_t size)
{
	char directory[128];
	cleanup_dir DIR *entries = NULL;
	struct dirent *entry;

	snprintf(directory, sizeof(directory), "%s/.cache/seccomp", f->root);
	entries = opendir(directory);
	assert_non_null(entries);
	while ((entry = readdir(entries))) {
		if (entry->d_name[0] != '.')
			snprintf(path, size, "%s/%s", directory, entry->d_name);
	}
}

static bool in_cache(struct fixture *f)
{
	struct ins_plan_filter filter = { 0 };
	void *key;
	size_t size;
	bool found;

	assert_int_equal(ins_seccomp_key(&f->spec.seccomp, &key, &size, &f->err), 0);
	found = ins_seccomp_cache_read(f->root, key, size, f->arena, &filter);
	free(key);
	return found;
}

static void test_absent(void **state)
{
	struct fixture *f = *state;
	struct ins_plan_filter filter = { .n = 7 };

	f->spec.seccomp.present = false;
	assert_int_equal(ins_seccomp_compile(&f->builder, &filter, &f->err), 0);
	assert_int_equal(filter.n, 0);
	assert_int_equal(count_entries(f), 0);
}

static void test_cache(void **state)
{
	struct fixture *f = *state;
	struct ins_plan_filter first, second;
	struct stat st;
	char path[512];

	assert_false(in_cache(f));
	f->builder.dry = true;
	assert_int_equal(ins_seccomp_compile(&f->builder, &first, &f->err), 0);
	snprintf(path, sizeof(path), "%s/.cache", f->root);
	assert_int_equal(access(path, F_OK), -1);
	f->builder.dry = false;
	assert_int_equal(ins_seccomp_compile(&f->builder, &first, &f->err), 0);
	assert_int_equal(count_entries(f), 1);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	find_entry(f, path, sizeof(path));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_true(in_cache(f));
	assert_int_equal(ins_seccomp_compile(&f->builder, &second, &f->err), 0);
	assert_int_equal(first.n, second.n);
	assert_memory_equal(
		first.instructions, second.instructions, first.n * sizeof(struct sock_filter));
	/* what is asked for changes: another entry */
	f->spec.seccomp.default_action = "SCMP_ACT_LOG";
	assert_false(in_cache(f));
	assert_int_equal(ins_seccomp_compile(&f->builder, &second, &f->err), 0);
	assert_int_equal(count_entries(f), 2);
}

/* Each part of the configuration is part of the key. */
static void test_key(void **state)
{
	const struct ins_spec_seccomp *specs[] = {
		SPEC("SCMP_ACT_ALLOW"),
		SPEC("SCMP_ACT_ERRNO"),
		SPEC("SCMP_ACT_ERRNO", .has_default_errno = true),
		SPEC("SCMP_ACT_ERRNO", .has_default_errno = true, .default_errno = 1),
		SPEC("SCMP_ACT_ALLOW", .architectures = NAMES("A", "B")),
		SPEC("SCMP_ACT_ALLOW", .architectures = NAMES("AB")),
		SPEC("SCMP_ACT_ALLOW", .architectures = NAMES("A"), .flags = NAMES("B")),
		SPEC("SCMP_ACT_ALLOW", RULES({ .names = NAMES("a", "b"), .action = "X" })),
		SPEC("SCMP_ACT_ALLOW", RULES({ .names = NAMES("a"), .action = "X" },
					       { .names = NAMES("b"), .action = "X" })),
		SPEC("SCMP_ACT_ALLOW",
			RULES({ .names = NAMES("a"), .action = "X", .has_errno = 1 })),
		SPEC("SCMP_ACT_ALLOW", RULES({ .names = NAMES("a"),
					       .action = "X",
					       .has_errno = 1,
					       .errno_ret = 1 })),
		SPEC("SCMP_ACT_ALLOW",
			RULES({ .names = NAMES("a"), .action = "X", ARGS({ .op = "E" }) })),
		SPEC("SCMP_ACT_ALLOW", RULES({ .names = NAMES("a"),
					       .action = "X",
					       ARGS({ .op = "E", .index = 1 }) })),
		SPEC("SCMP_ACT_ALLOW", RULES({ .names = NAMES("a"),
					       .action = "X",
					       ARGS({ .op = "E", .value = 1 }) })),
		SPEC("SCMP_ACT_ALLOW", RULES({ .names = NAMES("a"),
					       .action = "X",
					       ARGS({ .op = "E", .value_two = 1 }) })),
	};
	void *keys[ARRAY_LENGTH(specs)];
	size_t sizes[ARRAY_LENGTH(specs)];
	struct ins_error err = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(specs); i++) {
		assert_int_equal(ins_seccomp_key(specs[i], &keys[i], &sizes[i], &err), 0);
		for (size_t j = 0; j < i; j++) {
			if (sizes[i] == sizes[j])
				assert_memory_not_equal(keys[i], keys[j], sizes[i]);
		}
	}
	for (size_t i = 0; i < ARRAY_LENGTH(specs); i++)
		free(keys[i]);
}

/* Any byte changed, any length: a miss, and the next compilation puts it right. */
static void test_damage(void **state)
{
	struct fixture *f = *state;
	struct ins_plan_filter filter;
	char path[512];
	struct stat st;
	int fd;

	assert_int_equal(ins_seccomp_compile(&f->builder, &filter, &f->err), 0);
	find_entry(f, path, sizeof(path));
	assert_int_equal(stat(path, &st), 0);
	for (off_t at = 0; at < st.st_size; at++) {
		char byte;

		fd = open(path, O_RDWR);
		assert_int_equal(pread(fd, &byte, 1, at), 1);
		byte ^= 0x10;
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
		assert_false(in_cache(f));
		byte ^= 0x10;
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
		close(fd);
	}
	assert_true(in_cache(f));
	for (off_t size = st.st_size - 1; size >= 0; size -= 7) {
		assert_int_equal(truncate(path, size), 0);
		assert_false(in_cache(f));
	}
	assert_int_equal(ins_seccomp_compile(&f->builder, &filter, &f->err), 0);
	assert_true(in_cache(f));
	assert_int_equal(count_entries(f), 1);
}

/* Who else can write there cannot choose the filter. */
static void test_foreign_files(void **state)
{
	struct fixture *f = *state;
	struct ins_plan_filter filter;
	char path[512], moved[600];

	assert_int_equal(ins_seccomp_compile(&f->builder, &filter, &f->err), 0);
	find_entry(f, path, sizeof(path));
	assert_int_equal(chmod(path, 0620), 0);
	assert_false(in_cache(f));
	assert_int_equal(chmod(path, 0600), 0);
	assert_true(in_cache(f));
	snprintf(moved, sizeof(moved), "%s/moved", f->root);
	assert_int_equal(rename(path, moved), 0);
	assert_int_equal(symlink(moved, path), 0);
	assert_false(in_cache(f));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_false(in_cache(f));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rename(moved, path), 0);
	assert_true(in_cache(f));
	if (geteuid() == 0) {
		assert_int_equal(chown(path, 12345, 0), 0);
		assert_false(in_cache(f));
	}
}

static void test_foreign_directories(void **state)
{
	struct fixture *f = *state;
	struct ins_plan_filter filter;
	char path[512], target[512];

	snprintf(path, sizeof(path), "%s/.cache", f->root);
	snprintf(target, sizeof(target), "%s/elsewhere", f->root);
	assert_int_equal(mkdir(target, 0700), 0);
	assert_int_equal(symlink(target, path), 0);
	assert_int_equal(ins_seccomp_compile(&f->builder, &filter, &f->err), 0);
	strcat(target, "/seccomp");
	assert_int_equal(access(target, F_OK), -1);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(chmod(path, 0777), 0);
	assert_int_equal(ins_seccomp_compile(&f->builder, &filter, &f->err), 0);
	assert_int_equal(count_entries(f), 0);
	/* no state directory at all */
	f->builder.state_root = "/tmp/insula-test-none";
	assert_int_equal(ins_seccomp_compile(&f->builder, &filter, &f->err), 0);
	f->builder.state_root = NULL;
	assert_int_equal(ins_seccomp_compile(&f->builder, &filter, &f->err), 0);
}

static void test_eviction(void **state)
{
	struct fixture *f = *state;
	struct ins_plan_filter filter;
	struct ins_spec_seccomp_rule rule = {
		.names = NAMES("read"), .action = "SCMP_ACT_ERRNO", .has_errno = true
	};

	f->spec.seccomp.rules = &rule;
	f->spec.seccomp.n_rules = 1;
	for (uint32_t i = 0; i < 70; i++) {
		rule.errno_ret = i;
		assert_int_equal(ins_seccomp_compile(&f->builder, &filter, &f->err), 0);
	}
	assert_int_equal(count_entries(f), 64);
	assert_true(in_cache(f));
	rule.errno_ret = 0;
	assert_false(in_cache(f));
}

static void test_listener_path(void **state)
{
	struct fixture *f = *state;
	struct ins_plan_filter filter;
	char long_path[200];
	const struct ins_spec_seccomp_rule rule = { .names = NAMES("read"),
		.action = "SCMP_ACT_NOTIFY" };

	f->spec.seccomp.rules = &rule;
	f->spec.seccomp.n_rules = 1;
	/* the second time from the cache */
	for (int i = 0; i < 2; i++) {
		memset(&f->err, 0, sizeof(f->err));
		assert_int_equal(ins_seccomp_compile(&f->builder, &filter, &f->err), -EINVAL);
		assert_string_equal(
			f->err.text, "linux.seccomp.listenerPath: is required by SCMP_ACT_NOTIFY");
	}
	memset(&f->err, 0, sizeof(f->err));
	memset(long_path, '/', sizeof(long_path));
	long_path[108] = '\0';
	f->spec.seccomp.listener_path = long_path;
	assert_int_equal(ins_seccomp_compile(&f->builder, &filter, &f->err), -ENAMETOOLONG);
	memset(&f->err, 0, sizeof(f->err));
	long_path[107] = '\0';
	assert_int_equal(ins_seccomp_compile(&f->builder, &filter, &f->err), 0);
	assert_true(filter.listener);
	f->spec.seccomp.listener_path = NULL;
	f->spec.seccomp.n_rules = 0;
	f->spec.seccomp.listener_metadata = "x";
	assert_int_equal(ins_seccomp_compile(&f->builder, &filter, &f->err), -EINVAL);
	assert_string_equal(
		f->err.text, "linux.seccomp.listenerMetadata: needs linux.seccomp.listenerPath");
}

static void test_store(void **state)
{
	struct fixture *f = *state;
	struct ins_plan_filter filter, loaded;
	int dirfd = open(f->root, O_RDONLY | O_DIRECTORY);

	assert_int_equal(ins_seccomp_compile(&f->builder, &filter, &f->err), 0);
	filter.flags = 3;
	filter.listener = true;
	assert_int_equal(
		ins_seccomp_filter_load(f->arena, dirfd, "filter", &loaded, &f->err), -ENOENT);
	memset(&f->err, 0, sizeof(f->err));
	assert_int_equal(ins_seccomp_filter_store(dirfd, "filter", &filter, &f->err), 0);
	assert_int_equal(ins_seccomp_filter_load(f->arena, dirfd, "filter", &loaded, &f->err), 0);
	assert_int_equal(loaded.n, filter.n);
	assert_int_equal(loaded.flags, 3);
	assert_true(loaded.listener);
	assert_memory_equal(
		loaded.instructions, filter.instructions, filter.n * sizeof(struct sock_filter));
	assert_int_equal(truncate(strcat(f->root, "/filter"), 33), 0);
	*strrchr(f->root, '/') = '\0';
	assert_int_equal(
		ins_seccomp_filter_load(f->arena, dirfd, "filter", &loaded, &f->err), -EBADMSG);
	assert_string_equal(f->err.text, "filter: not a whole seccomp filter");
	close(dirfd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_absent),
		TEST(test_cache),
		cmocka_unit_test(test_key),
		TEST(test_damage),
		TEST(test_foreign_files),
		TEST(test_foreign_directories),
		TEST(test_eviction),
		TEST(test_listener_path),
		TEST(test_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

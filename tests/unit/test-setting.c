/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of settings: what is a value, and what is not. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "partition/setting.h"

static const struct {
	enum ins_setting setting;
	const char *text;
} good[] = {
	{ INS_SETTING_BOOT, "true" },
	{ INS_SETTING_TEMPLATE, "debian-12_x.y" },
	{ INS_SETTING_COMMENT, "" },
	{ INS_SETTING_CWD, "/" },
	{ INS_SETTING_USER, "0" },
	{ INS_SETTING_USER, "1000:100" },
	{ INS_SETTING_MEMORY, "0" },
	{ INS_SETTING_MEMORY, "1.5G" },
	{ INS_SETTING_PIDS, "1" },
	{ INS_SETTING_PIDS, "2147483647" },
	{ INS_SETTING_CPU_WEIGHT, "10000" },
	{ INS_SETTING_CPUS, "0.01" },
	{ INS_SETTING_CPUS, "8192" },
	{ INS_SETTING_CPUSET, "0-3,7" },
	{ INS_SETTING_NET, "macvlan" },
	{ INS_SETTING_RESTART, "on-failure" },
	{ INS_SETTING_STOP_SIGNAL, "QUIT" },
	{ INS_SETTING_STOP_SIGNAL, "SIGRTMIN+3" },
	{ INS_SETTING_STOP_SIGNAL, "15" },
	{ INS_SETTING_ADDRESS, "10.0.0.1" },
	{ INS_SETTING_ADDRESS, "10.0.0.1/24" },
	{ INS_SETTING_ADDRESS, "fd00::1/64" },
	{ INS_SETTING_ENV, "A=" },
	{ INS_SETTING_ENV, "A=b=c" },
	{ INS_SETTING_COMMAND, "--any word" },
	{ INS_SETTING_GROUP, "web" },
	{ INS_SETTING_DEVICE, "/dev/fuse" },
	{ INS_SETTING_CAP_ADD, "CAP_NET_RAW" },
	{ INS_SETTING_MOUNT, "/a:/b" },
	{ INS_SETTING_PUBLISH, "80:80" },
};

static const struct {
	enum ins_setting setting;
	const char *text;
} bad[] = {
	{ INS_SETTING_BOOT, "yes" },
	{ INS_SETTING_TEMPLATE, "" },
	{ INS_SETTING_TEMPLATE, ".x" },
	{ INS_SETTING_TEMPLATE, "-x" },
	{ INS_SETTING_TEMPLATE, "a/b" },
	{ INS_SETTING_TEMPLATE,
		"0123456789012345678901234567890123456789012345678901234567890123" },
	{ INS_SETTING_CWD, "" },
	{ INS_SETTING_CWD, "tmp" },
	{ INS_SETTING_USER, "root" },
	{ INS_SETTING_USER, "1:" },
	{ INS_SETTING_USER, "4294967296" },
	{ INS_SETTING_MEMORY, "" },
	{ INS_SETTING_MEMORY, "-1" },
	{ INS_SETTING_MEMORY, "1 " },
	{ INS_SETTING_MEMORY, "1 G" },
	{ INS_SETTING_MEMORY, "1.G" },
	{ INS_SETTING_MEMORY, ".5G" },
	{ INS_SETTING_MEMORY, "1.2345G" },
	{ INS_SETTING_MEMORY, "1X" },
	{ INS_SETTING_MEMORY, "1GG" },
	{ INS_SETTING_MEMORY, "max" },
	{ INS_SETTING_MEMORY, "8192P" },
	{ INS_SETTING_MEMORY, "9223372036854775808" },
	{ INS_SETTING_MEMORY, "99999999999999999999999" },
	{ INS_SETTING_PIDS, "0" },
	{ INS_SETTING_PIDS, "2147483648" },
	{ INS_SETTING_CPU_WEIGHT, "0" },
	{ INS_SETTING_IO_WEIGHT, "10001" },
	{ INS_SETTING_CPUS, "0" },
	{ INS_SETTING_CPUS, "0.009" },
	{ INS_SETTING_CPUS, "8193" },
	{ INS_SETTING_CPUS, "1,5" },
	{ INS_SETTING_CPUSET, "" },
	{ INS_SETTING_CPUSET, "3-1" },
	{ INS_SETTING_CPUSET, "a" },
	{ INS_SETTING_NET, "bridged" },
	{ INS_SETTING_RESTART, "never" },
	{ INS_SETTING_STOP_SIGNAL, "0" },
	{ INS_SETTING_STOP_SIGNAL, "SIGNAL" },
	{ INS_SETTING_ADDRESS, "10.0.0" },
	{ INS_SETTING_ADDRESS, "10.0.0.1/" },
	{ INS_SETTING_ADDRESS, "10.0.0.1/0" },
	{ INS_SETTING_ADDRESS, "host" },
	{ INS_SETTING_ENV, "A" },
	{ INS_SETTING_ENV, "=b" },
	{ INS_SETTING_GROUP, "" },
	{ INS_SETTING_DEVICE, "fuse" },
	{ INS_SETTING_CAP_DROP, "CAP_ANY" },
	{ INS_SETTING_MOUNT, "/a" },
	{ INS_SETTING_MOUNT, "a:/b" },
	{ INS_SETTING_MOUNT, "/a:b" },
	{ INS_SETTING_MOUNT, "/a:/b:rx" },
	{ INS_SETTING_PUBLISH, "80" },
	{ INS_SETTING_PUBLISH, "80:" },
	{ INS_SETTING_PUBLISH, "0:80" },
	{ INS_SETTING_PUBLISH, "80:65536" },
	{ INS_SETTING_PUBLISH, "80:80/sctp" },
	{ INS_SETTING_PUBLISH, "host:80:80" },
	{ INS_SETTING_PUBLISH, "fd00::1:80:80" },
	{ INS_SETTING_PUBLISH, "[fd00::1]80:80" },
	{ INS_SETTING_PUBLISH, "[fd00::1:80:80" },
};

static void good_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(good); i++) {
		struct ins_error err = {};

		if (ins_setting_check(good[i].setting, good[i].text, &err) != 0)
			fail_msg("%s", err.text);
	}
}

static void bad_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
		const char *key = ins_settings[bad[i].setting].key;
		struct ins_error err = {};

		if (ins_setting_check(bad[i].setting, bad[i].text, &err) != -EINVAL)
			fail_msg("%s: \"%s\" was taken", key, bad[i].text);
		assert_memory_equal(err.text, key, strlen(key));
		assert_non_null(strstr(err.text, bad[i].text));
	}
}

static void sizes(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} cases[] = {
		{ "0", 0 },
		{ "4096", 4096 },
		{ "4096B", 4096 },
		{ "1k", 1024 },
		{ "512M", 536870912 },
		{ "512MiB", 536870912 },
		{ "512MB", 536870912 },
		{ "1.5G", 1610612736 },
		{ "0.001K", 1 },
		{ "2T", 2199023255552 },
		{ "4095P", 4610560118520545280 },
		{ "9007199254740991", 9007199254740991 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		assert_int_equal(ins_setting_bytes(cases[i].text), cases[i].bytes);
}

static void processors(void **state)
{
	(void)state;
	assert_int_equal(ins_setting_microcpus("1.5"), 1500000);
	assert_int_equal(ins_setting_microcpus("0.123456"), 123456);
	assert_int_equal(ins_setting_microcpus("64"), 64000000);
}

static void check_part(struct ins_setting_part part, const char *text)
{
	assert_int_equal(part.size, strlen(text));
	assert_memory_equal(part.text, text, part.size);
}

static void mounts(void **state)
{
	struct ins_setting_mount mount;

	(void)state;
	assert_int_equal(ins_setting_mount("/srv/a:/b", &mount), 0);
	check_part(mount.source, "/srv/a");
	check_part(mount.target, "/b");
	assert_false(mount.readonly);
	assert_int_equal(ins_setting_mount("/a:/b/c:ro", &mount), 0);
	check_part(mount.target, "/b/c");
	assert_true(mount.readonly);
	assert_int_equal(ins_setting_mount("/a:/b:rw", &mount), 0);
	assert_false(mount.readonly);
}

static void ports(void **state)
{
	static const struct {
		const char *text, *address;
		uint16_t outside, inside;
		bool udp;
	} cases[] = {
		{ "8080:80", "", 8080, 80, false },
		{ "8080:80/tcp", "", 8080, 80, false },
		{ "53:65535/udp", "", 53, 65535, true },
		{ "192.0.2.1:80:81", "192.0.2.1", 80, 81, false },
		{ "[2001:db8::1]:80:81/udp", "2001:db8::1", 80, 81, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct ins_setting_publish publish;

		assert_int_equal(ins_setting_publish(cases[i].text, &publish), 0);
		check_part(publish.address, cases[i].address);
		assert_int_equal(publish.outside, cases[i].outside);
		assert_int_equal(publish.inside, cases[i].inside);
		assert_int_equal(publish.udp, cases[i].udp);
	}
}

static void keys(void **state)
{
	struct ins_error err = {};

	(void)state;
	assert_int_equal(ins_setting_find("cpu-weight", &err), INS_SETTING_CPU_WEIGHT);
	assert_int_equal(ins_setting_find("memroy", &err), -EINVAL);
	assert_non_null(strstr(err.text, "\"memroy\""));
	assert_non_null(strstr(err.text, "memory"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_values),
		cmocka_unit_test(bad_values),
		cmocka_unit_test(sizes),
		cmocka_unit_test(processors),
		cmocka_unit_test(mounts),
		cmocka_unit_test(ports),
		cmocka_unit_test(keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

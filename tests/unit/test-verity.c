/* SPDX-License-Identifier: Apache-2.0 */
/* fs-verity's digest as it is computed without the kernel. The expected values are what FS_IOC_MEASURE_VERITY of
 * Linux 6.12 said of such files on ext4. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "../../runtime/image/verity.h"
#include "base/cleanup.h"

#define FILL 'x'

static void check(size_t size, size_t piece, const char *expected)
{
	static uint8_t data[100000];
	static struct verity verity;
	uint8_t digest[SHA256_DIGEST_SIZE];
	char text[2 * SHA256_DIGEST_SIZE + 1];

	memset(data, FILL, piece);
	verity_start(&verity);
	for (size_t left = size, n; left > 0; left -= n) {
		n = left < piece ? left : piece;
		verity_feed(&verity, data, n);
	}
	verity_end(&verity, digest);
	for (size_t i = 0; i < sizeof(digest); i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
	assert_string_equal(text, expected);
}

/* Around the ends of a block, and of trees of one and of two levels. */
static void test_sizes(void **state)
{
	static const struct {
		size_t size;
		const char *digest;
	} files[] = {
		{ 0, "3d248ca542a24fc62d1c43b916eae5016878e2533c88238480b26128a1f1af95" },
		{ 1, "dbbdfa9d606f7adeaa7f16dcfb0d49161c4cfb82d9d51cfb5cb43fa3dacb9e5b" },
		{ 4095, "11a482c4a3012f101c9013c35072065b676d1b7366c35525f46a2894994076fa" },
		{ 4096, "3f128b8d5a052638172857f47f0110dc2fc2c234dc0c712c08a3bc6f6c540483" },
		{ 4097, "f54d7eca1ac49ae471f4abedb0d9309f0b84a51ec5c1733e3abb2aaf9f66c4ad" },
		{ 524288, "fcaf1ae16ac8b4ca5217ed37818cca018924841f0083e50267b7dc82bdf3adaa" },
		{ 524289, "7321b423e2b765c00796ae1e5b0be1dbba66e2e76f0e06e0d6ea4f14142d8783" },
		{ 528384, "c4457f43f307992a4dda813cf05aa2cd0b09ecf642a74b261a68cf8a9e2f4609" },
		{ 67108864, "ec36a446d5660eb439d6224e28538a94ede56ae1611f21aaf2f5a61fb7c5e6e8" },
		{ 67108865, "e38b789f63f2c9405d4fd12465ec8898702d9083c47c8fcff1349de88277945c" },
		{ 67112960, "c135afad1cb7da10c951e69b4e3f68366348e23e2c8cc44d6e3a72787f057d20" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(files); i++) {
		check(files[i].size, 65536, files[i].digest);
		if (files[i].size < 1 << 20)
			check(files[i].size, 1000, files[i].digest);
	}
}

/* A file of this machine's that nobody measures. */
static void test_without_the_kernel(void **state)
{
	uint8_t digest[SHA256_DIGEST_SIZE];
	FILE *file = tmpfile();

	(void)state;
	assert_non_null(file);
	assert_false(verity_measured(fileno(file), digest));
	fclose(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_without_the_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

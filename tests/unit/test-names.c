/* SPDX-License-Identifier: Apache-2.0 */
/* Names by words, patterns and ranges; and what is done for many of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../runtime/each.h"
#include "insula_partition.h"

/* The parser of options wants it. */
const struct option global_options[] = { {} };

static const char *const known[] = { "db1", "db2", "web1", "web2", "web10" };
#define N_KNOWN (sizeof(known) / sizeof(known[0]))

int ins_partition_names(
	struct ins_context *context, char ***ret_names, size_t *ret_n, struct ins_error *err)
{
	(void)context;
	(void)err;
	*ret_names = calloc(N_KNOWN + 1, sizeof(**ret_names));
	for (size_t i = 0; i < N_KNOWN; i++)
		(*ret_names)[i] = strdup(known[i]);
	*ret_n = N_KNOWN;
	return 0;
}

int ins_partition_list(struct ins_context *context, ins_container_visit_fn *visit, void *data,
	struct ins_error *err)
{
	(void)context;
	(void)err;
	for (size_t i = 0; i < N_KNOWN; i++)
		visit(data, &(struct ins_container_info){ .id = known[i] });
	return visit(data, &(struct ins_container_info){ .id = "webcontainer" });
}

int ins_partition_show(struct ins_context *context, const char *name, ins_partition_visit_fn *visit,
	void *data, struct ins_error *err)
{
	(void)context;
	(void)name;
	(void)visit;
	(void)data;
	(void)err;
	return -ENOENT;
}

void ins_context_show_progress(struct ins_context *context, bool yes)
{
	(void)context;
	(void)yes;
}

static struct log quiet = { .fd = -1, .level = INS_LOG_ERROR };
static const struct call call = { .log = &quiet };

/* The names with a blank between them, or the error's words. */
static const char *join(int r, struct names *names, const struct ins_error *err)
{
	static char text[sizeof(err->text)];

	if (r < 0) {
		assert_int_equal(r, -err->code);
		snprintf(text, sizeof(text), "%s", err->text);
		return text;
	}
	text[0] = '\0';
	for (size_t i = 0; i < names->n; i++) {
		strncat(text, i ? " " : "", sizeof(text) - strlen(text) - 1);
		strncat(text, names->v[i], sizeof(text) - strlen(text) - 1);
	}
	assert_true(names->n == 0 || !names->v[names->n]);
	names_clear(names);
	return text;
}

#define WORDS(...) ((char *const *)(const char *const[]){ __VA_ARGS__, NULL })

static const char *make(char *const *words)
{
	struct names names = {};
	struct ins_error err = {};

	return join(names_make(words, &names, &err), &names, &err);
}

static const char *find(char *const *words, bool all, enum names_of of)
{
	struct names names = {};
	struct ins_error err = {};

	return join(names_find(&call, words, all, of, &names, &err), &names, &err);
}

static void test_make(void **state)
{
	(void)state;
	assert_string_equal(make(WORDS("a", "b", "a")), "a b");
	assert_string_equal(make(WORDS("g{1..3}")), "g1 g2 g3");
	assert_string_equal(make(WORDS("g{9..11}x")), "g9x g10x g11x");
	assert_string_equal(make(WORDS("g{08..11}")), "g08 g09 g10 g11");
	assert_string_equal(make(WORDS("g{1..002}")), "g001 g002");
	assert_string_equal(make(WORDS("g{0..1}")), "g0 g1");
	assert_string_equal(make(WORDS("r{1..2}-{1..2}")), "r1-1 r1-2 r2-1 r2-2");
}

static void test_make_refuses(void **state)
{
	static const char *const bad[] = { "g{", "g{}", "g{1}", "g{1..}", "g{1..x}", "g{2..1}",
		"g{1..2", "g{-1..2}", "g{a,b}", "g{1..2}{" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_non_null(strstr(make(WORDS(bad[i])), "is no range of numbers"));
	assert_non_null(strstr(make(WORDS("web*")), "is a pattern"));
	assert_non_null(strstr(make(WORDS("g{1..12289}")), "more than 12288 names"));
	assert_non_null(strstr(make(WORDS("g{1..400}-{1..400}")), "more than 12288 names"));
}

static void test_find(void **state)
{
	(void)state;
	assert_string_equal(find(WORDS("web*"), false, NAMES_OF_PARTITIONS), "web1 web2 web10");
	assert_string_equal(find(WORDS("web?", "db*", "web2"), false, NAMES_OF_PARTITIONS),
		"web1 web2 db1 db2");
	assert_string_equal(find(WORDS("db[2-9]"), false, NAMES_OF_PARTITIONS), "db2");
	assert_string_equal(find(WORDS("other", "web1"), false, NAMES_OF_PARTITIONS), "other web1");
	assert_string_equal(
		find(WORDS("nobody*", "web1*"), false, NAMES_OF_PARTITIONS), "nobody* web1 web10");
	assert_string_equal(find(WORDS("web{1..3}"), false, NAMES_OF_PARTITIONS), "web1 web2 web3");
	assert_string_equal(find(WORDS("webc*"), false, NAMES_OF_ALL), "webcontainer");
	assert_string_equal(
		find(WORDS(NULL), true, NAMES_OF_PARTITIONS), "db1 db2 web1 web2 web10");
	assert_string_equal(find(WORDS("webc*"), false, NAMES_OF_PARTITIONS),
		"nothing has a name that matches `webc*`");
	assert_string_equal(
		find(WORDS(NULL), false, NAMES_OF_ALL), "a name or an ID is missing, or --all");
	assert_string_equal(
		find(WORDS("x"), true, NAMES_OF_ALL), "--all and the name `x` exclude each other");
}

/* @data: shared, a letter for each name that was treated. */
static int note(const struct call *the_call, const char *name, void *data, struct ins_error *err)
{
	char *notes = data;
	int number = atoi(name + 1);

	assert_ptr_equal(the_call, &call);
	notes[number] = notes[number] ? '!' : 'x';
	if (number == 3)
		return error_set(err, EBUSY, "it is busy");
	if (number == 5)
		raise(SIGKILL);
	return 0;
}

static int each(const char *word, unsigned int jobs, char *notes, struct ins_error *err)
{
	struct names names = {};
	int r = names_make(WORDS(word), &names, err);

	assert_int_equal(r, 0);
	r = names_each(&call, &names, jobs, note, notes, err);
	names_clear(&names);
	return r;
}

/* What is written to the standard error meanwhile. */
static const char *said(
	const char *word, unsigned int jobs, char *notes, int expected, const char *text)
{
	static char words[2048];
	struct ins_error err = {};
	int saved = dup(STDERR_FILENO), fds[2];
	ssize_t n;

	assert_int_equal(pipe(fds), 0);
	dup2(fds[1], STDERR_FILENO);
	close(fds[1]);
	assert_int_equal(each(word, jobs, notes, &err), expected);
	dup2(saved, STDERR_FILENO);
	close(saved);
	n = read(fds[0], words, sizeof(words) - 1);
	close(fds[0]);
	words[n > 0 ? n : 0] = '\0';
	assert_string_equal(err.text, text);
	return words;
}

static void test_each(void **state)
{
	char *notes = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const char *words;

	(void)state;
	assert_ptr_not_equal(notes, MAP_FAILED);
	assert_string_equal(said("g{10..200}", 4, notes, 0, ""), "");
	for (int i = 10; i <= 200; i++)
		assert_int_equal(notes[i], 'x');
	memset(notes, 0, 4096);
	assert_string_equal(
		said("g{1..4}", 3, notes, -EBUSY, "1 of 4 failed"), "insula: g3: it is busy\n");
	assert_string_equal(notes + 1, "xxxx");
	/* A worker dies: the other goes on. */
	memset(notes, 0, 4096);
	words = said("g{1..9}", 2, notes, -EBUSY, "2 of 9 failed");
	assert_string_equal(notes + 1, "xxxxxxxxx");
	assert_non_null(strstr(words, "insula: g5: the process that worked on it was killed"));
	/* A single one is treated here, and its error is the caller's to write. */
	memset(notes, 0, 4096);
	assert_string_equal(said("g3", 0, notes, -EBUSY, "it is busy"), "");
	munmap(notes, 4096);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_make),
		cmocka_unit_test(test_make_refuses),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

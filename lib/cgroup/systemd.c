/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to systemd, through the program insula-systemd. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "cgroup/systemd.h"
#include "sys/program.h"

/* The longest answer: a path, or an error's words. */
#define ANSWER_SIZE 8192

void ins_systemd_describe(char *buffer, size_t size, const char *id, const char *state_root)
{
	snprintf(buffer, size, "insula container %s of %s", id, state_root);
}

bool ins_systemd_wants_user(enum ins_rootless rootless)
{
	struct stat s;

	if (rootless != INS_ROOTLESS_AUTO)
		return rootless == INS_ROOTLESS_YES;
	/* Made by systemd at boot. A user namespace shows what it does not map as somebody else's. */
	return stat("/run/systemd/system", &s) == 0 ? s.st_uid != geteuid() : geteuid() != 0;
}

/* @argv: [0] is left free for the path. The program bounds its own time. */
static int ask(char **argv, char *answer, struct ins_error *err)
{
	static const struct ins_own_program program = { "insula-systemd", ENOTCONN,
		"who asks systemd needs it (./configure --with-systemd builds it, if libsystemd is "
		"installed)" };
	int r = ins_program_ask(&program, argv, -1, answer, ANSWER_SIZE, err);

	if (r == 0)
		answer[strcspn(answer, "\n")] = '\0';
	return r;
}

static size_t count_words(const struct ins_unit_property *properties, size_t n)
{
	size_t words = 0;

	for (size_t i = 0; i < n; i++)
		words += 2 + properties[i].values.n;
	return words;
}

static char **put_words(char **next, const struct ins_unit_property *properties, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		*next++ = (char *)properties[i].name;
		*next++ = (char *)properties[i].signature;
		for (uint32_t j = 0; j < properties[i].values.n; j++)
			*next++ = (char *)properties[i].values.v[j];
	}
	return next;
}

/* One request: a verb, the unit, up to one more word, properties. */
static int request(const char *verb, const struct ins_systemd_unit *unit, const char *word,
	const struct ins_unit_property *properties, size_t n, char *answer, struct ins_error *err)
{
	cleanup_free char **argv = calloc(6 + count_words(properties, n), sizeof(*argv));
	char **next = argv;
	int r;

	if (!argv)
		return ins_error_set(err, ENOMEM, "ask systemd");
	*++next = (char *)(unit->user_manager ? "user" : "system");
	*++next = (char *)verb;
	*++next = (char *)unit->name;
	if (word)
		*++next = (char *)word;
	put_words(next + 1, properties, n);
	r = ask(argv, answer, err);
	if (r < 0)
		ins_error_prefix(err, "systemd unit %s", unit->name);
	return r;
}

int ins_systemd_start(const struct ins_systemd_unit *unit,
	const struct ins_unit_property *properties, size_t n, pid_t pid, char **ret_cgroup,
	struct ins_error *err)
{
	char number[16], answer[ANSWER_SIZE];
	char *cgroup;
	int r;

	snprintf(number, sizeof(number), "%d", (int)pid);
	r = request("start", unit, number, properties, n, answer, err);
	if (r < 0)
		return r;
	if (answer[0] != '/')
		return ins_error_text(
			err, EPROTO, "systemd unit %s: its cgroup is '%s'", unit->name, answer);
	cgroup = strdup(answer);
	if (!cgroup)
		return ins_error_set(err, ENOMEM, "systemd unit %s", unit->name);
	*ret_cgroup = cgroup;
	return 0;
}

int ins_systemd_set(const struct ins_systemd_unit *unit, const struct ins_unit_property *properties,
	size_t n, struct ins_error *err)
{
	char answer[ANSWER_SIZE];

	return n > 0 ? request("set", unit, NULL, properties, n, answer, err) : 0;
}

int ins_systemd_attach(const struct ins_systemd_unit *unit, pid_t pid, struct ins_error *err)
{
	char number[16], answer[ANSWER_SIZE];

	snprintf(number, sizeof(number), "%d", (int)pid);
	return request("attach", unit, number, NULL, 0, answer, err);
}

int ins_systemd_stop(const struct ins_systemd_unit *unit, struct ins_error *err)
{
	char answer[ANSWER_SIZE];

	return request("stop", unit, unit->description, NULL, 0, answer, err);
}

int ins_systemd_run(const struct ins_systemd_unit *unit, struct ins_error *err)
{
	char answer[ANSWER_SIZE];

	return request("run", unit, NULL, NULL, 0, answer, err);
}

int ins_systemd_halt(const struct ins_systemd_unit *unit, struct ins_error *err)
{
	char answer[ANSWER_SIZE];

	return request("halt", unit, NULL, NULL, 0, answer, err);
}

int ins_systemd_forbid(const struct ins_systemd_unit *unit, struct ins_error *err)
{
	char answer[ANSWER_SIZE];

	return request("forbid", unit, NULL, NULL, 0, answer, err);
}

int ins_systemd_register(const struct ins_systemd_unit *unit, const char *machine, pid_t leader,
	struct ins_error *err)
{
	char number[16], answer[ANSWER_SIZE];
	char *words[] = { NULL, (char *)(unit->user_manager ? "user" : "system"),
		(char *)"register", (char *)unit->name, (char *)machine, number, NULL };
	int r;

	snprintf(number, sizeof(number), "%d", (int)leader);
	r = ask(words, answer, err);
	return r < 0 ? ins_error_prefix(err, "tell systemd-machined of %s", machine) : 0;
}

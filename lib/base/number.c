/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/number.h"
#include "insula.h"

/* @n digits at @text; every byte has to be one. */
static int parse_digits(const char *text, size_t n, uint64_t *ret)
{
	uint64_t value = 0;

	if (n == 0)
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		unsigned int digit = (unsigned char)text[i] - (unsigned int)'0';

		if (digit >= 10)
			return -EINVAL;
	}
	if (n > 1 && text[0] == '0')
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		if (__builtin_mul_overflow(value, 10U, &value) ||
			__builtin_add_overflow(value, (uint64_t)(text[i] - '0'), &value))
			return -ERANGE;
	}
	*ret = value;
	return 0;
}

static int parse_range(const char *text, size_t n, uint64_t min, uint64_t max, uint64_t *ret)
{
	uint64_t value;
	int r = parse_digits(text, n, &value);

	if (r < 0)
		return r;
	if (value < min || value > max)
		return -ERANGE;
	*ret = value;
	return 0;
}

int ins_number_u64(const char *text, uint64_t min, uint64_t max, uint64_t *ret_value)
{
	if (!text)
		return -EINVAL;
	return parse_range(text, strlen(text), min, max, ret_value);
}

int ins_number_i64(const char *text, int64_t min, int64_t max, int64_t *ret_value)
{
	bool negative = text && text[0] == '-';
	uint64_t magnitude;
	int64_t value;
	int r;

	if (!text)
		return -EINVAL;
	text += negative;
	r = parse_digits(text, strlen(text), &magnitude);
	if (r < 0)
		return r;
	/* The magnitude of INT64_MIN is one more than INT64_MAX. */
	if (magnitude > (uint64_t)INT64_MAX + negative)
		return -ERANGE;
	value = (int64_t)(negative ? -magnitude : magnitude);
	if (value < min || value > max)
		return -ERANGE;
	*ret_value = value;
	return 0;
}

static int parse_id(const char *text, size_t n, uint32_t *ret)
{
	uint64_t value;
	int r = parse_range(text, n, 0, INS_ID_NONE - 1, &value);

	if (r < 0)
		return r;
	*ret = (uint32_t)value;
	return 0;
}

int ins_id_parse(const char *text, uint32_t *ret_id)
{
	if (!text)
		return -EINVAL;
	return parse_id(text, strlen(text), ret_id);
}

int ins_user_parse(const char *text, uint32_t *ret_uid, bool *ret_has_gid, uint32_t *ret_gid)
{
	const char *colon = text ? strchr(text, ':') : NULL;
	uint32_t uid, gid = 0;
	int r;

	if (!text)
		return -EINVAL;
	r = parse_id(text, colon ? (size_t)(colon - text) : strlen(text), &uid);
	if (r < 0)
		return r;
	if (colon) {
		r = parse_id(colon + 1, strlen(colon + 1), &gid);
		if (r < 0)
			return r;
		*ret_gid = gid;
	}
	*ret_uid = uid;
	*ret_has_gid = colon;
	return 0;
}

/* The numbers of x86, arm64, riscv and most others, as <asm-generic/signal.h>; the C library's
 * names serve so that the rest comes out right too. */
static const struct {
	const char *name;
	int number;
} signal_names[] = {
	{ "HUP", SIGHUP },
	{ "INT", SIGINT },
	{ "QUIT", SIGQUIT },
	{ "ILL", SIGILL },
	{ "TRAP", SIGTRAP },
	{ "ABRT", SIGABRT },
	{ "IOT", SIGIOT },
	{ "BUS", SIGBUS },
	{ "FPE", SIGFPE },
	{ "KILL", SIGKILL },
	{ "USR1", SIGUSR1 },
	{ "SEGV", SIGSEGV },
	{ "USR2", SIGUSR2 },
	{ "PIPE", SIGPIPE },
	{ "ALRM", SIGALRM },
	{ "TERM", SIGTERM },
	{ "STKFLT", SIGSTKFLT },
	{ "CHLD", SIGCHLD },
	{ "CLD", SIGCHLD },
	{ "CONT", SIGCONT },
	{ "STOP", SIGSTOP },
	{ "TSTP", SIGTSTP },
	{ "TTIN", SIGTTIN },
	{ "TTOU", SIGTTOU },
	{ "URG", SIGURG },
	{ "XCPU", SIGXCPU },
	{ "XFSZ", SIGXFSZ },
	{ "VTALRM", SIGVTALRM },
	{ "PROF", SIGPROF },
	{ "WINCH", SIGWINCH },
	{ "IO", SIGIO },
	{ "POLL", SIGPOLL },
	{ "PWR", SIGPWR },
	{ "SYS", SIGSYS },
};

/* What callers mean by SIGRTMIN and SIGRTMAX: glibc's values. The kernel's first real-time signal
 * is 32, but C libraries keep two or three for themselves, and how many must not change the
 * meaning. */
#define RT_MIN 34
#define RT_MAX 64

/* "RTMIN", "RTMIN+3", "RTMAX", "RTMAX-2". */
static int parse_real_time(const char *text)
{
	bool from_min = strncasecmp(text, "RTMIN", 5) == 0;
	const char *rest = text + 5;
	uint64_t distance = 0;

	if (!from_min && strncasecmp(text, "RTMAX", 5) != 0)
		return -EINVAL;
	if (*rest != '\0') {
		if (*rest != (from_min ? '+' : '-'))
			return -EINVAL;
		if (ins_number_u64(rest + 1, 0, RT_MAX - RT_MIN, &distance) < 0)
			return -EINVAL;
	}
	return from_min ? RT_MIN + (int)distance : RT_MAX - (int)distance;
}

int ins_signal_parse(const char *text)
{
	uint64_t number;

	if (!text)
		return -EINVAL;
	/* Signal 0 is sent to ask whether there is somebody to send to. */
	if (ins_number_u64(text, 0, RT_MAX, &number) == 0)
		return (int)number;
	if (strncasecmp(text, "SIG", 3) == 0)
		text += 3;
	for (size_t i = 0; i < ARRAY_LENGTH(signal_names); i++) {
		if (strcasecmp(text, signal_names[i].name) == 0)
			return signal_names[i].number;
	}
	return parse_real_time(text);
}

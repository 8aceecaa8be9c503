/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A faster program of equal meaning.
 *
 * libseccomp asks for one system call after the other, or for groups of them. Loading such a
 * program is dear: the kernel translates every instruction, and runs the program for each number
 * there is, to learn which calls are always allowed (Linux 5.11). Here it is turned into a search
 * tree over ranges of numbers.
 *
 * The way is partial evaluation, so nothing has to be known about how the program was made. For
 * each architecture that it asks for, and for all others, it is followed with that architecture and
 * one number of each range whose numbers it cannot tell apart: the ranges are cut at the constants
 * that it compares the number with. Where that ends in a result, the range has this result. Where
 * an argument is looked at first, the instructions from there on are copied, without what is known
 * by then. A program with anything in it that is not understood here is left as it is.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "seccomp/seccomp.h"

/* A conditional jump of classic BPF reaches so many instructions forward. */
#define NEAR 255

/* As many architectures as one byte order has in libseccomp, and more. */
#define MOST_ARCHITECTURES 32

/* What is in the accumulator: one bit each, so that they make sets. */
enum content {
	CONTENT_NONE = 1,
	CONTENT_NUMBER = 2, /* of the system call */
	CONTENT_ARCH = 4,
	CONTENT_UNKNOWN = 8, /* made from an argument or the instruction pointer */
};

/* A range of numbers, up to the next one's start, that the program treats alike. */
struct range {
	uint32_t from;
	bool is_code; /* value is the first of the instructions that decide; else the result */
	uint32_t value;
};

struct optimizer {
	const struct sock_filter *old;
	uint32_t n_old;
	uint32_t architectures[MOST_ARCHITECTURES];
	uint32_t n_architectures;
	uint8_t *contents; /* of each old instruction: what the accumulator may hold there */
	uint32_t *cuts;    /* the numbers at which ranges begin */
	uint32_t n_cuts;
	struct range *ranges;
	uint32_t n_ranges;
	uint32_t *places; /* of each old instruction that is copied: where it went */

	/* The new program grows towards its front, because jumps go forward only: whatever is
	 * jumped to is there already. */
	struct sock_filter *new;
	uint32_t capacity, start;
};

static enum content loaded_content(const struct sock_filter *instruction)
{
	if (instruction->k == offsetof(struct seccomp_data, nr))
		return CONTENT_NUMBER;
	if (instruction->k == offsetof(struct seccomp_data, arch))
		return CONTENT_ARCH;
	return CONTENT_UNKNOWN;
}

/* Does the comparison hold for @value? Only for jumps on a constant. */
static bool holds(const struct sock_filter *jump, uint32_t value)
{
	switch (BPF_OP(jump->code)) {
	case BPF_JEQ:
		return value == jump->k;
	case BPF_JGT:
		return value > jump->k;
	default: /* BPF_JGE: jump_is_known() has refused all others */
		return value >= jump->k;
	}
}

static void add_architecture(struct optimizer *optimizer, uint32_t architecture)
{
	for (uint32_t i = 0; i < optimizer->n_architectures; i++) {
		if (optimizer->architectures[i] == architecture)
			return;
	}
	optimizer->architectures[optimizer->n_architectures++] = architecture;
}

/* A jump on what the accumulator holds: fit for this way of looking at it? */
static bool jump_is_known(
	struct optimizer *optimizer, const struct sock_filter *jump, uint8_t content)
{
	uint16_t op = BPF_OP(jump->code);

	if (BPF_CLASS(jump->code) != BPF_JMP || BPF_SRC(jump->code) != BPF_K)
		return false;
	if (op != BPF_JEQ && op != BPF_JGT && op != BPF_JGE && op != BPF_JSET)
		return false;
	if (content == CONTENT_NUMBER)
		return op != BPF_JSET;
	if (content == CONTENT_ARCH) {
		if (op != BPF_JEQ || optimizer->n_architectures == MOST_ARCHITECTURES)
			return false;
		add_architecture(optimizer, jump->k);
		return true;
	}
	/* Not a mixture: decided on one way to it and open on another. */
	return content == CONTENT_UNKNOWN;
}

static bool mark(struct optimizer *optimizer, uint64_t at, uint8_t content)
{
	if (at >= optimizer->n_old)
		return false;
	optimizer->contents[at] |= content;
	return true;
}

/* Go through the program once; jumps only lead forward. Return: false if it is not understood. */
static bool mark_contents(struct optimizer *optimizer)
{
	bool known = mark(optimizer, 0, CONTENT_NONE);

	for (uint32_t i = 0; i < optimizer->n_old && known; i++) {
		const struct sock_filter *instruction = &optimizer->old[i];
		uint8_t content = optimizer->contents[i];
		uint64_t next = (uint64_t)i + 1;

		if (!content)
			continue; /* never reached */
		switch (instruction->code) {
		case BPF_RET | BPF_K:
			break;
		case BPF_LD | BPF_W | BPF_ABS:
			known = mark(optimizer, next, loaded_content(instruction));
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			known = content == CONTENT_UNKNOWN && mark(optimizer, next, content);
			break;
		case BPF_JMP | BPF_JA:
			known = mark(optimizer, next + instruction->k, content);
			break;
		default:
			known = jump_is_known(optimizer, instruction, content) &&
				mark(optimizer, next + instruction->jt, content) &&
				mark(optimizer, next + instruction->jf, content);
		}
	}
	return known;
}

/*
 * From @at on, go as far as the architecture and the number decide.
 * Return: the instruction that is a result, or that does something with an argument.
 */
static uint32_t follow(
	const struct optimizer *optimizer, uint32_t at, uint32_t architecture, uint32_t number)
{
	for (;;) {
		const struct sock_filter *instruction = &optimizer->old[at];

		if (BPF_CLASS(instruction->code) == BPF_LD &&
			loaded_content(instruction) != CONTENT_UNKNOWN) {
			at++;
		} else if (instruction->code == (BPF_JMP | BPF_JA)) {
			at += 1 + instruction->k;
		} else if (BPF_CLASS(instruction->code) == BPF_JMP &&
			   optimizer->contents[at] != CONTENT_UNKNOWN) {
			uint32_t value =
				optimizer->contents[at] == CONTENT_ARCH ? architecture : number;

			at += 1 + (holds(instruction, value) ? instruction->jt : instruction->jf);
		} else {
			return at;
		}
	}
}

static int compare_numbers(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* All constants that a number is compared with, and their successors, begin ranges. */
static void find_cuts(struct optimizer *optimizer)
{
	uint32_t n = 0, kept = 0;

	optimizer->cuts[n++] = 0;
	for (uint32_t i = 0; i < optimizer->n_old; i++) {
		const struct sock_filter *instruction = &optimizer->old[i];

		if (optimizer->contents[i] != CONTENT_NUMBER ||
			BPF_CLASS(instruction->code) != BPF_JMP ||
			BPF_OP(instruction->code) == BPF_JA)
			continue;
		optimizer->cuts[n++] = instruction->k;
		if (instruction->k != UINT32_MAX)
			optimizer->cuts[n++] = instruction->k + 1;
	}
	qsort(optimizer->cuts, n, sizeof(*optimizer->cuts), compare_numbers);
	for (uint32_t i = 0; i < n; i++) {
		if (i == 0 || optimizer->cuts[i] != optimizer->cuts[i - 1])
			optimizer->cuts[kept++] = optimizer->cuts[i];
	}
	optimizer->n_cuts = kept;
}

static void find_ranges(struct optimizer *optimizer, uint32_t architecture)
{
	optimizer->n_ranges = 0;
	for (uint32_t i = 0; i < optimizer->n_cuts; i++) {
		uint32_t end = follow(optimizer, 0, architecture, optimizer->cuts[i]);
		const struct sock_filter *instruction = &optimizer->old[end];
		struct range range = { .from = optimizer->cuts[i],
			.is_code = BPF_CLASS(instruction->code) != BPF_RET };
		const struct range *last = NULL;

		if (optimizer->n_ranges > 0)
			last = &optimizer->ranges[optimizer->n_ranges - 1];
		range.value = range.is_code ? end : instruction->k;
		/* Code is copied for one cut at a time: it may ask for the number once more. */
		if (last && !range.is_code && !last->is_code && last->value == range.value)
			continue;
		optimizer->ranges[optimizer->n_ranges++] = range;
	}
}

/* Put an instruction before all others. Return: false if the program becomes too long. */
static bool put(struct optimizer *optimizer, struct sock_filter instruction)
{
	if (optimizer->start == 0)
		return false;
	optimizer->new[--optimizer->start] = instruction;
	return true;
}

/* An instruction that goes on at @target, if that is not what follows anyway. */
static bool put_way_to(struct optimizer *optimizer, uint32_t target)
{
	return target == optimizer->start ||
	       put(optimizer,
		       (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, target - optimizer->start));
}

/* A conditional jump to two places; where it does not reach, it jumps to a jump. */
static bool put_choice(
	struct optimizer *optimizer, uint16_t code, uint32_t k, uint32_t if_true, uint32_t if_false)
{
	/* One more instruction may come between, for the other branch. */
	if (if_true - optimizer->start > NEAR - 1) {
		if (!put_way_to(optimizer, if_true))
			return false;
		if_true = optimizer->start;
	}
	if (if_false - optimizer->start > NEAR) {
		if (!put_way_to(optimizer, if_false))
			return false;
		if_false = optimizer->start;
	}
	return put(optimizer,
		(struct sock_filter)BPF_JUMP(code, k, (uint8_t)(if_true - optimizer->start),
			(uint8_t)(if_false - optimizer->start)));
}

/* A result, or one of the same value that is near. */
static bool put_result(struct optimizer *optimizer, uint32_t value, uint32_t *ret_place)
{
	const struct sock_filter result = BPF_STMT(BPF_RET | BPF_K, value);

	for (uint32_t i = optimizer->start;
		i < optimizer->capacity && i - optimizer->start < NEAR / 2; i++) {
		if (memcmp(&optimizer->new[i], &result, sizeof(result)) == 0) {
			*ret_place = i;
			return true;
		}
	}
	*ret_place = optimizer->start - 1;
	return put(optimizer, result);
}

/* Copy one instruction whose successors are copied already. */
static bool copy_instruction(
	struct optimizer *optimizer, uint32_t at, uint32_t architecture, uint32_t number)
{
	const struct sock_filter *instruction = &optimizer->old[at];
	uint32_t *places = optimizer->places;
	bool done;

	if (BPF_CLASS(instruction->code) == BPF_RET)
		return put_result(optimizer, instruction->k, &places[at]);
	if (BPF_CLASS(instruction->code) == BPF_JMP) {
		uint32_t if_true =
			follow(optimizer, at + 1 + instruction->jt, architecture, number);
		uint32_t if_false =
			follow(optimizer, at + 1 + instruction->jf, architecture, number);

		done = put_choice(optimizer, instruction->code, instruction->k, places[if_true],
			places[if_false]);
	} else {
		uint32_t next = follow(optimizer, at + 1, architecture, number);

		done = put_way_to(optimizer, places[next]) && put(optimizer, *instruction);
	}
	places[at] = optimizer->start;
	return done;
}

/* Copy what is reached from @first, last instruction first. */
static bool copy_code(
	struct optimizer *optimizer, uint32_t first, uint32_t architecture, uint32_t number)
{
	cleanup_free bool *reached = calloc(optimizer->n_old, sizeof(*reached));

	if (!reached)
		return false;
	reached[first] = true;
	for (uint32_t i = first; i < optimizer->n_old; i++) {
		const struct sock_filter *instruction = &optimizer->old[i];

		if (!reached[i] || BPF_CLASS(instruction->code) == BPF_RET)
			continue;
		if (BPF_CLASS(instruction->code) == BPF_JMP) {
			reached[follow(optimizer, i + 1 + instruction->jt, architecture, number)] =
				true;
			reached[follow(optimizer, i + 1 + instruction->jf, architecture, number)] =
				true;
		} else {
			reached[follow(optimizer, i + 1, architecture, number)] = true;
		}
	}
	for (uint32_t i = optimizer->n_old; i-- > first;) {
		if (reached[i] && !copy_instruction(optimizer, i, architecture, number))
			return false;
	}
	return true;
}

/* The search tree over ranges @from up to, not including, @to. */
static bool put_tree(struct optimizer *optimizer, uint32_t from, uint32_t to, uint32_t architecture,
	uint32_t *ret_place)
{
	const struct range *range = &optimizer->ranges[from];
	uint32_t middle = from + (to - from) / 2, low, high;

	if (to - from == 1 && !range->is_code)
		return put_result(optimizer, range->value, ret_place);
	if (to - from == 1) {
		if (!copy_code(optimizer, range->value, architecture, range->from))
			return false;
		*ret_place = optimizer->places[range->value];
		return true;
	}
	if (!put_tree(optimizer, middle, to, architecture, &high) ||
		!put_tree(optimizer, from, middle, architecture, &low) ||
		!put_choice(optimizer, BPF_JMP | BPF_JGE | BPF_K, optimizer->ranges[middle].from,
			high, low))
		return false;
	*ret_place = optimizer->start;
	return true;
}

static bool put_architecture(
	struct optimizer *optimizer, uint32_t architecture, uint32_t *ret_place)
{
	find_ranges(optimizer, architecture);
	if (!put_tree(optimizer, 0, optimizer->n_ranges, architecture, ret_place))
		return false;
	if (optimizer->n_ranges == 1)
		return true;
	if (!put_way_to(optimizer, *ret_place) ||
		!put(optimizer, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
					offsetof(struct seccomp_data, nr))))
		return false;
	*ret_place = optimizer->start;
	return true;
}

/* A number that none of the architectures has. */
static uint32_t other_architecture(const struct optimizer *optimizer)
{
	for (uint32_t other = 0;; other++) {
		uint32_t i = 0;

		while (i < optimizer->n_architectures && optimizer->architectures[i] != other)
			i++;
		if (i == optimizer->n_architectures)
			return other;
	}
}

static bool put_program(struct optimizer *optimizer)
{
	uint32_t places[MOST_ARCHITECTURES], place;

	if (!put_architecture(optimizer, other_architecture(optimizer), &place))
		return false;
	for (uint32_t i = optimizer->n_architectures; i-- > 0;) {
		if (!put_architecture(optimizer, optimizer->architectures[i], &places[i]))
			return false;
	}
	for (uint32_t i = optimizer->n_architectures; i-- > 0;) {
		if (!put_choice(optimizer, BPF_JMP | BPF_JEQ | BPF_K, optimizer->architectures[i],
			    places[i], place))
			return false;
		place = optimizer->start;
	}
	return put_way_to(optimizer, place) &&
	       put(optimizer, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
				      offsetof(struct seccomp_data, arch)));
}

static void release(struct optimizer *optimizer)
{
	free(optimizer->contents);
	free(optimizer->cuts);
	free(optimizer->ranges);
	free(optimizer->places);
	free(optimizer->new);
}

int ins_seccomp_optimize(struct sock_filter **program, uint32_t *n, struct ins_error *err)
{
	__attribute__((cleanup(release))) struct optimizer optimizer = {
		.old = *program, .n_old = *n, .capacity = INS_SECCOMP_MAX, .start = INS_SECCOMP_MAX
	};
	struct sock_filter *better;
	uint32_t length;

	optimizer.contents = calloc(*n, sizeof(*optimizer.contents));
	optimizer.cuts = calloc(2 * (size_t)*n + 1, sizeof(*optimizer.cuts));
	optimizer.ranges = calloc(2 * (size_t)*n + 1, sizeof(*optimizer.ranges));
	optimizer.places = calloc(*n, sizeof(*optimizer.places));
	optimizer.new = calloc(INS_SECCOMP_MAX, sizeof(*optimizer.new));
	if (!optimizer.contents || !optimizer.cuts || !optimizer.ranges || !optimizer.places ||
		!optimizer.new)
		return ins_error_set(err, ENOMEM, "compile the seccomp filter");
	if (!mark_contents(&optimizer))
		return 0;
	find_cuts(&optimizer);
	if (!put_program(&optimizer))
		return 0;
	length = INS_SECCOMP_MAX - optimizer.start;
	if (length >= *n)
		return 0;
	better = malloc(length * sizeof(*better));
	if (!better)
		return ins_error_set(err, ENOMEM, "compile the seccomp filter");
	memcpy(better, optimizer.new + optimizer.start, length * sizeof(*better));
	free(*program);
	*program = better;
	*n = length;
	return 0;
}

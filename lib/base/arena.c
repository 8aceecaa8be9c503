/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/error.h"

/* The bookkeeping stands apart from the memory that is handed out, so that a copy of the memory
 * holds nothing but what was allocated. */
struct ins_arena {
	char *base;
	size_t used, reserve;
	bool sealed;
};

#define ALIGNMENT 16

int ins_arena_new(void *address, size_t reserve, struct ins_arena **ret, struct ins_error *err)
{
	struct ins_arena *arena = calloc(1, sizeof(*arena));
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;

	if (!arena)
		return ins_error_set(err, ENOMEM, "allocate an arena");
	if (address)
		flags |= MAP_FIXED_NOREPLACE; /* Linux 4.17 */
	arena->base = mmap(address, reserve, PROT_READ | PROT_WRITE, flags, -1, 0);
	if (arena->base == MAP_FAILED) {
		int code = errno;

		free(arena);
		return ins_error_set(err, code, "reserve %zu bytes of address space", reserve);
	}
	arena->reserve = reserve;
	*ret = arena;
	return 0;
}

void ins_arena_free(struct ins_arena *arena)
{
	if (!arena)
		return;
	(void)munmap(arena->base, arena->reserve);
	free(arena);
}

void *ins_arena_alloc(struct ins_arena *arena, size_t size)
{
	size_t rounded = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
	void *memory;

	if (arena->sealed || rounded < size || rounded > arena->reserve - arena->used)
		return NULL;
	memory = arena->base + arena->used;
	arena->used += rounded;
	return memory;
}

void *ins_arena_array(struct ins_arena *arena, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes))
		return NULL;
	return ins_arena_alloc(arena, bytes);
}

void *ins_arena_copy(struct ins_arena *arena, const void *data, size_t size)
{
	void *memory = ins_arena_alloc(arena, size);

	if (memory && size > 0)
		memcpy(memory, data, size);
	return memory;
}

char *ins_arena_strdup(struct ins_arena *arena, const char *text)
{
	return text ? ins_arena_copy(arena, text, strlen(text) + 1) : NULL;
}

char *ins_arena_printf(struct ins_arena *arena, const char *fmt, ...)
{
	va_list ap;
	char *memory;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return NULL;
	memory = ins_arena_alloc(arena, (size_t)n + 1);
	if (!memory)
		return NULL;
	va_start(ap, fmt);
	vsnprintf(memory, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return memory;
}

void *ins_arena_base(const struct ins_arena *arena)
{
	return arena->base;
}

size_t ins_arena_used(const struct ins_arena *arena)
{
	return arena->used;
}

int ins_arena_seal(struct ins_arena *arena, struct ins_error *err)
{
	arena->sealed = true;
	if (mprotect(arena->base, arena->reserve, PROT_READ) < 0)
		return ins_error_set(err, errno, "make the plan read-only");
	return 0;
}

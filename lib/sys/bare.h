/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bare system calls: no errno, no libc, results as the kernel gives them (−errno on failure). All
 * that init uses; the parent may use them too for calls that the C library has no wrapper for.
 */
#ifndef INSULA_SYS_BARE_H
#define INSULA_SYS_BARE_H

#include <stddef.h>
#include <stdint.h>
#include <asm/unistd.h>

#if defined(__x86_64__)
static inline long ins_sys6(long n, long a, long b, long c, long d, long e, long f)
{
	long result;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}
#elif defined(__aarch64__)
static inline long ins_sys6(long n, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = n;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc 0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
}
#elif defined(__riscv) && __riscv_xlen == 64
static inline long ins_sys6(long n, long a, long b, long c, long d, long e, long f)
{
	register long a7 __asm__("a7") = n;
	register long a0 __asm__("a0") = a;
	register long a1 __asm__("a1") = b;
	register long a2 __asm__("a2") = c;
	register long a3 __asm__("a3") = d;
	register long a4 __asm__("a4") = e;
	register long a5 __asm__("a5") = f;

	__asm__ volatile("ecall"
			 : "+r"(a0)
			 : "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5)
			 : "memory");
	return a0;
}
#else
#error "this architecture needs its system call instruction in lib/sys/bare.h"
#endif

#define ins_sys_0(n)                (ins_sys6((n), 0, 0, 0, 0, 0, 0))
#define ins_sys_1(n, a)             (ins_sys6((n), (long)(a), 0, 0, 0, 0, 0))
#define ins_sys_2(n, a, b)          (ins_sys6((n), (long)(a), (long)(b), 0, 0, 0, 0))
#define ins_sys_3(n, a, b, c)       (ins_sys6((n), (long)(a), (long)(b), (long)(c), 0, 0, 0))
#define ins_sys_4(n, a, b, c, d)                                                                   \
	(ins_sys6((n), (long)(a), (long)(b), (long)(c), (long)(d), 0, 0))
#define ins_sys_5(n, a, b, c, d, e)                                                                \
	(ins_sys6((n), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0))
#define ins_sys_6(n, a, b, c, d, e, f)                                                             \
	(ins_sys6((n), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f)))

/*
 * ins_sys(openat, AT_FDCWD, "/", O_PATH, 0): the call by its name. Pointers are cast to long.
 */
#define INS_SYS_COUNT_(a, b, c, d, e, f, g, count, ...) count
#define INS_SYS_COUNT(...)                                                                         \
	INS_SYS_COUNT_(__VA_ARGS__, ins_sys_6, ins_sys_5, ins_sys_4, ins_sys_3, ins_sys_2,         \
		ins_sys_1, ins_sys_0, )
#define ins_sys(name, ...)                                                                         \
	INS_SYS_COUNT(name, ##__VA_ARGS__)(__NR_##name, ##__VA_ARGS__)

#endif

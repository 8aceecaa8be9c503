/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/bare.h"
#include "sys/clone.h"

/*
 * The child may come back from the system call on a new stack, where there is no frame to return to:
 * it calls @fn at once and leaves. One assembler block, so that no code of the compiler's runs
 * between.
 */
pid_t ins_clone(struct clone_args *args, int (*fn)(void *data), void *data)
{
#if defined(__x86_64__)
	long result = __NR_clone3;

	__asm__ volatile("syscall\n\t"
			 "test %%rax,%%rax\n\t"
			 "jnz 1f\n\t"
			 "xor %%ebp,%%ebp\n\t"
			 "mov %[data],%%rdi\n\t"
			 "call *%[fn]\n\t"
			 "mov %%eax,%%edi\n\t"
			 "mov %[exit],%%eax\n\t"
			 "syscall\n\t"
			 "hlt\n"
			 "1:"
			 : "+a"(result)
			 : "D"(args),
			 "S"(sizeof(*args)), [fn] "r"(fn), [data] "r"(data), [exit] "i"(__NR_exit)
			 : "rcx", "r11", "memory");
	return (pid_t)result;
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = __NR_clone3;
	register long x0 __asm__("x0") = (long)args;
	register long x1 __asm__("x1") = sizeof(*args);

	__asm__ volatile("svc 0\n\t"
			 "cbnz x0,1f\n\t"
			 "mov x29,#0\n\t"
			 "mov x0,%[data]\n\t"
			 "blr %[fn]\n\t"
			 "mov x8,%[exit]\n\t"
			 "svc 0\n"
			 "1:"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), [fn] "r"(fn), [data] "r"(data), [exit] "i"(__NR_exit)
			 : "x30", "memory");
	return (pid_t)x0;
#elif defined(__riscv) && __riscv_xlen == 64
	register long a7 __asm__("a7") = __NR_clone3;
	register long a0 __asm__("a0") = (long)args;
	register long a1 __asm__("a1") = sizeof(*args);

	__asm__ volatile("ecall\n\t"
			 "bnez a0,1f\n\t"
			 "mv a0,%[data]\n\t"
			 "jalr %[fn]\n\t"
			 "li a7,%[exit]\n\t"
			 "ecall\n"
			 "1:"
			 : "+r"(a0)
			 : "r"(a7), "r"(a1), [fn] "r"(fn), [data] "r"(data), [exit] "i"(__NR_exit)
			 : "ra", "memory");
	return (pid_t)a0;
#else
#error "this architecture needs its clone3 call in lib/sys/clone.c"
#endif
}

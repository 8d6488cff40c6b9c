// SPDX-License-Identifier: MIT
/*
 * guard-far-return.c - a far return to the 32-bit code segment, and int $0x80
 * there
 *
 * QEMU 7.2 reads the stack of a far return as if the kernel did, which SMAP
 * forbids: under it this test needs xsc-vm --cpu max,-smap.  tests/guest/run
 * does that.
 *
 * The program itself lies below 4 GiB; the 32-bit code needs no stack.
 */
#include <cpuid.h>

#include "guard.h"

static char x[] = "x";

/* 32-bit code: write(ebx, ecx, edx) by each instruction, then back to 64 bits */
__asm__(".pushsection .text\n"
	".code32\n"
	"code32_int80:\n\t"
	"mov $4, %eax\n\t"
	"int $0x80\n\t"
	"ljmp $0x33, $code64_back\n"
	".code64\n"
	"code64_back:\n\t"
	/* 32-bit code need not have kept the upper half of %rsp */
	"mov %r13, %rsp\n\t"
	"jmp *%r12\n"
	".popsection");

extern char code32_int80[];

/* far return: the selector and the address come from the stack */
static void try_lret(int fd)
{
	__asm__ volatile("lea 1f(%%rip), %%r12\n\t"
			 "sub $128, %%rsp\n\t"
			 "mov %%rsp, %%r13\n\t"
			 "push $0x23\n\t"
			 "push %0\n\t"
			 "lretq\n"
			 "1:\n\t"
			 "add $128, %%rsp"
			 : : "r" (code32_int80), "b" ((long)fd), "c" (x), "d" (1L)
			 : "rax", "r8", "r9", "r10", "r11", "r12", "r13", "memory");
}

int main(int argc, char **argv)
{
	static const struct door door = {
		"far return, int $0x80", try_lret, "int80", 4, AUDIT_ARCH_I386, false, true,
	};
	unsigned int a, b = 0, c = 0, d, tcg = 0;

	__cpuid(0x40000000, a, tcg, c, d);
	__cpuid_count(7, 0, a, b, c, d);
	if (tcg == 0x54474354 /* "TCGT" */ && b & (1 << 20 /* SMAP */)) {
		tap_skip("far return: QEMU's emulation of it and SMAP do not go together");
		return tap_done();
	}
	guard_door(&door);
	return tap_done();
}

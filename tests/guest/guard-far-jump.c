// SPDX-License-Identifier: MIT
/*
 * guard-far-jump.c - a far jump to the 32-bit code segment, and int $0x80 there
 *
 * The program itself lies below 4 GiB; the 32-bit code needs no stack.
 */
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

/* far jump through memory */
static void try_ljmp(int fd)
{
	static struct __attribute__((packed)) {
		unsigned int	off;
		unsigned short	sel;
	} target;

	target.off = (unsigned long)code32_int80;
	target.sel = 0x23;
	__asm__ volatile("lea 1f(%%rip), %%r12\n\t"
			 "mov %%rsp, %%r13\n\t"
			 "ljmp *%0\n"
			 "1:"
			 : : "m" (target), "b" ((long)fd), "c" (x), "d" (1L)
			 : "rax", "r8", "r9", "r10", "r11", "r12", "r13", "memory");
}

int main(int argc, char **argv)
{
	static const struct door door = {
		"far jump, int $0x80", try_ljmp, "int80", 4, AUDIT_ARCH_I386, false, true,
	};

	guard_door(&door);
	return tap_done();
}

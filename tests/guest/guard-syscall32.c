// SPDX-License-Identifier: MIT
/*
 * guard-syscall32.c - sysenter and syscall from 32-bit code, after a far jump
 *
 * The kernel returns to the 32-bit vDSO, which a 64-bit process does not
 * have: the unstamped program ends too, but after the call was made.
 * A CPU has one of the two instructions in 32-bit code, by its vendor.
 */
#include <cpuid.h>

#include "guard.h"

static char x[] = "x";
static char stack[16384] __attribute__((aligned(16)));

__asm__(".pushsection .text\n"
	".code32\n"
	"code32_sysenter:\n\t"
	"mov $4, %eax\n\t"
	"sysenter\n\t"
	"ud2\n"
	"code32_syscall:\n\t"
	"mov $4, %eax\n\t"
	"mov %esi, %ebp\n\t"	/* where SYSCALL32 takes ecx from */
	"syscall\n\t"
	"ud2\n"
	".code64\n"
	".popsection");

extern char code32_sysenter[], code32_syscall[];

static void far_jump(const char *code, int fd)
{
	static struct __attribute__((packed)) {
		unsigned int	off;
		unsigned short	sel;
	} target;
	char *sp = stack + 12288;

	target.off = (unsigned long)code;
	target.sel = 0x23;
	*(unsigned int *)sp = 0;
	__asm__ volatile("mov %1, %%rsp\n\t"
			 "mov %1, %%rbp\n\t"
			 "ljmp *%0\n"
			 : : "m" (target), "r" (sp), "b" ((long)fd), "c" (x), "S" (x), "d" (1L)
			 : "memory");
}

static void try_sysenter(int fd)
{
	far_jump(code32_sysenter, fd);
}

static void try_syscall(int fd)
{
	far_jump(code32_syscall, fd);
}

int main(int argc, char **argv)
{
	static const struct door sysenter = {
		"32-bit sysenter", try_sysenter, "compat", 4, AUDIT_ARCH_I386, false, false,
	}, syscall32 = {
		"32-bit syscall", try_syscall, "compat", 4, AUDIT_ARCH_I386, false, false,
	};
	const struct door *door;
	unsigned int a, b = 0, c, d;
	long bytes;
	int pid;

	__get_cpuid(0, &a, &b, &c, &d);
	door = b == signature_INTEL_ebx ? &sysenter : &syscall32;
	if (!mini_xsc) {
		seen = shared(4096);
		guard_child(door, GUARD_DEFAULT, &pid, &bytes);
		tap_is(bytes, 1, "%s, unstamped: the call is made", door->name);
		return tap_done();
	}
	guard_door(door);
	return tap_done();
}

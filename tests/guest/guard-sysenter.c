// SPDX-License-Identifier: MIT
/*
 * guard-sysenter.c - sysenter from 64-bit code
 *
 * It forgets where it came from: the kernel takes the stack from %ebp and
 * returns to the 32-bit vDSO, which a 64-bit process does not have.  So the
 * unstamped program ends too, but after the call was made.
 */
#include <cpuid.h>

#include "guard.h"

static char x[] = "x";

static void try(int fd)
{
	/* the sixth argument is read from where %ebp points: below 4 GiB */
	static char stack[16384] __attribute__((aligned(16)));

	__asm__ volatile("mov %0, %%rbp\n\t"
			 "sysenter"
			 : : "r" (stack + 12288), "a" (4L), "b" ((long)fd), "c" (x), "d" (1L)
			 : "memory");
}

int main(int argc, char **argv)
{
	static const struct door door = {
		"sysenter", try, "compat", 4, AUDIT_ARCH_I386, false, false,
	};
	unsigned int a, b = 0, c, d;
	long bytes;
	int pid;

	__get_cpuid(0, &a, &b, &c, &d);
	if (b != signature_INTEL_ebx) {
		tap_skip("sysenter: only a GenuineIntel CPU has it in long mode (xsc-vm --cpu max,vendor=GenuineIntel)");
		return tap_done();
	}
	if (!mini_xsc) {
		seen = shared(4096);
		guard_child(&door, GUARD_DEFAULT, &pid, &bytes);
		tap_is(bytes, 1, "sysenter, unstamped: the call is made");
		return tap_done();
	}
	guard_door(&door);
	return tap_done();
}

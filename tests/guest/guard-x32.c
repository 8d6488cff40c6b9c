// SPDX-License-Identifier: MIT
/* guard-x32.c - x32 numbers, through the gate and past it */
#include "guard.h"

#define X32_WRITE	(0x40000000 | SYS_write)

static void try_gate(int fd)
{
	xsc_call(X32_WRITE, fd, "x", 1);
}

static void try_own(int fd)
{
	long ax = X32_WRITE;

	__asm__ volatile("syscall" : "+a" (ax)
			 : "D" ((long)fd), "S" ("x"), "d" (1L)
			 : "rcx", "r11", "memory");
}

int main(int argc, char **argv)
{
	static const struct door doors[] = {
		{ "x32 write through the gate", try_gate, "number", X32_WRITE, AUDIT_ARCH_X86_64, true, true },
		{ "x32 write past the gate", try_own, "syscall", X32_WRITE, AUDIT_ARCH_X86_64, true, true },
	};

	for (int i = 0; i < 2; i++)
		guard_door(&doors[i]);
	return tap_done();
}

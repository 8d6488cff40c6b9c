// SPDX-License-Identifier: MIT
/* guard-syscall.c - a syscall instruction in the program itself */
#include "guard.h"

static void try(int fd)
{
	long ax = SYS_write;

	__asm__ volatile("syscall" : "+a" (ax)
			 : "D" ((long)fd), "S" ("x"), "d" (1L)
			 : "rcx", "r11", "memory");
}

int main(int argc, char **argv)
{
	static const struct door door = {
		"syscall", try, "syscall", SYS_write, AUDIT_ARCH_X86_64, true, true,
	};

	guard_door(&door);
	return tap_done();
}

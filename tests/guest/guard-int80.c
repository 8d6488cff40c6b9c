// SPDX-License-Identifier: MIT
/* guard-int80.c - int $0x80 from 64-bit code, arguments below 4 GiB */
#include "guard.h"

static char x[] = "x";

static void try(int fd)
{
	long ax = 4;	/* write, by the 32-bit table */

	__asm__ volatile("int $0x80" : "+a" (ax)
			 : "b" ((long)fd), "c" (x), "d" (1L)
			 : "r8", "r9", "r10", "r11", "memory");
}

int main(int argc, char **argv)
{
	static const struct door door = {
		"int $0x80", try, "int80", 4, AUDIT_ARCH_I386, true, true,
	};

	guard_door(&door);
	return tap_done();
}

// SPDX-License-Identifier: MIT
/* helper-trap.c - getpid by a syscall instruction of its own */
#include <sys/syscall.h>

#include "mini.h"

int main(int argc, char **argv)
{
	long ax = SYS_getpid;

	__asm__ volatile("syscall" : "+a" (ax) : : "rcx", "r11", "memory");
	return ax > 0 ? 0 : 1;
}

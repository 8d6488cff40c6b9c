// SPDX-License-Identifier: MIT
/* raw.c - a system-call instruction outside the gate; as XSC it ends in SIGSYS */
#include <stdio.h>
#include <sys/syscall.h>

int main(void)
{
	long ret;

	asm volatile("syscall" : "=a"(ret) : "a"(SYS_getppid) : "rcx", "r11", "memory");
	printf("%s\n", ret > 0 ? "got in" : "refused");
	return 0;
}

// SPDX-License-Identifier: MIT
/* guard-copied-gate.c - the gate's own bytes, copied to memory of the program */
#include "guard.h"

static void try(int fd)
{
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memcpy(page, (void *)xsc_gate(), 0x40);
	mprotect(page, 4096, PROT_READ | PROT_EXEC);
	xsc_gate_call6(fd, (long)"x", 1, 0, 0, 0, SYS_write, (unsigned long)page + XSC_GATE_ENTER);
}

/* at the same offset in its page, so that only the high bits tell them apart */
static void try_same_offset(int fd)
{
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	page += xsc_gate() & 4095;
	memcpy(page, (void *)xsc_gate(), 0x40);
	mprotect((void *)((unsigned long)page & -4096UL), 4096, PROT_READ | PROT_EXEC);
	xsc_gate_call6(fd, (long)"x", 1, 0, 0, 0, SYS_write, (unsigned long)page + XSC_GATE_ENTER);
}

int main(int argc, char **argv)
{
	static const struct door doors[] = {
		{ "copied gate", try, "syscall", SYS_write, AUDIT_ARCH_X86_64, true, true },
		{ "copied gate, same page offset", try_same_offset, "syscall", SYS_write, AUDIT_ARCH_X86_64, true, true },
	};

	for (int i = 0; i < 2; i++)
		guard_door(&doors[i]);
	return tap_done();
}

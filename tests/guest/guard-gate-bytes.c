// SPDX-License-Identifier: MIT
/*
 * guard-gate-bytes.c - jumps to every byte of the gate
 *
 * From one byte behind a site on, other instructions come out of the same
 * bytes ("05 c3 cc cc cc" is an addition).  Wherever one starts, write() is
 * made by the first byte of the enter site alone.
 */
#include "guard.h"

/*
 * Registers that make the most of it: %rax is the number, %rdi the file and
 * a place to return to, %rsi, %rdx, %rcx as write has them.
 */
static void jump_to(unsigned long where, unsigned long ax, unsigned long di)
{
	__asm__ volatile("sub $128, %%rsp\n\t"
			 "call 1f\n"
			 "1:\n\t"
			 "addq $(2f - 1b), (%%rsp)\n\t"
			 "jmp *%3\n"
			 "2:\n\t"
			 "add $128, %%rsp"
			 : "+a" (ax), "+D" (di)
			 : "S" ("x"), "r" (where), "d" (1L)
			 : "rcx", "r10", "r11", "memory");
}

/* what became of a child that jumped: its wait status, and what was written */
static int attempt(unsigned long off, unsigned long ax, unsigned long di, int in, int out, long *bytes)
{
	int pid = fork(), status;
	char buf[16];

	if (!pid) {
		dup2(out, 1000);
		jump_to(xsc_gate() + off, ax, di);
		_exit(0);
	}
	status = wait_for(pid);
	*bytes = read(in, buf, sizeof(buf));
	return status;
}

int main(int argc, char **argv)
{
	/* a writable page whose address has write's number, 1, in its low half */
	unsigned long trick = 0x100000000UL;
	char *page = mmap((void *)trick, 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	/* plain numbers, and pointers that are numbers in their low half */
	const struct {
		unsigned long ax, di;
	} variants[] = {
		{ SYS_write, 1000 },
		{ trick + SYS_write, trick + 1000 },
		{ trick + SYS_write, 1000 },
		{ SYS_write, trick + 1000 },
	};
	int fds[2], traps = 0;

	if (!mini_xsc) {
		tap_skip("unstamped, the gate is code like any other");
		return tap_done();
	}
	pipe2(fds, O_NONBLOCK | O_CLOEXEC);
	for (unsigned long off = 0; off < 0x40; off++) {
		bool clean = true, wrote = false;
		char how[64] = "";

		for (int i = 0; i < 4; i++) {
			long bytes;
			int status = attempt(off, variants[i].ax, variants[i].di, fds[0], fds[1], &bytes);
			int sig = status == -1 ? 0 : status & 0x7f;

			wrote |= bytes > 0;
			/* two of the bytes are a return */
			clean &= (sig || status == 0) && bytes <= 0;
			traps += sig == SIGSYS;
			snprintf(how + strlen(how), sizeof(how) - strlen(how), " %d", sig);
		}
		if (off == XSC_GATE_ENTER)
			tap_ok(wrote, "gate+0x00: the enter site writes");
		else
			tap_ok(clean, "gate+0x%02lx: nothing is written (signals%s)", off, how);
	}
	tap_ok(traps >= 6, "some of them reached a syscall instruction and were trapped (%d)", traps);
	tap_ok(page == (char *)trick, "the page with a number as its address is there");
	return tap_done();
}

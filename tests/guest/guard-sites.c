// SPDX-License-Identifier: MIT
/* guard-sites.c - numbers at gate sites that do not admit them */
#include "guard.h"

/* Come to @site with a return address on the stack and in %rdi. */
static void at(unsigned long site, long nr, int fd)
{
	long ax = nr;

	__asm__ volatile("sub $128, %%rsp\n\t"
			 "call 1f\n"		/* the address of the jump below */
			 "1:\n\t"
			 "addq $(2f - 1b), (%%rsp)\n\t"
			 "jmp *%1\n"
			 "2:\n\t"
			 "add $128, %%rsp"
			 : "+a" (ax)
			 : "r" (site), "D" ((long)fd), "S" ("x"), "d" (1L)
			 : "rcx", "r10", "r11", "memory");
}

static void try_batch(int fd)
{
	at(xsc_gate() + XSC_GATE_BATCH, SYS_write, fd);
}

static void try_batch_below(int fd)
{
	at(xsc_gate() + XSC_GATE_BATCH, XSC_OP_BASE - 1, fd);
}

static void try_batch_huge(int fd)
{
	at(xsc_gate() + XSC_GATE_BATCH, -1, fd);
}

/* This site returns by a jump to %rdi, the first argument: nowhere here. */
static void try_vfork(int fd)
{
	dup2(fd, 1000);
	at(xsc_gate() + XSC_GATE_VFORK, SYS_write, 1000);
}

static void try_vfork_fork(int fd)
{
	at(xsc_gate() + XSC_GATE_VFORK, SYS_fork, fd);
}

static void try_vfork_own(int fd)
{
	at(xsc_gate() + XSC_GATE_VFORK, XSC_OP_NOP, fd);
}

static void try_sigreturn(int fd)
{
	at(xsc_gate() + XSC_GATE_SIGRETURN + 7, SYS_write, fd);
}

static void try_sigreturn_restart(int fd)
{
	at(xsc_gate() + XSC_GATE_SIGRETURN + 7, SYS_restart_syscall, fd);
}

static void try_sigreturn_own(int fd)
{
	at(xsc_gate() + XSC_GATE_SIGRETURN + 7, XSC_OP_NOP, fd);
}

int main(int argc, char **argv)
{
	const struct door doors[] = {
		{ "write from the batch site", try_batch, "number", SYS_write, AUDIT_ARCH_X86_64, true, true },
		{ "XSC_OP_BASE - 1 from the batch site", try_batch_below, "number", XSC_OP_BASE - 1, AUDIT_ARCH_X86_64, true, false },
		{ "-1 from the batch site", try_batch_huge, "number", -1, AUDIT_ARCH_X86_64, true, false },
		{ "write from the vfork site", try_vfork, "number", SYS_write, AUDIT_ARCH_X86_64, false, false },
		{ "fork from the vfork site", try_vfork_fork, "number", SYS_fork, AUDIT_ARCH_X86_64, false, false },
		{ "nop from the vfork site", try_vfork_own, "number", XSC_OP_NOP, AUDIT_ARCH_X86_64, false, false },
		{ "write from the sigreturn site", try_sigreturn, "number", SYS_write, AUDIT_ARCH_X86_64, false, false },
		{ "restart_syscall from the sigreturn site", try_sigreturn_restart, "number", SYS_restart_syscall, AUDIT_ARCH_X86_64, false, false },
		{ "nop from the sigreturn site", try_sigreturn_own, "number", XSC_OP_NOP, AUDIT_ARCH_X86_64, false, false },
	};

	for (int i = 0; i < (int)(sizeof(doors) / sizeof(*doors)); i++)
		guard_door(&doors[i]);
	if (mini_xsc) {
		tap_is(xsc_call(XSC_OP_NOP), -ENOSYS, "nop at the enter site: ENOSYS, as any unknown number");
		tap_is(xsc_call(1000000), -ENOSYS, "an unknown number at the enter site: ENOSYS");
		tap_is(xsc_call(-1), -ENOSYS, "-1 at the enter site: ENOSYS");
		tap_is(xsc_op(XSC_OP_NOP), 0, "nop at the batch site: 0");
		tap_is(xsc_op(XSC_OP_END), -ENOSYS, "an unknown op at the batch site: ENOSYS");
		tap_is(xsc_op(0x7fffffff), -ENOSYS, "op 2^31 - 1 at the batch site: ENOSYS");
	}
	return tap_done();
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * xsc.h - XSC on x86: the gate, the guard of do_syscall_64, running one op
 */
#ifndef _ASM_X86_XSC_H
#define _ASM_X86_XSC_H

#include <linux/xsc.h>

#include <asm/ptrace.h>
#include <asm/syscall.h>

/* Bytes of the syscall instruction, which the saved ip stands behind. */
#define XSC_INSN_SIZE		2

/*
 * The sigreturn site starts with "mov $15, %rax" (7 bytes): the byte pattern
 * that unwinders know.
 */
#define XSC_SIGRETURN_SKIP	7

/**
 * struct xsc_op_regs - the registers that running an op overwrites
 * @orig_ax:	the container's number, for a restart
 * @args:	its six arguments
 */
struct xsc_op_regs {
	unsigned long	orig_ax;
	unsigned long	args[6];
};

static inline void xsc_op_regs_save(const struct pt_regs *regs,
				    struct xsc_op_regs *s)
{
	s->orig_ax = regs->orig_ax;
	s->args[0] = regs->di;
	s->args[1] = regs->si;
	s->args[2] = regs->dx;
	s->args[3] = regs->r10;
	s->args[4] = regs->r8;
	s->args[5] = regs->r9;
}

static inline void xsc_op_regs_load(struct pt_regs *regs, u64 nr,
				    const u64 *args)
{
	regs->orig_ax = nr;
	regs->ax = -ENOSYS;
	regs->di = args[0];
	regs->si = args[1];
	regs->dx = args[2];
	regs->r10 = args[3];
	regs->r8 = args[4];
	regs->r9 = args[5];
}

static inline void xsc_op_regs_restore(struct pt_regs *regs,
				       const struct xsc_op_regs *s)
{
	regs->orig_ax = s->orig_ax;
	regs->di = s->args[0];
	regs->si = s->args[1];
	regs->dx = s->args[2];
	regs->r10 = s->args[3];
	regs->r8 = s->args[4];
	regs->r9 = s->args[5];
}

/* After a refused attempt: no signal handler may restart it. */
static inline void xsc_arch_no_restart(struct pt_regs *regs)
{
	regs->orig_ax = -1;
}

/* Where a restarted batch goes on: its fourth argument. */
static inline void xsc_arch_batch_resume_at(struct pt_regs *regs,
					    unsigned int pos)
{
	regs->r10 = pos;
}

/* Run a native call that no control looks at. */
static __always_inline long xsc_arch_call(struct pt_regs *regs, u32 nr)
{
	regs->ax = x64_sys_call(regs, nr);
	return regs->ax;
}

long xsc_arch_op(struct pt_regs *regs, u32 nr);
long xsc_arch_worker_op(u32 nr, const u64 *args);
unsigned long xsc_arch_gate(struct xsc_seal *seal);
bool xsc_arch_supported(void);

#endif /* _ASM_X86_XSC_H */

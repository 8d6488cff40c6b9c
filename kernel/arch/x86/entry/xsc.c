// SPDX-License-Identifier: GPL-2.0-only
/*
 * xsc.c - XSC on x86: kernel entry of XSC tasks, and the gate's place
 */
#include <linux/entry-common.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/syscalls.h>

#include <asm/syscall.h>
#include <asm/unistd.h>
#include <asm/vdso.h>
#include <asm/xsc.h>

#include "xsc_entry.h"

/* What a gate site admits. */
enum xsc_site {
	XSC_SITE_NONE,
	XSC_SITE_NATIVE,
	XSC_SITE_OWN,
};

static enum xsc_site xsc_site(unsigned long off, int nr)
{
	switch (off) {
	case XSC_GATE_ENTER:
		/* x32 numbers are another ABI; unknown ones get ENOSYS */
		return nr & __X32_SYSCALL_BIT && nr >= 0 ? XSC_SITE_NONE :
							   XSC_SITE_NATIVE;
	case XSC_GATE_BATCH:
		return nr >= XSC_OP_BASE ? XSC_SITE_OWN : XSC_SITE_NONE;
	case XSC_GATE_VFORK:
		return nr == __NR_vfork ? XSC_SITE_NATIVE : XSC_SITE_NONE;
	case XSC_GATE_SIGRETURN + XSC_SIGRETURN_SKIP:
		return nr == __NR_rt_sigreturn ? XSC_SITE_NATIVE :
						 XSC_SITE_NONE;
	default:
		return XSC_SITE_NONE;
	}
}

/**
 * xsc_run_worked() - run a native call with entry work, or of any number
 * @regs:	user registers, orig_ax holding the number
 *
 * Context: interrupts on.
 */
void xsc_run_worked(struct pt_regs *regs)
{
	int nr = syscall_enter_from_user_mode_work(regs, (int)regs->orig_ax);

	if (likely((unsigned int)nr < NR_syscalls)) {
		unsigned int unr = array_index_nospec((unsigned int)nr,
						      NR_syscalls);

		xsc_count_direct(unr);
		regs->ax = x64_sys_call(regs, unr);
		xsc_trace_direct(unr, regs->ax);
	} else if (nr != -1) {
		regs->ax = __x64_sys_ni_syscall(regs);
	}
}

/**
 * xsc_syscall_slow() - all but a known native number from the enter site
 * @regs:	user registers
 * @nr:		the number in %eax
 */
noinstr void xsc_syscall_slow(struct pt_regs *regs, int nr)
{
	enum xsc_site site;

	instrumentation_begin();
	site = xsc_site(regs->ip - current->xsc.gate_ip + XSC_GATE_ENTER, nr);
	instrumentation_end();

	if (site == XSC_SITE_NATIVE) {
		xsc_enter_from_user_mode(regs);
		instrumentation_begin();
		xsc_run_worked(regs);
		instrumentation_end();
		syscall_exit_to_user_mode(regs);
		return;
	}

	syscall_enter_from_user_mode_prepare(regs);
	instrumentation_begin();
	if (site == XSC_SITE_OWN)
		regs->ax = xsc_own_op(regs, nr);
	else if (regs->ip - current->xsc.gate_ip <= XSC_GATE_SIGRETURN +
						    XSC_SIGRETURN_SKIP)
		xsc_trap(regs, nr, XSC_DOOR_NUMBER);
	else
		xsc_trap(regs, nr, XSC_DOOR_SYSCALL);
	local_irq_disable();
	instrumentation_end();
	/*
	 * A container is no call: its ops have had their exit work, and it
	 * has none of its own.
	 */
	irqentry_exit_to_user_mode(regs);
}

/**
 * xsc_arch_op_enter() - what comes before a native op inside a container
 * @regs:	the task's own saved registers, loaded with the op
 * @nr:		its number
 *
 * Every control sees the op as if it had been entered alone: ptrace, seccomp,
 * audit and the raw_syscalls tracepoints read these registers.
 *
 * Return: the number of the call to make, or NR_syscalls if there is none: the
 * result is in @regs.
 */
u32 xsc_arch_op_enter(struct pt_regs *regs, u32 nr)
{
	long n = syscall_enter_from_user_mode_work(regs, nr);

	if (likely((unsigned long)n < NR_syscalls)) {
		n = array_index_nospec(n, NR_syscalls);
		if (likely(n == nr) || xsc_may_replace(n))
			return n;
		regs->ax = -EINVAL;
	} else if (n != -1) {
		regs->ax = __x64_sys_ni_syscall(regs);
	} else if (xsc_trap_sent()) {
		/*
		 * A handler that wants to emulate the call cannot reach a
		 * result inside a container.
		 */
		regs->ax = -ENOSYS;
	} else if (xsc_condemned()) {
		/* The registers are those of the core dump. */
		regs->ax = -EINTR;
	}
	return NR_syscalls;
}

/**
 * xsc_arch_op() - run one native op inside a container
 * @regs:	the task's own saved registers, loaded with the op
 * @nr:		its number
 *
 * Return: what the op returned, after the tracer had its say.
 */
long xsc_arch_op(struct pt_regs *regs, u32 nr)
{
	nr = xsc_arch_op_enter(regs, nr);
	if (likely(nr < NR_syscalls))
		regs->ax = x64_sys_call(regs, nr);
	syscall_op_exit_work(regs);
	return regs->ax;
}

/**
 * xsc_arch_worker_op() - run one native call in a worker
 * @nr:		its number, below NR_syscalls also under speculation
 * @args:	its arguments
 *
 * A worker has no user registers of its own that anybody could mean.
 *
 * Return: what the call returned; restart codes are for the caller.
 */
long xsc_arch_worker_op(u32 nr, const u64 *args)
{
	struct pt_regs regs = { .cs = __USER_CS, .ss = __USER_DS };

	xsc_op_nr_load(&regs, nr);
	xsc_op_args_load(&regs, args);
	return x64_sys_call(&regs, nr);
}

/**
 * xsc_arch_supported() - can a process of the current personality have a gate?
 *
 * Return: false when the 64-bit vDSO is switched off (vdso=0).
 */
bool xsc_arch_supported(void)
{
	return vdso64_enabled;
}

/**
 * xsc_arch_gate() - find the gate of the current process, and seal it
 * @seal:	gets the range of the vDSO and its data pages
 *
 * The vDSO stops being writable for debuggers too (VM_MAYWRITE), since
 * /proc/self/mem would otherwise plant code at the gate's address.
 *
 * Return: the instruction pointer that the enter site leaves, 0 without vDSO.
 */
unsigned long xsc_arch_gate(struct xsc_seal *seal)
{
	struct mm_struct *mm = current->mm;
	const struct vdso_image *image = mm->context.vdso_image;
	unsigned long base = (unsigned long)mm->context.vdso;
	struct vm_area_struct *vma;

	if (!base || !image || !image->sym___xsc_gate)
		return 0;

	mmap_write_lock(mm);
	vma = vma_lookup(mm, base);
	if (vma)
		vma->vm_flags &= ~VM_MAYWRITE;
	mmap_write_unlock(mm);
	if (!vma)
		return 0;

	seal->start = base + image->sym_vvar_start;
	seal->end = base + image->size;
	return base + image->sym___xsc_gate + XSC_GATE_ENTER + XSC_INSN_SIZE;
}

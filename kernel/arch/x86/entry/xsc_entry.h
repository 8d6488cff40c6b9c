/* SPDX-License-Identifier: GPL-2.0 */
/*
 * xsc_entry.h - the fast path of XSC tasks in do_syscall_64()
 *
 * Inlined, so that guard and accounting cost less than they take: what is
 * saved is the call of syscall_enter_from_user_mode() and its frame.
 */
#ifndef _X86_ENTRY_XSC_ENTRY_H
#define _X86_ENTRY_XSC_ENTRY_H

#ifdef CONFIG_XSC_HOOKS

#include <linux/context_tracking.h>
#include <linux/entry-common.h>
#include <linux/kmsan.h>
#include <linux/nospec.h>

#include "../../../drivers/xsc/xsc.h"

void xsc_syscall_slow(struct pt_regs *regs, int nr);
void xsc_run_worked(struct pt_regs *regs);

/* syscall_enter_from_user_mode_prepare(), inlined. */
static __always_inline void xsc_enter_from_user_mode(struct pt_regs *regs)
{
	arch_enter_from_user_mode(regs);
	lockdep_hardirqs_off(CALLER_ADDR0);
	user_exit_irqoff();

	instrumentation_begin();
	kmsan_unpoison_entry_regs(regs);
	trace_hardirqs_off_finish();
	local_irq_enable();
	instrumentation_end();
}

/*
 * Enter, run and account a native call whose number is in range.  The number
 * is read from memory where it is needed: kept in a register it would cost
 * every caller of do_syscall_64() a push and a pop.
 */
static __always_inline void xsc_run_native(struct pt_regs *regs)
{
	unsigned int nr;

	xsc_enter_from_user_mode(regs);

	instrumentation_begin();
	if (unlikely(READ_ONCE(current_thread_info()->syscall_work) &
		     SYSCALL_WORK_ENTER)) {
		xsc_run_worked(regs);
	} else {
		nr = array_index_nospec((unsigned int)regs->orig_ax,
					NR_syscalls);
		xsc_count_direct(nr);
		regs->ax = x64_sys_call(regs, nr);
		xsc_trace_direct(regs->orig_ax, regs->ax);
	}
	instrumentation_end();
}

/**
 * xsc_do_syscall_64() - do_syscall_64() for XSC tasks
 * @regs:	user registers
 * @nr:		the number in %eax
 *
 * One comparison with the gate's address says that the call came from the
 * enter site, one of the number that the site admits it; all else is slow.
 *
 * Return: false in a legacy task, which pays a no-op, or a test once XSC
 * processes exist.
 */
static __always_inline bool xsc_do_syscall_64(struct pt_regs *regs, int nr)
{
	if (!xsc_used() || likely(!xsc_task(current)))
		return false;

	if (unlikely(regs->ip != current->xsc.gate_ip ||
		     (unsigned int)nr >= NR_syscalls)) {
		xsc_syscall_slow(regs, nr);
		return true;
	}
	xsc_run_native(regs);
	syscall_exit_to_user_mode(regs);
	return true;
}

#else

static __always_inline bool xsc_do_syscall_64(struct pt_regs *regs, int nr)
{
	return false;
}

#endif
#endif /* _X86_ENTRY_XSC_ENTRY_H */

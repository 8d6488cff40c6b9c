// SPDX-License-Identifier: GPL-2.0-only
/*
 * xsc_guard.c - what happens to an attempt that the trap guard refuses
 */
#include <linux/audit.h>
#include <linux/fs.h>
#include <linux/sched/signal.h>
#include <linux/sched/task_stack.h>
#include <linux/signal.h>

#include <asm/syscall.h>

#include "xsc.h"

#define CREATE_TRACE_POINTS
#include "xsc_trace.h"

/* On once an XSC process has run: see linux/xsc.h. */
DEFINE_STATIC_KEY_FALSE(xsc_used_key);

void xsc_do_trace_op(enum xsc_way way, u32 nr, s64 ret)
{
	trace_xsc_op(way, nr, ret);
}

/**
 * xsc_audit() - write an audit record that "ausearch -k xsc" finds
 * @what:	"trap", "exec" or "map"
 * @nr:		the number that was asked for
 * @ip:		where, or 0
 * @reason:	one word
 * @file:	the file concerned, or NULL
 * @err:	what the caller gets
 *
 * The record has the shape of a SYSCALL record, the one type whose key field
 * ausearch reads; it is complete without the rest of an event.
 */
void xsc_audit(const char *what, int nr, unsigned long ip, const char *reason,
	       struct file *file, int err)
{
	struct audit_buffer *ab;

	if (!audit_enabled)
		return;
	ab = audit_log_start(NULL, GFP_KERNEL, AUDIT_SYSCALL);
	if (!ab)
		return;
	audit_log_format(ab, "arch=%x syscall=%d success=%s exit=%d a0=0 a1=0 a2=0 a3=0 items=0",
			 syscall_get_arch(current), nr, err ? "no" : "yes", err);
	audit_log_task_info(ab);
	audit_log_format(ab, " key=\"xsc\" xsc=%s reason=%s ip=0x%lx", what,
			 reason, ip);
	if (file)
		audit_log_d_path(ab, " path=", &file->f_path);
	audit_log_end(ab);
}

/**
 * xsc_trap() - refuse an attempt to enter the kernel past the gate
 * @regs:	user registers, orig_ax holding @nr
 * @nr:		the number asked for
 * @door:	where
 *
 * Counts, traces and audits the attempt and forces SIGSYS with SYS_XSC.  The
 * task's registers become those before the attempt, and no restart follows.
 *
 * Context: task context of the offender, interrupts on.
 */
void xsc_trap(struct pt_regs *regs, int nr, enum xsc_door door)
{
	static const char * const names[] = {
		[XSC_DOOR_SYSCALL] = "syscall",
		[XSC_DOOR_NUMBER] = "number",
		[XSC_DOOR_COMPAT] = "compat",
		[XSC_DOOR_INT80] = "int80",
		[XSC_DOOR_VSYSCALL] = "vsyscall",
	};
	struct kernel_siginfo info;

	current->xsc.counts.traps++;
	trace_xsc_trap(door, nr, instruction_pointer(regs));
	xsc_audit("trap", nr, instruction_pointer(regs), names[door], NULL,
		  -ENOSYS);

	clear_siginfo(&info);
	info.si_signo = SIGSYS;
	info.si_code = SYS_XSC;
	info.si_call_addr = (void __user *)instruction_pointer(regs);
	info.si_arch = syscall_get_arch(current);
	info.si_syscall = nr;

	syscall_rollback(current, regs);
	xsc_arch_no_restart(regs);
	force_sig_info(&info);
}

// SPDX-License-Identifier: MIT
/* batch-ptrace.c - a tracer sees the ops of a batch, and not the batch; TEST: xsc only */
#include <linux/prctl.h>
#include <sys/ptrace.h>
#include <sys/user.h>

#include "batch.h"

static long regs_of(int pid, struct user_regs_struct *r)
{
	return sys(SYS_ptrace, PTRACE_GETREGS, pid, 0, r);
}

/* run on to the next system-call stop; false when there is none */
static bool next(int pid, struct user_regs_struct *r)
{
	int status;

	sys(SYS_ptrace, PTRACE_SYSCALL, pid, 0, 0);
	if (sys(SYS_wait4, pid, &status, 0, 0) != pid || !WIFSTOPPED(status) ||
	    WSTOPSIG(status) != (SIGTRAP | 0x80))
		return false;
	return !regs_of(pid, r);
}

static int child(void)
{
	sys(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0);
	raise(SIGSTOP);
	batch_start();
	batch_add(SYS_getpid);
	batch_add(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY, 0x123, 0x456, 0x789);
	batch_add(SYS_getppid);
	batch_add(SYS_getuid);
	batch_add(XSC_OP_NOP);
	batch_add(SYS_getgid);
	if (batch_run() != 6)
		return 1;
	if (cqes[0].res != getpid())
		return 2;
	if (cqes[1].res < 0)
		return 3;
	if (cqes[2].res != 4242)	/* the tracer's */
		return 4;
	if (cqes[3].res != -ENOSYS)	/* the tracer made it -1 */
		return 5;
	if (cqes[5].res != getppid())	/* the tracer made it getppid */
		return 6;
	return 42;
}

static char dispatch_switch;

/* a batch that syscall user dispatch ends before its only op */
static int dispatched(void)
{
	unsigned int start = 0;
	long n;

	sys(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0);
	raise(SIGSTOP);
	batch_start();
	batch_add(SYS_getpid);
	sys(SYS_prctl, PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, 0, 0, &dispatch_switch);
	dispatch_switch = SYSCALL_DISPATCH_FILTER_BLOCK;
	n = xsc_batch_from(sqes, cqes, 1, &start);
	dispatch_switch = SYSCALL_DISPATCH_FILTER_ALLOW;
	return n ? 1 : 43;
}

/* what has no entry has no exit */
static void by_turns(void)
{
	struct __ptrace_syscall_info info;
	int pid, status, before = PTRACE_SYSCALL_INFO_EXIT, stops = 0, wrong = 0;

	pid = fork();
	if (!pid)
		sys(SYS_exit_group, dispatched());
	sys(SYS_wait4, pid, &status, 0, 0);
	sys(SYS_ptrace, PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD);
	for (;;) {
		sys(SYS_ptrace, PTRACE_SYSCALL, pid, 0, 0);
		if (sys(SYS_wait4, pid, &status, 0, 0) != pid || !WIFSTOPPED(status))
			break;
		if (WSTOPSIG(status) != (SIGTRAP | 0x80))
			continue;
		sys(SYS_ptrace, PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info);
		wrong += info.op == before;
		before = info.op;
		stops++;
	}
	tap_is(status, 43 << 8, "syscall user dispatch ends a batch");
	tap_ok(stops > 2, "a tracer has seen the calls around it");
	tap_is(wrong, 0, "and entries and exits by turns");
}

int main(int argc, char **argv)
{
	static const long want[] = { SYS_getpid, SYS_openat, SYS_getppid, SYS_getuid, SYS_getgid };
	struct user_regs_struct in, out;
	int pid, status, strange = 0;

	BATCH_XSC_ONLY();
	pid = fork();
	if (!pid)
		sys(SYS_exit_group, child());
	sys(SYS_wait4, pid, &status, 0, 0);
	tap_ok(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP, "the child stops itself");
	sys(SYS_ptrace, PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD);

	for (int i = 0; i < 5; i++) {
		tap_ok(next(pid, &in), "op %d: a stop at its entry", i);
		strange += in.orig_rax >= XSC_OP_BASE;
		if (!tap_is(in.orig_rax, want[i], "op %d: its number", i))
			break;
		tap_is(in.rax, -ENOSYS, "op %d: rax at entry", i);
		if (want[i] == SYS_openat)
			tap_ok((int)in.rdi == AT_FDCWD && in.rdx == O_RDONLY && in.r10 == 0x123 &&
			       in.r8 == 0x456 && in.r9 == 0x789, "its arguments");
		tap_ok(in.rip == xsc_gate() + XSC_GATE_BATCH + 2, "op %d: rip is behind the batch site", i);
		if (want[i] == SYS_getuid) {
			in.orig_rax = -1;
			sys(SYS_ptrace, PTRACE_SETREGS, pid, 0, &in);
		}
		if (want[i] == SYS_getgid) {
			in.orig_rax = SYS_getppid;
			sys(SYS_ptrace, PTRACE_SETREGS, pid, 0, &in);
		}
		tap_ok(next(pid, &out), "op %d: a stop at its exit", i);
		if (want[i] == SYS_getpid)
			tap_is(out.rax, pid, "op %d: its result", i);
		if (want[i] == SYS_getppid) {
			tap_is(out.rax, getpid(), "op %d: its result", i);
			out.rax = 4242;
			sys(SYS_ptrace, PTRACE_SETREGS, pid, 0, &out);
		}
	}
	tap_is(strange, 0, "the batch itself was not shown");
	sys(SYS_ptrace, PTRACE_CONT, pid, 0, 0);
	status = wait_for(pid);
	tap_is(status, 42 << 8, "the child has the results, and those that the tracer changed");
	by_turns();
	return tap_done();
}

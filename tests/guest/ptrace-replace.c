// SPDX-License-Identifier: MIT
/*
 * ptrace-replace.c - a tracer may put another call into the place of an op, but none that could not stand there: after an
 * execve the batch or the doorbell would go on in another program, with that one's rights
 */
#include <sys/ptrace.h>
#include <sys/user.h>

#include "async.h"

#define STOP	(SIGTRAP | 0x80)

static const char *const program = "/proc/self/exe";
static char *const arguments[] = { (char *)"ptrace-replace", (char *)"again", NULL };
static char *const nothing[] = { NULL };
static struct xsc_ring r;
static int p[2];

enum way { BATCH, RING, WAYS };
static const char *const names[] = { "a batch", "a ring" };

/* [getpid, which the tracer replaces; getppid]: 42 if it failed and the rest was run */
static int child(enum way way)
{
	struct xsc_sqe sqes[2];
	struct xsc_cqe cqes[2] = { { 0, -9999 }, { 0, -9999 } };
	unsigned int start = 0;
	long res;

	sys(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0);
	if (way == RING)
		ring_make(&r, 4);
	raise(SIGSTOP);
	if (way == BATCH) {
		xsc_sqe_prep(&sqes[0], SYS_getpid, 0, 0, 0, 0, 0, 0);
		xsc_sqe_prep(&sqes[1], SYS_getppid, 0, 0, 0, 0, 0, 0);
		/* a tracer that lets go interrupts it */
		while (start < 2) {
			res = xsc_batch_from(sqes, cqes, 2, &start);
			if (res < 0)
				break;
			if (res > start)
				start = res;
		}
	} else {
		ring_add0(&r, SYS_getpid);
		ring_add0(&r, SYS_getppid);
		xsc_ring_submit(&r);
		while (xsc_ring_sq_ready(&r) && xsc_ring_enter(&r, 2) >= 0)
			;
		for (int i = 0; i < 2; i++)
			if (ring_take(&r, &res, NULL))
				cqes[i].res = res;
	}
	if (cqes[0].res != -EINVAL)
		return cqes[0].res == -9999 ? 2 : 3;
	return cqes[1].res == getppid() ? 42 : 4;
}

/* run on to the next stop; false when it has ended, with *@status */
static bool next(int pid, int request, int *status, struct user_regs_struct *regs)
{
	if (sys(SYS_ptrace, request, pid, 0, 0))
		return false;
	if (sys(SYS_wait4, pid, status, 0, 0) != pid || !WIFSTOPPED(*status))
		return false;
	return !sys(SYS_ptrace, PTRACE_GETREGS, pid, 0, regs);
}

/* the entry stop of @nr, the @nth of them */
static bool entry_of(int pid, long nr, int nth, int *status, struct user_regs_struct *regs)
{
	for (int i = 0; i < 1000; i++) {
		if (!next(pid, PTRACE_SYSCALL, status, regs))
			return false;
		if (WSTOPSIG(*status) == STOP && regs->rax == -ENOSYS && regs->orig_rax == nr && !--nth)
			return true;
	}
	return false;
}

/* let it end; kill it if it does not, and what may have come of it */
static int the_end(int pid)
{
	sys(SYS_ptrace, PTRACE_DETACH, pid, 0, 0);
	return wait_for(pid);
}

static void replace(enum way way, long nr, const char *what)
{
	struct user_regs_struct regs;
	int status = 0, pid = fork();

	if (!pid)
		_exit(child(way));
	sys(SYS_wait4, pid, &status, 0, 0);
	sys(SYS_ptrace, PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD);
	if (!entry_of(pid, SYS_getpid, 1, &status, &regs)) {
		tap_ok(false, "%s, %s: getpid was not shown", names[way], what);
		kill(pid, SIGKILL);
		wait_for(pid);
		return;
	}
	regs.orig_rax = nr;
	regs.rdi = nr == SYS_execveat ? AT_FDCWD : nr == SYS_clone ? SIGCHLD : (long)program;
	regs.rsi = nr == SYS_execveat ? (long)program : nr == SYS_clone ? 0 : (long)arguments;
	regs.rdx = nr == SYS_execveat ? (long)arguments : nr == SYS_clone ? 0 : (long)nothing;
	regs.r10 = nr == SYS_execveat ? (long)nothing : 0;
	regs.r8 = 0;
	sys(SYS_ptrace, PTRACE_SETREGS, pid, 0, &regs);
	tap_is(the_end(pid), 42 << 8, "%s: %s in the place of an op is EINVAL, and the rest is run", names[way], what);
}

/* in flight under a control, its thread has other credentials by then */
static int in_flight(void)
{
	char c;

	sys(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0);
	pipe(p);
	async_make(&r, 4);
	raise(SIGSTOP);
	ring_add3(&r, SYS_read, p[0], &c, 1);
	async_submit(&r);
	if (async_has(&r, ring_data))
		return 2;
	sys(SYS_setresuid, -1, -1, -1);
	write(p[1], "x", 1);
	return async_result(&r, ring_data) == -EINVAL ? 42 : 3;
}

static void watched(void)
{
	struct user_regs_struct regs;
	int status, pid = fork();

	if (!pid)
		_exit(in_flight());
	sys(SYS_wait4, pid, &status, 0, 0);
	sys(SYS_ptrace, PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD);
	/* once at submission, once more when it is made */
	if (entry_of(pid, SYS_read, 2, &status, &regs)) {
		regs.orig_rax = SYS_setresuid;
		regs.rdi = regs.rsi = regs.rdx = -1;
		sys(SYS_ptrace, PTRACE_SETREGS, pid, 0, &regs);
	} else {
		tap_ok(false, "the read was not shown twice");
	}
	tap_is(the_end(pid), 42 << 8, "an op in flight: setresuid in its place is EINVAL");
}

int main(int argc, char **argv)
{
	static const struct {
		long nr;
		const char *name;
	} calls[] = {
		{ SYS_execve, "execve" }, { SYS_execveat, "execveat" }, { SYS_clone, "clone" }, { SYS_fork, "fork" },
		{ SYS_rt_sigreturn, "rt_sigreturn" }, { SYS_restart_syscall, "restart_syscall" },
	};

	if (argc > 1)
		_exit(7);
	RINGS_OR_SKIP();
	for (int way = mini_xsc ? BATCH : RING; way < WAYS; way++)
		for (int i = 0; i < 6; i++)
			replace(way, calls[i].nr, calls[i].name);
	watched();
	return tap_done();
}

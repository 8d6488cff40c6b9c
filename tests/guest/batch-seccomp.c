// SPDX-License-Identifier: MIT
/* batch-seccomp.c - a filter sees each op of a batch; TEST: xsc only */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <ucontext.h>

#include "batch.h"

static int hits, sysno, code;
static char dispatch_switch;

static void on_sys(int sig, siginfo_t *info, void *uc)
{
	hits++;
	dispatch_switch = SYSCALL_DISPATCH_FILTER_ALLOW;
	sysno = info->si_syscall;
	code = info->si_code;
	((ucontext_t *)uc)->uc_mcontext.gregs[REG_RAX] = 123;
}

/* from here on @nr comes to @action, and nothing else does */
static struct sock_filter prog[4];
static struct sock_fprog fprog = { 4, prog };

static void make_filter(int nr, unsigned int action)
{
	prog[0] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	prog[1] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1);
	prog[2] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action);
	prog[3] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
}

/* only writes to descriptor 200 are denied */
static struct sock_filter by_arg[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 0, 3),
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 200, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 88),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};
static struct sock_fprog fprog_by_arg = { 6, by_arg };

static long install(struct sock_fprog *p)
{
	sys(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return sys(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, p);
}

static void three(void)
{
	batch_start();
	batch_add(SYS_getpid);
	batch_add(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY);
	batch_add(SYS_getppid);
}

/* Each filter in a child of its own; its exit status is a bit mask of what held. */
static int errno_child(void)
{
	make_filter(SYS_openat, SECCOMP_RET_ERRNO | 77);
	install(&fprog);
	three();
	return (batch_run() == 3) | (cqes[0].res == getpid()) << 1 | (cqes[1].res == -77) << 2 |
	       (cqes[2].res == getppid()) << 3 | (xsc_call(SYS_openat, AT_FDCWD, "/", 0) == -77) << 4;
}

static int arg_child(void)
{
	int fds[2];

	pipe(fds);
	dup2(fds[1], 200);
	install(&fprog_by_arg);
	batch_start();
	batch_add(SYS_write, fds[1], "a", 1);
	batch_add(SYS_write, 200, "b", 1);
	return (batch_run() == 2) | (cqes[0].res == 1) << 1 | (cqes[1].res == -88) << 2;
}

/* a filter that an op of the batch puts up holds for the next op */
static int inside_child(void)
{
	sys(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	make_filter(SYS_openat, SECCOMP_RET_ERRNO | 77);
	batch_start();
	batch_add(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY);
	batch_add(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &fprog);
	batch_add(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY);
	return (batch_run() == 3) | (cqes[0].res > 0) << 1 | (cqes[1].res == 0) << 2 | (cqes[2].res == -77) << 3;
}

/* a handler can emulate a call, but not inside a batch: that ends before it */
static int trap_child(void)
{
	struct sigaction sa = { .sa_sigaction = on_sys, .sa_flags = SA_SIGINFO };
	unsigned int start = 0;
	long n, again, last;

	sigaction(SIGSYS, &sa, NULL);
	make_filter(SYS_openat, SECCOMP_RET_TRAP);
	install(&fprog);
	last = sys(SYS_dup, 0);
	sys(SYS_close, last);
	three();
	n = xsc_batch_from(sqes, cqes, 3, &start);
	start = 1;
	again = xsc_batch_from(sqes, cqes, 3, &start);
	if (n != 1 || again != 1 || hits || cqes[1].res != -9999 || cqes[2].res != -9999)
		return 1;
	/* by the direct way it traps, and what the handler says is the result */
	if (xsc_call(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY) != 123 || hits != 1 || sysno != SYS_openat || code != 1)
		return 2;
	start = 2;
	if (xsc_batch_from(sqes, cqes, 3, &start) != 3 || cqes[2].res != getppid())
		return 3;
	/* the descriptor that it would have got is still free */
	return sys(SYS_dup, 0) == last ? 0 : 4;
}

/* the same by syscall user dispatch, which has all calls of the process trap while the switch says so */
static int dispatch_child(void)
{
	struct sigaction sa = { .sa_sigaction = on_sys, .sa_flags = SA_SIGINFO };
	unsigned int start = 0;
	long n, again, alone, on;

	sigaction(SIGSYS, &sa, NULL);
	hits = 0;
	on = sys(SYS_prctl, PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, 0, 0, &dispatch_switch);
	if (on)
		return 9;
	three();
	dispatch_switch = SYSCALL_DISPATCH_FILTER_BLOCK;
	n = xsc_batch_from(sqes, cqes, 3, &start);
	start = 1;
	again = xsc_batch_from(sqes, cqes, 3, &start);
	dispatch_switch = SYSCALL_DISPATCH_FILTER_ALLOW;
	if (n != 0 || again != 1 || hits || cqes[0].res != -9999 || cqes[1].res != -9999)
		return 1;
	dispatch_switch = SYSCALL_DISPATCH_FILTER_BLOCK;
	alone = xsc_call(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY);
	if (alone != 123 || hits != 1 || sysno != SYS_openat)
		return 2;
	start = 0;
	return xsc_batch_from(sqes, cqes, 3, &start) == 3 ? 0 : 3;
}

static int kill_child(void)
{
	make_filter(SYS_openat, SECCOMP_RET_KILL_PROCESS);
	install(&fprog);
	three();
	batch_run();
	return 0;
}

static int strict_child(void)
{
	sys(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0);
	three();
	batch_run();
	return 0;
}

static int run(int (*child)(void))
{
	int pid = fork();

	if (!pid)
		sys(SYS_exit, child());
	return wait_for(pid);
}

int main(int argc, char **argv)
{
	BATCH_XSC_ONLY();
	tap_is(run(errno_child), 0x1f << 8, "RET_ERRNO: that op is denied, the others run");
	tap_is(run(arg_child), 0x7 << 8, "a filter of arguments sees those of the op");
	tap_is(run(inside_child), 0xf << 8, "a filter from inside the batch holds for the next op");
	tap_is(run(trap_child), 0, "RET_TRAP: the batch ends before the op; alone it traps and can be emulated");
	tap_is(run(dispatch_child), 0, "syscall user dispatch: likewise");
	tap_is(run(kill_child) & 0x7f, SIGSYS, "RET_KILL_PROCESS");
	tap_is(run(strict_child) & 0x7f, SIGKILL, "strict mode: SIGKILL at the first op");
	return tap_done();
}

/* SPDX-License-Identifier: MIT */
/* A signal at every instruction of the gate: direct calls, a batch, sigreturn, fork, threads, vfork and
   posix_spawn, single-stepped by a tracer that delivers one at each stop inside the gate.  Results and registers are as
   without; the same when the handler forks there, in the parent and in the child.  */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../../kernel/drivers/xsc/xsc_uapi.h"
#include "test.h"

#define SITES		4
#define SITE_SIZE	0x10

#define RESULTS		64

struct run {
	volatile int entered[2], left[2];	/* SIGUSR1's handler, SIGUSR2's */
	volatile int done;
	long results[RESULTS];
};

/* what the tracer and the traced share; the copies that its handler forks have one each */
static struct {
	struct run main;
	int forks, copies, copies_bad;
} *shared;
static struct run *run;
static uintptr_t gate;
static int forking, memfd, nr, threads;
static pid_t self;

static void result(long value)
{
	if (nr < RESULTS)
		run->results[nr++] = value;
}

/* --- what is traced ------------------------------------------------------ */

struct regs {
	unsigned long rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15, rsp;
};

/* Call the gate with IN in the registers; OUT is what they were afterwards.  */
void call_gate(struct regs *in, struct regs *out, uintptr_t gate);
asm(".text\n"
    "call_gate:\n"
    "	push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
    "	push %rsi\n"			/* out */
    "	push %rdx\n"			/* gate */
    "	mov %rdi, %rax\n"
    "	mov 8(%rax), %rbx; mov 24(%rax), %rdx; mov 32(%rax), %rsi; mov 48(%rax), %rbp\n"
    "	mov 56(%rax), %r8; mov 64(%rax), %r9; mov 72(%rax), %r10\n"
    "	mov 88(%rax), %r12; mov 96(%rax), %r13; mov 104(%rax), %r14; mov 112(%rax), %r15\n"
    "	mov 40(%rax), %rdi; mov (%rax), %rax\n"
    "	call *(%rsp)\n"
    "	push %rax\n"
    "	mov 16(%rsp), %rax\n"
    "	mov %rbx, 8(%rax); mov %rdx, 24(%rax); mov %rsi, 32(%rax); mov %rdi, 40(%rax); mov %rbp, 48(%rax)\n"
    "	mov %r8, 56(%rax); mov %r9, 64(%rax); mov %r10, 72(%rax)\n"
    "	mov %r12, 88(%rax); mov %r13, 96(%rax); mov %r14, 104(%rax); mov %r15, 112(%rax)\n"
    "	pop %rdx; mov %rdx, (%rax)\n"
    "	add $16, %rsp\n"
    "	pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
    "	ret\n");

static void registers(void)
{
	struct regs in, out;

	for (int i = 0; i < 2; i++) {
		memset(&in, 0x5a + i, sizeof(in));
		in.rbp = 0x1234567 + i;
		in.rax = i ? SYS_lseek : SYS_getuid;
		in.rdi = i ? -1UL : in.rdi;
		out = in;
		call_gate(&in, &out, gate);
		result(out.rax);
		out.rax = in.rax;
		result(memcmp(&in, &out, sizeof(in)));
	}
}

static void direct(void)
{
	char buf[8] = "", *volatile bad = (char *)8;
	void *p;

	result(fcntl(memfd, F_GETFD));
	result(pread(memfd, buf, 5, 2));
	result(memcmp(buf, "23456", 6));
	result(pread(memfd, bad, 5, 2));
	result(errno);
	p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, memfd, 0);
	result(p != MAP_FAILED && !memcmp(p, "01234", 5));
	result(munmap(p, 4096));
	result(syscall(SYS_mmap, NULL, 4096, PROT_READ, MAP_PRIVATE, 999, 0));
	result(errno);
}

static void batch(void)
{
	struct xsc_cqe cqes[4];
	char buf[8] = "";
	struct xsc_sqe sqes[4] = {
		{ .op = SYS_fcntl, .args = { memfd, F_GETFD } },
		{ .op = SYS_pread64, .args = { memfd, (uintptr_t)buf, 3, 4 } },
		{ .op = SYS_dup, .args = { -1 }, .flags = XSC_SQE_LINK },
		{ .op = SYS_getpid },
	};
	long start = 0, n;

	if (!IS_XSC(prctl(PR_XSC, 0, 0, 0, 0)))
		return;
	/* a signal ends it between two ops, and the end of a single step is one */
	do {
		n = start;
		start = syscall(XSC_OP_BATCH, sqes, cqes, 4, n, 0);
	} while (start > n && start < 4);
	result(start);
	result(cqes[0].res);
	result(cqes[1].res);
	result(memcmp(buf, "456", 4));
	result(cqes[2].res);
	result(cqes[3].res);
}

static volatile int skipped;

static void skip(int sig, siginfo_t *si, void *uc)
{
	((ucontext_t *)uc)->uc_mcontext.gregs[REG_RIP] += 2;
	skipped++;
}

/* a handler that no call of ours has brought about, so that the tracer can interrupt its return */
static void handled(void)
{
	struct sigaction sa = { .sa_sigaction = skip, .sa_flags = SA_SIGINFO };
	int r;

	result(sigaction(SIGILL, &sa, NULL));
	skipped = 0;
	for (int i = 0; i < 2; i++)
		asm volatile("ud2" ::: "memory");
	result(skipped);
	signal(SIGURG, SIG_IGN);
	/* between the two calls of raise a copy has another process's number */
	r = raise(SIGURG);
	result(getpid() == self ? r : 0);
}

/* In a copy that a handler has forked meanwhile the child is none of ours.  What the copies do does not ask who they
   are, for the answer may be the parent's.  */
static void ended(pid_t pid, int want)
{
	int st = -1;
	pid_t got = waitpid(pid, &st, 0);

	if (getpid() == self)
		result(got == pid && st == want << 8);
	else
		result((got == pid && st == want << 8) || (got == -1 && errno == ECHILD));
}

static void *thread(void *arg)
{
	return (char *)arg + (getppid() > 0);
}

static void children(void)
{
	extern char **environ;
	char *argv[] = { "sh", "-c", "exit 9", NULL };
	pthread_t t;
	void *ret;
	pid_t pid;

	pid = fork();
	if (!pid)
		_exit(7);
	ended(pid, 7);
	pid = vfork();
	if (!pid)
		_exit(8);
	ended(pid, 8);
	result(posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, environ));
	ended(pid, 9);
	pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (!pid)
		_exit(6);
	ended(pid, 6);
	/* a copy forked here would wait for a thread that it has not */
	threads = 1;
	result(pthread_create(&t, NULL, thread, (void *)100));
	result(pthread_join(t, &ret));
	result((long)ret);
	threads = 0;
}

static void handler(int sig)
{
	int level = sig == SIGUSR2, err = errno;

	run->entered[level]++;
	getuid();
	if (forking && !level && !threads && getpid() == self) {
		/* The copy goes on from here, untraced, and what it finds goes to its own memory.  */
		pid_t pid;

		shared->forks++;
		pid = _Fork();
		if (!pid) {
			static struct run copy;

			copy = *run;
			run = &copy;
		} else if (pid > 0) {
			int st = -1;

			if (waitpid(pid, &st, 0) != pid || st)
				shared->copies_bad++;
			shared->copies++;
		}
	}
	run->left[level]++;
	errno = err;
}

/* A copy goes on to the end of the part in which it was forked, and to the end of the next.  */
static void work(void)
{
	static void (*const part[])(void) = { registers, direct, batch, handled, children };
	int rest = 2;

	for (unsigned int i = 0; i < sizeof(part) / sizeof(part[0]) && rest; i++) {
		part[i]();
		rest -= getpid() != self;
	}
	run->done = 1;
}

static struct run expected;

static void traced(void)
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = SA_RESTART };

	run = &shared->main;
	self = getpid();
	sigaction(SIGUSR1, &sa, NULL);
	sigaction(SIGUSR2, &sa, NULL);
	CHECK(!ptrace(PTRACE_TRACEME, 0, 0, 0));
	raise(SIGSTOP);
	work();
	if (getpid() != self) {
		for (int i = 0; i < nr; i++)
			if (run->results[i] != expected.results[i]) {
				fprintf(stderr, "forked copy: result %d is %ld, not %ld\n", i, run->results[i], expected.results[i]);
				_exit(1);
			}
		_exit(0);
	}
	_exit(0);
}

/* --- the tracer ---------------------------------------------------------- */

/* Step through all of it.  At each stop in the gate, before and behind its instruction, deliver SIGUSR1, and, inside
   its handler, SIGUSR2; once for each time that the instruction is reached.  */
static void trace(int forks, int sites[SITES][2])
{
	struct { unsigned long rip, rsp; } given[2] = { };
	struct user_regs_struct r;
	uint64_t mask;
	int st, level, sig, injected = 0;
	long steps = 0;
	pid_t pid;

	memset(shared, 0, sizeof(*shared));
	forking = forks;
	pid = fork();
	CHECK(pid >= 0);
	if (!pid)
		traced();
	CHECK(waitpid(pid, &st, 0) == pid && WIFSTOPPED(st) && WSTOPSIG(st) == SIGSTOP);
	CHECK(!ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_EXITKILL));
	for (sig = 0; ; ) {
		CHECK(!ptrace(PTRACE_SINGLESTEP, pid, 0, sig));
		CHECK(waitpid(pid, &st, 0) == pid);
		if (!WIFSTOPPED(st))
			break;
		CHECK(++steps < 4000000);
		sig = 0;
		if (WSTOPSIG(st) != SIGTRAP) {
			sig = WSTOPSIG(st);	/* its own */
			continue;
		}
		CHECK(!ptrace(PTRACE_GETREGS, pid, 0, &r));
		if (r.rip < gate || r.rip >= gate + SITES * SITE_SIZE)
			continue;
		/* how many handlers deep */
		for (level = 0; level < 2 && shared->main.entered[level] != shared->main.left[level]; level++)
			;
		if (level == 2)
			continue;
		sig = level ? SIGUSR2 : SIGUSR1;
		CHECK(!ptrace(PTRACE_GETSIGMASK, pid, sizeof(mask), &mask));
		if (mask & 1UL << (sig - 1)) {
			sig = 0;	/* it would not come here but later */
			continue;
		}
		if (given[level].rip == r.rip && given[level].rsp == r.rsp) {
			sig = given[level].rip = 0;	/* back from the handler: now it runs */
			continue;
		}
		given[level].rip = r.rip;
		given[level].rsp = r.rsp;
		injected++;
		sites[(r.rip - gate) / SITE_SIZE][level]++;
	}
	fprintf(stderr, "%ld steps, %d signals, %d copies\n", steps, injected, shared->copies);
	CHECK(WIFEXITED(st) && WEXITSTATUS(st) == 0);
	CHECK(shared->main.done);
	CHECK(shared->main.entered[0] + shared->main.entered[1] == injected);
	CHECK(shared->main.left[0] == shared->main.entered[0] && shared->main.left[1] == shared->main.entered[1]);
	for (int i = 0; i < RESULTS; i++)
		if (shared->main.results[i] != expected.results[i]) {
			fprintf(stderr, "result %d is %ld, not %ld\n", i, shared->main.results[i], expected.results[i]);
			exit(1);
		}
	CHECK(shared->copies_bad == 0);
	CHECK(shared->copies == shared->forks && (!forks || shared->forks >= 40));
}

int main(void)
{
	int sites[SITES][2] = { };
	int xsc = IS_XSC(prctl(PR_XSC, 0, 0, 0, 0));

	alarm(280);
	gate = getauxval(AT_XSC);
	CHECK(gate);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(shared != MAP_FAILED);
	memfd = memfd_create("steps", 0);
	CHECK(memfd >= 0 && write(memfd, "0123456789", 10) == 10);

	/* as it is without */
	run = &expected;
	self = getpid();
	work();
	CHECK(expected.done && nr < RESULTS);
	nr = 0;

	trace(0, sites);
	for (int i = 0; i < SITES; i++)
		fprintf(stderr, "site %d: %d signals, %d inside a handler\n", i, sites[i][0], sites[i][1]);
	/* before the instruction and behind it; from sigreturn there is no behind */
	CHECK(sites[0][0] >= 20 && sites[0][1] >= 20);
	CHECK(!xsc || sites[1][0] >= 2);
	CHECK(sites[2][0] >= 2);
	CHECK(sites[3][0] >= 2);
	trace(1, sites);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* Handlers and the restorer, alternate stacks, restart, jumps out. */
#define _GNU_SOURCE
#define _FORTIFY_SOURCE 2
#include <setjmp.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../../kernel/drivers/xsc/xsc_uapi.h"
#include "test.h"

#define XSC_GATE_SIGRETURN	0x30

static volatile int seen, depth;
static sigjmp_buf jump;

static void count(int sig)
{
	seen++;
	if (sig == SIGUSR2 && depth-- > 0)
		raise(SIGUSR2);
}

static void info(int sig, siginfo_t *si, void *uc)
{
	CHECK(si->si_signo == sig && si->si_value.sival_int == 77);
	CHECK(uc);
	seen += 100;
}

static int told[2];

static void tell(int sig)
{
	seen++;
	CHECK(write(told[1], "t", 1) == 1);
}

static void leave(int sig)
{
	siglongjmp(jump, sig);
}

/* From the alternate stack to a frame on the ordinary one: longjmp_chk has
 * to ask for the alternate stack to find the jump in order. */
static void on_altstack(void)
{
	static char stack[65536];
	stack_t ss = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction sa = { .sa_handler = leave, .sa_flags = SA_ONSTACK };

	CHECK(sigaltstack(&ss, NULL) == 0);
	CHECK(sigaction(SIGSEGV, &sa, NULL) == 0);
	for (volatile int i = 0; i < 10; i++) {
		if (sigsetjmp(jump, 1) == 0) {
			*(volatile int *)8 = 1;
			CHECK(!"not reached");
		}
		seen++;
	}
	CHECK(seen == 10);
}

int main(void)
{
	struct sigaction sa = { .sa_handler = count }, old;
	struct { void *handler; unsigned long flags; void *restorer; unsigned long mask; } k;
	struct itimerval every = { { 0, 50000 }, { 0, 50000 } }, never = { };
	unsigned long gate = getauxval(AT_XSC);
	union sigval v = { .sival_int = 77 };
	int fd[2];
	char c;

	on_altstack();

	sa.sa_flags = SA_NODEFER;
	CHECK(sigaction(SIGUSR1, &sa, NULL) == 0);
	CHECK(sigaction(SIGUSR2, &sa, NULL) == 0);
	CHECK(sigaction(SIGUSR2, NULL, &old) == 0 && old.sa_handler == count);
	CHECK(syscall(SYS_rt_sigaction, SIGUSR1, NULL, &k, 8) == 0);
	if (gate)
		CHECK((unsigned long)k.restorer == gate + XSC_GATE_SIGRETURN);
	seen = 0;
	for (int i = 0; i < 1000; i++)
		raise(SIGUSR1);
	CHECK(seen == 1000);
	depth = 20;
	raise(SIGUSR2);
	CHECK(seen == 1021);
	seen = 0;

	/* A read that a handler interrupts, without SA_RESTART and with it. */
	CHECK(pipe(fd) == 0 && pipe(told) == 0);
	sa.sa_handler = tell;
	sa.sa_flags = 0;
	CHECK(sigaction(SIGALRM, &sa, NULL) == 0);
	CHECK(setitimer(ITIMER_REAL, &every, NULL) == 0);
	errno = 0;
	CHECK(read(fd[0], &c, 1) == -1 && errno == EINTR);
	CHECK(setitimer(ITIMER_REAL, &never, NULL) == 0);
	while (read(told[0], &c, 1) == 1 && --seen > 0)
		;
	sa.sa_flags = SA_RESTART;
	CHECK(sigaction(SIGALRM, &sa, NULL) == 0);
	if (fork() == 0) {
		/* The handler has run: now let the read go on. */
		CHECK(read(told[0], &c, 1) == 1);
		CHECK(write(fd[1], "r", 1) == 1);
		_exit(0);
	}
	CHECK(setitimer(ITIMER_REAL, &every, NULL) == 0);
	CHECK(read(fd[0], &c, 1) == 1 && c == 'r');
	CHECK(setitimer(ITIMER_REAL, &never, NULL) == 0);
	wait(NULL);

	/* restart_syscall: stopped and continued in nanosleep. */
	pid_t pid = fork();
	if (pid == 0)
		_exit(usleep(200000) == 0 ? 0 : 1);
	usleep(50000);
	kill(pid, SIGSTOP);
	usleep(50000);
	kill(pid, SIGCONT);
	int st;
	CHECK(waitpid(pid, &st, 0) == pid && st == 0);

	sa.sa_sigaction = info;
	sa.sa_flags = SA_SIGINFO;
	CHECK(sigaction(SIGRTMIN, &sa, NULL) == 0);
	seen = 0;
	CHECK(sigqueue(getpid(), SIGRTMIN, v) == 0);
	CHECK(seen == 100);
	return 0;
}

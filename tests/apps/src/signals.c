// SPDX-License-Identifier: MIT
/* signals.c - handlers, masks, alternate stack, restart and EINTR, nested, siglongjmp, timers, faults */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "check.h"

static volatile sig_atomic_t seen, nested;
static sigjmp_buf env;
static char alt[65536];
static volatile uintptr_t handler_sp;

static void count(int sig)
{
	seen++;
	if (sig == SIGUSR1 && nested++ < 5)
		raise(SIGUSR2);
}

static void on_alt(int sig, siginfo_t *si, void *uc)
{
	char here;

	(void)sig;
	(void)uc;
	handler_sp = (uintptr_t)&here;
	CHECK(si->si_code == SI_TKILL || si->si_code == SI_USER || si->si_code == SI_QUEUE);
	if (si->si_code == SI_QUEUE)
		CHECK(si->si_value.sival_int == 77);
}

static void fault(int sig, siginfo_t *si, void *ucp)
{
	(void)ucp;
	CHECK(sig == SIGSEGV && si->si_addr == (void *)16);
	siglongjmp(env, 1);
}

static void set(int sig, void (*fn)(int), int flags)
{
	struct sigaction sa = { .sa_handler = fn, .sa_flags = flags };

	CHECK(!sigaction(sig, &sa, NULL));
}

int main(void)
{
	struct sigaction sa = { .sa_sigaction = on_alt, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	stack_t ss = { .ss_sp = alt, .ss_size = sizeof(alt) };
	struct itimerval it = { .it_value.tv_usec = 30000 };
	struct timespec nap = { .tv_sec = 5 }, left = {};
	sigset_t set1, old;
	int p[2], i;
	pid_t pid;
	char c;

	/* nested */
	set(SIGUSR1, count, 0);
	set(SIGUSR2, count, 0);
	for (i = 0; i < 100; i++)
		raise(SIGUSR1);
	CHECK(seen == 105);

	/* alternate stack, a value along */
	CHECK(!sigaltstack(&ss, NULL));
	CHECK(!sigaction(SIGRTMIN, &sa, NULL));
	CHECK(!sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = 77 }));
	CHECK(handler_sp >= (uintptr_t)alt && handler_sp < (uintptr_t)alt + sizeof(alt));

	/* blocked, pending, delivered when let in */
	seen = 0;
	sigemptyset(&set1);
	sigaddset(&set1, SIGUSR2);
	CHECK(!sigprocmask(SIG_BLOCK, &set1, &old));
	raise(SIGUSR2);
	CHECK(seen == 0);
	CHECK(!sigpending(&set1) && sigismember(&set1, SIGUSR2));
	CHECK(!sigprocmask(SIG_SETMASK, &old, NULL));
	CHECK(seen == 1);

	/* a read that a signal interrupts: restarted with SA_RESTART, EINTR without */
	CHECK(!pipe(p));
	set(SIGALRM, count, SA_RESTART);
	seen = 0;
	pid = fork();
	if (!pid) {
		usleep(300000);
		_exit(write(p[1], "x", 1) != 1);
	}
	CHECK(!setitimer(ITIMER_REAL, &it, NULL));
	CHECK(read(p[0], &c, 1) == 1 && c == 'x');
	CHECK(seen == 1);
	CHECK(waitpid(pid, &i, 0) == pid && !i);
	set(SIGALRM, count, 0);
	CHECK(!setitimer(ITIMER_REAL, &it, NULL));
	CHECK(read(p[0], &c, 1) == -1 && errno == EINTR);
	CHECK(!setitimer(ITIMER_REAL, &it, NULL));
	CHECK(nanosleep(&nap, &left) == -1 && errno == EINTR && left.tv_sec >= 3);

	/* stopped and continued in a sleep: restart_syscall */
	pid = fork();
	if (!pid) {
		struct timespec ts = { .tv_nsec = 200000000 };

		_exit(nanosleep(&ts, NULL) != 0);
	}
	usleep(50000);
	CHECK(!kill(pid, SIGSTOP));
	CHECK(waitpid(pid, &i, WUNTRACED) == pid && WIFSTOPPED(i));
	CHECK(!kill(pid, SIGCONT));
	CHECK(waitpid(pid, &i, 0) == pid && WIFEXITED(i) && !WEXITSTATUS(i));

	/* a fault, and out of it */
	sa.sa_sigaction = fault;
	CHECK(!sigaction(SIGSEGV, &sa, NULL));
	for (i = 0; i < 10; i++)
		if (!sigsetjmp(env, 1))
			*(volatile int *)16 = 1;

	/* the default action again */
	pid = fork();
	if (!pid) {
		set(SIGTERM, SIG_DFL, 0);
		raise(SIGTERM);
		_exit(0);
	}
	CHECK(waitpid(pid, &i, 0) == pid && WIFSIGNALED(i) && WTERMSIG(i) == SIGTERM);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* Cancellation and signal handlers: a call that a handler has interrupted does not go on once the thread is cancelled,
   whatever the handler does; and SIGCANCEL is seen by nobody: no call of a thread that may not be cancelled, or of a
   cleanup handler, is interrupted by it, and no mask holds it.  */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "test.h"

static int p[2], q[2];
static pthread_t victim;
static volatile pid_t tid;
static volatile int inside, cancelled, go_on, cleaned, interrupted, mode, masked;
static pthread_mutex_t mutex = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;

/* the kernel's idea of the mask: the library hides the signal from sigprocmask */
static int sigcancel_blocked(void)
{
	uint64_t mask = 0;

	CHECK(!syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, 8));
	return mask >> 31 & 1;
}

/* the calling thread sleeps without being interrupted */
static void nap(void)
{
	struct timespec t = { 0, 2000000 };

	if (syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &t, NULL))
		interrupted++;
}

static void cleanup(void *arg)
{
	nap();
	masked += sigcancel_blocked();
	if (arg)
		CHECK(!pthread_mutex_unlock(arg));
	cleaned++;
}

static void until_asleep(pid_t t)
{
	char path[64], text[512], *s;
	int n, i;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", t);
	for (i = 0; i < 5000; i++) {
		FILE *f = fopen(path, "r");

		n = fread(text, 1, sizeof(text) - 1, f);
		fclose(f);
		text[n] = 0;
		s = strrchr(text, ')');
		if (s && s[2] == 'S')
			return;
		usleep(1000);
	}
	CHECK(!"the thread goes to sleep");
}

/* --- handlers ---------------------------------------------------------------- */

enum { RETURN, CALL, DISABLE, SELF, JUMP, NESTED, BLOCK, MODES };
static const char *const names[] = { "return", "call", "disable", "self", "jump", "nested", "block" };
static sigjmp_buf jump;

static void wait_for_cancel(void)
{
	inside = 1;
	while (!cancelled)
		sched_yield();
}

static void handler(int sig)
{
	int state;

	switch (mode) {
	case RETURN:
		wait_for_cancel();
		break;
	case CALL:
		wait_for_cancel();
		getppid();
		poll(NULL, 0, 0);
		break;
	case DISABLE:
		/* pthread_cancel sends no signal now */
		pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
		wait_for_cancel();
		poll(NULL, 0, 1);
		pthread_setcancelstate(state, NULL);
		break;
	case SELF:
		inside = 1;
		pthread_cancel(pthread_self());
		break;
	case JUMP:
		wait_for_cancel();
		siglongjmp(jump, 1);
	case NESTED:
		if (sig == SIGUSR1)
			raise(SIGUSR2);
		else
			wait_for_cancel();
		break;
	case BLOCK:
		/* a call that blocks inside a call that blocks */
		if (sig == SIGUSR1) {
			char c;

			inside = 1;
			read(q[0], &c, 1);
		} else {
			wait_for_cancel();
		}
		break;
	}
}

static void *thread(void *arg)
{
	stack_t ss = { .ss_sp = malloc(1 << 16), .ss_size = 1 << 16 };
	char c;

	if (arg)
		sigaltstack(&ss, NULL);
	tid = gettid();
	pthread_cleanup_push(cleanup, NULL);
	if (!sigsetjmp(jump, 1))
		read(p[0], &c, 1);
	CHECK(mode == JUMP);
	for (;;)
		pthread_testcancel();
	pthread_cleanup_pop(0);
}

static void handlers(void)
{
	struct sigaction sa = { .sa_handler = handler };
	void *ret;

	for (int flags = 0; flags < 4; flags++)
		for (mode = 0; mode < MODES; mode++) {
			sa.sa_flags = (flags & 1 ? SA_RESTART : 0) | (flags & 2 ? SA_ONSTACK : 0);
			CHECK(!sigaction(SIGUSR1, &sa, NULL) && !sigaction(SIGUSR2, &sa, NULL));
			inside = cancelled = cleaned = tid = 0;
			CHECK(!pthread_create(&victim, NULL, thread, flags & 2 ? &sa : NULL));
			while (!tid)
				sched_yield();
			until_asleep(tid);
			CHECK(!pthread_kill(victim, SIGUSR1));
			while (!inside)
				sched_yield();
			if (mode == BLOCK) {
				until_asleep(tid);
				inside = 0;
				CHECK(!pthread_kill(victim, SIGUSR2));
				while (!inside)
					sched_yield();
			}
			if (mode != SELF)
				CHECK(!pthread_cancel(victim));
			cancelled = 1;
			CHECK(!pthread_join(victim, &ret));
			fprintf(stderr, "%s, flags %d: %s\n", names[mode], flags, ret == PTHREAD_CANCELED ? "cancelled" : "not cancelled");
			CHECK(ret == PTHREAD_CANCELED && cleaned == 1);
		}
}

/* --- nobody sees the signal ---------------------------------------------------- */

/* enabled and disabled by turns; no nap of the time while it is disabled is interrupted */
static void *flips(void *arg)
{
	int n;

	pthread_cleanup_push(cleanup, NULL);
	tid = gettid();
	for (n = 0; ; n++) {
		pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
		if (n % 8 == 0)
			nap();
		pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
		if (n % 8 == 4)
			pthread_testcancel();
	}
	pthread_cleanup_pop(0);
	return arg;
}

/* a call that is no cancellation point, then one */
static void *computes(void *arg)
{
	pthread_cleanup_push(cleanup, NULL);
	tid = gettid();
	while (!cancelled)
		;
	masked += sigcancel_blocked();
	pthread_testcancel();
	pthread_cleanup_pop(0);
	return arg;
}

/* the exit of its own accord, while the cancel is under way */
static void *exits(void *arg)
{
	pthread_cleanup_push(cleanup, NULL);
	tid = gettid();
	pthread_exit(arg);
	pthread_cleanup_pop(0);
}

static void unseen(void)
{
	static void *(*const f[])(void *) = { flips, computes, exits };
	void *ret;

	for (int i = 0; i < 300; i++) {
		int kind = i % 3;

		cancelled = cleaned = tid = 0;
		CHECK(!pthread_create(&victim, NULL, f[kind], NULL));
		while (!tid)
			;
		for (volatile int n = 0; n < i * 997 % 20000; n++)
			;
		CHECK(!pthread_cancel(victim));
		cancelled = 1;
		CHECK(!pthread_join(victim, &ret));
		CHECK(cleaned == 1 && (kind == 2 || ret == PTHREAD_CANCELED));
	}
}

/* --- asynchronous -------------------------------------------------------------- */

static void *spins(void *arg)
{
	char c;

	pthread_cleanup_push(cleanup, NULL);
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	if (arg == &p) {
		tid = gettid();
		read(p[0], &c, 1);
	} else if (arg == &q) {
		/* the cancel comes while it is disabled */
		pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
		tid = gettid();
		while (!cancelled)
			;
		pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
		go_on = 0;
	} else if (arg == &cond) {
		/* deferred until the type changes */
		pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, NULL);
		tid = gettid();
		while (!cancelled)
			;
		pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
		go_on = 0;
	}
	tid = gettid();
	for (;;)
		;
	pthread_cleanup_pop(0);
}

static void asynchronous(void)
{
	void *const args[] = { NULL, p, q, &cond }, *ret;

	for (int i = 0; i < 80; i++) {
		cancelled = cleaned = tid = 0;
		go_on = 1;
		CHECK(!pthread_create(&victim, NULL, spins, args[i % 4]));
		while (!tid)
			sched_yield();
		if (i % 8 == 1)
			until_asleep(tid);
		CHECK(!pthread_cancel(victim));
		cancelled = 1;
		CHECK(!pthread_join(victim, &ret));
		CHECK(ret == PTHREAD_CANCELED && cleaned == 1 && go_on);
	}
}

/* --- a wait for a condition ------------------------------------------------------ */

/* the mutex is held again in the cleanup handler, which unlocks it */
static void *waits(void *arg)
{
	CHECK(!pthread_mutex_lock(&mutex));
	pthread_cleanup_push(cleanup, &mutex);
	tid = gettid();
	for (;;)
		pthread_cond_wait(&cond, &mutex);
	pthread_cleanup_pop(0);
	return arg;
}

static void condition(void)
{
	void *ret;

	for (int i = 0; i < 60; i++) {
		cleaned = tid = 0;
		CHECK(!pthread_create(&victim, NULL, waits, NULL));
		while (!tid)
			sched_yield();
		if (i % 3 == 0)
			until_asleep(tid);
		else if (i % 3 == 1)
			pthread_cond_signal(&cond);
		CHECK(!pthread_cancel(victim));
		CHECK(!pthread_join(victim, &ret));
		CHECK(ret == PTHREAD_CANCELED && cleaned == 1);
		CHECK(!pthread_mutex_trylock(&mutex) && !pthread_mutex_unlock(&mutex));
	}
}

int main(void)
{
	alarm(250);
	CHECK(!pipe(p) && !pipe(q));
	handlers();
	interrupted = masked = 0;
	unseen();
	CHECK(!masked);
	CHECK(!interrupted);
	condition();
	CHECK(!masked && !interrupted);
	asynchronous();
	CHECK(!interrupted);
	return 0;
}

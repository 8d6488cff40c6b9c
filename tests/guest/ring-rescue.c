// SPDX-License-Identifier: MIT
/*
 * ring-rescue.c - ops that the poller leaves to their thread, which is in a call: each is run, also in a thread with rseq
 * (as all have that glibc makes), and a signal ends those that wait
 */
#include <signal.h>

#include "poller.h"
#include "seccomp.h"

#define ROUNDS	100

static struct xsc_ring r;
static volatile int made, ready, tid, hits;
static volatile bool filter;

static void tick(int sig)
{
	hits++;
}

static void sleeper(void *arg)
{
	static unsigned char rseq[64] __attribute__((aligned(64)));
	struct { long s, ns; } hour = { 3600, 0 };

	memset(rseq, 0, sizeof(rseq));
	/* as many threads have it as there are; it is theirs until they end */
	sys(SYS_rseq, rseq, 32, 0, 0x53053053);
	if (filter)
		seccomp_filter(SYS_getppid, SECCOMP_RET_ERRNO | 77);
	tid = sys(SYS_gettid);
	ready = 1;
	for (;;)
		sys(SYS_nanosleep, &hour, 0);
}

/* awake, so that no doorbell is needed; who rings is this thread, once, and then the sleeper has it by a rescue */
static void owner(void *arg)
{
	poller_make(&r, 64, 0, POLL_IDLE);
	poller_wake(&r);
	made = 1;
	sleeper(arg);
}

/* until it is in its call, the poller being kept awake */
static void begin(struct thread *t)
{
	thread_start(t, owner, NULL);
	while (!made)
		msleep(1);
	while (!ready)
		poller_keep(&r, &r, 2);
}

/* without a doorbell: -9999 if it does not come */
static long left(unsigned int op, long a, long b)
{
	__u64 data;

	ring_add3(&r, op, a, b, 0);
	data = ring_data;
	xsc_ring_flush(&r);
	for (int i = 0; i < 2500; i++) {
		if (async_has(&r, data))
			return async_got[data].res;
		msleep(2);
	}
	return -9999;
}

/* all in a child: its threads end with it */
static int each(void)
{
	struct thread t;
	int run = 0;

	begin(&t);
	for (int i = 0; i < ROUNDS && xsc_ring_needs_doorbell(&r) == 0; i++) {
		long res = left(SYS_gettid, 0, 0);

		if (res == -9999)
			return 1;
		run += res == tid;
		poller_keep(&r, &r, 4);
	}
	return run > ROUNDS / 10 ? 0 : 2;
}

/* a wait for a child that does not end, and a signal for the thread */
static int signals(void)
{
	struct sigaction sa = { .sa_handler = tick, .sa_flags = SA_RESTART };
	struct thread t;
	long res = -9999;
	__u64 data;
	int pid;

	sigaction(SIGUSR1, &sa, NULL);
	pid = fork();
	if (!pid) {
		msleep(60000);
		_exit(0);
	}
	begin(&t);
	ring_add4(&r, SYS_wait4, pid, 0, 0, 0);
	data = ring_data;
	/* it must not come before the handler */
	ring_add4(&r, SYS_wait4, pid, 0, 0, 0);
	xsc_ring_flush(&r);
	msleep(300);
	if (async_has(&r, data))
		return 3;
	sys(SYS_tgkill, getpid(), tid, SIGUSR1);
	for (int i = 0; i < 1000 && !async_has(&r, data); i++)
		msleep(10);
	if (async_has(&r, data))
		res = async_got[data].res;
	for (int i = 0; i < 500 && res == -EINTR && !hits; i++)
		msleep(10);
	kill(pid, SIGKILL);
	if (res == -9999)
		return 3;
	if (res != -EINTR)
		return 1;
	return hits ? 0 : 4;
}

/* the same, and an end that cannot be put off */
static int killed(void)
{
	struct thread t;
	int pid = fork();

	if (!pid) {
		msleep(20000);
		_exit(0);
	}
	begin(&t);
	ring_add4(&r, SYS_wait4, pid, 0, 0, 0);
	xsc_ring_flush(&r);
	msleep(300);
	sys(SYS_tgkill, getpid(), tid, SIGTERM);
	msleep(10000);
	return 1;
}

static int run(int (*fn)(void))
{
	int status, tries = 0;

	do {
		int pid = fork();

		if (!pid)
			_exit(fn());
		status = wait_for(pid);
		/* on a slow machine the poller may have fallen asleep before there was anything to do */
	} while ((status == 2 << 8 || status == 3 << 8) && ++tries < 5);
	return status;
}

int main(int argc, char **argv)
{
	POLLER_OR_SKIP();
	for (int i = 0; i < 2; i++) {
		const char *who = i ? "a thread with a filter" : "a thread";

		filter = i;
		if (!filter)
			tap_is(run(each), 0, "%s: each op that is left to it is run", who);
		tap_is(run(signals), 0, "%s: a signal ends a wait, with EINTR, and is handled", who);
		tap_is(run(killed), SIGTERM, "%s: or ends all", who);
	}
	return tap_done();
}

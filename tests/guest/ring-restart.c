// SPDX-License-Identifier: MIT
/* ring-restart.c - a call that is interrupted for an op which the poller left, goes on as if nothing had been */
#include <linux/futex.h>

#include "poller.h"

static struct xsc_ring p1, p2;
static volatile int ready;
static volatile long slept, result;
static volatile unsigned long took;

static void sleeper(void *arg)
{
	struct { long s, ns; } two = { 2, 0 };
	unsigned long since;

	poller_make(&p1, 16, 0, POLL_IDLE);
	poller_make(&p2, 16, 0, POLL_IDLE);
	poller_wake(&p1);
	poller_wake(&p2);
	ready = 1;
	since = now_ms();
	result = sys(SYS_nanosleep, &two, 0);
	took = now_ms() - since;
	slept = 1;
}

int main(int argc, char **argv)
{
	static unsigned int word;
	static struct { long s, ns; } ten = { 10, 0 };
	struct thread t;
	__u64 a, b;

	POLLER_OR_SKIP();
	thread_start(&t, sleeper, NULL);
	while (!ready)
		msleep(1);
	poller_keep(&p1, &p2, 100);
	/* a wait that would go on by itself when it is interrupted, as the sleep does */
	ring_add4(&p1, SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, &ten);
	a = ring_data;
	xsc_ring_flush(&p1);
	poller_keep(&p2, &p2, 100);
	ring_add0(&p2, SYS_gettid);
	b = ring_data;
	xsc_ring_flush(&p2);
	thread_join(&t);
	tap_is(result, 0, "the sleep has ended well");
	tap_ok(took >= 2000, "and not before its time (%lu ms)", took);
	tap_ok(async_has(&p2, b) && async_got[b].res > 0, "the ops were run: one in the thread");
	tap_ok(async_has(&p1, a), "and the wait, which another one has ended (%ld)", async_got[a].res);
	return tap_done();
}

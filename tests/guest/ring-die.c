// SPDX-License-Identifier: MIT
/*
 * ring-die.c - an op that the poller leaves to a thread ends that thread, wherever it waits just then: nothing is left
 * of it, and what others left to it beside that is not lost
 */
#include <linux/io_uring.h>

#include "poller.h"

static struct xsc_ring p1, p2, waited;
static int p[2], uring;
static volatile int ready;

/* rings both polled rings, then waits */
static void begin(void)
{
	poller_make(&p1, 16, 0, POLL_IDLE);
	poller_make(&p2, 16, 0, POLL_IDLE);
	poller_wake(&p1);
	poller_wake(&p2);
	ready = 1;
}

static void in_ring(void *arg)
{
	long ret;

	begin();
	/* for what another thread has in flight */
	ret = async_enter(&waited, 0, 8, -1);

	dprintf(1, "# the wait has ended with %ld\n", ret);
	_exit(90);
}

static void in_sleep(void *arg)
{
	struct { long s, ns; } hour = { 3600, 0 };

	begin();
	sys(SYS_nanosleep, &hour, 0);
	_exit(91);
}

static void in_uring(void *arg)
{
	begin();
	/* for a CQE that nobody makes; what brings it out of there is not always its end */
	while (sys(SYS_io_uring_enter, uring, 0, 1, IORING_ENTER_GETEVENTS, NULL, 0) == -EINTR)
		;
	_exit(92);
}

/* @how waits in a thread; what it left in p1 ends it, and p2 has something for it as well */
static void dies(void (*how)(void *))
{
	struct thread t;
	char c;

	/* what wakes the ring that it waits for, afterwards */
	pipe(p);
	async_make(&waited, 16);
	ring_add3(&waited, SYS_read, p[0], &c, 1);
	async_submit(&waited);
	thread_start(&t, how, NULL);
	while (!ready)
		msleep(1);
	poller_keep(&p1, &p2, 200);
	ring_add0(&p2, SYS_gettid);
	ring_add3(&p1, SYS_exit, 0, 0, 0);
	xsc_ring_flush(&p2);
	xsc_ring_flush(&p1);
	/* on a slow machine it may have done so all the same */
	if (xsc_ring_needs_doorbell(&p1) && xsc_ring_sq_ready(&p1) && t.tid)
		_exit(93);
	thread_join(&t);
	/* entries that it has left in a wait queue would be called now */
	write(p[1], "x", 1);
	for (int i = 0; i < 100; i++) {
		ring_add0(&waited, XSC_OP_NOP);
		async_submit(&waited);
	}
	/* the op that has ended it is over: another thread may ring */
	if (ring_enter(p1.fd, 1, 0) != 0)
		_exit(94);
	_exit(0);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*how)(void *);
	} ways[] = {
		{ "asleep", in_sleep },
		{ "waiting for a ring", in_ring },
		{ "waiting for an io_uring", in_uring },
	};
	int tries = 0;
	long before, left;

	POLLER_OR_SKIP();
	before = module_refs();
	for (int i = 0; i < 3; i++) {
		int pid = fork();

		if (!pid) {
			struct io_uring_params params = { 0 };

			if (ways[i].how == in_uring && (uring = sys(SYS_io_uring_setup, 4, &params)) < 0)
				_exit(77);
			dies(ways[i].how);
		}
		left = wait_for(pid);
		if (left == 93 << 8 && tries++ < 20) {
			i--;
			continue;
		}
		if (left == 77 << 8) {
			tap_skip("no io_uring");
			continue;
		}
		tap_is(left, 0, "a thread that is %s ends by an op", ways[i].name);
		for (int n = 0; n < 20 && (left = module_refs()) != before; n++)
			;
		if (before >= 0)
			tap_is(left, before, "%s: no ring is left", ways[i].name);
	}
	return tap_done();
}

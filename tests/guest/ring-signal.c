// SPDX-License-Identifier: MIT
/* ring-signal.c - a signal while an op of a doorbell blocks */
#include <sys/time.h>

#include "rings.h"

static int fds[2];
static volatile int hits;

static void feed(int sig)
{
	hits++;
	sys(SYS_write, fds[1], "f", 1);
}

static void tick(int sig)
{
	hits++;
}

static void alarm_in(int ms, void (*handler)(int), int flags)
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = flags };
	struct itimerval it = { { 0, 0 }, { 0, ms * 1000 } };

	sigaction(SIGALRM, &sa, NULL);
	hits = 0;
	setitimer(ITIMER_REAL, &it, NULL);
}

int main(int argc, char **argv)
{
	struct xsc_ring r;
	long res;
	char c;

	RINGS_OR_SKIP();
	pipe(fds);
	ring_make(&r, 8);

	/* the first op blocks: the doorbell is restarted, or EINTR */
	ring_add3(&r, SYS_read, fds[0], &c, 1);
	alarm_in(50, feed, SA_RESTART);
	tap_is(xsc_ring_submit(&r), 1, "SA_RESTART: the doorbell completes");
	tap_ok(ring_take(&r, &res, NULL) && res == 1, "SA_RESTART: its op has run");
	tap_is(hits, 1, "SA_RESTART: the handler ran");

	ring_add3(&r, SYS_read, fds[0], &c, 1);
	alarm_in(50, tick, 0);
	tap_is(xsc_ring_submit(&r), -EINTR, "no SA_RESTART: EINTR");
	tap_is(xsc_ring_sq_ready(&r), 1, "no SA_RESTART: the SQE is still there");
	tap_is(xsc_ring_cq_ready(&r), 0, "no SA_RESTART: and has no CQE");
	write(fds[1], "x", 1);
	tap_is(xsc_ring_enter(&r, 1), 1, "ringing again");
	tap_ok(ring_take(&r, &res, NULL) && res == 1, "it has run");

	/* a later op blocks: what is done is reported */
	ring_add0(&r, SYS_getpid);
	ring_add3(&r, SYS_read, fds[0], &c, 1);
	ring_add0(&r, SYS_getpid);
	alarm_in(50, tick, SA_RESTART);
	tap_is(xsc_ring_submit(&r), 1, "in the second op: a short count");
	tap_is(xsc_ring_sq_ready(&r), 2, "two SQEs are still there");
	write(fds[1], "x", 1);
	tap_is(xsc_ring_enter(&r, 2), 2, "ringing again");
	tap_ok(ring_take(&r, &res, NULL) && res == getpid(), "cqe 0");
	tap_ok(ring_take(&r, &res, NULL) && res == 1, "cqe 1");
	tap_ok(ring_take(&r, &res, NULL) && res == getpid(), "cqe 2");
	tap_ok(!ring_take(&r, &res, NULL), "no more");

	/* what only waits for a signal has had it */
	ring_add0(&r, SYS_pause);
	ring_add0(&r, SYS_getpid);
	alarm_in(50, tick, SA_RESTART);
	tap_is(xsc_ring_submit(&r), 1, "pause, and a signal");
	tap_is(hits, 1, "pause: the handler ran");
	tap_ok(ring_take(&r, &res, NULL) && res == -EINTR, "pause is complete");
	tap_is(xsc_ring_enter(&r, 1), 1, "ringing again");
	tap_ok(ring_take(&r, &res, NULL) && res == getpid(), "what stands behind it");
	xsc_ring_queue_exit(&r);
	return tap_done();
}

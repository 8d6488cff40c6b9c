// SPDX-License-Identifier: MIT
/* ring-async-wait.c - waiting for completions: how many, how long, signals, poll */
#include <poll.h>
#include <sys/time.h>

#include "async.h"

static struct xsc_ring r;
static int p[2];
static volatile int hits;

static void tick(int sig)
{
	hits++;
}

static void alarm_in(int ms, int flags)
{
	struct sigaction sa = { .sa_handler = tick, .sa_flags = flags };
	struct itimerval it = { { 0, 0 }, { 0, ms * 1000 } };

	sigaction(SIGALRM, &sa, NULL);
	hits = 0;
	setitimer(ITIMER_REAL, &it, NULL);
}

static void feeder(void *arg)
{
	for (int i = 0; i < 4; i++) {
		msleep(50);
		sys(SYS_write, p[1], "abcd" + i, 1);
	}
}

static long poll_ring(int ms)
{
	struct pollfd pf = { .fd = r.fd, .events = POLLIN };
	long n = sys(SYS_poll, &pf, 1, ms);

	return n == 1 && pf.revents != POLLIN ? -1 : n;
}

int main(int argc, char **argv)
{
	struct { long s, ns; } bad = { 0, 2000000000 };
	struct xsc_ring_enter e = { 0, 0, 1, 0, (unsigned long)&bad };
	unsigned long t;
	struct thread th;
	char buf[8];
	long res;

	RINGS_OR_SKIP();
	async_make(&r, 16);
	pipe(p);

	t = now_ms();
	tap_is(async_enter(&r, 0, 1, 3000), 0, "nothing in flight: no wait");
	ring_add0(&r, SYS_getpid);
	tap_is(async_enter(&r, 1, 5, 3000), 1, "one op, five wanted: no wait for what cannot come");
	tap_ok(now_ms() - t < 2000, "it took %lu ms", now_ms() - t);
	async_drain(&r);

	ring_add3(&r, SYS_read, p[0], buf, 1);
	t = now_ms();
	tap_is(async_enter(&r, 1, 1, 200), 1, "time over: what was consumed");
	tap_ok(now_ms() - t >= 190, "after %lu ms", now_ms() - t);
	tap_is(async_enter(&r, 0, 1, 100), -ETIME, "nothing consumed: ETIME");
	tap_is(async_enter(&r, 0, 0, 100), 0, "none wanted: no wait");
	tap_is(async_enter(&r, 0, 1, 0), -ETIME, "no time at all: ETIME");

	/* signals */
	alarm_in(100, 0);
	tap_is(async_enter(&r, 0, 1, -1), -EINTR, "a signal: EINTR");
	tap_is(hits, 1, "the handler ran");
	alarm_in(100, SA_RESTART);
	tap_is(async_enter(&r, 0, 1, 1000), -EINTR, "with a timeout EINTR also with SA_RESTART");
	tap_is(thread_start(&th, feeder, NULL), 0, "a thread that writes four bytes");
	alarm_in(20, SA_RESTART);
	tap_is(async_enter(&r, 0, 1, -1), 0, "SA_RESTART: the wait goes on");
	tap_is(hits, 1, "the handler ran");
	tap_is(async_result(&r, 2), 1, "the read is complete");

	/* three of them */
	for (int i = 0; i < 3; i++)
		ring_add3(&r, SYS_read, p[0], buf + i, 1);
	tap_is(async_enter(&r, 3, 3, 5000), 3, "three wanted");
	tap_is(xsc_ring_cq_ready(&r), 3, "three are there");
	tap_ok(!memcmp(buf, "bcd", 3), "in order");
	async_drain(&r);
	thread_join(&th);

	/* the ring's file */
	tap_is(poll_ring(0), 0, "poll: not readable");
	ring_add3(&r, SYS_read, p[0], buf, 1);
	async_submit(&r);
	tap_is(poll_ring(50), 0, "poll: nor with an op in flight");
	tap_is(thread_start(&th, feeder, NULL), 0, "a thread that writes");
	tap_is(poll_ring(5000), 1, "poll: readable when it is complete");
	async_drain(&r);
	tap_is(poll_ring(0), 0, "poll: not when it was seen");
	thread_join(&th);

	/* arguments */
	res = mini_xsc ? xsc_op(XSC_OP_RING_ENTER, r.fd, 0, 0, 1, &bad) : sys(SYS_ioctl, r.fd, XSC_IOC_ENTER, &e);
	tap_is(res, -EINVAL, "a time that is none");
	e.timeout = 1;
	res = mini_xsc ? xsc_op(XSC_OP_RING_ENTER, r.fd, 0, 0, 1, 1) : sys(SYS_ioctl, r.fd, XSC_IOC_ENTER, &e);
	tap_is(res, -EFAULT, "an address that is none");
	if (!mini_xsc) {
		e.timeout = 0;
		e.resv = 1;
		tap_is(sys(SYS_ioctl, r.fd, XSC_IOC_ENTER, &e), -EINVAL, "a reserved field");
	}
	xsc_ring_queue_exit(&r);
	return tap_done();
}

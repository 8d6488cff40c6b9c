// SPDX-License-Identifier: MIT
/*
 * ring-chain-torn.c - a doorbell that ends inside a chain, for lack of room in the CQ or by a signal: the next one goes
 * on with the chain as if nothing had been
 */
#include <sys/stat.h>
#include <sys/time.h>

#include "poller.h"

#define SQ	4

static struct xsc_ring r;
static int p[2];

static void make(unsigned int flags)
{
	struct xsc_ring_params params = { .sq_entries = SQ, .cq_entries = SQ, .flags = flags };

	if (xsc_ring_queue_init_params(&params, &r))
		_exit(tap_done());
}

static long reap(void)
{
	long res;

	return ring_take(&r, &res, NULL) ? res : -9999;
}

/* the CQ has room for @room more CQEs */
static void leave_room(int room)
{
	for (int i = 0; i < SQ - room; i++)
		ring_add0(&r, XSC_OP_NOP);
	xsc_ring_submit(&r);
}

static void reap_nops(int room)
{
	for (int i = 0; i < SQ - room; i++)
		reap();
}

static void full(const char *what)
{
	struct stat st;
	long fd;

	/* the first fails, and there is no room for the second */
	leave_room(1);
	xsc_sqe_link(ring_add3(&r, SYS_lseek, -1, 0, 0));
	ring_add0(&r, SYS_getpid);
	tap_is(xsc_ring_submit(&r), 1, "%s: room for one of two", what);
	reap_nops(1);
	tap_is(reap(), -EBADF, "%s: the first has failed", what);
	tap_is(xsc_ring_enter(&r, 1), 1, "%s: the second, by the next doorbell", what);
	tap_is(reap(), -ECANCELED, "%s: is cancelled", what);

	/* the first is good, and its result is wanted */
	leave_room(1);
	xsc_sqe_link(ring_add3(&r, SYS_dup, p[0], 0, 0));
	xsc_sqe_forward(ring_add3(&r, SYS_fstat, 0, &st, 0), 0, 1);
	tap_is(xsc_ring_submit(&r), 1, "%s: the first again", what);
	reap_nops(1);
	fd = reap();
	tap_ok(fd >= 0, "%s: a descriptor", what);
	tap_is(xsc_ring_enter(&r, 1), 1, "%s: and what wants it", what);
	tap_is(reap(), 0, "%s: has it", what);
	close(fd);

	/* a chain of four in two doorbells */
	leave_room(1);
	xsc_sqe_link(ring_add0(&r, SYS_getpid));
	xsc_sqe_link(ring_add3(&r, SYS_lseek, -1, 0, 0));
	xsc_sqe_link(ring_add0(&r, SYS_getpid));
	ring_add0(&r, SYS_getpid);
	xsc_ring_submit(&r);
	reap_nops(1);
	tap_is(reap(), getpid(), "%s: of four, one", what);
	tap_is(xsc_ring_enter(&r, 3), 3, "%s: then the rest", what);
	tap_is(reap(), -EBADF, "%s: the second fails", what);
	tap_is(reap(), -ECANCELED, "%s: the third", what);
	tap_is(reap(), -ECANCELED, "%s: the fourth", what);
	ring_add0(&r, SYS_getpid);
	xsc_ring_submit(&r);
	tap_is(reap(), getpid(), "%s: what comes after it is another matter", what);
}

/* a program that hands over a part of a chain says that the chain ends there */
static void cut(const char *what)
{
	xsc_sqe_link(ring_add3(&r, SYS_lseek, -1, 0, 0));
	tap_is(xsc_ring_submit(&r), 1, "%s: a link as the last SQE", what);
	tap_is(reap(), -EBADF, "%s: fails", what);
	ring_add0(&r, SYS_getpid);
	xsc_ring_submit(&r);
	tap_is(reap(), getpid(), "%s: the next doorbell's is no part of it", what);
}

static void tick(int sig)
{
}

/* the second op of three is interrupted; the first, whose result the third wants, is over */
static void interrupted(const char *what)
{
	struct sigaction sa = { .sa_handler = tick };
	struct itimerval it = { { 0, 0 }, { 0, 100000 } };
	struct stat st;
	char c;
	long fd;

	sigaction(SIGALRM, &sa, NULL);
	xsc_sqe_link(ring_add3(&r, SYS_dup, p[0], 0, 0));
	xsc_sqe_link(ring_add3(&r, SYS_read, p[0], &c, 1));
	xsc_sqe_forward(ring_add3(&r, SYS_fstat, 0, &st, 0), 0, 2);
	setitimer(ITIMER_REAL, &it, NULL);
	tap_is(xsc_ring_submit(&r), 1, "%s: a signal in the second op", what);
	fd = reap();
	tap_ok(fd >= 0, "%s: the first has run", what);
	write(p[1], "x", 1);
	tap_is(xsc_ring_enter(&r, 2), 2, "%s: the rest", what);
	tap_is(reap(), 1, "%s: the second", what);
	tap_is(reap(), 0, "%s: the third has what it wants", what);
	close(fd);
}

/* what only the thread may run stands in what is left of a chain: the poller leaves it to the thread */
static void polled(void)
{
	struct xsc_ring_params params = {
		.sq_entries = SQ, .cq_entries = SQ, .flags = XSC_RING_ASYNC | XSC_RING_POLL, .poll_idle = POLL_IDLE,
	};
	unsigned long end;

	if (poller_cpus() < 2) {
		tap_skip("a poller wants a second CPU");
		return;
	}
	if (xsc_ring_queue_init_params(&params, &r))
		_exit(tap_done());
	leave_room(1);
	xsc_sqe_link(ring_add0(&r, SYS_getpid));
	ring_add0(&r, SYS_gettid);
	xsc_ring_submit(&r);
	for (int i = 0; i < SQ - 1; i++)
		while (reap() == -9999)
			;
	end = now_ms() + 10000;
	for (long res = -9999; res == -9999 && now_ms() < end; res = reap())
		if (res != -9999)
			tap_is(res, getpid(), "polled: the first");
	/* the rest: by the poller, which has to leave it to us, or by our doorbell */
	for (int i = 0; i < 100 && xsc_ring_sq_ready(&r); i++) {
		msleep(10);
		if (xsc_ring_needs_doorbell(&r))
			xsc_ring_enter(&r, SQ);
	}
	tap_is(reap(), sys(SYS_gettid), "polled: what is the thread's is run by the thread");
	xsc_ring_queue_exit(&r);
}

int main(int argc, char **argv)
{
	RINGS_OR_SKIP();
	pipe(p);
	make(0);
	full("plain");
	cut("plain");
	interrupted("plain");
	xsc_ring_queue_exit(&r);
	make(XSC_RING_ASYNC);
	full("asynchronous");
	cut("asynchronous");
	xsc_ring_queue_exit(&r);
	polled();
	return tap_done();
}

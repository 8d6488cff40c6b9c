// SPDX-License-Identifier: MIT
/* ring-wake.c - a thread that polls a plain ring's file is told of a CQE before the next op of the doorbell blocks */
#include <poll.h>
#include <sys/time.h>

#include "rings.h"

static struct xsc_ring r;
static int p[2];
static volatile int woken, polling;

static void watcher(void *arg)
{
	struct pollfd pf = { .fd = r.fd, .events = POLLIN };

	polling = 1;
	woken = sys(SYS_poll, &pf, 1, 60000) == 1 && pf.revents & POLLIN;
}

/* is the watcher told within ten seconds? */
static bool told(void)
{
	for (int i = 0; i < 1000 && !woken; i++)
		msleep(10);
	return woken;
}

static void watch(struct thread *t)
{
	polling = woken = 0;
	thread_start(t, watcher, NULL);
	while (!polling)
		msleep(1);
	msleep(50);
}

static bool in_time;

/* ends what blocks when the watcher was told, or it is too late */
static void writer(void *arg)
{
	in_time = told();
	write(p[1], "x", 1);
}

/* [nop, an op that blocks] */
static void blocks(void (*fill)(void), const char *what)
{
	struct thread t, feeder;
	long res;

	watch(&t);
	ring_add0(&r, XSC_OP_NOP);
	fill();
	thread_start(&feeder, writer, NULL);
	xsc_ring_submit(&r);
	thread_join(&feeder);
	thread_join(&t);
	tap_ok(in_time, "%s: the nop's CQE is told", what);
	while (ring_take(&r, &res, NULL))
		;
}

static void fill_bare(void)
{
	static char c;

	ring_add3(&r, SYS_read, p[0], &c, 1);
}

static void fill_chain(void)
{
	static char c;

	xsc_sqe_link(ring_add3(&r, SYS_read, p[0], &c, 1));
	ring_add0(&r, SYS_getpid);
}

static void tick(int sig)
{
}

int main(int argc, char **argv)
{
	struct itimerval it = { { 0, 0 }, { 0, 100000 } };
	struct sigaction sa = { .sa_handler = tick };
	struct thread t;
	long res;

	RINGS_OR_SKIP();
	pipe(p);
	ring_make(&r, 8);
	blocks(fill_bare, "a read that waits");
	blocks(fill_chain, "a chain that waits");

	/* the op that blocked is interrupted: nothing is new, but somebody waits for what was before */
	sigaction(SIGALRM, &sa, NULL);
	watch(&t);
	ring_add0(&r, XSC_OP_NOP);
	fill_bare();
	setitimer(ITIMER_REAL, &it, NULL);
	tap_is(xsc_ring_submit(&r), 1, "the second op is interrupted");
	tap_ok(told(), "and the first one's CQE was told");
	write(p[1], "x", 1);
	xsc_ring_enter(&r, 1);
	thread_join(&t);
	while (ring_take(&r, &res, NULL))
		;
	xsc_ring_queue_exit(&r);
	return tap_done();
}

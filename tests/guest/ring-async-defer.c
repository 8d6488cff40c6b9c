// SPDX-License-Identifier: MIT
/* ring-async-defer.c - XSC_RING_DEFER: what became ready waits for the thread's next doorbell */
#include <poll.h>

#include "async.h"

#define N	32

static struct xsc_ring r;
static int p[N][2];
static char buf[N];
static volatile long waited;

static void make(void)
{
	struct xsc_ring_params params = { .sq_entries = 64, .flags = XSC_RING_ASYNC | XSC_RING_DEFER };

	if (xsc_ring_queue_init_params(&params, &r)) {
		tap_ok(false, "a ring with XSC_RING_DEFER");
		_exit(tap_done());
	}
}

static long setup(unsigned int flags)
{
	struct xsc_ring_params params = { .sq_entries = 4, .flags = flags };
	long fd = ring_setup(&params);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

static __u64 reads(int n)
{
	__u64 a = ring_data + 1;

	for (int i = 0; i < n; i++)
		ring_add3(&r, SYS_read, p[i][0], buf + i, 1);
	async_submit(&r);
	return a;
}

/* as another thread would */
static void all_ready(int n)
{
	for (int i = 0; i < n; i++)
		write(p[i][1], "x", 1);
}

/* the thread that did not submit waits */
static void waiter(void *arg)
{
	waited = async_enter(&r, 0, 1, 5000) ?: 1;
}

/* the thread that submits ends */
static void submitter(void *arg)
{
	reads(2);
	all_ready(1);
}

int main(int argc, char **argv)
{
	struct pollfd pf = { .events = POLLIN };
	struct { long s, ns; } soon = { 0, 10000000 };
	unsigned long end;
	struct thread t;
	long n = 0;
	__u64 a;
	int pid;

	RINGS_OR_SKIP();
	tap_is(setup(XSC_RING_DEFER), -EINVAL, "not without XSC_RING_ASYNC");
	tap_is(setup(XSC_RING_DEFER | XSC_RING_ASYNC | XSC_RING_POLL), -EINVAL, "not with a poller");
	make();
	for (int i = 0; i < N; i++)
		pipe(p[i]);

	a = reads(N);
	all_ready(N);
	msleep(100);
	for (int i = 0; i < N; i++)
		n += async_has(&r, a + i);
	tap_is(n, 0, "nobody takes up what became ready");
	tap_is(async_inflight(&r), N, "it is in flight");
	tap_is(async_enter(&r, 0, 0, -1), 0, "a doorbell that asks for nothing");
	n = 0;
	for (int i = 0; i < N; i++)
		n += async_has(&r, a + i);
	tap_is(n, N, "ends all of it");

	/* a wait for one brings all that is ready */
	a = reads(N);
	all_ready(N);
	async_enter(&r, 0, 1, 5000);
	n = xsc_ring_cq_ready(&r);
	tap_is(n, N, "a wait for one brings all that is ready");
	async_drain(&r);

	/* also if something has ended at once */
	a = reads(N);
	all_ready(N);
	ring_add0(&r, XSC_OP_NOP);
	async_enter(&r, 1, 1, 5000);
	tap_is(xsc_ring_cq_ready(&r), N + 1, "and so does a doorbell that need not wait");
	async_drain(&r);
	pid = fork();
	if (!pid) {
		msleep(50);
		all_ready(2);
		_exit(0);
	}
	a = reads(2);
	tap_is(async_result(&r, a + 1), 1, "a thread that sleeps in the doorbell is woken");
	tap_is(async_result(&r, a), 1, "for both");
	wait_for(pid);
	ring_add4(&r, SYS_nanosleep, &soon, 0, 0, 0);
	a = ring_data;
	async_submit(&r);
	msleep(50);
	tap_ok(!async_has(&r, a), "a time that has come waits too");
	async_enter(&r, 0, 0, -1);
	tap_ok(async_has(&r, a), "for the doorbell");

	/* others who wait need not ring */
	a = reads(4);
	all_ready(4);
	pf.fd = r.fd;
	tap_is(sys(SYS_poll, &pf, 1, 5000), 1, "poll of the ring's file: what became ready before");
	for (int i = 0; i < 4; i++)
		async_result(&r, a + i);
	a = reads(4);
	pid = fork();
	if (!pid) {
		msleep(50);
		all_ready(1);
		_exit(0);
	}
	tap_is(sys(SYS_poll, &pf, 1, 5000), 1, "and what becomes ready meanwhile");
	tap_ok(async_has(&r, a), "the CQE is there");
	wait_for(pid);
	waited = 0;
	thread_start(&t, waiter, NULL);
	msleep(50);
	write(p[1][1], "x", 1);
	thread_join(&t);
	tap_is(waited, 1, "another thread waits for CQEs");
	tap_ok(async_has(&r, a + 1), "and has one");
	write(p[2][1], "x", 1);
	waited = 0;
	thread_start(&t, waiter, NULL);
	thread_join(&t);
	tap_is(waited, 1, "also for what became ready before");
	tap_ok(async_has(&r, a + 2), "and has it");

	/* the end of the thread */
	all_ready(4);
	async_result(&r, a + 3);
	for (int i = 0; i < 3; i++)
		read(p[i][0], buf, 1);
	a = ring_data + 1;
	thread_start(&t, submitter, NULL);
	thread_join(&t);
	end = now_ms() + 5000;
	while ((!async_has(&r, a) || !async_has(&r, a + 1)) && now_ms() < end)
		msleep(5);
	tap_is(async_got[(a + 1) % ASYNC_MAX].res, -ECANCELED, "its thread ends: what waits is cancelled");
	tap_ok(async_has(&r, a), "what was ready has its CQE");
	tap_is(async_inflight(&r), 0, "none is left");
	xsc_ring_queue_exit(&r);
	return tap_done();
}

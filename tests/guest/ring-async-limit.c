// SPDX-License-Identifier: MIT
/* ring-async-limit.c - XSC_OP_LIMIT: an op that has not ended in time ends with ETIME */
#include <fcntl.h>
#include <poll.h>
#include <sys/uio.h>

#include "async.h"
#include "seccomp.h"

#define MS	1000000L
#define LONG	(3600 * 1000 * MS)
#define BIG	(1 << 20)

static struct xsc_ring r;
static struct { long s, ns; } hour = { 3600, 0 };
static char c[8], big[BIG];
static int p[2];

static __u64 limit(__u64 data, long ns, unsigned int flags)
{
	ring_add3(&r, XSC_OP_LIMIT, data, ns, flags);
	return ring_data;
}

/* the op that was added last gets a limit; what becomes of both */
static long limited(long ns, long *res)
{
	__u64 a = ring_data, b = limit(a, ns, 0);

	async_submit(&r);
	*res = async_result(&r, a);
	return async_result(&r, b);
}

static void ends(void)
{
	struct pollfd pf[2] = { { .events = POLLIN }, { .fd = -1 } };
	struct iovec v[2] = { { big, 5 }, { big, BIG - 5 } };
	unsigned long t = now_ms();
	long res;
	int q[2];
	__u64 a;

	pf[0].fd = p[0];
	ring_add3(&r, SYS_read, p[0], c, 1);
	tap_is(limited(50 * MS, &res), 0, "a read of a pipe is given 50 ms");
	tap_is(res, -ETIME, "and ends with ETIME");
	tap_ok(now_ms() - t >= 50, "but not before");
	ring_add3(&r, SYS_nanosleep, &hour, 0, 0);
	limited(20 * MS, &res);
	tap_is(res, -ETIME, "a sleep");
	ring_add3(&r, SYS_poll, pf, 1, 3600000);
	limited(20 * MS, &res);
	tap_is(res, -ETIME, "a poll with a limit of its own");
	ring_add3(&r, SYS_poll, pf, 2, -1);
	limited(20 * MS, &res);
	tap_is(res, -ETIME, "a poll in a worker");

	/* what stands behind another one on its file */
	ring_add3(&r, SYS_read, p[0], c, 1);
	a = ring_data;
	ring_add3(&r, SYS_read, p[0], c + 1, 1);
	limited(20 * MS, &res);
	tap_is(res, -ETIME, "the second of two reads");
	write(p[1], "x", 1);
	tap_is(async_result(&r, a), 1, "the first ends as ever");

	/* part of it is done */
	pipe(q);
	ring_add3(&r, SYS_writev, q[1], v, 2);
	limited(20 * MS, &res);
	tap_is(res, 65536, "a writev of 1 MiB: what has gone");
	close(q[0]);
	close(q[1]);

	/* a chain */
	xsc_sqe_link(ring_add3(&r, SYS_read, p[0], c, 1));
	a = ring_data;
	ring_add0(&r, SYS_getpid);
	limit(a, 20 * MS, 0);
	async_submit(&r);
	tap_is(async_result(&r, a), -ETIME, "the first of a chain");
	tap_is(async_result(&r, a + 1), -ECANCELED, "the rest of it is cancelled");
}

static void does_not_end(void)
{
	__u64 a, b;

	ring_add3(&r, SYS_read, p[0], c, 1);
	a = ring_data;
	limit(a, LONG, 0);
	async_submit(&r);
	write(p[1], "x", 1);
	tap_is(async_result(&r, a), 1, "a read that ends in time");
	ring_add3(&r, SYS_read, p[0], c, 1);
	a = ring_data;
	limit(a, 100 * MS, 0);
	b = limit(a, LONG, 0);
	async_submit(&r);
	msleep(200);
	tap_ok(!async_has(&r, a) && !async_result(&r, b), "a second limit takes the place of the first");
	limit(a, 100 * MS, 0);
	b = limit(a, 0, 0);
	async_submit(&r);
	msleep(200);
	tap_ok(!async_has(&r, a) && !async_result(&r, b), "0 takes it away");
	write(p[1], "x", 1);
	tap_is(async_result(&r, a), 1, "the read ends");
}

static void errors(void)
{
	struct { long s, ns; } now;
	struct xsc_ring plain;
	__u64 a, b;
	long res;

	tap_is((a = limit(12345, MS, 0), async_submit(&r), async_result(&r, a)), -ENOENT, "no such op");
	tap_is((a = limit(12345, MS, XSC_LIMIT_MAYBE), async_submit(&r), async_result(&r, a)), 0, "XSC_LIMIT_MAYBE: no matter");
	tap_is((a = limit(1, MS, 16), async_submit(&r), async_result(&r, a)), -EINVAL, "an unknown flag");
	tap_is((a = limit(1, -1, 0), async_submit(&r), async_result(&r, a)), -EINVAL, "too long a time");
	ring_add4(&r, XSC_OP_LIMIT, 1, MS, 0, 1);
	async_submit(&r);
	tap_is(async_result(&r, ring_data), -EINVAL, "an argument too many");
	xsc_sqe_link(ring_add0(&r, XSC_OP_NOP));
	limit(1, MS, 0);
	async_submit(&r);
	tap_is(async_result(&r, ring_data), -EINVAL, "in a chain");

	ring_add3(&r, SYS_read, p[0], c, 1);
	a = ring_data;
	ring_add3(&r, XSC_OP_CANCEL, a, 0, 0);
	b = limit(a, MS, 0);
	async_submit(&r);
	tap_is(async_result(&r, a), -ECANCELED, "one that was cancelled");
	tap_is(async_result(&r, b), -ENOENT, "has no limit any more");

	/* the one before, and no other */
	ring_add3(&r, SYS_read, p[0], c, 1);
	a = ring_data;
	ring_add3(&r, SYS_nanosleep, &hour, 0, 0);
	b = ring_data;
	limit(a, MS, XSC_LIMIT_LAST);
	limit(b, MS, XSC_LIMIT_LAST);
	async_submit(&r);
	tap_is(async_result(&r, b + 1), -ENOENT, "XSC_LIMIT_LAST: not the last op in flight");
	tap_is(async_result(&r, b), -ETIME, "the last one");
	tap_ok(!async_has(&r, a), "the other goes on");
	write(p[1], "x", 1);
	tap_is(async_result(&r, a), 1, "and ends");

	/* a time; one that has passed */
	sys(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
	ring_add3(&r, SYS_read, p[0], c, 1);
	a = ring_data;
	limit(a, now.s * 1000 * MS + now.ns + 60 * MS, XSC_LIMIT_ABS);
	ring_add3(&r, SYS_nanosleep, &hour, 0, 0);
	b = ring_data;
	limit(b, 1, XSC_LIMIT_ABS);
	async_submit(&r);
	tap_is(async_result(&r, b), -ETIME, "a time that has passed");
	tap_is(async_result(&r, a), -ETIME, "a time to come");

	ring_make(&plain, 4);
	ring_add3(&plain, XSC_OP_LIMIT, 1, MS, 0);
	xsc_ring_submit(&plain);
	ring_take(&plain, &res, NULL);
	tap_is(res, -ENOENT, "a plain ring has nothing in flight");
	xsc_ring_queue_exit(&plain);
}

/* many at once, of which half end in time */
static void many(void)
{
	int q[100][2];
	long bad = 0;
	__u64 a = ring_data + 1;

	for (int i = 0; i < 100; i++) {
		pipe(q[i]);
		ring_add3(&r, SYS_read, q[i][0], c, 1);
		limit(ring_data, i % 2 ? LONG : 50 * MS, 0);
	}
	async_submit(&r);
	for (int i = 0; i < 100; i++) {
		if (i % 2)
			write(q[i][1], "x", 1);
		bad += async_result(&r, a + 2 * i) != (i % 2 ? 1 : -ETIME);
		bad += async_result(&r, a + 2 * i + 1) != 0;
		close(q[i][0]);
		close(q[i][1]);
	}
	tap_is(bad, 0, "a hundred reads, of which half end in time");
}

int main(int argc, char **argv)
{
	long res;
	int pid;

	RINGS_OR_SKIP();
	async_make(&r, 256);
	pipe(p);
	ends();
	does_not_end();
	errors();
	many();
	tap_is(async_inflight(&r), 0, "nothing is in flight");

	/* under a filter */
	pid = fork();
	if (!pid) {
		seccomp_filter(SYS_fsync, SECCOMP_RET_ERRNO | 77);
		async_make(&r, 16);
		ring_add3(&r, SYS_read, p[0], c, 1);
		limited(20 * MS, &res);
		_exit(res != -ETIME);
	}
	tap_is(wait_for(pid), 0, "under a filter");
	/* a deferred ring: its thread waits, and is told */
	pid = fork();
	if (!pid) {
		struct xsc_ring_params params = { .sq_entries = 16, .flags = XSC_RING_ASYNC | XSC_RING_DEFER };

		if (xsc_ring_queue_init_params(&params, &r))
			_exit(1);
		ring_add3(&r, SYS_read, p[0], c, 1);
		xsc_sqe_quiet(ring_add3(&r, XSC_OP_LIMIT, ring_data, 20 * MS, XSC_LIMIT_MAYBE));
		async_enter(&r, 2, 1, 9000);
		_exit(!async_has(&r, ring_data - 1) || async_got[ring_data - 1].res != -ETIME || async_has(&r, ring_data));
	}
	tap_is(wait_for(pid), 0, "deferred, and the limit quiet");
	/* its thread ends while limits are set */
	pid = fork();
	if (!pid) {
		async_make(&r, 16);
		for (int i = 0; i < 8; i++) {
			ring_add3(&r, SYS_read, p[0], c, 1);
			limit(ring_data, (i + 1) * MS, 0);
		}
		async_submit(&r);
		_exit(0);
	}
	tap_is(wait_for(pid), 0, "exit with limits");
	xsc_ring_queue_exit(&r);
	return tap_done();
}

// SPDX-License-Identifier: MIT
/* ring-async-cancel.c - XSC_OP_CANCEL: what waits, what a worker runs, what stands behind another */
#include <poll.h>

#include "async.h"

static struct xsc_ring r;

static long cancel(__u64 data, long flags)
{
	ring_add3(&r, XSC_OP_CANCEL, data, flags, 0);
	async_submit(&r);
	return async_result(&r, ring_data);
}

int main(int argc, char **argv)
{
	struct { long s, ns; } hour = { 3600, 0 };
	struct pollfd pf[2] = { { .events = POLLIN }, { .fd = -1 } };
	__u64 a, b, d;
	long res, bad = 0;
	int p[2], q[2];
	char c;

	RINGS_OR_SKIP();
	async_make(&r, 64);
	pipe(p);
	pipe(q);

	tap_is(cancel(77, 0), -ENOENT, "nothing of that name");
	tap_is(cancel(77, 4), -EINVAL, "unknown flag");
	ring_add4(&r, XSC_OP_CANCEL, 1, 0, 0, 1);
	async_submit(&r);
	tap_is(async_result(&r, ring_data), -EINVAL, "a third argument");
	xsc_sqe_link(ring_add3(&r, XSC_OP_CANCEL, 1, 0, 0));
	ring_add0(&r, SYS_getpid);
	async_submit(&r);
	tap_is(async_result(&r, ring_data - 1), -EINVAL, "not in a chain");

	/* what waits for its file */
	ring_add3(&r, SYS_read, p[0], &c, 1);
	a = ring_data;
	async_submit(&r);
	tap_is(cancel(a, 0), 0, "a read that waits");
	tap_is(async_result(&r, a), -ECANCELED, "it is cancelled");
	tap_ok(async_got[a].place < async_got[a + 1].place, "before the cancel is complete");
	tap_is(cancel(a, 0), -ENOENT, "again: it is gone");
	write(p[1], "k", 1);
	tap_is(read(p[0], &c, 1), 1, "it has not taken what came later");

	/* a sleep */
	ring_add3(&r, SYS_nanosleep, &hour, 0, 0);
	a = ring_data;
	async_submit(&r);
	tap_is(async_inflight(&r), 1, "a sleep of an hour");
	tap_is(cancel(a, 0), 0, "is cancelled");
	tap_is(async_result(&r, a), -ECANCELED, "its result");

	/* what stands behind another */
	ring_add3(&r, SYS_read, p[0], &c, 1);
	a = ring_data;
	ring_add3(&r, SYS_read, p[0], &c, 1);
	b = ring_data;
	ring_add3(&r, SYS_read, p[0], &c, 1);
	d = ring_data;
	async_submit(&r);
	tap_is(cancel(b, 0), 0, "the second of three reads of one pipe");
	tap_is(async_result(&r, b), -ECANCELED, "is cancelled");
	tap_is(cancel(a, 0), 0, "the first");
	tap_is(async_result(&r, a), -ECANCELED, "is cancelled");
	write(p[1], "k", 1);
	tap_is(async_result(&r, d), 1, "the third goes on");

	/* what a worker runs */
	pf[0].fd = p[0];
	ring_add3(&r, SYS_poll, pf, 2, -1);
	a = ring_data;
	async_submit(&r);
	msleep(100);
	res = cancel(a, 0);
	tap_ok(res == -EALREADY || res == 0, "a poll in a worker: %ld", res);
	tap_is(async_result(&r, a), -ECANCELED, "it is interrupted");

	/* a chain in a worker: all of it */
	xsc_sqe_link(ring_add3(&r, SYS_poll, pf, 2, -1));
	a = ring_data;
	xsc_sqe_link(ring_add3(&r, SYS_write, q[1], "x", 1));
	ring_add3(&r, SYS_write, q[1], "x", 1);
	async_submit(&r);
	msleep(100);
	cancel(a + 2, 0);
	tap_is(async_result(&r, a), -ECANCELED, "a chain by the name of its last op: the first");
	tap_is(async_result(&r, a + 1), -ECANCELED, "the second");
	tap_is(async_result(&r, a + 2), -ECANCELED, "the last");

	/* all of one name */
	for (int i = 0; i < 10; i++) {
		struct xsc_sqe *s = i % 2 ? ring_add3(&r, SYS_read, p[0], &c, 1) :
					    ring_add3(&r, SYS_nanosleep, &hour, 0, 0);

		s->user_data = 40000 + i % 2;
	}
	async_submit(&r);
	tap_is(cancel(40001, XSC_CANCEL_ALL), 5, "five of one name");
	async_drain(&r);
	tap_is(async_got[40001].times, 5, "five CQEs");
	tap_is(async_got[40000].times, 0, "the others are not touched");
	tap_is(cancel(0, XSC_CANCEL_ANY), 0, "any one");
	tap_is(cancel(0, XSC_CANCEL_ANY | XSC_CANCEL_ALL), 4, "and all");
	async_drain(&r);
	tap_is(async_got[40000].times, 5, "they are");
	tap_is(async_inflight(&r), 0, "nothing is in flight");

	/* against completions */
	for (int i = 0; i < 300; i++) {
		ring_add3(&r, SYS_read, p[0], &c, 1);
		a = ring_data;
		ring_add3(&r, SYS_write, p[1], "x", 1);
		ring_add3(&r, XSC_OP_CANCEL, a, 0, 0);
		async_submit(&r);
		res = async_result(&r, a);
		if (res == -ECANCELED)
			read(p[0], &c, 1);
		bad += res != 1 && res != -ECANCELED;
		bad += async_result(&r, a + 2) == -9999;
		bad += async_got[a].times != 1;
	}
	tap_is(bad, 0, "300 times against the very completion");

	ring_add3(&r, SYS_read, q[0], &c, 1);
	async_submit(&r);
	xsc_ring_queue_exit(&r);
	return tap_done();
}

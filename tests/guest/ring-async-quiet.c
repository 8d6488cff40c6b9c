// SPDX-License-Identifier: MIT
/* ring-async-quiet.c - XSC_SQE_QUIET: a CQE only for what fails */
#include "async.h"

static struct xsc_ring r;

static struct xsc_sqe *quiet(struct xsc_sqe *sqe)
{
	xsc_sqe_quiet(sqe);
	return sqe;
}

int main(int argc, char **argv)
{
	struct xsc_ring_params params = { .sq_entries = 16, .cq_entries = 16, .flags = XSC_RING_ASYNC };
	char buf[64] = "", out[64] = "";
	struct { long s, ns; } soon = { 0, 20000000 };
	struct xsc_ring small;
	int p[2], q[2], bad = 0;
	long res = 0;
	__u64 a;

	RINGS_OR_SKIP();
	async_only(xsc_sqe_quiet);

	async_make(&r, 64);
	pipe(p);
	pipe(q);

	/* in the doorbell */
	a = ring_data + 1;
	quiet(ring_add0(&r, XSC_OP_NOP));
	quiet(ring_add0(&r, SYS_getpid));
	quiet(ring_add3(&r, SYS_write, p[1], "ab", 2));
	quiet(ring_add3(&r, SYS_close, 999, 0, 0));
	quiet(ring_add0(&r, 100000));
	ring_add0(&r, XSC_OP_NOP);
	tap_is(async_submit(&r), 6, "six SQEs, five of them quiet");
	tap_is(async_result(&r, a + 5), 0, "the one that is not");
	tap_ok(!async_has(&r, a) && !async_has(&r, a + 1) && !async_has(&r, a + 2), "nothing of what succeeded");
	tap_is(async_result(&r, a + 3), -EBADF, "a failure is told");
	tap_is(async_result(&r, a + 4), -ENOSYS, "so is a malformed SQE");
	tap_is(read(p[0], buf, 8), 2, "it was done");

	/* what goes on by itself */
	a = ring_data + 1;
	quiet(ring_add3(&r, SYS_read, p[0], buf, 8));
	quiet(ring_add4(&r, SYS_nanosleep, &soon, 0, 0, 0));
	quiet(ring_add4(&r, SYS_poll, 0, 0, 20, 0));
	async_submit(&r);
	write(p[1], "xyz", 3);
	tap_is(async_enter(&r, 0, 1, 10000), 0, "a wait ends when nothing is left that could come");
	tap_is(async_inflight(&r), 0, "a read that waited, a sleep, a worker's poll have ended");
	tap_ok(!async_has(&r, a) && !async_has(&r, a + 1) && !async_has(&r, a + 2), "without a word");
	tap_ok(!memcmp(buf, "xyz", 3), "it was read");
	quiet(ring_add3(&r, SYS_read, p[0], buf, 8));
	a = ring_data;
	async_submit(&r);
	ring_add6(&r, XSC_OP_CANCEL, a, 0, 0, 0, 0, 0);
	async_submit(&r);
	tap_is(async_result(&r, a), -ECANCELED, "a cancel is told");

	/* chains: the last one tells */
	a = ring_data + 1;
	xsc_sqe_link(quiet(ring_add4(&r, SYS_openat, AT_FDCWD, "/proc/self/comm", O_RDONLY, 0)));
	xsc_sqe_forward(ring_add3(&r, SYS_read, 0, out, 64), 0, 1);
	xsc_sqe_link(quiet(&r.sqes[(r.sqe_tail - 1) & r.sq_mask]));
	xsc_sqe_forward(ring_add3(&r, SYS_close, 0, 0, 0), 0, 2);
	async_submit(&r);
	tap_is(async_result(&r, a + 2), 0, "a chain with forwards from quiet ops");
	tap_ok(!async_has(&r, a) && !async_has(&r, a + 1), "says one thing");
	tap_ok(!strncmp(out, "ring-async", 10), "what was read: %.10s", out);
	a = ring_data + 1;
	xsc_sqe_link(quiet(ring_add3(&r, SYS_close, 999, 0, 0)));
	quiet(ring_add0(&r, SYS_getpid));
	async_submit(&r);
	tap_is(async_result(&r, a), -EBADF, "a chain that fails: where");
	tap_is(async_result(&r, a + 1), -ECANCELED, "and what was cancelled for it");
	a = ring_data + 1;
	xsc_sqe_link(quiet(ring_add3(&r, SYS_read, p[0], buf, 3)));
	xsc_sqe_link(quiet(ring_add3(&r, SYS_write, q[1], buf, 3)));
	ring_add3(&r, SYS_read, q[0], out, 8);
	async_submit(&r);
	write(p[1], "uvw", 3);
	tap_is(async_result(&r, a + 2), 3, "a chain that a worker runs");
	tap_ok(!async_has(&r, a) && !async_has(&r, a + 1), "says one thing too");
	tap_ok(!memcmp(out, "uvw", 3), "what went through: %.3s", out);
	xsc_ring_queue_exit(&r);

	/* they need a place in the CQ for as long as they could fail, and give it back */
	if (xsc_ring_queue_init_params(&params, &small))
		return tap_done();
	for (int i = 0; i < 15; i++)
		ring_add0(&small, XSC_OP_NOP);
	async_submit(&small);
	for (int i = 0; i < 16; i++)
		quiet(ring_add0(&small, XSC_OP_NOP));
	tap_is(async_submit(&small), 16, "one free place is enough for sixteen");
	for (int i = 0; i < 8; i++)
		quiet(ring_add3(&small, SYS_read, p[0], buf, 1));
	tap_is(async_submit(&small), 1, "but for one that goes on");
	write(p[1], "12345678", 8);
	for (int i = 0; i < 100 && async_inflight(&small); i++)
		msleep(10);
	tap_is(async_submit(&small), 7, "until it has ended: the rest has data");
	while (ring_take(&small, &res, NULL))
		bad++;
	tap_is(bad, 15, "fifteen CQEs");
	xsc_ring_queue_exit(&small);
	return tap_done();
}

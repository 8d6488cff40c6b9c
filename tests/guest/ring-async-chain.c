// SPDX-License-Identifier: MIT
/* ring-async-chain.c - chains: in order, whole, forwards inside them only */
#include <poll.h>

#include "async.h"

static struct xsc_ring r;

int main(int argc, char **argv)
{
	struct pollfd pf = { .events = POLLIN };
	char buf[64] = "", one[64] = "";
	long pid = getpid(), bad = 0;
	int p[2], q[2], futex = 1;
	__u64 a;

	RINGS_OR_SKIP();
	async_make(&r, 64);
	pipe(p);
	pipe(q);

	/* all of it in the doorbell */
	xsc_sqe_link(ring_add4(&r, SYS_openat, AT_FDCWD, "/proc/self/comm", O_RDONLY, 0));
	a = ring_data;
	xsc_sqe_forward(ring_add3(&r, SYS_read, 0, one, 64), 0, 1);
	r.sqes[(r.sqe_tail - 1) & r.sq_mask].flags |= XSC_SQE_LINK;
	xsc_sqe_forward(ring_add3(&r, SYS_close, 0, 0, 0), 0, 2);
	tap_is(async_enter(&r, 3, 3, 5000), 3, "open, read, close");
	tap_ok(async_result(&r, a) > 0, "open");
	tap_ok(async_result(&r, a + 1) > 0, "read");
	tap_is(async_result(&r, a + 2), 0, "close");
	tap_ok(!strncmp(one, "ring-async", 10), "what was read: %.10s", one);

	/* its second op waits: the rest waits with it, what stands behind does not */
	xsc_sqe_link(ring_add0(&r, SYS_getpid));
	a = ring_data;
	xsc_sqe_link(ring_add3(&r, SYS_read, p[0], buf, 3));
	xsc_sqe_forward(ring_add3(&r, SYS_write, q[1], buf, 0), 2, 1);
	r.sqes[(r.sqe_tail - 1) & r.sq_mask].flags |= XSC_SQE_LINK;
	xsc_sqe_forward(ring_add3(&r, SYS_dup, 0, 0, 0), 0, 3);
	ring_add0(&r, SYS_getpid);
	tap_is(async_submit(&r), 5, "a chain that waits, and one op behind it");
	tap_is(async_result(&r, a + 4), pid, "the one behind it is complete");
	tap_ok(async_has(&r, a), "so is the chain's first op");
	msleep(50);
	tap_ok(!async_has(&r, a + 1) && !async_has(&r, a + 2), "the rest waits");
	tap_is(async_inflight(&r), 3, "three CQEs are to come");
	write(p[1], "abc", 3);
	tap_is(async_result(&r, a + 1), 3, "the second op");
	tap_is(async_result(&r, a + 2), 3, "the third, with the second's result");
	tap_is(async_result(&r, a + 3), -EBADF, "the fourth, with the first's");
	tap_ok(async_got[a + 1].place < async_got[a + 2].place && async_got[a + 2].place < async_got[a + 3].place, "in order");
	tap_is(read(q[0], one, 8), 3, "what the third wrote");
	tap_ok(!memcmp(one, "abc", 3), "is what the second read");

	/* a failure in a worker */
	xsc_sqe_link(ring_add3(&r, SYS_read, p[0], buf, 3));
	a = ring_data;
	xsc_sqe_link(ring_add3(&r, SYS_close, 999, 0, 0));
	xsc_sqe_link(ring_add3(&r, SYS_write, q[1], "no", 2));
	ring_add3(&r, XSC_OP_NOP, 0, 0, 0);
	async_submit(&r);
	write(p[1], "abc", 3);
	tap_is(async_result(&r, a), 3, "a worker's chain: the first op");
	tap_is(async_result(&r, a + 1), -EBADF, "the second fails");
	tap_is(async_result(&r, a + 2), -ECANCELED, "the third is cancelled");
	tap_is(async_result(&r, a + 3), -ECANCELED, "so is the last");
	pf.fd = q[0];
	tap_is(sys(SYS_poll, &pf, 1, 0), 0, "nothing was written");

	/* malformed members in a worker */
	xsc_sqe_link(ring_add3(&r, SYS_read, p[0], buf, 1));
	a = ring_data;
	xsc_sqe_link(ring_add0(&r, 100000));
	ring_add0(&r, SYS_getpid);
	async_submit(&r);
	write(p[1], "x", 1);
	tap_is(async_result(&r, a + 1), -ENOSYS, "an unknown op in a worker");
	tap_is(async_result(&r, a + 2), -ECANCELED, "what is behind it");
	tap_is(r.cr->errors, 1, "it is counted");

	/* a caller-only op keeps the chain in the caller; here it does not block */
	write(p[1], "x", 1);
	xsc_sqe_link(ring_add3(&r, SYS_read, p[0], buf, 1));
	a = ring_data;
	xsc_sqe_link(ring_add0(&r, SYS_gettid));
	ring_add6(&r, SYS_futex, (long)&futex, 1, 1, 0, 0, 0);
	tap_is(async_submit(&r), 3, "a chain with caller-only ops");
	tap_ok(async_has(&r, a + 2), "is complete with the doorbell");
	tap_is(async_got[a + 1].res, sys(SYS_gettid), "gettid is the caller's");

	/* forwards do not leave the chain */
	ring_add0(&r, SYS_getpid);
	xsc_sqe_forward(ring_add3(&r, SYS_close, 0, 0, 0), 0, 1);
	async_submit(&r);
	tap_is(async_result(&r, ring_data), -EINVAL, "a forward from outside the chain");

	/* a hundred chains at once */
	for (int k = 0; k < 10; k++) {
		for (int i = 0; i < 10; i++) {
			xsc_sqe_link(ring_add3(&r, SYS_read, p[0], buf, 1));
			xsc_sqe_link(ring_add3(&r, SYS_write, q[1], "1", 1));
			ring_add0(&r, SYS_getpid);
		}
		a = ring_data - 29;
		bad += async_submit(&r) != 30;
		write(p[1], "0123456789", 10);
		for (int i = 0; i < 30; i++)
			bad += async_result(&r, a + i) != (i % 3 == 2 ? pid : 1);
		read(q[0], one, 10);
	}
	tap_is(bad, 0, "a hundred chains");
	bad = 0;
	for (a = 1; a <= ring_data; a++)
		bad += async_got[a].times != 1;
	tap_is(bad, 0, "one CQE for each SQE");

	/* a chain that fits nowhere is the caller's: no CQE is lost */
	xsc_ring_queue_exit(&r);
	return tap_done();
}

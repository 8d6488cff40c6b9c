// SPDX-License-Identifier: MIT
/* ring-corrupt.c - indices that make no sense, and SQEs that change under the kernel */
#include "scribble.h"

static struct xsc_ring r;

static void corrupt(__u32 tail, __u32 head, long want, const char *what)
{
	__u32 t = r.sr->sq_tail, h = r.sr->cq_head;
	__u64 done = r.cr->sqes_done;

	r.sr->sq_tail = tail;
	r.sr->cq_head = head;
	tap_is(ring_enter(r.fd, 8, 0), want, "%s", what);
	tap_is(r.cr->flags, want < 0 ? XSC_CR_SQ_BROKEN : 0, "%s: flags", what);
	tap_is(r.cr->sqes_done, done, "%s: nothing has run", what);
	r.sr->sq_tail = t;
	r.sr->cq_head = h;
}

static void rewrite(void *arg)
{
	volatile struct xsc_sqe *s = r.sqes;

	for (unsigned int n = 0; !scribble_stop; n++) {
		s[n % 8].op = n % 3 ? SYS_getppid : n % 2 ? 0xffffffff : SYS_fork;
		s[n % 8].flags = n % 5 ? 0 : 0xffff;
		s[n % 8].fwd_from = n % 7 ? 0 : 255;
	}
}

int main(int argc, char **argv)
{
	unsigned long end, rounds = 0, bad = 0, taken = 0;
	struct thread t;
	long res, ppid = getppid();

	RINGS_OR_SKIP();
	ring_make(&r, 8);
	ring_add0(&r, XSC_OP_NOP);
	ring_expect(&r, 1, (long []) { 0 }, "a nop, so that the indices are 1");

	corrupt(10, 1, -EINVAL, "sq_tail 9 ahead in a ring of 8");
	corrupt(0, 1, -EINVAL, "sq_tail has gone backwards");
	corrupt(0x80000001, 1, -EINVAL, "sq_tail 2^31 ahead");
	corrupt(0xffffffff, 1, -EINVAL, "sq_tail 2^32 - 1");
	corrupt(1, 2, -EINVAL, "cq_head ahead of cq_tail");
	corrupt(1, 0x80000001, -EINVAL, "cq_head 2^31 ahead");
	corrupt(1, -20, -EINVAL, "cq_head too far behind");
	corrupt(1, 1, 0, "and back");
	ring_add0(&r, SYS_getppid);
	ring_expect(&r, 1, (long []) { ppid }, "the ring works");

	/* SQEs change while the doorbell reads them */
	tap_is(thread_start(&t, rewrite, NULL), 0, "a thread that rewrites SQEs");
	end = now_ms() + 2000;
	while (now_ms() < end) {
		r.sqe_tail += 8;
		bad += xsc_ring_submit(&r) != 8;
		while (ring_take(&r, &res, NULL)) {
			taken++;
			if (res != ppid && res != -EINVAL && res != -ENOSYS && res != 0 && res != -ECANCELED)
				bad++;
		}
		rounds++;
	}
	scribble_stop = true;
	thread_join(&t);
	tap_is(bad, 0, "%lu doorbells while SQEs change: each result is a legal one", rounds);
	tap_is(taken, rounds * 8, "one CQE for each SQE");
	tap_is(waitpid(-1, NULL, WNOHANG), -1, "no child has come of it");

	/* and everything else as well: any errno will do, as long as it returns */
	scribble_stop = false;
	tap_is(thread_start(&t, scribble, &r), 0, "a thread that scribbles over SR");
	end = now_ms() + 3000;
	for (rounds = 0, bad = 0; now_ms() < end; rounds++) {
		res = ring_enter(r.fd, 8, 0);
		bad += res < -4095 || res > 8;
	}
	scribble_stop = true;
	thread_join(&t);
	tap_is(bad, 0, "%lu doorbells under it return", rounds);

	/* nobody else is hurt */
	xsc_ring_queue_exit(&r);
	ring_make(&r, 8);
	ring_add0(&r, SYS_getppid);
	ring_expect(&r, 1, (long []) { ppid }, "another ring works");
	xsc_ring_queue_exit(&r);
	tap_is(sys(SYS_getppid), ppid, "and so does the process");
	return tap_done();
}

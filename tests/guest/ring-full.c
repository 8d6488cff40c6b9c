// SPDX-License-Identifier: MIT
/* ring-full.c - a full CQ: EBUSY, and nothing is lost */
#include "rings.h"

int main(int argc, char **argv)
{
	struct xsc_ring_params p = { .sq_entries = 4, .cq_entries = 4 };
	struct xsc_ring r;
	__u64 data, next = 1;
	unsigned long lost = 0, busy = 0;
	long res;
	int fds[2];
	char c;

	RINGS_OR_SKIP();
	tap_is(xsc_ring_queue_init_params(&p, &r), 0, "a ring of 4 and 4");
	pipe2(fds, O_NONBLOCK);
	for (int i = 0; i < 4; i++)
		ring_add3(&r, SYS_getppid, 0, 0, 0);
	tap_is(xsc_ring_submit(&r), 4, "four SQEs");
	tap_is(r.cr->flags, 0, "four CQEs fill it without complaint");
	for (int i = 0; i < 3; i++)
		ring_add3(&r, SYS_write, fds[1], "x", 1);
	tap_is(xsc_ring_submit(&r), -EBUSY, "no room for one more: EBUSY");
	tap_is(r.cr->flags, XSC_CR_CQ_FULL, "flag CQ_FULL");
	tap_is(read(fds[0], &c, 1), -1, "nothing has run");
	tap_is(xsc_ring_sq_ready(&r), 3, "the SQEs are still there");
	ring_take(&r, &res, &data);
	tap_is(data, 1, "the oldest CQE is the first one");
	ring_take(&r, &res, &data);
	tap_is(xsc_ring_enter(&r, 3), 2, "room for two");
	tap_is(r.cr->flags, XSC_CR_CQ_FULL, "flag CQ_FULL");
	tap_is(xsc_ring_sq_ready(&r), 1, "one is left");
	for (next = 3; ring_take(&r, &res, &data); next++)
		lost += data != next;
	tap_is(xsc_ring_enter(&r, 3), 1, "the last one");
	tap_is(r.cr->flags, 0, "the flag is off again");
	tap_ok(ring_take(&r, &res, &data) && data == 7, "its CQE");
	tap_is(lost, 0, "all in order");

	/* a reader that is always too slow */
	lost = 0;
	next = ring_data + 1;
	for (int i = 0; i < 5000; i++) {
		while (ring_add0(&r, XSC_OP_NOP))
			;
		busy += xsc_ring_submit(&r) == -EBUSY;
		for (int k = 0; k < 1 + i % 3; k++)
			if (ring_take(&r, &res, &data))
				lost += data != next++;
	}
	while (ring_take(&r, &res, &data))
		lost += data != next++;
	while (xsc_ring_submit(&r) > 0)
		while (ring_take(&r, &res, &data))
			lost += data != next++;
	tap_is(lost, 0, "a slow reader: %lu CQEs, in order", (unsigned long)next);
	tap_is(next - 1, ring_data, "one for each SQE");
	tap_is(r.cr->sqes_done, ring_data, "as the kernel counts");
	xsc_ring_queue_exit(&r);
	return tap_done();
}

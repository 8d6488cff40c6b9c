// SPDX-License-Identifier: MIT
/*
 * ring-index.c - the ring's indices: full, empty, and past 2^32
 */
#include "ring-sim.h"
#include "tap.h"

static void nop(struct xsc_sqe *sqe, long res, __u64 data)
{
	xsc_sqe_prep(sqe, XSC_OP_NOP, res, 0, 0, 0, 0, 0);
	xsc_sqe_set_data64(sqe, data);
}

static void walk(unsigned int start)
{
	struct xsc_ring ring;
	struct xsc_sqe *sqe;
	struct xsc_cqe *cqe;
	unsigned int i, n;
	bool ok;

	sim_init(&ring, 4, 8, start);
	tap_ok(xsc_ring_sq_space_left(&ring) == 4 && !xsc_ring_sq_ready(&ring) &&
	       !xsc_ring_cq_ready(&ring), "from %u: empty", start);
	tap_ok(xsc_ring_peek_cqe(&ring, &cqe) == -EAGAIN && !cqe,
	       "from %u: no CQE to peek at", start);

	for (n = 0; (sqe = xsc_ring_get_sqe(&ring)); n++)
		nop(sqe, n, 100 + n);
	tap_ok(n == 4 && !xsc_ring_sq_space_left(&ring),
	       "from %u: 4 SQEs, then full", start);
	tap_ok(ring.sr->sq_tail == start,
	       "from %u: the kernel sees none before the flush", start);
	tap_ok(xsc_ring_flush(&ring) == 4 && ring.sr->sq_tail == start + 4,
	       "from %u: the flush shows 4", start);

	tap_ok(sim_doorbell(&ring, 3) == 3 && xsc_ring_sq_ready(&ring) == 1 &&
	       xsc_ring_sq_space_left(&ring) == 3 &&
	       xsc_ring_cq_ready(&ring) == 3, "from %u: 3 consumed", start);
	for (i = 0, ok = true; i < 3; i++) {
		ok &= !xsc_ring_peek_cqe(&ring, &cqe) && cqe->res == i &&
		      cqe->user_data == 100 + i;
		xsc_ring_cqe_seen(&ring, cqe);
	}
	tap_ok(ok && xsc_ring_peek_cqe(&ring, &cqe) == -EAGAIN,
	       "from %u: 3 CQEs in order, then none", start);
	sim_free(&ring);
}

static void overflow(void)
{
	struct xsc_ring ring;
	struct xsc_sqe *sqe;
	struct xsc_cqe *cqe;
	unsigned int sent = 0, got = 0;
	bool ok = true;

	sim_init(&ring, 4, 8, 0xfffffff9);
	while (got < 50) {
		while (sent < 50 && (sqe = xsc_ring_get_sqe(&ring))) {
			nop(sqe, sent, sent);
			sent++;
		}
		xsc_ring_flush(&ring);
		/* Fill the CQ to the brim before anything is reaped. */
		if (sim_doorbell(&ring, 4))
			continue;
		while (!xsc_ring_peek_cqe(&ring, &cqe)) {
			ok &= cqe->user_data == got && cqe->res == got;
			xsc_ring_cqe_seen(&ring, cqe);
			got++;
		}
	}
	tap_ok(ok && got == 50 && sent == 50 && !xsc_ring_sq_ready(&ring),
	       "50 through a CQ of 8 that fills up: each one once, in order");
	sim_free(&ring);
}

int main(void)
{
	walk(0);
	walk(2);
	walk(0xfffffffe);
	overflow();
	return tap_done();
}

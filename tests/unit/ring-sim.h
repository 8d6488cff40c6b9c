/* SPDX-License-Identifier: MIT */
/*
 * ring-sim.h - the kernel side of a ring, played in user space
 */
#ifndef XSC_RING_SIM_H
#define XSC_RING_SIM_H

#include <stdlib.h>
#include <xsc/ring.h>

/* A ring over plain memory, with all indices at @start. */
static void sim_init(struct xsc_ring *ring, unsigned int sq_entries,
		     unsigned int cq_entries, unsigned int start)
{
	memset(ring, 0, sizeof(*ring));
	ring->fd = -1;
	ring->sr = calloc(1, sizeof(*ring->sr));
	ring->cr = calloc(1, sizeof(*ring->cr));
	ring->sqes = calloc(sq_entries, sizeof(*ring->sqes));
	ring->cqes = calloc(cq_entries, sizeof(*ring->cqes));
	ring->sq_mask = sq_entries - 1;
	ring->cq_mask = cq_entries - 1;
	ring->sqe_tail = start;
	ring->sr->sq_tail = ring->sr->cq_head = start;
	ring->cr->sq_head = ring->cr->cq_tail = start;
}

static void sim_free(struct xsc_ring *ring)
{
	free(ring->sr);
	free(ring->cr);
	free(ring->sqes);
	free(ring->cqes);
}

/*
 * A doorbell: consume at most @max SQEs; a nop's result is its first argument.
 * As the kernel does, it takes no SQE for whose CQE there is no room.
 * Barriers: the kernel's half of those in ring.h.
 */
static unsigned int __attribute__((unused))
sim_doorbell(struct xsc_ring *ring, unsigned int max)
{
	unsigned int tail = xsc_smp_load_acquire(&ring->sr->sq_tail);
	unsigned int head = ring->cr->sq_head, done = 0;
	unsigned int cq_tail = ring->cr->cq_tail;
	struct xsc_cqe *cqe;
	struct xsc_sqe sqe;

	while (head != tail && done < max) {
		if (cq_tail - xsc_smp_load_acquire(&ring->sr->cq_head) >
		    ring->cq_mask)
			break;
		sqe = ring->sqes[head++ & ring->sq_mask];
		cqe = &ring->cqes[cq_tail++ & ring->cq_mask];
		cqe->user_data = sqe.user_data;
		cqe->res = (__s64)sqe.args[0];
		xsc_smp_store_release(&ring->cr->cq_tail, cq_tail);
		xsc_smp_store_release(&ring->cr->sq_head, head);
		done++;
	}
	return done;
}

#endif /* XSC_RING_SIM_H */

/* SPDX-License-Identifier: MIT */
/*
 * ring.h - XSC rings: submission and completion queues in shared memory
 *
 *	struct xsc_ring ring;
 *	struct xsc_sqe *sqe;
 *	struct xsc_cqe *cqe;
 *
 *	xsc_ring_queue_init(64, &ring);
 *	sqe = xsc_ring_get_sqe(&ring);
 *	xsc_prep_fsync(sqe, fd);
 *	xsc_ring_submit(&ring);
 *	if (!xsc_ring_peek_cqe(&ring, &cqe)) {
 *		... cqe->res ...
 *		xsc_ring_cqe_seen(&ring, cqe);
 *	}
 *	xsc_ring_queue_exit(&ring);
 *
 * A ring belongs to the process that made it and is not for several threads
 * at once.  Functions return a value or a negative errno, and leave errno as it
 * is.
 *
 * What touches the ring's memory alone is here, and inline.  What enters the
 * kernel is in <xsc/ring-calls.h>, inline as well; programs that include
 * <xsc/rt.h> instead have it from libxsc-rt.
 */
#ifndef XSC_RING_H
#define XSC_RING_H

#include <xsc/barrier.h>
#include <xsc/gate.h>
#include <xsc/prep.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct xsc_ring_meter - what xsc_ring_call() has measured
 * @since:	start of the window, nanoseconds; 0 before the first
 * @looked:	when a call by the poller looked at the clock
 * @pause:	the longest time between two such looks in this window
 * @direct:	nanoseconds of 256 calls by the gate
 * @window:	calls by the gate in a window
 * @left:	such windows until the poller is tried
 * @hold:	what @left is going to be when the poller loses
 * @polled:	calls by the poller in this window
 * @windows:	windows of the poller since the gate was tried; with @polling
 * @polling:	the poller's turn
 */
struct xsc_ring_meter {
	unsigned long long	since;
	unsigned long long	looked;
	unsigned long long	pause;
	unsigned long long	direct;
	unsigned int		window;
	unsigned int		left;
	unsigned int		hold;
	unsigned int		polled;
	unsigned int		windows;
	int			polling;
};

/**
 * struct xsc_ring - a ring, as its user holds it
 * @fd:		its file
 * @by_op:	the doorbell is XSC_OP_RING_ENTER; else XSC_IOC_ENTER
 * @spin:	with XSC_RING_POLL, microseconds to look for CQEs before waiting in
 *		the kernel; else 0
 * @sq_mask:	sq_entries - 1
 * @cq_mask:	cq_entries - 1
 * @sqe_tail:	SQEs handed out by xsc_ring_get_sqe(), ahead of sr->sq_tail
 * @sqe_head:	a sq_head of the past
 * @sr:		head of the SR region
 * @sqes:	the SQEs in it
 * @cr:		head of the CR region, read-only
 * @cqes:	the CQEs in it, read-only
 * @sr_size:	bytes mapped
 * @cr_size:	bytes mapped
 * @calls:	of xsc_ring_call(): calls by the gate until the next look at the clock
 * @meter:	likewise, what was measured
 */
struct xsc_ring {
	int			fd;
	int			by_op;
	unsigned int		spin;
	unsigned int		sq_mask;
	unsigned int		cq_mask;
	unsigned int		sqe_tail;
	unsigned int		sqe_head;
	struct xsc_sr_hdr	*sr;
	struct xsc_sqe		*sqes;
	struct xsc_cr_hdr	*cr;
	struct xsc_cqe		*cqes;
	size_t			sr_size;
	size_t			cr_size;
	int			calls;
	struct xsc_ring_meter	meter;
};

/** xsc_ring_sq_ready() - SQEs that the kernel has not consumed */
static inline unsigned int xsc_ring_sq_ready(const struct xsc_ring *ring)
{
	/*
	 * Pairs with the kernel's store-release of sq_head: it has copied
	 * what lies behind, so that those SQEs may be written again.
	 */
	return ring->sqe_tail - xsc_smp_load_acquire(&ring->cr->sq_head);
}

/** xsc_ring_sq_space_left() - SQEs that xsc_ring_get_sqe() still has */
static inline unsigned int xsc_ring_sq_space_left(const struct xsc_ring *ring)
{
	return ring->sq_mask + 1 - xsc_ring_sq_ready(ring);
}

/**
 * xsc_ring_get_sqe() - the next free SQE, to be filled in
 *
 * Return: the SQE, or NULL if the queue is full: submit first
 */
static inline struct xsc_sqe *xsc_ring_get_sqe(struct xsc_ring *ring)
{
	/* The kernel's index is looked at when the queue looks full. */
	if (ring->sqe_tail - ring->sqe_head > ring->sq_mask) {
		if (!xsc_ring_sq_space_left(ring))
			return NULL;
		ring->sqe_head = ring->sqe_tail - xsc_ring_sq_ready(ring);
	}
	return &ring->sqes[ring->sqe_tail++ & ring->sq_mask];
}

/**
 * xsc_ring_flush() - make the SQEs handed out visible to the kernel
 *
 * Return: how many SQEs wait for it
 */
static inline unsigned int xsc_ring_flush(struct xsc_ring *ring)
{
	/*
	 * Pairs with the kernel's load-acquire of sq_tail: it sees the SQEs
	 * that were written before.
	 */
	xsc_smp_store_release(&ring->sr->sq_tail, ring->sqe_tail);
	return xsc_ring_sq_ready(ring);
}

/**
 * xsc_ring_needs_doorbell() - after xsc_ring_flush(): is the doorbell to be rung?
 *
 * Return: 0 if the poller of XSC_RING_POLL looks at the ring, else 1
 */
static inline int xsc_ring_needs_doorbell(const struct xsc_ring *ring)
{
	if (!ring->spin)
		return 1;
	/* It sleeps: only a doorbell wakes it, and one too many does no harm. */
	if (__atomic_load_n(&ring->cr->need_wakeup, __ATOMIC_RELAXED))
		return 1;
	/*
	 * Pairs with the poller's barrier between need_wakeup = 1 and its
	 * last look at sq_tail: it sees our SQEs, or we see that it sleeps.
	 */
	xsc_smp_mb();
	return __atomic_load_n(&ring->cr->need_wakeup, __ATOMIC_RELAXED) != 0;
}

/** xsc_ring_cq_ready() - CQEs that were not yet seen */
static inline unsigned int xsc_ring_cq_ready(const struct xsc_ring *ring)
{
	/*
	 * Pairs with the kernel's store-release of cq_tail: the CQEs before
	 * it are written.
	 */
	return xsc_smp_load_acquire(&ring->cr->cq_tail) - ring->sr->cq_head;
}

/**
 * xsc_ring_peek_cqe() - the next CQE, without waiting
 * @ring:	the ring
 * @cqe:	set to it, or to NULL
 *
 * Return: 0, or -EAGAIN if there is none
 */
static inline int xsc_ring_peek_cqe(const struct xsc_ring *ring,
				    struct xsc_cqe **cqe)
{
	if (!xsc_ring_cq_ready(ring)) {
		*cqe = NULL;
		return -EAGAIN;
	}
	*cqe = &ring->cqes[ring->sr->cq_head & ring->cq_mask];
	return 0;
}

/** xsc_ring_cq_advance() - give @nr CQEs back to the kernel */
static inline void xsc_ring_cq_advance(struct xsc_ring *ring, unsigned int nr)
{
	/*
	 * Pairs with the kernel's load-acquire of cq_head: what was read of
	 * these CQEs was read before it writes them again.
	 */
	xsc_smp_store_release(&ring->sr->cq_head, ring->sr->cq_head + nr);
}

/** xsc_ring_cqe_seen() - give the CQE of xsc_ring_peek_cqe() back */
static inline void xsc_ring_cqe_seen(struct xsc_ring *ring,
				     const struct xsc_cqe *cqe)
{
	if (cqe)
		xsc_ring_cq_advance(ring, 1);
}

/**
 * xsc_ring_for_each_cqe() - walk the CQEs that are there
 * @ring:	the ring
 * @head:	an unsigned int for the walk
 * @cqe:	each CQE in turn
 *
 * Give them back with xsc_ring_cq_advance() afterwards.
 */
#define xsc_ring_for_each_cqe(ring, head, cqe)				\
	for ((head) = (ring)->sr->cq_head;				\
	     (head) != xsc_smp_load_acquire(&(ring)->cr->cq_tail) &&	\
	     ((cqe) = &(ring)->cqes[(head) & (ring)->cq_mask], 1);	\
	     (head)++)

#ifdef __cplusplus
}
#endif

#ifndef XSC_RT
#include <xsc/ring-calls.h>
#endif

#endif /* XSC_RING_H */

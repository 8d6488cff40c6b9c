/* SPDX-License-Identifier: GPL-2.0 */
/*
 * xsc_ring.h - rings, as the core and the consumers of xsc.ko see them
 */
#ifndef _DRIVERS_XSC_RING_H
#define _DRIVERS_XSC_RING_H

#include <linux/mutex.h>

#include "xsc.h"

/**
 * struct xsc_region - one of the two shared regions of a ring
 * @pages:	its pages, each with a reference of its own and inserted one by
 *		one, so that a mapping outlives the ring safely
 * @nr:		how many
 * @addr:	the kernel's mapping
 */
struct xsc_region {
	struct page	**pages;
	unsigned int	nr;
	void		*addr;
};

/**
 * struct xsc_ring - a ring
 * @mm:		the process that it serves; compared, never used
 * @lock:	held by the thread that runs a doorbell
 * @sr:		SQEs and the user's indices; mapped read-only here
 * @cr:		CQEs and our indices; mapped read-only for the user
 * @sqes:	inside @sr
 * @cqes:	inside @cr
 * @sq_mask:	SQ entries less one
 * @cq_mask:	CQ entries less one
 * @sq_head:	our own copy of the index: what stands in @cr is for reading
 * @cq_tail:	likewise
 */
struct xsc_ring {
	const struct mm_struct	*mm;
	struct mutex		lock;	/* one doorbell at a time */
	struct xsc_region	sr;
	struct xsc_region	cr;
	const struct xsc_sqe	*sqes;
	struct xsc_cqe		*cqes;
	u32			sq_mask;
	u32			cq_mask;
	u32			sq_head;
	u32			cq_tail;
};

/**
 * struct xsc_consumer - how the ops of a family are taken off a ring
 * @family:	enum xsc_family
 * @issue:	runs the SQE.  A restart code (xsc_interrupted()) leaves the SQE
 *		in the ring for the next doorbell; all else is the result.
 */
struct xsc_consumer {
	enum xsc_family family;
	s64 (*issue)(struct xsc_container *c, struct xsc_sqe *sqe);
};

/* xsc_consume_*.c */
extern const struct xsc_consumer xsc_consumer_fs;
extern const struct xsc_consumer xsc_consumer_net;
extern const struct xsc_consumer xsc_consumer_timer;
extern const struct xsc_consumer xsc_consumer_sync;

#endif /* _DRIVERS_XSC_RING_H */

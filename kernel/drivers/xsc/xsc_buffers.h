/* SPDX-License-Identifier: GPL-2.0 */
/*
 * xsc_buffers.h - finding the pages of a registered buffer
 */
#ifndef _DRIVERS_XSC_BUFFERS_H
#define _DRIVERS_XSC_BUFFERS_H

#include <linux/bvec.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/uio.h>

#include "xsc_async.h"

/**
 * struct xsc_buffer - a registered buffer
 * @addr:	where it is for the user
 * @len:	bytes
 * @bvec:	its pages, the first and the last perhaps in part
 * @pinned:	how many of them, fewer than it has while they are being pinned
 */
struct xsc_buffer {
	unsigned long		addr;
	unsigned long		len;
	struct bio_vec		*bvec;
	unsigned long		pinned;
};

/**
 * struct xsc_buffers - all of a ring's
 * @ref:	one for the ring, one for each request that a device works on;
 *		the ring's cq_lock
 * @nr:		buffers
 * @charged:	pages, in @mm and @user
 * @mm:		whose memory it is; a reference to the struct
 * @user:	whose RLIMIT_MEMLOCK bounds it; a reference, NULL if none does
 * @work:	the end, when the last reference may be an interrupt's
 * @buf:	the buffers
 */
struct xsc_buffers {
	unsigned int		ref;
	unsigned int		nr;
	unsigned long		charged;
	struct mm_struct	*mm;
	struct user_struct	*user;
	struct work_struct	work;
	struct xsc_buffer	buf[];
};

/**
 * xsc_buffers_find() - the buffer that an op names and lies in
 * @ring:	its ring, with cq_lock held
 * @args:	the op's
 *
 * Return: the buffer or an ERR_PTR.
 */
static __always_inline const struct xsc_buffer *
xsc_buffers_find(const struct xsc_ring *ring, const u64 *args)
{
	const struct xsc_buffers *set = ring->buffers;
	const struct xsc_buffer *buf;
	u64 nr = args[4];

	if (unlikely(!set || nr >= set->nr))
		return ERR_PTR(-EINVAL);
	buf = &set->buf[array_index_nospec(nr, set->nr)];
	/* One that lies before it is far behind it. */
	if (unlikely(args[2] > buf->len ||
		     args[1] - buf->addr > buf->len - args[2]))
		return ERR_PTR(-EFAULT);
	return buf;
}

/**
 * xsc_buffers_get() - the same, with a reference to the buffers
 * @ring:	its ring
 * @args:	the op's
 * @set:	out: of which there is a reference, if there is one
 *
 * Return: the buffer or an ERR_PTR.
 */
static __always_inline const struct xsc_buffer *
xsc_buffers_get(struct xsc_ring *ring, const u64 *args,
		struct xsc_buffers **set)
{
	const struct xsc_buffer *buf;

	spin_lock_irq(&ring->cq_lock);
	buf = xsc_buffers_find(ring, args);
	if (!IS_ERR(buf)) {
		*set = ring->buffers;
		(*set)->ref++;
	}
	spin_unlock_irq(&ring->cq_lock);
	return buf;
}

/**
 * xsc_buffers_put_locked() - a request does not need its buffer any more
 * @set:	of which it has a reference; its ring's cq_lock is held
 */
static __always_inline void xsc_buffers_put_locked(struct xsc_buffers *set)
{
	if (unlikely(!--set->ref))
		queue_work(system_unbound_wq, &set->work);
}

/**
 * xsc_buffer_iter() - the pages of an op that a device is to have
 * @buf:	what xsc_buffers_find() returned, with a reference to its set
 * @args:	the op's
 * @iter:	filled in
 * @out:	it is a write
 */
static __always_inline void xsc_buffer_iter(const struct xsc_buffer *buf,
					    const u64 *args,
					    struct iov_iter *iter, bool out)
{
	/* All but the first begin with their page. */
	unsigned long off = args[1] - (buf->addr & PAGE_MASK);
	unsigned long first = off >> PAGE_SHIFT;

	iov_iter_bvec(iter, out ? ITER_SOURCE : ITER_DEST, buf->bvec + first,
		      DIV_ROUND_UP(off + args[2], PAGE_SIZE) - first, args[2]);
	iter->iov_offset = first ? offset_in_page(off) : args[1] - buf->addr;
}

#endif /* _DRIVERS_XSC_BUFFERS_H */

// SPDX-License-Identifier: GPL-2.0-only
/*
 * xsc_cancel.c - ops that end before they have done what they were to
 *
 * By user data: XSC_OP_CANCEL at once, XSC_OP_LIMIT when a time is over; and
 * all of a ring when its file is closed.
 */
#include <linux/export.h>
#include <linux/hrtimer.h>
#include <linux/sched/signal.h>

#include "xsc_buffers.h"

static bool xsc_req_is(const struct xsc_req *req, u64 data)
{
	unsigned int i;

	for (i = READ_ONCE(req->pos); i < req->nr; i++)
		if (req->sqes[i].user_data == data)
			return true;
	return false;
}

/*
 * Mark it; false if it was, and ends by itself.  *@claimed: the caller has to
 * end it.
 */
static bool xsc_req_mark(struct xsc_req *req, bool *claimed)
{
	bool was;

	spin_lock(&req->pool->lock);
	was = req->cancelled;
	WRITE_ONCE(req->cancelled, true);
	*claimed = xsc_req_claim_locked(req);
	if (!*claimed && !was && req->runner)
		set_notify_signal(req->runner);
	spin_unlock(&req->pool->lock);
	return *claimed || !was;
}

/*
 * Cancel one, the oldest, or all; returns how many.  *@running is set if one
 * of them was being run: it ends by itself, and soon if it sleeps
 * interruptibly.
 */
static long xsc_ring_do_cancel(struct xsc_ring *ring, u64 data,
			       unsigned int flags, bool *running)
{
	bool any = flags & XSC_CANCEL_ANY, all = flags & XSC_CANCEL_ALL;
	struct xsc_req *req, *direct;
	bool claimed;
	long nr = 0;

again:
	direct = NULL;
	spin_lock_irq(&ring->cq_lock);
	/* Devices have those: they are cancelled if they turn out to wait. */
	hlist_for_each_entry(req, &ring->direct, pool_node) {
		if ((!any && !xsc_req_is(req, data)) ||
		    READ_ONCE(req->cancelled))
			continue;
		direct = req;
		if (all) {
			xsc_req_mark(req, &claimed);
			*running = true;
			nr++;
		}
	}
	list_for_each_entry(req, &ring->reqs, ring_node) {
		if (!all && direct && xsc_req_before(direct, req))
			break;
		if ((!any && !xsc_req_is(req, data)) ||
		    !xsc_req_mark(req, &claimed))
			continue;
		nr++;
		if (claimed) {
			spin_unlock_irq(&ring->cq_lock);
			xsc_req_cancel(req);
			if (!all)
				return nr;
			goto again;
		}
		*running = true;
		if (!all)
			goto unlock;
	}
	if (!all && direct) {
		xsc_req_mark(direct, &claimed);
		*running = true;
		nr++;
	}
unlock:
	spin_unlock_irq(&ring->cq_lock);
	return nr;
}

/**
 * xsc_ring_cancel() - XSC_OP_CANCEL
 * @ring:	the ring
 * @sqe:	the kernel's own copy
 *
 * Return: the result of the op, see xsc_uapi.h.
 */
s64 xsc_ring_cancel(struct xsc_ring *ring, const struct xsc_sqe *sqe)
{
	bool running = false;
	long nr;

	if (sqe->args[1] & ~(u64)XSC_CANCEL_F_ALL || sqe->args[2] ||
	    sqe->args[3] || sqe->args[4] || sqe->args[5])
		return -EINVAL;
	nr = xsc_ring_do_cancel(ring, sqe->args[0], sqe->args[1], &running);
	if (!nr)
		return -ENOENT;
	if (sqe->args[1] & XSC_CANCEL_ALL)
		return nr;
	return running ? -EALREADY : 0;
}

/* XSC_OP_LIMIT: the time is over. */
static enum hrtimer_restart xsc_req_expire(struct hrtimer *timer)
{
	struct xsc_req *req = container_of(timer, struct xsc_req, expiry);
	struct xsc_pool *pool = req->pool;
	unsigned long flags;

	spin_lock_irqsave(&pool->lock, flags);
	if (!req->cancelled) {
		WRITE_ONCE(req->expired, true);
		WRITE_ONCE(req->cancelled, true);
		if (xsc_req_claim_locked(req)) {
			/* It ends where a try would be made. */
			req->light = true;
			xsc_req_queue_locked(req);
		} else if (req->runner) {
			set_notify_signal(req->runner);
		}
	}
	spin_unlock_irqrestore(&pool->lock, flags);
	return HRTIMER_NORESTART;
}

static s64 xsc_req_limit_locked(struct xsc_req *req, u64 ns, u64 flags)
{
	enum hrtimer_mode mode = flags & XSC_LIMIT_ABS ? HRTIMER_MODE_ABS :
							 HRTIMER_MODE_REL;

	if (req->cancelled)
		return -EALREADY;
	if (!req->bounded) {
		hrtimer_init(&req->expiry, CLOCK_MONOTONIC, mode);
		req->expiry.function = xsc_req_expire;
		req->bounded = true;
	} else if (hrtimer_try_to_cancel(&req->expiry) < 0) {
		/* It waits for the lock. */
		return -EALREADY;
	}
	if (ns)
		hrtimer_start_range_ns(&req->expiry, ns_to_ktime(ns),
				       current->timer_slack_ns, mode);
	return 0;
}

/*
 * The youngest request of that name, with cq_lock held; or NULL.  With @last
 * only if it is the youngest of all.
 */
static struct xsc_req *xsc_ring_newest(struct xsc_ring *ring, u64 data,
				       bool last)
{
	struct xsc_req *req, *direct;

	direct = hlist_entry_safe(ring->direct.first, struct xsc_req,
				  pool_node);
	req = list_empty(&ring->reqs) ? NULL :
	      list_last_entry(&ring->reqs, struct xsc_req, ring_node);
	if (last) {
		if (!req || (direct && xsc_req_before(req, direct)))
			req = direct;
		return req && xsc_req_is(req, data) ? req : NULL;
	}
	hlist_for_each_entry_from(direct, pool_node)
		if (xsc_req_is(direct, data))
			break;
	list_for_each_entry_reverse(req, &ring->reqs, ring_node)
		if (xsc_req_is(req, data))
			return direct && xsc_req_before(req, direct) ? direct :
								       req;
	return direct;
}

/**
 * xsc_ring_limit() - XSC_OP_LIMIT
 * @ring:	the ring
 * @sqe:	the kernel's own copy
 *
 * Return: the result of the op, see xsc_uapi.h.
 */
s64 xsc_ring_limit(struct xsc_ring *ring, const struct xsc_sqe *sqe)
{
	u64 data = sqe->args[0], ns = sqe->args[1], flags = sqe->args[2];
	s64 ret = flags & XSC_LIMIT_MAYBE ? 0 : -ENOENT;
	struct xsc_req *req;

	if (flags & ~(u64)XSC_LIMIT_F_ALL || ns > KTIME_MAX || sqe->args[3] ||
	    sqe->args[4] || sqe->args[5])
		return -EINVAL;
	spin_lock_irq(&ring->cq_lock);
	req = xsc_ring_newest(ring, data, flags & XSC_LIMIT_LAST);
	if (req) {
		spin_lock(&req->pool->lock);
		ret = xsc_req_limit_locked(req, ns, flags);
		spin_unlock(&req->pool->lock);
	}
	spin_unlock_irq(&ring->cq_lock);
	return ret;
}

/**
 * xsc_ring_close() - its file is closed
 * @ring:	the ring; the file's reference is given back
 *
 * Devices that work for it have none of their own.
 */
void xsc_ring_close(struct xsc_ring *ring)
{
	bool running, last;

	xsc_ring_do_cancel(ring, 0, XSC_CANCEL_ANY | XSC_CANCEL_ALL, &running);
	xsc_buffers_drop(ring);
	spin_lock_irq(&ring->cq_lock);
	ring->closed = true;
	last = !ring->nr_direct;
	spin_unlock_irq(&ring->cq_lock);
	if (last)
		xsc_ring_put(ring);
}
EXPORT_SYMBOL_GPL(xsc_ring_close);

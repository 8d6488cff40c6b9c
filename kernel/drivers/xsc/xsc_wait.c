// SPDX-License-Identifier: GPL-2.0-only
/*
 * xsc_wait.c - a thread waits for the CQEs of a ring
 *
 * Meanwhile it tries what has become ready, in place of a worker.
 */
#include <linux/export.h>
#include <linux/hrtimer.h>
#include <linux/sched/clock.h>
#include <linux/sched/signal.h>
#include <linux/sched/stat.h>
#include <linux/task_work.h>
#include <linux/wait.h>

#include "xsc_async.h"

/**
 * struct xsc_waiter - a thread that waits for CQEs
 * @entry:	in ring->cq_wait
 * @ring:	the ring
 * @target:	the cq_tail that it waits for
 */
struct xsc_waiter {
	struct wait_queue_entry	entry;
	struct xsc_ring		*ring;
	u32			target;
};

static bool xsc_waiter_done(const struct xsc_waiter *w)
{
	return xsc_ring_reached(w->ring, w->target);
}

static int xsc_waiter_wake(struct wait_queue_entry *entry, unsigned int mode,
			   int sync, void *key)
{
	struct xsc_waiter *w = container_of(entry, struct xsc_waiter, entry);

	if (!xsc_waiter_done(w))
		return 0;
	return autoremove_wake_function(entry, mode, sync, key);
}

/*
 * Look for a moment before sleeping.  True if there is something: a CQE, or what
 * the thread has to try.
 */
static noinline bool xsc_ring_spin(struct xsc_ring *ring,
				   const struct xsc_waiter *w,
				   const struct xsc_pool *pool)
{
	u64 end = local_clock() + READ_ONCE(ring->spin);

	while (single_task_running() && !need_resched()) {
		if (xsc_waiter_done(w) || (pool && xsc_pool_is_asked(pool)))
			return true;
		if (signal_pending(current) || task_work_pending(current) ||
		    local_clock() > end)
			break;
		cpu_relax();
	}
	return false;
}

/*
 * Sleep until woken, or until @until: then 0.  How long it was says whether
 * spinning would have spared it.
 */
static int xsc_ring_schedule(struct xsc_ring *ring, ktime_t *until)
{
	u32 max = ring->spin_max;
	u64 since;
	int ret;

	if (likely(!max))
		return schedule_hrtimeout_range(until, 0, HRTIMER_MODE_ABS);
	since = local_clock();
	ret = schedule_hrtimeout_range(until, 0, HRTIMER_MODE_ABS);
	/* Step by step up: one short wait proves little. */
	WRITE_ONCE(ring->spin, local_clock() - since > max ? 0 :
		   min(max, 2 * READ_ONCE(ring->spin) + max / 8));
	return ret;
}

/**
 * xsc_ring_sleep() - xsc_ring_wait(), when there is something to wait for
 * @ring:	the ring
 * @file:	as there
 * @target:	the cq_tail to wait for
 * @until:	as there
 *
 * Return: 0, -ETIME or -EINTR.
 */
long xsc_ring_sleep(struct xsc_ring *ring, struct file *file, u32 target,
		    ktime_t *until)
{
	struct xsc_pool *pool = current->xsc.pool;
	struct xsc_waiter w = { .ring = ring, .target = target };
	long ret = 0;

	init_waitqueue_func_entry(&w.entry, xsc_waiter_wake);
	w.entry.private = current;
	INIT_LIST_HEAD(&w.entry.entry);
	for (;;) {
		/*
		 * Not in the wait queue: it has to wake others only.  A thread
		 * that spins says so, lest workers take what it could; one that
		 * sleeps says so then.
		 */
		if (pool && (READ_ONCE(ring->spin) || xsc_pool_is_asked(pool)))
			xsc_pool_serve(pool, ring, file);
		if (xsc_waiter_done(&w))
			break;
		if (unlikely(READ_ONCE(ring->spin)) &&
		    xsc_ring_spin(ring, &w, pool))
			continue;
		/* Its full barrier pairs with wq_has_sleeper(). */
		prepare_to_wait(&ring->cq_wait, &w.entry, TASK_INTERRUPTIBLE);
		if (READ_ONCE(ring->shared) || READ_ONCE(ring->pool) != pool)
			xsc_ring_undefer(ring);
		if (xsc_waiter_done(&w))
			break;
		if (task_work_pending(current)) {
			__set_current_state(TASK_RUNNING);
			xsc_run_notified();
			/* Of an op that was interrupted for that. */
			if (!task_sigpending(current))
				restore_saved_sigmask();
		} else if (signal_pending(current) || current->xsc.resume) {
			ret = -EINTR;
			break;
		} else if (pool && !xsc_pool_sleeps(pool)) {
			;
		} else if (!xsc_ring_schedule(ring, until)) {
			if (!xsc_waiter_done(&w))
				ret = -ETIME;
			break;
		}
		finish_wait(&ring->cq_wait, &w.entry);
	}
	finish_wait(&ring->cq_wait, &w.entry);
	/* Only the thread itself comes and goes. */
	if (pool && READ_ONCE(pool->attends) != XSC_AWAY)
		xsc_pool_wait_end(pool);
	return ret;
}

/**
 * xsc_ring_undefer() - somebody else than its thread waits for the ring
 * @ring:	the ring; the caller is in its wait queue
 *
 * What waits for the next doorbell is for workers now.
 */
void xsc_ring_undefer(struct xsc_ring *ring)
{
	struct xsc_pool *pool = NULL;
	struct xsc_req *req;

	if (likely(!ring->defer))
		return;
	spin_lock_irq(&ring->cq_lock);
	list_for_each_entry(req, &ring->reqs, ring_node) {
		if (req->pool == pool)
			continue;
		pool = req->pool;
		spin_lock(&pool->lock);
		if (!list_empty(&pool->later)) {
			list_splice_tail_init(&pool->later, &pool->light);
			xsc_pool_kick_locked(pool);
		}
		xsc_pool_call_locked(pool);
		spin_unlock(&pool->lock);
	}
	spin_unlock_irq(&ring->cq_lock);
}
EXPORT_SYMBOL_GPL(xsc_ring_undefer);

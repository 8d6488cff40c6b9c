// SPDX-License-Identifier: GPL-2.0-only
/*
 * xsc_async.c - ops that go on when the doorbell has ended
 *
 * An op is first tried without blocking.  If it would block it becomes a
 * request: it waits for its file or its time without a thread, or a worker
 * runs it.  A request has one owner at a time; its state says which list it
 * is on otherwise.  docs/RINGS.md has the whole of it.
 */
#include <linux/audit.h>
#include <linux/cred.h>
#include <linux/export.h>
#include <linux/file.h>
#include <linux/hash.h>
#include <linux/init.h>
#include <linux/nospec.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/signalfd.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "xsc_async.h"

static struct kmem_cache *xsc_req_cache __ro_after_init;

/**
 * xsc_audited() - is there an audit rule that may look at a call?
 *
 * A task that was born while audit was on carries its mark for life, so the
 * mark alone says nothing.
 *
 * Return: true if so.
 */
bool xsc_audited(void)
{
	return audit_enabled && READ_ONCE(audit_n_rules);
}

/* --- rings ------------------------------------------------------------- */

/**
 * xsc_ring_init() - what the built-in part keeps of a ring
 * @ring:	zeroed; the caller has the only reference
 */
void xsc_ring_init(struct xsc_ring *ring)
{
	mutex_init(&ring->lock);
	ring->c.prior = xsc_ring_chain_prior;
	ring->c.abort = xsc_ring_abort;
	kref_init(&ring->ref);
	spin_lock_init(&ring->cq_lock);
	INIT_LIST_HEAD(&ring->reqs);
	INIT_HLIST_HEAD(&ring->direct);
	INIT_HLIST_HEAD(&ring->spare);
	INIT_LIST_HEAD(&ring->poll_node);
	xsc_adapt_init(&ring->adapt);
	init_waitqueue_head(&ring->cq_wait);
}
EXPORT_SYMBOL_GPL(xsc_ring_init);

/**
 * xsc_region_free() - free a region, also one half made
 * @r:		the region
 *
 * Mappings keep their pages.
 */
void xsc_region_free(struct xsc_region *r)
{
	unsigned int i;

	vunmap(r->addr);
	for (i = 0; r->pages && i < r->nr; i++)
		if (r->pages[i])
			put_page(r->pages[i]);
	kvfree(r->pages);
}
EXPORT_SYMBOL_GPL(xsc_region_free);

static void xsc_ring_do_free(struct xsc_ring *ring)
{
	xsc_region_free(&ring->sr);
	xsc_region_free(&ring->cr);
	mmdrop((struct mm_struct *)ring->mm);
	if (ring->pool)
		xsc_pool_put(ring->pool);
	if (ring->hand)
		xsc_req_free_memory(ring->hand);
	xsc_req_free_spare(&ring->spare);
	kfree(ring->chain);
	kfree(ring);
}

static void xsc_ring_free_late(struct work_struct *work)
{
	xsc_ring_do_free(container_of(work, struct xsc_ring, free_work));
}

static void xsc_ring_free(struct kref *ref)
{
	struct xsc_ring *ring = container_of(ref, struct xsc_ring, ref);

	/* Mappings cannot be undone in an interrupt. */
	if (in_task() && !irqs_disabled()) {
		xsc_ring_do_free(ring);
	} else {
		INIT_WORK(&ring->free_work, xsc_ring_free_late);
		queue_work(system_unbound_wq, &ring->free_work);
	}
}

/**
 * xsc_ring_put() - give a reference back
 * @ring:	the ring
 */
void xsc_ring_put(struct xsc_ring *ring)
{
	kref_put(&ring->ref, xsc_ring_free);
}
EXPORT_SYMBOL_GPL(xsc_ring_put);

/**
 * xsc_ring_leave_pool() - another thread rings
 * @ring:	the ring, locked, with a pool
 */
void xsc_ring_leave_pool(struct xsc_ring *ring)
{
	struct xsc_pool *pool = ring->pool;
	bool keep;

	ring->pool = NULL;
	spin_lock_irq(&ring->cq_lock);
	/* If it has left one before, they are all of that. */
	keep = ring->nr_direct && !ring->left_pool;
	if (keep)
		ring->left_pool = pool;
	spin_unlock_irq(&ring->cq_lock);
	if (!keep)
		xsc_pool_put(pool);
}

/*
 * A CQE that was promised.  With @last it is the request's last one.
 *
 * Context: also an interrupt.
 */
static __always_inline void
xsc_ring_post(struct xsc_ring *ring, const struct xsc_sqe *sqe, s64 res,
	      struct xsc_req *last)
{
	const struct xsc_pool *pool = current->xsc.pool;
	unsigned long flags;

	spin_lock_irqsave(&ring->cq_lock, flags);
	xsc_ring_cqe_locked(ring, sqe, res);
	if (last)
		list_del(&last->ring_node);
	spin_unlock_irqrestore(&ring->cq_lock, flags);
	/* Also in an interrupt of the thread while it serves. */
	if (!pool || READ_ONCE(pool->serving) != ring)
		xsc_ring_wake(ring);
}

/* --- order on one file -------------------------------------------------- */

/*
 * Two ops that use the position of one file, or the same direction of one
 * stream, run one after the other: does @req stand in the way of one with
 * @flags?
 */
static bool xsc_order_conflict(const struct xsc_req *req,
			       const struct file *file, u8 flags)
{
	return req->try.file == file &&
	       (!((req->try.flags ^ flags) & XSC_OPF_OUT) ||
		file->f_mode & FMODE_ATOMIC_POS);
}

static struct xsc_req *xsc_order_find_locked(struct xsc_pool *pool,
					     const struct file *file, u8 flags)
{
	struct xsc_req *req;

	hash_for_each_possible(pool->order, req, order, (unsigned long)file)
		if (xsc_order_conflict(req, file, flags))
			return req;
	return NULL;
}

/* The request has ended; the next one on its file may go. */
static void xsc_order_release_locked(struct xsc_req *req)
{
	struct xsc_req *next;

	if (!req->ordered)
		return;
	req->ordered = false;
	hash_del(&req->order);
	next = list_first_entry_or_null(&req->behind, struct xsc_req, node);
	if (!next)
		return;
	list_del_init(&next->node);
	list_splice_init(&req->behind, &next->behind);
	next->ordered = true;
	hash_add(next->pool->order, &next->order,
		 (unsigned long)next->try.file);
	xsc_req_queue_locked(next);
}

/* True when the request has to stand behind another one. */
static bool xsc_order_enter(struct xsc_req *req)
{
	struct xsc_pool *pool = req->pool;
	struct xsc_req *first;
	bool held;

	spin_lock_irq(&pool->lock);
	first = xsc_order_find_locked(pool, req->try.file, req->try.flags);
	/* When its thread is gone it is cancelled, and stands behind nobody. */
	held = first && pool->task;
	if (held) {
		req->state = XSC_REQ_HELD;
		list_add_tail(&req->node, &first->behind);
	} else if (!first) {
		req->ordered = true;
		hash_add(pool->order, &req->order,
			 (unsigned long)req->try.file);
	}
	spin_unlock_irq(&pool->lock);
	return held;
}

static bool xsc_order_busy(struct xsc_pool *pool, const struct xsc_try *t)
{
	bool busy;

	/* Only this thread adds requests to its pool. */
	if (!atomic_read(&pool->nr_reqs))
		return false;
	spin_lock_irq(&pool->lock);
	busy = xsc_order_find_locked(pool, t->file, t->flags);
	spin_unlock_irq(&pool->lock);
	return busy;
}

/* --- requests ----------------------------------------------------------- */

/**
 * xsc_req_queue_locked() - somebody may take it up
 * @req:	owned by the caller
 */
void xsc_req_queue_locked(struct xsc_req *req)
{
	struct xsc_pool *pool = req->pool;

	req->state = XSC_REQ_QUEUED;
	req->runner = NULL;
	if (unlikely(req->try.watched)) {
		xsc_pool_watched_locked(pool, req);
	} else if (req->light) {
		xsc_pool_light_locked(pool, req);
	} else {
		list_add_tail(&req->node, &pool->heavy);
		xsc_pool_kick_locked(pool);
	}
}

/**
 * xsc_req_queue() - xsc_req_queue_locked(), with the lock
 * @req:	owned by the caller
 *
 * If its thread is gone, and the workers with it, it is cancelled: the poller
 * may be late.
 */
void xsc_req_queue(struct xsc_req *req)
{
	struct xsc_pool *pool = req->pool;
	bool late;

	spin_lock_irq(&pool->lock);
	late = !pool->task;
	if (likely(!late))
		xsc_req_queue_locked(req);
	spin_unlock_irq(&pool->lock);
	if (unlikely(late))
		xsc_req_cancel(req);
}

/**
 * xsc_req_claim_locked() - take a request that nobody works on
 * @req:	the request
 *
 * Return: true when it is the caller's now.
 */
bool xsc_req_claim_locked(struct xsc_req *req)
{
	if (req->state == XSC_REQ_OWNED)
		return false;
	if (req->state != XSC_REQ_ARMED)
		list_del_init(&req->node);
	req->state = XSC_REQ_OWNED;
	return true;
}

/**
 * xsc_req_wake() - its file is ready, or its time has come
 * @req:	the request
 *
 * Context: any; in a wake-up, under the wait queue's lock.
 */
void xsc_req_wake(struct xsc_req *req)
{
	struct xsc_pool *pool = req->pool;
	unsigned long flags;

	spin_lock_irqsave(&pool->lock, flags);
	if (req->state == XSC_REQ_ARMED)
		xsc_req_queue_locked(req);
	else
		req->woken = true;
	spin_unlock_irqrestore(&pool->lock, flags);
}

static enum hrtimer_restart xsc_req_timer(struct hrtimer *timer)
{
	xsc_req_wake(container_of(timer, struct xsc_req, timer));
	return HRTIMER_NORESTART;
}

/**
 * xsc_req_start_timer() - have it woken at its time
 * @req:	owned by the caller
 *
 * xsc_req_disarm() stops it.
 */
void xsc_req_start_timer(struct xsc_req *req)
{
	req->timed = true;
	hrtimer_init(&req->timer, req->try.clock, req->try.mode);
	req->timer.function = xsc_req_timer;
	hrtimer_start_range_ns(&req->timer, req->try.expires,
			       current->timer_slack_ns, req->try.mode);
}

/**
 * xsc_req_sleep() - wait for the time
 * @req:	owned by the caller, after XSC_TRY_TIMER
 *
 * Return: true when it is over, or the request was cancelled meanwhile.
 */
bool xsc_req_sleep(struct xsc_req *req)
{
	struct xsc_pool *pool = req->pool;
	bool over;

	req->light = true;
	req->woken = false;
	xsc_req_start_timer(req);
	spin_lock_irq(&pool->lock);
	over = req->woken || req->cancelled;
	if (!over)
		req->state = XSC_REQ_ARMED;
	spin_unlock_irq(&pool->lock);
	return over;
}

/**
 * xsc_req_disarm() - do not wait any more
 * @req:	owned by the caller
 *
 * After this no wake-up touches the request.
 */
void xsc_req_disarm(struct xsc_req *req)
{
	xsc_poll_disarm(req);
	if (req->timed)
		hrtimer_cancel(&req->timer);
}

static void xsc_req_free_chain(struct xsc_req *req)
{
	if (likely(req->sqes == &req->sqe))
		return;
	kvfree(req->sqes);
	kfree(req->results);
}

/**
 * xsc_req_free_memory() - free one of which nothing is left
 * @req:	the request
 *
 * Context: any.
 */
void xsc_req_free_memory(struct xsc_req *req)
{
	kmem_cache_free(xsc_req_cache, req);
}

/**
 * xsc_req_free_spare() - free what is kept for the next requests
 * @spare:	nobody else has it
 */
void xsc_req_free_spare(struct hlist_head *spare)
{
	struct hlist_node *next;
	struct xsc_req *req;

	hlist_for_each_entry_safe(req, next, spare, pool_node)
		xsc_req_free_memory(req);
}

/* Context: also an interrupt, but for a chain. */
static void xsc_req_free(struct xsc_req *req)
{
	const struct cred *creds = req->creds;
	struct xsc_pool *pool = req->pool;
	struct xsc_ring *ring = req->ring;
	struct file *file = req->try.file;
	unsigned long flags;
	bool keep;

	/* Its ring has it no more: no limit comes now. */
	if (unlikely(req->bounded))
		hrtimer_cancel(&req->expiry);
	xsc_req_free_chain(req);
	spin_lock_irqsave(&pool->lock, flags);
	xsc_order_release_locked(req);
	if (req->direct)
		xsc_pool_moved(pool, req->try.res,
			       req->try.flags & XSC_OPF_OUT);
	atomic_dec(&pool->nr_reqs);
	keep = pool->nr_spare < XSC_SPARE_MAX;
	hlist_del(&req->pool_node);
	if (keep) {
		hlist_add_head(&req->pool_node, &pool->spare);
		pool->nr_spare++;
	}
	spin_unlock_irqrestore(&pool->lock, flags);

	if (!keep)
		xsc_req_free_memory(req);
	if (file)
		fput(file);
	put_cred(creds);
	xsc_ring_put(ring);
	xsc_pool_put(pool);
}

/**
 * xsc_req_post() - the CQE of SQE req->pos
 * @req:	owned by the caller
 * @res:	its result
 *
 * Return: true if that was the last one: the request is gone.
 */
bool xsc_req_post(struct xsc_req *req, s64 res)
{
	const struct xsc_sqe *sqe = &req->sqes[req->pos];
	bool last = req->pos + 1 == req->nr;

	if (sqe->op < NR_syscalls)
		xsc_trace_op(XSC_WAY_RING, sqe->op, res);
	xsc_ring_post(req->ring, sqe, res, last ? req : NULL);
	if (last)
		xsc_req_free(req);
	else
		WRITE_ONCE(req->pos, req->pos + 1);
	return last;
}

/* With what was done before the last attempt. */
static s64 xsc_req_result(const struct xsc_req *req, s64 res)
{
	return req->pos == req->at ? xsc_total(req->try.done, res) : res;
}

/**
 * xsc_req_end() - all that is left of a request has this result
 * @req:	owned by the caller
 * @res:	the result
 */
void xsc_req_end(struct xsc_req *req, s64 res)
{
	while (!xsc_req_post(req, res))
		;
}

/**
 * xsc_req_end_direct() - direct I/O has ended
 * @req:	owned by the caller, one op
 * @res:	the result
 *
 * Context: also an interrupt.
 */
void xsc_req_end_direct(struct xsc_req *req, s64 res)
{
	req->try.res = res;
	req->direct = true;
	xsc_ring_post(req->ring, &req->sqe, res, req);
	xsc_req_free(req);
}

/**
 * xsc_req_stopped() - what becomes of an op that was cancelled
 * @req:	owned by the caller, cancelled
 *
 * Return: -ETIME of the one whose time is over, -ECANCELED of others.
 */
s64 xsc_req_stopped(struct xsc_req *req)
{
	if (likely(!READ_ONCE(req->expired)))
		return -ECANCELED;
	/* It is cancelled: nobody sets that again. */
	req->expired = false;
	return -ETIME;
}

/**
 * xsc_req_cancel() - end a request without running it
 * @req:	owned by the caller
 */
void xsc_req_cancel(struct xsc_req *req)
{
	xsc_req_disarm(req);
	while (!xsc_req_post(req, xsc_req_result(req, xsc_req_stopped(req))))
		;
}

/**
 * xsc_req_become() - take the credentials of a request's submission
 * @req:	the request
 *
 * Return: for xsc_req_unbecome(); NULL if they are the same.
 */
const struct cred *xsc_req_become(const struct xsc_req *req)
{
	return req->creds == current_cred() ? NULL : override_creds(req->creds);
}

/**
 * xsc_req_unbecome() - take back one's own
 * @saved:	what xsc_req_become() returned
 */
void xsc_req_unbecome(const struct cred *saved)
{
	if (saved)
		revert_creds(saved);
}

/* What a try has come to; true if it is to be tried again. */
static bool xsc_req_settle(struct xsc_req *req, enum xsc_tried tried)
{
	enum xsc_armed armed = XSC_ARM_NOT;
	enum xsc_directed directed;

	if (unlikely(req->try.watched)) {
		xsc_watch_settle(req, tried);
		return false;
	}
	switch (tried) {
	case XSC_TRY_DIRECT:
		/* The last op of a chain, whose SQE stands with the others. */
		if (req->sqes != &req->sqe)
			break;
		directed = xsc_direct_start(req);
		if (directed != XSC_DIRECT_NOT)
			return directed == XSC_DIRECT_DONE;
		break;
	case XSC_TRY_TIMER:
		return xsc_req_sleep(req);
	case XSC_TRY_AGAIN:
	case XSC_TRY_POLL:
		req->light = tried == XSC_TRY_AGAIN;
		armed = xsc_poll_arm(req);
		if (armed == XSC_ARMED)
			return false;
		if (armed == XSC_ARM_READY && tried == XSC_TRY_AGAIN)
			return true;
		break;
	default:
		break;
	}

	req->light = false;
	xsc_req_queue(req);
	return false;
}

/**
 * xsc_req_advance() - try again
 * @req:	owned by the caller, at its last SQE
 *
 * Context: the submitter or one of its workers, no locks.
 */
void xsc_req_advance(struct xsc_req *req)
{
	const struct cred *saved;
	enum xsc_tried tried;
	unsigned int tries;

	if (unlikely(req->try.watched)) {
		xsc_watch_advance(req);
		return;
	}
	for (tries = 0;; tries++) {
		xsc_req_disarm(req);
		if (req->direct) {
			s64 res = xsc_direct_result(req);

			req->direct = false;
			if (res != -EAGAIN)
				xsc_req_post(req, res);
			else
				xsc_req_settle(req, XSC_TRY_WORKER);
			return;
		}
		if (READ_ONCE(req->cancelled)) {
			xsc_req_cancel(req);
			return;
		}
		if (xsc_req_slept(req)) {
			xsc_req_post(req, 0);
			return;
		}
		saved = xsc_req_become(req);
		tried = xsc_try(&req->try);
		xsc_req_unbecome(saved);
		if (tried == XSC_TRY_DONE) {
			xsc_req_post(req, req->try.res);
			return;
		}
		/* A file that is ready and is not: a worker waits for it. */
		if (tried == XSC_TRY_AGAIN && tries == 8)
			tried = XSC_TRY_WORKER;
		if (!xsc_req_settle(req, tried))
			return;
	}
}

/**
 * xsc_req_prior() - the result of an earlier op of a chain
 * @c:		with the request
 * @back:	how many places before
 * @res:	out
 *
 * Return: 0, or -EINVAL if there is none.
 */
int xsc_req_prior(struct xsc_container *c, unsigned int back, s64 *res)
{
	struct xsc_req *req = c->req;
	unsigned int pos = req->base + req->pos;

	if (back > pos)
		return -EINVAL;
	*res = req->results[(pos - back) % XSC_CHAIN_RES];
	return 0;
}

/**
 * xsc_req_keep_result() - for forwards of the rest of the chain
 * @req:	owned by the caller
 * @res:	of SQE req->pos
 */
void xsc_req_keep_result(struct xsc_req *req, s64 res)
{
	if (req->results)
		req->results[(req->base + req->pos) % XSC_CHAIN_RES] = res;
}

/* SQE req->pos of a chain, in a worker. */
static s64 xsc_req_call(struct xsc_container *c, struct xsc_req *req,
			struct xsc_sqe *sqe, struct xsc_worker *w)
{
	s64 res;
	u32 nr;

	if (req->pos == req->at)
		return xsc_req_result(req, xsc_worker_call(w, req, req->try.nr,
							   req->try.args,
							   req->try.file));
	res = xsc_check_chained(c, sqe);
	if (res)
		return res;
	if (sqe->op == XSC_OP_NOP)
		return 0;
	res = xsc_check_op(c, sqe->op);
	if (res)
		return res;
	/* A forward may have made it one. */
	if (xsc_for_caller(sqe->op, sqe->args))
		return -EINVAL;
	nr = array_index_nospec(sqe->op, NR_syscalls);
	xsc_count(XSC_WAY_RING, xsc_optable[nr].family);
	return xsc_worker_call(w, req, nr, sqe->args, NULL);
}

/* Does a file show what only the thread has that asks? */
static bool xsc_shows_thread(const struct file *file)
{
	return file && !file->f_op->read_iter && is_signalfd(file);
}

/*
 * The last op of a chain waits for its file like one that stands alone, so that
 * its worker is free.  False if the worker has to run it.
 */
static bool xsc_req_run_last(const struct xsc_container *c,
			     struct xsc_req *req)
{
	struct xsc_sqe *sqe = &req->sqes[req->pos];
	struct xsc_pool *pool = req->pool;
	struct file *file, *before;
	u32 nr = sqe->op;
	u8 flags;

	if (nr >= NR_syscalls || c->failed ||
	    xsc_sqe_extras(sqe) & ~XSC_SQE_F_ASYNC)
		return false;
	nr = array_index_nospec(nr, NR_syscalls);
	flags = xsc_optable[nr].flags;
	if (!(flags & XSC_OPF_POLL) || xsc_for_caller(nr, sqe->args))
		return false;
	file = fget(sqe->args[0]);
	if (!file)
		return false;

	before = req->try.file;
	spin_lock_irq(&pool->lock);
	xsc_order_release_locked(req);
	req->runner = NULL;
	spin_unlock_irq(&pool->lock);
	if (before)
		fput(before);
	req->try = (struct xsc_try){
		.nr = nr,
		.flags = flags,
		.poll_first = xsc_polls_first(sqe, flags),
		.watched = xsc_shows_thread(file),
		.file = file,
		.args = sqe->args,
	};
	req->at = req->pos;
	/* A timer that the first op of the chain had was not this one's. */
	req->timed = false;
	xsc_count(XSC_WAY_RING, xsc_optable[nr].family);
	xsc_req_advance(req);
	return true;
}

/**
 * xsc_req_run() - run what is left of a request, blocking if need be
 * @req:	owned by the caller
 * @w:		the caller
 *
 * Context: a worker.
 */
void xsc_req_run(struct xsc_req *req, struct xsc_worker *w)
{
	struct xsc_container c = {
		.way = XSC_WAY_RING,
		.prior = xsc_req_prior,
		.req = req,
	};
	struct xsc_ring *ring = req->ring;
	const struct cred *saved;
	struct xsc_sqe *sqe;
	bool last;
	s64 res;

	xsc_req_disarm(req);
	do {
		sqe = &req->sqes[req->pos];
		saved = xsc_req_become(req);
		if (READ_ONCE(req->cancelled))
			res = xsc_req_result(req, xsc_req_stopped(req));
		else
			res = xsc_req_call(&c, req, sqe, w);
		xsc_req_unbecome(saved);

		xsc_req_keep_result(req, res);
		if (IS_ERR_VALUE((unsigned long)res))
			c.failed = true;
		/* Who sees the CQE sees the count. */
		xsc_ring_count_malformed(ring, c.malformed);
		c.malformed = 0;
		last = xsc_req_post(req, res);
		xsc_run_task_work();
	} while (!last && (req->pos + 1 < req->nr ||
			   !xsc_req_run_last(&c, req)));
}

/* --- submission --------------------------------------------------------- */

/* What a chain has besides; false without memory for all of it. */
static bool xsc_req_make_chain(struct xsc_req *req)
{
	req->sqes = kvmalloc_array(req->nr, sizeof(*req->sqes),
				   GFP_KERNEL_ACCOUNT);
	req->results = kmalloc_array(XSC_CHAIN_RES, sizeof(s64),
				     GFP_KERNEL_ACCOUNT);
	return req->sqes && req->results;
}

/*
 * All of a request but what is in its SQEs, @try, what the pool has set, and
 * what goes with a field that says so.
 */
static __always_inline void xsc_req_init(struct xsc_req *req,
					 struct xsc_ring *ring,
					 struct xsc_pool *pool, unsigned int nr)
{
	unsigned int i;

	req->ring = ring;
	req->pool = pool;
	INIT_LIST_HEAD(&req->node);
	INIT_LIST_HEAD(&req->behind);
	req->woken = false;
	req->ordered = false;
	req->light = false;
	req->timed = false;
	req->bounded = false;
	req->expired = false;
	req->direct = false;
	for (i = 0; i < XSC_WAITS; i++)
		req->wait[i].head = NULL;
	req->nr = nr;
	req->pos = 0;
	req->sqes = &req->sqe;
	req->results = NULL;
	req->at = 0;
	req->base = 0;
}

/**
 * xsc_req_alloc() - a request for direct I/O, one op
 * @ring:	the ring
 *
 * Return: the request, without a pool, credentials and a file; or NULL.
 */
struct xsc_req *xsc_req_alloc(struct xsc_ring *ring)
{
	struct xsc_req *req;

	req = kmem_cache_zalloc(xsc_req_cache, GFP_KERNEL_ACCOUNT);
	if (!req)
		return NULL;
	xsc_req_init(req, ring, NULL, 1);
	req->try.args = req->sqe.args;
	req->state = XSC_REQ_OWNED;
	req->light = true;
	return req;
}

/* A request of the pool's, or NULL. */
static struct xsc_req *xsc_req_get(struct xsc_pool *pool)
{
	struct xsc_req *req = xsc_pool_reuse(pool);

	if (likely(req))
		return req;
	if (!xsc_pool_reserve(pool))
		return NULL;
	req = kmem_cache_alloc(xsc_req_cache, GFP_KERNEL_ACCOUNT);
	if (req)
		xsc_pool_add(pool, req);
	else
		xsc_pool_unreserve(pool, NULL);
	return req;
}

/* Undo xsc_req_new(). */
static void xsc_req_unmake(struct xsc_req *req)
{
	put_cred(req->creds);
	xsc_req_free_chain(req);
	xsc_pool_unreserve(req->pool, req);
	kmem_cache_free(xsc_req_cache, req);
}

/* A request for @nr SQEs that start with @t, or NULL. */
static struct xsc_req *xsc_req_new(struct xsc_ring *ring, struct xsc_pool *pool,
				   const struct xsc_try *t, unsigned int nr)
{
	struct xsc_req *req = xsc_req_get(pool);

	if (!req)
		return NULL;
	xsc_req_init(req, ring, pool, nr);
	req->creds = get_current_cred();
	req->try = *t;
	if (nr == 1 || xsc_req_make_chain(req))
		return req;
	xsc_req_unmake(req);
	return NULL;
}

/* From here on its ring finds it, and has CQEs to come. */
static __always_inline void xsc_req_publish(struct xsc_req *req)
{
	struct xsc_ring *ring = req->ring;

	req->try.args = req->sqes[0].args;
	kref_get(&ring->ref);
	refcount_inc(&req->pool->ref);
	spin_lock_irq(&ring->cq_lock);
	req->seq = ring->seq++;
	list_add_tail(&req->ring_node, &ring->reqs);
	/* The doorbell reads it and is us: no order needed. */
	WRITE_ONCE(ring->inflight, ring->inflight + req->nr);
	spin_unlock_irq(&ring->cq_lock);
	xsc_count(XSC_WAY_RING, xsc_optable[req->try.nr].family);
}

/* In the caller. */
static s64 xsc_run_here(struct xsc_container *c, struct xsc_ring *ring,
			const struct xsc_sqe *sqe)
{
	xsc_ring_unplug(ring);
	if (xsc_lasts(sqe->op))
		xsc_ring_publish(ring);
	return xsc_run(c, sqe);
}

/* The caller runs it after all; part of it may be done. */
static s64 xsc_fall_back(struct xsc_container *c, struct xsc_ring *ring,
			 struct xsc_sqe *sqe, struct xsc_try *t)
{
	s64 res;

	if (xsc_in_parts(t)) {
		xsc_ring_unplug(ring);
		xsc_ring_publish(ring);
		res = xsc_try_rest(t);
	} else {
		res = xsc_run_here(c, ring, sqe);
	}
	if (t->file)
		fput(t->file);
	return xsc_total(t->done, res);
}

/*
 * Try an op.  Without XSC_GOES_ON the value is its result; with it, @tried
 * says what has to be done, and @t holds a reference to its file.  @t need not
 * be clear: what it does not set goes with a field that says so.
 */
static s64 xsc_first_try(struct xsc_container *c, struct xsc_ring *ring,
			 struct xsc_pool *pool, struct xsc_sqe *sqe,
			 struct xsc_try *t, enum xsc_tried *tried, bool *held)
{
	u32 nr = array_index_nospec(sqe->op, NR_syscalls);
	struct fd f = {};

	t->nr = nr;
	t->flags = xsc_optable[nr].flags;
	t->poll_first = xsc_polls_first(sqe, t->flags);
	t->vector = false;
	t->waits = false;
	t->limited = false;
	t->file = NULL;
	t->events = 0;
	t->args = sqe->args;
	t->done = 0;
	*held = false;
	if (xsc_polls(nr)) {
		f = xsc_poll_file(t);
		/* What is in flight must not hold a ring. */
		if (f.file && f.file->f_op == ring->file->f_op) {
			fdput(f);
			f = (struct fd){};
			t->file = NULL;
		}
	} else if (xsc_by_fd(t->flags)) {
		f = fdget(sqe->args[0]);
		t->file = f.file;
		if (!t->file)
			return xsc_run_here(c, ring, sqe);
		if (t->flags & XSC_OPF_POS &&
		    !(sqe->flags & XSC_SQE_UNORDERED))
			*held = xsc_order_busy(pool, t);
	}
	t->watched = xsc_controlled();
	if (unlikely(t->watched && ring->polling)) {
		/* As in xsc_run_controlled(). */
		fdput(f);
		return -ERESTARTNOINTR;
	}
	if (unlikely(t->watched)) {
		xsc_ring_unplug(ring);
		xsc_ring_publish(ring);
		/* Any call may come now: a full reference, and not our own. */
		if (t->file && !(f.flags & FDPUT_FPUT)) {
			get_file(t->file);
			f.flags |= FDPUT_FPUT;
		}
		xsc_held_keep(&c->held, t->file);
		*tried = xsc_watch_first(c, t, *held);
		c->held.file = NULL;
	} else if (unlikely(ring->polling) && xsc_shows_thread(t->file)) {
		/* The thread itself has to try it. */
		*tried = XSC_TRY_AGAIN;
	} else if (!*held) {
		*tried = xsc_try(t);
	}
	if (*tried == XSC_TRY_CALLER) {
		fdput(f);
		return xsc_run_here(c, ring, sqe);
	}
	if (*tried == XSC_TRY_DONE) {
		xsc_count(c->way, xsc_optable[nr].family);
		xsc_trace_op(c->way, nr, t->res);
		fdput(f);
		return t->res;
	}
	/*
	 * Only now: a worker may share the table from here on, and a light
	 * reference would not do.
	 */
	xsc_held_drop(&c->held);
	if (t->file && !(f.flags & FDPUT_FPUT))
		get_file(t->file);
	if ((*held || *tried == XSC_TRY_AGAIN) &&
	    unlikely(xsc_shows_thread(t->file)))
		t->watched = true;
	return XSC_GOES_ON;
}

/* It waits for the disk below a file, and for nothing else. */
static bool xsc_waits_for_disk(const struct xsc_try *t, enum xsc_tried tried)
{
	umode_t mode;

	if (tried == XSC_TRY_DIRECT)
		return true;
	if (tried != XSC_TRY_WORKER || !t->file)
		return false;
	mode = file_inode(t->file)->i_mode;
	return (S_ISREG(mode) || S_ISBLK(mode)) &&
	       (t->flags & XSC_OPF_POLL || t->nr == __NR_fsync ||
		t->nr == __NR_fdatasync);
}

/**
 * xsc_start() - run an op if it does not block, else let it go on by itself
 * @c:		the doorbell
 * @ring:	its ring
 * @sqe:	the kernel's own copy, xsc_starts() holds
 *
 * There is room for a CQE.
 *
 * Return: as xsc_run(), or XSC_GOES_ON.
 */
s64 xsc_start(struct xsc_container *c, struct xsc_ring *ring,
	      struct xsc_sqe *sqe)
{
	struct xsc_try t __attribute__((__uninitialized__));
	struct xsc_pool *pool = xsc_pool_get(ring);
	enum xsc_tried tried = XSC_TRY_WORKER;
	struct xsc_req *req;
	bool held;
	s64 res;

	if (!pool)
		return xsc_run_here(c, ring, sqe);
	res = xsc_first_try(c, ring, pool, sqe, &t, &tried, &held);
	if (tried == XSC_TRY_DIRECT) {
		ring->direct_fd = sqe->args[0];
		/* It was asked a moment ago. */
		if (unlikely(ring->refused))
			tried = XSC_TRY_WORKER;
	} else if (ring->direct_fd == (int)sqe->args[0]) {
		ring->direct_fd = -1;
	}
	ring->refused = false;
	if (res != XSC_GOES_ON)
		return res;

	if (xsc_ring_waits_for_one(ring) && xsc_waits_for_disk(&t, tried) &&
	    !held && !(sqe->flags & XSC_SQE_FIXED_BUFFER))
		return xsc_fall_back(c, ring, sqe, &t);
	req = xsc_req_new(ring, pool, &t, 1);
	if (!req)
		return xsc_fall_back(c, ring, sqe, &t);
	req->sqe = *sqe;
	xsc_req_publish(req);
	if (tried == XSC_TRY_DIRECT)
		xsc_ring_plug(ring);
	if (t.flags & XSC_OPF_POS && !(sqe->flags & XSC_SQE_UNORDERED)) {
		req->light = true;
		if (xsc_order_enter(req))
			return XSC_GOES_ON;
	}
	/* What stood before it may have ended just now. */
	if (held || xsc_req_settle(req, tried))
		xsc_req_advance(req);
	return XSC_GOES_ON;
}

/* Copy the rest of the chain; 0 if it has to stay with the caller. */
static unsigned int xsc_chain_length(struct xsc_container *c,
				     const struct xsc_sqe *sqe)
{
	struct xsc_ring *ring = c->async;
	struct xsc_sqe next = *sqe;
	unsigned int nr = 1;

	while (next.flags & XSC_SQE_LINK && nr <= c->left) {
		xsc_ring_read_sqe(ring, ring->sq_head + nr, &next);
		nr++;
	}
	return nr <= c->room ? nr : 0;
}

static bool xsc_chain_copy(struct xsc_req *req, struct xsc_container *c)
{
	struct xsc_ring *ring = c->async;
	unsigned int i;

	for (i = 1; i < req->nr; i++) {
		struct xsc_sqe *sqe = &req->sqes[i];

		xsc_ring_read_sqe(ring, ring->sq_head + i, sqe);
		/* It may have changed since its length was looked at. */
		if (!(req->sqes[i - 1].flags & XSC_SQE_LINK))
			return false;
		if (sqe->op < NR_syscalls) {
			u32 nr = array_index_nospec(sqe->op, NR_syscalls);

			if (xsc_optable[nr].flags & XSC_OPF_DIRECT ||
			    xsc_for_caller(nr, sqe->args))
				return false;
		}
	}
	memcpy(req->results, ring->chain, XSC_CHAIN_RES * sizeof(s64));
	req->base = c->pos;
	return true;
}

/* An op of a chain with more behind it. */
static noinline s64 xsc_start_chain(struct xsc_container *c,
				    struct xsc_sqe *sqe)
{
	struct xsc_try t __attribute__((__uninitialized__));
	enum xsc_tried tried = XSC_TRY_WORKER;
	struct xsc_ring *ring = c->async;
	struct xsc_pool *pool = xsc_pool_get(ring);
	struct xsc_req *req;
	unsigned int nr;
	bool held;
	s64 res;

	if (!pool)
		return xsc_run_here(c, ring, sqe);
	res = xsc_first_try(c, ring, pool, sqe, &t, &tried, &held);
	if (res != XSC_GOES_ON)
		return res;
	nr = xsc_chain_length(c, sqe);
	req = nr > 1 ? xsc_req_new(ring, pool, &t, nr) : NULL;
	if (!req)
		return xsc_fall_back(c, ring, sqe, &t);
	req->sqes[0] = *sqe;
	if (!xsc_chain_copy(req, c)) {
		xsc_req_unmake(req);
		return xsc_fall_back(c, ring, sqe, &t);
	}
	c->taken = nr - 1;
	xsc_req_publish(req);
	if (t.flags & XSC_OPF_POS && !(sqe->flags & XSC_SQE_UNORDERED) &&
	    xsc_order_enter(req))
		return XSC_GOES_ON;
	if (tried == XSC_TRY_AGAIN)
		tried = XSC_TRY_POLL;
	else if (!t.watched &&
		 (tried == XSC_TRY_TIMER || tried == XSC_TRY_DIRECT))
		tried = XSC_TRY_WORKER;
	xsc_req_settle(req, tried);
	return XSC_GOES_ON;
}

/**
 * xsc_start_linked() - the same for an op of a chain
 * @c:		the doorbell, c->async set
 * @sqe:	the kernel's own copy, forwards done
 *
 * If the op goes on, so does the rest of its chain; c->taken says how many
 * SQEs that are besides this one.
 *
 * Return: as xsc_start().
 */
s64 xsc_start_linked(struct xsc_container *c, struct xsc_sqe *sqe)
{
	if (!xsc_starts(sqe->op))
		return xsc_run_here(c, c->async, sqe);
	if (sqe->flags & XSC_SQE_LINK && c->left)
		return xsc_start_chain(c, sqe);
	return xsc_start(c, c->async, sqe);
}

static int __init xsc_async_init(void)
{
	xsc_req_cache = KMEM_CACHE(xsc_req, SLAB_ACCOUNT | SLAB_PANIC);
	return 0;
}
core_initcall(xsc_async_init);

// SPDX-License-Identifier: GPL-2.0-only
/*
 * xsc_run.c - what a doorbell does with the SQEs of its ring
 *
 * A ring has two regions, each written by one side only.  All that the kernel
 * reads of the SR region is sq_tail, cq_head and, once, each SQE; all that it
 * reads of the CR region is what it wrote there, and that only for forwards.
 *
 * ring->lock serialises doorbells and is held while ops run, so it nests
 * outside of everything.  Ops that go on after the doorbell: xsc_async.h.
 */
#include <linux/file.h>
#include <linux/mutex.h>
#include <linux/nospec.h>
#include <linux/sched/signal.h>

#include "xsc_async.h"
#include "xsc_trace.h"

static const struct xsc_consumer * const xsc_consumers[XSC_FAM_NR] = {
	[XSC_FAM_FS] = &xsc_consumer_fs,
	[XSC_FAM_NET] = &xsc_consumer_net,
	[XSC_FAM_TIMER] = &xsc_consumer_timer,
	[XSC_FAM_SYNC] = &xsc_consumer_sync,
	[XSC_FAM_SIGNAL] = &xsc_consumer_signal,
};

/* prior() of it: with XSC_RING_ASYNC the results of a chain are kept apart. */
int xsc_ring_chain_prior(struct xsc_container *c, unsigned int back, s64 *res)
{
	struct xsc_ring *ring = container_of(c, struct xsc_ring, c);

	if (back > c->pos || back >= XSC_CHAIN_RES)
		return -EINVAL;
	*res = ring->chain[(c->pos - back) % XSC_CHAIN_RES];
	return 0;
}

/*
 * Without it completions are in order, so the CQE @back places ago is the
 * SQE's.  Those of earlier doorbells are still ours to read.
 */
static __always_inline int xsc_ring_prior(struct xsc_container *c,
					  unsigned int back, s64 *res)
{
	struct xsc_ring *ring = container_of(c, struct xsc_ring, c);

	if (back > ring->sq_head - ring->fwd_first || back > ring->cq_mask)
		return -EINVAL;
	*res = ring->cqes[(ring->cq_tail - back) & ring->cq_mask].res;
	return 0;
}

static __always_inline void xsc_ring_write(struct xsc_ring *ring, u64 data,
					   s64 res)
{
	struct xsc_cqe *cqe = &ring->cqes[ring->cq_tail & ring->cq_mask];

	cqe->user_data = data;
	cqe->res = res;
	ring->cq_tail++;
}

static __always_inline void xsc_ring_complete(struct xsc_ring *ring, u64 data,
					      s64 res)
{
	if (likely(xsc_ring_alone(ring))) {
		xsc_ring_write(ring, data, res);
	} else {
		spin_lock_irq(&ring->cq_lock);
		xsc_ring_write(ring, data, res);
		spin_unlock_irq(&ring->cq_lock);
	}
	ring->sq_head++;
}

/* xsc_issue_chained(), without XSC_RING_ASYNC. */
static s64 xsc_ring_issue_chained(struct xsc_ring *ring, struct xsc_sqe *sqe)
{
	struct xsc_container *c = &ring->c;
	s64 res, add;

	if (!c->linked)
		c->failed = false;
	res = xsc_chain_begin(c, sqe, XSC_SQE_F_SYNC, xsc_ring_prior, &add);
	if (likely(!res)) {
		if (sqe->flags & XSC_SQE_FORWARD)
			xsc_sqe_arg_add(sqe, add);
		if (xsc_lasts(sqe->op))
			xsc_ring_publish(ring);
		xsc_op_args_load(c->regs, sqe->args);
		res = xsc_run_loaded(c, XSC_WAY_RING, sqe->op);
	}
	if (likely(!xsc_interrupted(res)))
		xsc_chain_end(c, sqe, res);
	return res;
}

/* Not a plain op of a plain ring. */
static noinline s64 xsc_ring_issue_slow(struct xsc_ring *ring,
					struct xsc_sqe *sqe)
{
	u32 alone = ring->async ? XSC_SQE_F_ASYNC : 0;
	bool chained = (xsc_sqe_extras(sqe) & ~alone) | ring->c.linked;

	if (unlikely(sqe->flags & XSC_SQE_FIXED_BUFFER) && !chained) {
		s64 err = xsc_buffers_check(&ring->c, ring, sqe);

		if (err)
			return err;
	}
	if (ring->async && xsc_starts(sqe->op)) {
		if (!chained)
			return xsc_start(&ring->c, ring, sqe);
	} else if (!chained) {
		if (sqe->op == XSC_OP_LIMIT)
			return xsc_ring_limit(ring, sqe);
		xsc_ring_unplug(ring);
		xsc_ring_publish(ring);
		if (sqe->op == XSC_OP_CANCEL)
			return xsc_ring_cancel(ring, sqe);
	}
	return chained ? xsc_issue_chained(&ring->c, sqe) :
			 xsc_run(&ring->c, sqe);
}

/*
 * A signal ended the op: what that means is its family's to say.  Nobody has
 * rung for what the poller left, so nothing would be restarted.
 */
static noinline s64 xsc_ring_interrupted(const struct xsc_ring *ring,
					 const struct xsc_sqe *sqe, s64 res)
{
	const struct xsc_consumer *consumer;
	u32 nr = array_index_nospec(sqe->op, NR_syscalls);

	/* It has not run: see xsc_run_controlled(). */
	if (ring->polling && res == -ERESTARTNOINTR)
		return res;
	if (current->xsc.rescues && task_sigpending(current))
		return -EINTR;
	consumer = xsc_consumers[xsc_optable[nr].family];
	return consumer ? consumer->interrupted(sqe, res) : res;
}

/*
 * With that the SQE stays in the ring; this is what the doorbell returns.  What
 * cannot be restarted by another one is a sleep.
 */
static __always_inline long xsc_ring_restart(s64 res)
{
	return res == -ERESTART_RESTARTBLOCK ? -EINTR : res;
}

/* A read of a file that is all in memory, or XSC_GOES_ON. */
static __always_inline s64 xsc_ring_start_pread(struct xsc_ring *ring, u64 fd,
						u64 buf, u64 count, u64 pos)
{
	if ((int)fd == ring->direct_fd)
		return XSC_GOES_ON;
	return xsc_start_pread(&ring->c, fd, u64_to_user_ptr(buf), count, pos);
}

static s64 xsc_ring_issue(struct xsc_ring *ring, struct xsc_sqe *sqe)
{
	const bool async = ring->async;
	u32 nr = sqe->op;
	s64 res;

	if (unlikely(xsc_sqe_extras(sqe) | ring->c.linked)) {
		res = async ? xsc_ring_issue_slow(ring, sqe) :
			      xsc_ring_issue_chained(ring, sqe);
	} else if (likely(nr < NR_syscalls)) {
		bool lasts = xsc_lasts(nr);

		res = XSC_GOES_ON;
		/* A doorbell has tried it. */
		if (ring->polling && nr == __NR_pread64)
			res = xsc_ring_start_pread(ring, sqe->args[0],
						   sqe->args[1], sqe->args[2],
						   sqe->args[3]);
		if (res != XSC_GOES_ON) {
			;	/* all of it was in memory */
		} else if (!async) {
			if (lasts)
				xsc_ring_publish(ring);
			res = xsc_run(&ring->c, sqe);
		} else if (lasts) {
			res = xsc_ring_issue_slow(ring, sqe);
		} else {
			xsc_ring_unplug(ring);
			res = xsc_run(&ring->c, sqe);
		}
	} else if (nr == XSC_OP_NOP) {
		res = xsc_run_nop(&ring->c, XSC_WAY_RING);
	} else {
		res = xsc_ring_issue_slow(ring, sqe);
	}
	if (unlikely(xsc_interrupted(res)))
		res = xsc_ring_interrupted(ring, sqe, res);
	return res;
}

/* What lies in the ring has no flags, at the moment. */
static __always_inline bool xsc_sqe_bare(const struct xsc_sqe *sqe)
{
	return !READ_ONCE(*(const u32 *)&sqe->flags);
}

static __always_inline const struct xsc_sqe *
xsc_ring_next(const struct xsc_ring *ring)
{
	return &ring->sqes[ring->sq_head & ring->sq_mask];
}

/* A bare SQE was not kept; what is left of it are the registers. */
static noinline s64 xsc_ring_interrupted_bare(struct xsc_ring *ring, u32 nr,
					      s64 res)
{
	ring->sqe.op = nr;
	xsc_op_args_get(ring->c.regs, ring->sqe.args);
	return xsc_ring_interrupted(ring, &ring->sqe, res);
}

/*
 * Up to @max bare SQEs: no flags, in no chain, of ops that are over when they
 * return.  That is what a doorbell meets most; their arguments go to the
 * registers at once, as in a batch.  If a signal has ended the next one, *@ret
 * is what the doorbell returns for it.
 */
static __always_inline u32 xsc_ring_run_bare(struct xsc_ring *ring, u32 max,
					     long *ret)
{
	const u32 first = ring->sq_head, end = first + max;
	const u8 not_here = XSC_OPF_DIRECT | (ring->async ? XSC_OPF_LASTS : 0);
	struct xsc_container *c = &ring->c;
	struct pt_regs *regs = c->regs;

	do {
		const struct xsc_sqe *sqe = xsc_ring_next(ring);
		u32 nr = READ_ONCE(sqe->op);
		const struct xsc_opdef *def;
		u64 data;
		s64 res;

		if (!xsc_sqe_bare(sqe))
			break;
		data = READ_ONCE(sqe->user_data);
		if (nr == XSC_OP_NOP) {
			xsc_ring_complete(ring, data,
					  xsc_run_nop(c, XSC_WAY_RING));
			continue;
		}
		if (unlikely(nr >= NR_syscalls))
			break;
		nr = array_index_nospec(nr, NR_syscalls);
		def = &xsc_optable[nr];
		if ((def->flags & not_here && nr != __NR_pread64) ||
		    unlikely(xsc_controlled()))
			break;
		xsc_op_args_load(regs, sqe->args);
		res = XSC_GOES_ON;
		if (nr == __NR_pread64)
			res = xsc_ring_start_pread(ring, xsc_op_arg(regs, 0),
						   xsc_op_arg(regs, 1),
						   xsc_op_arg(regs, 2),
						   xsc_op_arg(regs, 3));
		if (res == XSC_GOES_ON) {
			if (def->flags & XSC_OPF_LASTS) {
				if (ring->async)
					break;
				xsc_ring_publish(ring);
			}
			xsc_ring_unplug(ring);
			res = xsc_run_unwatched(c, XSC_WAY_RING, nr, def);
			if (unlikely(xsc_interrupted(res)))
				res = xsc_ring_interrupted_bare(ring, nr, res);
			if (unlikely(xsc_interrupted(res))) {
				*ret = xsc_ring_restart(res);
				break;
			}
		}
		xsc_ring_complete(ring, data, res);
	} while (ring->sq_head != end && likely(!xsc_signal_pending()));
	return ring->sq_head - first;
}

/*
 * abort() of a ring's container: what xsc_doorbell() holds while ops run.  The
 * op that has ended the thread is over; it has no CQE.
 */
void xsc_ring_abort(struct xsc_container *c)
{
	struct xsc_ring *ring = container_of(c, struct xsc_ring, c);
	struct xsc_cr_hdr *cr = ring->cr.addr;
	struct file *file = ring->bell;

	ring->sq_head++;
	WRITE_ONCE(cr->sqes_done, cr->sqes_done + xsc_ring_done(ring));
	ring->torn = false;
	c->linked = false;
	xsc_ring_publish(ring);
	mutex_unlock(&ring->lock);
	fput(file);
}

/* SQEs that have gone on by themselves: they are consumed. */
static void xsc_ring_went_on(struct xsc_ring *ring)
{
	struct xsc_cr_hdr *cr = ring->cr.addr;

	ring->sq_head += 1 + ring->c.taken;
	ring->c.taken = 0;
	/* Pairs with the user's load-acquire of sq_head: our copy is made. */
	smp_store_release(&cr->sq_head, ring->sq_head);
}

/* What has gone on by itself and what it has completed are published already. */
static __always_inline void xsc_ring_publish_rest(struct xsc_ring *ring)
{
	const struct xsc_cr_hdr *cr = ring->cr.addr;

	if (READ_ONCE(ring->cq_tail) != READ_ONCE(cr->cq_tail) ||
	    ring->sq_head != READ_ONCE(cr->sq_head))
		xsc_ring_publish(ring);
}

/* SQEs that the poller takes in one go: other rings want their turn. */
#define XSC_POLL_SQES	64

/*
 * May the poller run the SQE just read?  A chain stays together if it can: where
 * one has begun, its thread goes on with what the poller must not run.
 */
static noinline bool xsc_ring_pollable(struct xsc_ring *ring, u32 left)
{
	struct xsc_sqe next = ring->sqe;
	u32 i;

	if (!xsc_polled(ring, &next))
		return false;
	if (ring->c.linked && xsc_ring_done(ring))
		return true;
	if (xsc_ring_done(ring) >= XSC_POLL_SQES)
		return false;
	for (i = 1; next.flags & XSC_SQE_LINK && i < left; i++) {
		xsc_ring_read_sqe(ring, ring->sq_head + i, &next);
		if (xsc_for_caller(next.op, next.args))
			return false;
	}
	/* What finds no room is not left to go on, and may wait. */
	return i <= ring->c.room;
}

/*
 * What has gone to a device before, and is all that the doorbell waits for.  A
 * signal that ends it leaves it in the ring, and is what *@ret says.
 */
static __always_inline bool xsc_ring_call(struct xsc_ring *ring, long *ret)
{
	s64 res;

	xsc_ring_read_sqe(ring, ring->sq_head, &ring->sqe);
	res = xsc_direct_call(ring, &ring->sqe);
	if (unlikely(res == XSC_GOES_ON))
		return false;
	if (unlikely(xsc_interrupted(res)))
		res = xsc_ring_interrupted(ring, &ring->sqe, res);
	if (unlikely(xsc_interrupted(res))) {
		*ret = xsc_ring_restart(res);
		return true;
	}
	xsc_ring_complete(ring, ring->sqe.user_data, res);
	xsc_ring_publish(ring);
	return true;
}

/**
 * xsc_ring_run() - take SQEs
 * @ring:	the ring, locked
 * @file:	its file; if an op ends the task, its reference is given back and
 *		this does not return
 * @to_submit:	how many at most
 * @wants:	CQEs that the thread will wait for afterwards, for as long as it takes
 *
 * Return: how many, an errno or a restart code.
 */
long xsc_ring_run(struct xsc_ring *ring, struct file *file, u32 to_submit,
		  u32 wants)
{
	const struct xsc_sr_hdr *sr = ring->sr.addr;
	struct xsc_cr_hdr *cr = ring->cr.addr;
	struct xsc_container *c = &ring->c;
	const bool async = ring->async;
	u32 queued, used, inflight = 0, flags = 0;
	u32 left, room, done;
	long ret = 0;

	ring->bell = file;
	ring->sq_first = ring->sq_head;
	if (likely(!ring->torn))
		ring->fwd_first = ring->sq_head;
	ring->wants = wants;
	/* Pairs with the user's store-release of sq_tail: SQEs before index. */
	queued = smp_load_acquire(&sr->sq_tail) - ring->sq_head;
	/* Pairs with the user's store-release of cq_head: CQEs were read. */
	used = smp_load_acquire(&sr->cq_head);
	if (async)
		/*
		 * Pairs with the store-release in xsc_ring_post(): what is not
		 * in flight any more is in cq_tail.  The other way round it may
		 * count twice, which is safe.
		 */
		inflight = smp_load_acquire(&ring->inflight);
	used = READ_ONCE(ring->cq_tail) - used;
	c->room = ring->cq_mask + 1 - used - inflight;
	if (queued > ring->sq_mask + 1 || used > ring->cq_mask + 1) {
		WRITE_ONCE(cr->flags, XSC_CR_SQ_BROKEN);
		return -EINVAL;
	}
	/* cq_head went backwards under what is in flight. */
	if ((s32)c->room < 0)
		c->room = 0;

	left = min(to_submit, queued);
	c->left = left - 1;
	if (ring->direct_fd >= 0 && !ring->polling && !ring->torn) {
		u32 direct;

		if (xsc_ring_waits_for_one(ring) && c->room &&
		    xsc_ring_call(ring, &ret))
			goto out;
		direct = xsc_direct_run(ring, min(left, c->room));
		left -= direct;
		c->room -= direct;
		if (likely(!left))
			xsc_ring_unplug(ring);
	}
	if (!left)
		goto out;
	ret = xsc_container_begin(c, XSC_WAY_RING);
	if (ret)
		return ret;
	if (async)
		c->async = ring;

	room = c->room;
	while (left) {
		s64 res;

		if (unlikely(!room)) {
			flags = XSC_CR_CQ_FULL;
			if (!xsc_ring_done(ring))
				ret = -EBUSY;
			break;
		}
		if (!c->linked && likely(!ring->polling) &&
		    xsc_sqe_bare(xsc_ring_next(ring))) {
			u32 nr = xsc_ring_run_bare(ring, min(left, room), &ret);

			left -= nr;
			room -= nr;
			if (!left || ret || (nr && signal_pending(current)))
				break;
			if (!room)
				continue;
		}
		xsc_ring_read_sqe(ring, ring->sq_head, &ring->sqe);
		if (async) {
			c->left = left - 1;
			c->room = room;
			if (unlikely(ring->polling) &&
			    !xsc_ring_pollable(ring, left)) {
				ret = -EPERM;
				break;
			}
		}
		res = xsc_ring_issue(ring, &ring->sqe);
		if (unlikely(xsc_interrupted(res))) {
			ret = xsc_ring_restart(res);
			break;
		}
		left--;
		room--;
		if (unlikely(res == XSC_GOES_ON)) {
			left -= c->taken;
			room -= c->taken;
			xsc_ring_went_on(ring);
		} else if (async && xsc_quiet(ring->sqe.flags, res)) {
			ring->sq_head++;
			room++;
		} else {
			xsc_ring_complete(ring, ring->sqe.user_data, res);
		}
		if (unlikely(signal_pending(current)))
			break;
	}

	/* With all that was to be taken a chain is over, whatever its flags say. */
	ring->torn = left;
	if (likely(!left))
		c->linked = false;
	xsc_ring_unplug(ring);
	xsc_ring_publish_rest(ring);
	xsc_ring_count_malformed(ring, c->malformed);
	xsc_container_end(c);
out:
	done = xsc_ring_done(ring);
	WRITE_ONCE(cr->sqes_done, cr->sqes_done + done);
	WRITE_ONCE(cr->flags, flags);
	ret = done ?: ret;
	trace_xsc_container(XSC_WAY_RING, done, ret);
	return ret;
}

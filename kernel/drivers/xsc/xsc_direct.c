// SPDX-License-Identifier: GPL-2.0-only
/*
 * xsc_direct.c - direct I/O that ends by itself
 *
 * A pread64 or pwrite64 of a file with O_DIRECT needs no thread: it is handed
 * to the file system with a kiocb that says whom to tell.  Until then nobody
 * may take the request: it stays owned, by the device so to say, and cancel
 * finds it running.  Its end, which may come in an interrupt, makes the CQE; if
 * that needs a thread, it queues the request like a wake-up does.
 *
 * Ops that follow each other on one descriptor go the short way.  Their
 * requests are the ring's: they come from its list of spare ones and stand in
 * ring->direct, and the one lock that puts a request there, or ends it, is
 * cq_lock.  They have no references to ring and pool: those of the ring's file,
 * and of the ring to its pool, are left to them if need be.  The pool counts
 * them and does not know them, until one turns out to need a thread.
 */
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/sched/signal.h>
#include <linux/syscalls.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include <linux/workqueue.h>

#include "xsc_buffers.h"

/* A write keeps its file system from being frozen until it ends. */
static bool xsc_direct_begin_write(struct kiocb *kiocb)
{
	struct inode *inode = file_inode(kiocb->ki_filp);

	kiocb->ki_flags |= IOCB_WRITE | IOCB_WRITE_IRQ;
	if (!S_ISREG(inode->i_mode))
		return true;
	if (!sb_start_write_trylock(inode->i_sb))
		return false;
	/* For lockdep: another thread ends it. */
	__sb_writers_release(inode->i_sb, SB_FREEZE_WRITE);
	return true;
}

static void xsc_direct_end_write(struct kiocb *kiocb)
{
	struct inode *inode = file_inode(kiocb->ki_filp);

	if (!(kiocb->ki_flags & IOCB_WRITE) || !S_ISREG(inode->i_mode))
		return;
	__sb_writers_acquired(inode->i_sb, SB_FREEZE_WRITE);
	file_end_write(kiocb->ki_filp);
}

/* The device has done with the memory. */
static void xsc_direct_put_buffers(struct xsc_req *req)
{
	if (unlikely(req->buffers))
		xsc_buffers_put(req);
}

/* Where the bytes go to, or come from. */
static int xsc_direct_iter(struct xsc_req *req, struct iov_iter *iter, bool out)
{
	const u64 *args = req->try.args;
	void __user *buf = (void __user *)(unsigned long)args[1];

	req->buffers = NULL;
	/* One op: a chain's go to a worker. */
	if (req->sqe.flags & XSC_SQE_FIXED_BUFFER)
		return xsc_buffers_iter(req, iter, out);
	if (!access_ok(buf, args[2]))
		return -EFAULT;
	iov_iter_ubuf(iter, out ? ITER_SOURCE : ITER_DEST, buf,
		      min_t(size_t, args[2], MAX_RW_COUNT));
	return 0;
}

/* Its thread is gone, and perhaps all workers with it. */
static void xsc_direct_late(struct work_struct *work)
{
	struct xsc_req *req = container_of(work, struct xsc_req, work);
	s64 res = req->try.res;

	if (res == -EAGAIN)
		res = -ECANCELED;	/* a worker had to run it */
	xsc_req_end(req, xsc_interrupted(res) ? -EINTR : res);
}

/*
 * A worker has to run it after all, somebody watches the file, or there is to
 * be a trace of the op in its thread.
 */
static bool xsc_direct_needs_thread(const struct file *file, long res)
{
	const struct super_block *sb = file_inode(file)->i_sb;

	return res == -EAGAIN || tracepoint_enabled(xsc_op) ||
	       atomic_long_read(&sb->s_fsnotify_connectors);
}

/* It has ended with @res, and needs a thread. */
static void xsc_direct_queue(struct xsc_req *req, long res)
{
	struct xsc_pool *pool = req->pool;
	unsigned long flags;

	req->try.res = res;
	spin_lock_irqsave(&pool->lock, flags);
	req->direct = true;
	if (pool->task) {
		xsc_req_queue_locked(req);
	} else {
		INIT_WORK(&req->work, xsc_direct_late);
		queue_work(system_unbound_wq, &req->work);
	}
	spin_unlock_irqrestore(&pool->lock, flags);
}

/*
 * The device has ended it; the file system that was called may still look at
 * kiocb and file.  True for the one of both that comes last, and ends it.
 */
static __always_inline bool xsc_direct_last(struct xsc_req *req)
{
	return atomic_dec_and_test(&req->halves);
}

/* Both have done with it. */
static void xsc_direct_finish(struct xsc_req *req)
{
	struct kiocb *kiocb = &req->kiocb;
	long res = req->try.res;

	xsc_direct_end_write(kiocb);
	xsc_direct_put_buffers(req);
	if (unlikely(xsc_direct_needs_thread(kiocb->ki_filp, res)))
		xsc_direct_queue(req, res);
	else
		xsc_req_end_direct(req, xsc_interrupted(res) ? -EINTR : res);
}

/* The device tells: perhaps in an interrupt. */
static void xsc_direct_done(struct kiocb *kiocb, long res)
{
	struct xsc_req *req = container_of(kiocb, struct xsc_req, kiocb);

	req->try.res = res;
	if (xsc_direct_last(req))
		xsc_direct_finish(req);
}

/*
 * Hand it over.  -EIOCBQUEUED: the device has it, and may have ended it.  -EAGAIN:
 * it would wait, and has not begun.
 */
static __always_inline ssize_t xsc_direct_submit(struct kiocb *kiocb,
						 struct iov_iter *iter, bool out)
{
	struct file *file = kiocb->ki_filp;
	ssize_t ret;

	if (!out)
		ret = call_read_iter(file, kiocb, iter);
	else if (likely(xsc_direct_begin_write(kiocb)))
		ret = call_write_iter(file, kiocb, iter);
	else
		return -EAGAIN;
	if (ret == -EIOCBQUEUED)
		return ret;
	xsc_direct_end_write(kiocb);
	return ret == -EOPNOTSUPP ? -EAGAIN : ret;
}

/**
 * xsc_direct_start() - hand it to the file system
 * @req:	owned by the caller; xsc_direct_try() holds
 *
 * Return: XSC_DIRECT_GOES_ON: it is not the caller's any more.
 * XSC_DIRECT_DONE: it has ended, req->try.res is the result.
 * XSC_DIRECT_NOT: it would wait.
 */
enum xsc_directed xsc_direct_start(struct xsc_req *req)
{
	struct xsc_try *t = &req->try;
	bool out = t->flags & XSC_OPF_OUT;
	struct kiocb *kiocb = &req->kiocb;
	/* Hardened kernels would clear it, though all of it is set. */
	struct iov_iter iter __attribute__((__uninitialized__));
	ssize_t ret;

	xsc_kiocb_init(kiocb, t->file);
	kiocb->ki_pos = t->args[3];
	kiocb->ki_flags |= IOCB_NOWAIT;
	kiocb->ki_complete = xsc_direct_done;
	atomic_set(&req->halves, 2);
	ret = xsc_direct_iter(req, &iter, out);
	if (ret)
		goto done;
	ret = rw_verify_area(out ? WRITE : READ, t->file, &kiocb->ki_pos,
			     t->args[2]);
	if (ret)
		goto done;

	req->light = true;
	ret = xsc_direct_submit(kiocb, &iter, out);
	if (ret == -EIOCBQUEUED) {
		if (xsc_direct_last(req))
			xsc_direct_finish(req);
		return XSC_DIRECT_GOES_ON;
	}
	if (ret == -EAGAIN) {
		xsc_direct_put_buffers(req);
		return XSC_DIRECT_NOT;
	}
done:
	xsc_direct_put_buffers(req);
	t->res = ret;
	req->direct = true;
	return XSC_DIRECT_DONE;
}

/**
 * xsc_direct_result() - it has ended
 * @req:	owned by the caller
 *
 * Return: its result, or -EAGAIN if a worker has to run it after all.
 *
 * Context: the submitter or one of its workers: what was moved is counted.
 */
s64 xsc_direct_result(struct xsc_req *req)
{
	s64 res = req->try.res;

	if (res == -EAGAIN)
		return res;
	xsc_rw_count(req->try.file, res, req->try.flags & XSC_OPF_OUT);
	return xsc_interrupted(res) ? -EINTR : res;
}

/* --- the short way -------------------------------------------------------- */

/*
 * A device gets it: its ring finds it, and has one more CQE to come.  The next
 * spare request is taken with the same lock.  False if it has to go the long
 * way.
 */
static __always_inline bool xsc_short_enter(struct xsc_req *req, bool fixed,
					    const struct xsc_buffer **buf)
{
	struct xsc_ring *ring = req->ring;
	struct hlist_node *next;
	bool ok;

	req->buffers = NULL;
	spin_lock_irq(&ring->cq_lock);
	/* Otherwise those that the ring has are of another pool. */
	ok = !ring->left_pool;
	if (fixed) {
		*buf = xsc_buffers_find(ring, req->sqe.args);
		ok &= !IS_ERR(*buf);
	}
	if (likely(ok)) {
		if (fixed) {
			req->buffers = ring->buffers;
			req->buffers->ref++;
		}
		req->seq = ring->seq++;
		ring->nr_direct++;
		hlist_add_head(&req->pool_node, &ring->direct);
		/* The doorbell reads it and is us: no order needed. */
		WRITE_ONCE(ring->inflight, ring->inflight + 1);
		next = ring->spare.first;
		ring->hand = NULL;
		if (likely(next)) {
			hlist_del(next);
			ring->nr_spare--;
			ring->hand = hlist_entry(next, struct xsc_req,
						 pool_node);
		}
	}
	spin_unlock_irq(&ring->cq_lock);
	return ok;
}

/* One less.  True if the caller has to put the ring. */
static __always_inline bool xsc_short_count_locked(struct xsc_ring *ring)
{
	if (--ring->nr_direct)
		return false;
	if (unlikely(ring->left_pool)) {
		xsc_pool_put(ring->left_pool);
		ring->left_pool = NULL;
	}
	return ring->closed;
}

/*
 * The device has done with it, and nothing else needs it: it is a spare one
 * now.  True if the caller has to put the ring.
 */
static __always_inline bool xsc_short_leave_locked(struct xsc_req *req)
{
	struct xsc_ring *ring = req->ring;

	hlist_del(&req->pool_node);
	if (req->buffers)
		xsc_buffers_put_locked(req->buffers);
	/* The ring has it no more: no limit comes now, and it takes no cq_lock. */
	if (unlikely(req->bounded)) {
		hrtimer_cancel(&req->expiry);
		req->bounded = false;
		req->expired = false;
	}
	req->cancelled = false;
	/* A worker that sees none may go. */
	atomic_dec(&req->pool->nr_reqs);
	if (likely(ring->nr_spare < XSC_SPARE_MAX)) {
		hlist_add_head(&req->pool_node, &ring->spare);
		ring->nr_spare++;
	} else {
		xsc_req_free_memory(req);
	}
	return xsc_short_count_locked(ring);
}

static noinline void xsc_short_wake(struct xsc_ring *ring)
{
	const struct xsc_pool *pool = current->xsc.pool;

	/* Also in an interrupt of the thread while it serves. */
	if (!pool || READ_ONCE(pool->serving) != ring)
		wake_up_poll(&ring->cq_wait, EPOLLIN | EPOLLRDNORM);
	xsc_ring_put(ring);
}

/*
 * It has ended with a result.
 *
 * Context: also an interrupt.
 */
static void xsc_short_end(struct xsc_req *req, long res)
{
	struct file *file = req->kiocb.ki_filp;
	const struct cred *creds = req->creds;
	struct xsc_ring *ring = req->ring;
	unsigned long flags;
	bool last, wake;

	spin_lock_irqsave(&ring->cq_lock, flags);
	xsc_ring_cqe_locked(ring, &req->sqe,
			    unlikely(xsc_interrupted(res)) ? -EINTR : res);
	/* Its full barrier pairs with the one in prepare_to_wait(). */
	wake = wq_has_sleeper(&ring->cq_wait);
	/* The ring may be gone as soon as it is unlocked. */
	if (wake)
		kref_get(&ring->ref);
	last = xsc_short_leave_locked(req);
	spin_unlock_irqrestore(&ring->cq_lock, flags);

	if (wake)
		xsc_short_wake(ring);
	fput(file);
	put_cred(creds);
	if (unlikely(last))
		xsc_ring_put(ring);
}

/* It needs a thread: from here on it is a request like any other. */
static noinline void xsc_short_join(struct xsc_req *req)
{
	struct xsc_ring *ring = req->ring;
	struct xsc_pool *pool = req->pool;
	struct xsc_req *before;
	u32 nr = req->sqe.op;
	unsigned long flags;
	bool last;

	req->try.nr = nr;
	req->try.flags = xsc_optable[nr].flags;
	req->try.file = req->kiocb.ki_filp;
	spin_lock_irqsave(&ring->cq_lock, flags);
	hlist_del(&req->pool_node);
	/* Such a one has references of its own. */
	kref_get(&ring->ref);
	refcount_inc(&pool->ref);
	last = xsc_short_count_locked(ring);
	list_for_each_entry_reverse(before, &ring->reqs, ring_node)
		if (xsc_req_before(before, req))
			break;
	list_add(&req->ring_node, &before->ring_node);
	spin_lock(&pool->lock);
	hlist_add_head(&req->pool_node, &pool->reqs);
	spin_unlock(&pool->lock);
	spin_unlock_irqrestore(&ring->cq_lock, flags);
	if (last)
		xsc_ring_put(ring);
	xsc_direct_put_buffers(req);
}

/* As xsc_direct_finish(). */
static __always_inline void xsc_short_finish(struct xsc_req *req, long res)
{
	struct kiocb *kiocb = &req->kiocb;

	xsc_direct_end_write(kiocb);
	if (unlikely(xsc_direct_needs_thread(kiocb->ki_filp, res))) {
		xsc_short_join(req);
		xsc_direct_queue(req, res);
		return;
	}
	xsc_pool_moved(req->pool, res, kiocb->ki_flags & IOCB_WRITE);
	xsc_short_end(req, res);
}

/* As xsc_direct_done(). */
static void xsc_short_done(struct kiocb *kiocb, long res)
{
	struct xsc_req *req = container_of(kiocb, struct xsc_req, kiocb);

	req->try.res = res;
	if (likely(xsc_direct_last(req)))
		xsc_short_finish(req, res);
}

/* It would wait: as if it had not begun. */
static noinline void xsc_short_withdraw(struct xsc_req *req)
{
	struct file *file = req->kiocb.ki_filp;
	const struct cred *creds = req->creds;
	struct xsc_ring *ring = req->ring;

	spin_lock_irq(&ring->cq_lock);
	WRITE_ONCE(ring->inflight, ring->inflight - 1);
	/* Its file is open: the doorbell has it. */
	xsc_short_leave_locked(req);
	spin_unlock_irq(&ring->cq_lock);
	/* Who waits has seen something in flight. */
	xsc_ring_wake(ring);
	fput(file);
	put_cred(creds);
	ring->refused = true;
}

/* Submit ring->hand.  False: nothing was done, and xsc_start() has to. */
static __always_inline bool xsc_short_start(struct xsc_ring *ring,
					    struct xsc_pool *pool,
					    struct xsc_req *req)
{
	const struct xsc_sqe *sqe = &req->sqe;
	bool fixed = sqe->flags & XSC_SQE_FIXED_BUFFER;
	bool out = sqe->op == __NR_pwrite64;
	struct kiocb *kiocb = &req->kiocb;
	const u64 *args = sqe->args;
	const struct xsc_buffer *buf = NULL;
	/* Hardened kernels would clear it, though all of it is set. */
	struct iov_iter iter __attribute__((__uninitialized__));
	struct file *file;
	ssize_t ret;

	if (!fixed && unlikely(!access_ok((void __user *)(unsigned long)args[1],
					  args[2])))
		return false;
	file = fget(args[0]);
	if (unlikely(!file))
		return false;
	if (unlikely(!xsc_direct_may(file, out, args[3])))
		goto no;
	atomic_inc(&pool->nr_reqs);
	/* Pairs with xsc_worker_leaves_locked(): it sees us, or we see it. */
	smp_mb__after_atomic();
	if (unlikely(!READ_ONCE(pool->nr_workers)))
		goto no_request;
	req->pool = pool;
	if (unlikely(!xsc_short_enter(req, fixed, &buf)))
		goto no_request;
	req->creds = get_current_cred();
	xsc_count(XSC_WAY_RING, XSC_FAM_FS);
	xsc_ring_plug(ring);

	/* As xsc_kiocb_init(); what is not set here stays 0. */
	kiocb->ki_filp = file;
	kiocb->ki_pos = args[3];
	kiocb->ki_complete = xsc_short_done;
	atomic_set(&req->halves, 2);
	kiocb->private = NULL;
	kiocb->ki_flags = file->f_iocb_flags | IOCB_NOWAIT;
	ret = rw_verify_area(out ? WRITE : READ, file, &kiocb->ki_pos, args[2]);
	if (unlikely(ret))
		goto done;
	if (fixed)
		xsc_buffer_iter(buf, args, &iter, out);
	else
		iov_iter_ubuf(&iter, out ? ITER_SOURCE : ITER_DEST,
			      (void __user *)(unsigned long)args[1],
			      min_t(size_t, args[2], MAX_RW_COUNT));
	ret = xsc_direct_submit(kiocb, &iter, out);
	if (ret == -EIOCBQUEUED) {
		if (unlikely(xsc_direct_last(req)))
			xsc_short_finish(req, req->try.res);
		return true;
	}
	if (unlikely(ret == -EAGAIN)) {
		xsc_short_withdraw(req);
		return false;
	}
done:
	xsc_rw_count(file, ret, out);
	xsc_trace_op(XSC_WAY_RING, sqe->op, ret);
	xsc_short_end(req, ret);
	return true;

no_request:
	atomic_dec(&pool->nr_reqs);
no:
	fput(file);
	return false;
}

/* Is it an op like the last that went to a device, with nobody to look at it? */
static __always_inline bool xsc_direct_follows(const struct xsc_ring *ring,
					       const struct xsc_sqe *sqe)
{
	return (sqe->op == __NR_pread64 || sqe->op == __NR_pwrite64) &&
	       (int)sqe->args[0] == ring->direct_fd &&
	       !signal_pending(current) && !xsc_controlled();
}

/* pread() and pwrite() of a registered buffer: its pages are at hand. */
static noinline s64 xsc_direct_call_fixed(struct xsc_ring *ring,
					  const struct xsc_sqe *sqe)
{
	bool out = sqe->op == __NR_pwrite64;
	const u64 *args = sqe->args;
	/* Hardened kernels would clear it, though all of it is set. */
	struct iov_iter iter __attribute__((__uninitialized__));
	struct fd f = fdget(args[0]);
	const struct xsc_buffer *buf;
	struct xsc_buffers *set;
	s64 res = XSC_GOES_ON;
	struct kiocb kiocb;

	if (unlikely(!f.file))
		return res;
	if (unlikely(!xsc_direct_may(f.file, out, args[3])))
		goto out;
	/* Another thread may unregister it meanwhile. */
	buf = xsc_buffers_get(ring, args, &set);
	if (IS_ERR(buf))
		goto out;

	xsc_kiocb_init(&kiocb, f.file);
	kiocb.ki_pos = args[3];
	res = rw_verify_area(out ? WRITE : READ, f.file, &kiocb.ki_pos,
			     args[2]);
	if (unlikely(res))
		goto put;
	xsc_buffer_iter(buf, args, &iter, out);
	if (out) {
		file_start_write(f.file);
		res = call_write_iter(f.file, &kiocb, &iter);
		file_end_write(f.file);
	} else {
		res = call_read_iter(f.file, &kiocb, &iter);
	}
	xsc_rw_count(f.file, res, out);
put:
	spin_lock_irq(&ring->cq_lock);
	xsc_buffers_put_locked(set);
	spin_unlock_irq(&ring->cq_lock);
out:
	fdput(f);
	return res;
}

/**
 * xsc_direct_call() - an op like the last that went to a device, as the call
 * @ring:	the ring, locked; xsc_ring_waits_for_one() holds
 * @sqe:	the kernel's own copy
 *
 * Nothing is in flight and nothing else comes, so it needs no container.
 *
 * Return: its result, or XSC_GOES_ON: it is another one, and was not begun.
 */
s64 xsc_direct_call(struct xsc_ring *ring, const struct xsc_sqe *sqe)
{
	u32 extras = xsc_sqe_extras(sqe);
	const u64 *args = sqe->args;
	s64 res;

	if (extras & ~XSC_SQE_FIXED_BUFFER || !xsc_direct_follows(ring, sqe))
		return XSC_GOES_ON;
	if (extras) {
		res = xsc_direct_call_fixed(ring, sqe);
		if (unlikely(res == XSC_GOES_ON))
			return res;
	} else if (sqe->op == __NR_pwrite64) {
		res = ksys_pwrite64(args[0], u64_to_user_ptr(args[1]), args[2],
				    args[3]);
	} else {
		res = ksys_pread64(args[0], u64_to_user_ptr(args[1]), args[2],
				   args[3]);
	}
	xsc_count(XSC_WAY_RING, XSC_FAM_FS);
	xsc_trace_op(XSC_WAY_RING, sqe->op, res);
	return res;
}

/**
 * xsc_direct_run() - ops that go to a device like the last one did
 * @ring:	the ring, locked, not by the poller
 * @left:	so many SQEs at most
 *
 * The same steps as by xsc_start(), without those that come to nothing for such
 * an op, nor a container.  @ring->sq_head says what was taken.
 *
 * Return: how many SQEs that were; the next one is none of these.
 */
u32 xsc_direct_run(struct xsc_ring *ring, u32 left)
{
	struct xsc_cr_hdr *cr = ring->cr.addr;
	struct xsc_pool *pool = ring->pool;
	struct xsc_sqe *sqe;
	struct xsc_req *req;
	u32 n;

	if (unlikely(!pool || READ_ONCE(pool->task) != current ||
		     !xsc_pool_is_ours(pool)))
		return 0;
	xsc_pool_account(pool);
	for (n = 0; n < left; n++) {
		req = ring->hand;
		if (unlikely(!req)) {
			req = xsc_req_alloc(ring);
			if (!req)
				break;
			ring->hand = req;
		}
		sqe = &req->sqe;
		xsc_ring_read_sqe(ring, ring->sq_head + n, sqe);
		ring->c.left = left - n - 1;
		if (xsc_sqe_extras(sqe) & ~XSC_SQE_FIXED_BUFFER ||
		    !xsc_direct_follows(ring, sqe) ||
		    !xsc_short_start(ring, pool, req))
			break;
	}
	ring->sq_head += n;
	/* Pairs with the user's load-acquire of sq_head: our copies are made. */
	smp_store_release(&cr->sq_head, ring->sq_head);
	return n;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * xsc_direct.c - direct I/O that ends by itself
 *
 * A pread64 or pwrite64 of a file with O_DIRECT needs no thread: it is handed
 * to the file system with a kiocb that says whom to tell.  Until then nobody
 * may take the request: it stays owned, by the device so to say, and cancel
 * finds it running.  Its end, which may come in an interrupt, makes the CQE; if
 * that needs a thread, it queues the request like a wake-up does.
 */
#include <linux/fs.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include <linux/workqueue.h>

#include "xsc_async.h"

/* A write keeps its file system from being frozen until it ends. */
static bool xsc_direct_begin_write(struct kiocb *kiocb)
{
	struct inode *inode = file_inode(kiocb->ki_filp);

	kiocb->ki_flags |= IOCB_WRITE;
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
		xsc_buffers_put(req->buffers);
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
	xsc_req_end(container_of(work, struct xsc_req, work), -ECANCELED);
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

/* The file system tells: perhaps in an interrupt. */
static void xsc_direct_done(struct kiocb *kiocb, long res)
{
	struct xsc_req *req = container_of(kiocb, struct xsc_req, kiocb);
	struct xsc_pool *pool = req->pool;
	unsigned long flags;

	xsc_direct_end_write(kiocb);
	xsc_direct_put_buffers(req);
	if (likely(!xsc_direct_needs_thread(kiocb->ki_filp, res))) {
		xsc_req_end_direct(req, xsc_interrupted(res) ? -EINTR : res);
		return;
	}
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
	ret = xsc_direct_iter(req, &iter, out);
	if (ret)
		goto done;
	ret = rw_verify_area(out ? WRITE : READ, t->file, &kiocb->ki_pos,
			     t->args[2]);
	if (ret)
		goto done;

	req->light = true;
	if (out) {
		if (!xsc_direct_begin_write(kiocb))
			goto not;
		ret = call_write_iter(t->file, kiocb, &iter);
	} else {
		ret = call_read_iter(t->file, kiocb, &iter);
	}
	if (ret == -EIOCBQUEUED)
		return XSC_DIRECT_GOES_ON;
	xsc_direct_end_write(kiocb);
	if (ret == -EAGAIN || ret == -EOPNOTSUPP)
		goto not;
done:
	xsc_direct_put_buffers(req);
	t->res = ret;
	req->direct = true;
	return XSC_DIRECT_DONE;
not:
	xsc_direct_put_buffers(req);
	return XSC_DIRECT_NOT;
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

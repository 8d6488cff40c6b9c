// SPDX-License-Identifier: GPL-2.0-only
/*
 * xsc_rw.c - reads of a container, with one look-up of a descriptor for a run of
 * them; and reads and writes that do not wait
 *
 * The container keeps the file of the descriptor that it used last, for as
 * long as reads of that descriptor follow each other.  If other threads share
 * the table of descriptors, each op compares the file with what the descriptor
 * means now, so that it cannot tell; what is saved are references taken and
 * given back.  Before any other op the container gives the file back: a close
 * that follows really closes.
 */
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/shmem_fs.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "xsc_async.h"

/**
 * xsc_held_put() - give back the file that a container holds
 * @held:	it holds one
 */
void xsc_held_put(struct xsc_held *held)
{
	struct file *file = held->file;

	held->file = NULL;
	if (held->ref)
		fput(file);
}
EXPORT_SYMBOL_GPL(xsc_held_put);

static noinline struct file *xsc_held_find(struct xsc_held *held,
					   unsigned int fd)
{
	struct fd f;

	xsc_held_drop(held);
	f = fdget(fd);
	if (!f.file)
		return NULL;
	held->file = f.file;
	held->fd = fd;
	held->ref = f.flags & FDPUT_FPUT;
	init_sync_kiocb(&held->kiocb, f.file);
	return f.file;
}

/**
 * xsc_held_get() - the file of a descriptor
 * @held:	the container's; keeps it
 * @fd:		the descriptor
 *
 * Return: the file, which is the container's until another descriptor or
 * another kind of op comes; NULL if there is none, or it is O_PATH.
 */
struct file *xsc_held_get(struct xsc_held *held, unsigned int fd)
{
	struct file *file = held->file;

	if (file && held->fd == fd) {
		struct file *now;

		if (!held->ref)
			return file;
		/* Compared, not used: the reference is our own. */
		rcu_read_lock();
		now = files_lookup_fd_rcu(current->files, fd);
		rcu_read_unlock();
		if (likely(now == file))
			return file;
	}
	return xsc_held_find(held, fd);
}

/**
 * xsc_rw_nowait() - vfs_read() or vfs_write() that does not wait
 * @file:	has read_iter, or with @out write_iter
 * @buf:	the user's memory
 * @count:	bytes
 * @ppos:	where, and how far it came; NULL for a stream
 * @out:	write; not to a regular file
 *
 * Return: bytes, or a negative errno.  After -EAGAIN and -EOPNOTSUPP nobody
 * has been told that there was a call.
 */
ssize_t xsc_rw_nowait(struct file *file, void __user *buf, size_t count,
		      loff_t *ppos, bool out)
{
	struct iov_iter iter;
	struct kiocb kiocb;
	ssize_t ret;

	if (!(file->f_mode & (out ? FMODE_WRITE : FMODE_READ)))
		return -EBADF;
	if (!(file->f_mode & (out ? FMODE_CAN_WRITE : FMODE_CAN_READ)))
		return -EINVAL;
	if (unlikely(!access_ok(buf, count)))
		return -EFAULT;
	ret = rw_verify_area(out ? WRITE : READ, file, ppos, count);
	if (ret)
		return ret;
	count = min_t(size_t, count, MAX_RW_COUNT);

	init_sync_kiocb(&kiocb, file);
	kiocb.ki_flags |= IOCB_NOWAIT;
	kiocb.ki_pos = ppos ? *ppos : 0;
	iov_iter_ubuf(&iter, out ? ITER_SOURCE : ITER_DEST, buf, count);
	if (out)
		ret = call_write_iter(file, &kiocb, &iter);
	else
		ret = call_read_iter(file, &kiocb, &iter);
	if (ppos)
		*ppos = kiocb.ki_pos;
	if (ret == -EAGAIN || ret == -EOPNOTSUPP)
		return ret;

	xsc_rw_count(file, ret, out);
	return ret;
}

/* Whatever is not plain, with the errors in the order of the call. */
static noinline s64 xsc_pread_slow(struct file *file, const u64 *a)
{
	void __user *buf = (void __user *)(unsigned long)a[1];
	loff_t pos = a[3];

	if (!file)
		return -EBADF;
	if (!(file->f_mode & FMODE_PREAD))
		return -ESPIPE;
	return vfs_read(file, buf, a[2], &pos);
}

#define XSC_PREAD_MODE	(FMODE_PREAD | FMODE_READ | FMODE_CAN_READ)

/*
 * vfs_read() with what stays the same in a run left out: the look-up of the
 * descriptor, and the making of a kiocb.
 */
static __always_inline s64 xsc_pread(struct xsc_held *held, struct file *file,
				     const u64 *a, int flags)
{
	void __user *buf = (void __user *)(unsigned long)a[1];
	struct kiocb *kiocb = &held->kiocb;
	size_t count = a[2];
	ssize_t ret;

	if (unlikely(!access_ok(buf, count)))
		return -EFAULT;
	kiocb->ki_pos = a[3];
	ret = rw_verify_area(READ, file, &kiocb->ki_pos, count);
	if (unlikely(ret))
		return ret;

	kiocb->private = NULL;
	kiocb->ki_flags = file->f_iocb_flags | flags;
	iov_iter_ubuf(&held->iter, ITER_DEST, buf,
		      min_t(size_t, count, MAX_RW_COUNT));
	ret = call_read_iter(file, kiocb, &held->iter);
	if (flags && (ret == -EAGAIN || ret == -EOPNOTSUPP))
		return ret;
	xsc_rw_count(file, ret, false);
	return ret;
}

/* Of a table that nobody shares, only another op could change a descriptor. */
static __always_inline struct file *xsc_held_file(struct xsc_held *held,
						  unsigned int fd)
{
	if (likely(held->file && held->fd == fd && !held->ref))
		return held->file;
	return xsc_held_get(held, fd);
}

/**
 * xsc_run_pread() - pread64 of a container
 * @held:	the container's
 * @a:		the arguments
 *
 * Return: as the call.
 *
 * Context: no control looks at the thread.
 */
s64 xsc_run_pread(struct xsc_held *held, const u64 *a)
{
	struct file *file;

	if (unlikely((s64)a[3] < 0))
		return -EINVAL;
	file = xsc_held_file(held, a[0]);
	if (unlikely(!file ||
		     (file->f_mode & XSC_PREAD_MODE) != XSC_PREAD_MODE ||
		     file->f_op->read))
		return xsc_pread_slow(file, a);
	return xsc_pread(held, file, a, 0);
}

/**
 * xsc_start_pread() - the same in an asynchronous ring, if it is quick
 * @c:		the container
 * @sqe:	the kernel's own copy: pread64, no flags
 *
 * That is the case when all bytes are in memory.
 *
 * Return: the result, or XSC_GOES_ON: nothing was done, and xsc_start() has to.
 */
s64 xsc_start_pread(struct xsc_container *c, const struct xsc_sqe *sqe)
{
	const u64 *a = sqe->args;
	struct file *file;
	int flags = 0;
	s64 ret;

	if (unlikely(xsc_controlled() || (s64)a[3] < 0))
		return XSC_GOES_ON;
	file = xsc_held_file(&c->held, a[0]);
	if (unlikely(!file ||
		     (file->f_mode & XSC_PREAD_MODE) != XSC_PREAD_MODE ||
		     file->f_op->read || !S_ISREG(file_inode(file)->i_mode)))
		return XSC_GOES_ON;
	if (!shmem_file(file)) {
		if (!(file->f_mode & FMODE_NOWAIT) ||
		    file->f_iocb_flags & IOCB_DIRECT)
			return XSC_GOES_ON;
		flags = IOCB_NOWAIT;
	}
	ret = xsc_pread(&c->held, file, a, flags);
	if (flags && unlikely(ret == -EAGAIN || ret == -EOPNOTSUPP ||
			      (ret >= 0 && ret < a[2] &&
			       a[3] + ret < i_size_read(file_inode(file)))))
		return XSC_GOES_ON;
	xsc_count(c->way, XSC_FAM_FS);
	xsc_trace_op(c->way, __NR_pread64, ret);
	return ret;
}
EXPORT_SYMBOL_GPL(xsc_start_pread);

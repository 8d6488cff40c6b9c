// SPDX-License-Identifier: GPL-2.0-only
/*
 * xsc_rw.c - reads of a container, with one look-up of a descriptor for a run of
 * them; closes; and reads and writes that do not wait
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
#include <linux/syscalls.h>
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

static noinline struct file *xsc_held_find(struct xsc_held *held,
					   unsigned int fd)
{
	struct files_struct *files = current->files;
	struct file *file;

	xsc_held_drop(held);
	/*
	 * fdget() in a line.  Pairs with atomic_dec_and_test() in
	 * put_files_struct(): who sees that nobody else has the table sees what
	 * they have closed.
	 */
	held->ref = atomic_read_acquire(&files->count) != 1;
	file = held->ref ? fget(fd) : files_lookup_fd_raw(files, fd);
	if (!file || unlikely(file->f_mode & FMODE_PATH))
		return NULL;
	held->file = file;
	held->fd = fd;
	xsc_kiocb_init(&held->kiocb, file);
	return file;
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
 * xsc_rw_iter() - vfs_read() or vfs_write()
 * @file:	has read_iter, or with @out write_iter
 * @iter:	the user's memory, a buffer or a vector
 * @ppos:	where, and how far it came; NULL for a stream
 * @out:	write; not to a regular file
 * @flags:	IOCB_NOWAIT, or 0
 *
 * Return: bytes, or a negative errno.  After -EAGAIN and -EOPNOTSUPP with
 * IOCB_NOWAIT nobody has been told that there was a call.
 */
ssize_t xsc_rw_iter(struct file *file, struct iov_iter *iter, loff_t *ppos,
		    bool out, int flags)
{
	size_t count = iov_iter_count(iter);
	struct kiocb kiocb;
	ssize_t ret;

	if (!(file->f_mode & (out ? FMODE_WRITE : FMODE_READ)))
		return -EBADF;
	if (!(file->f_mode & (out ? FMODE_CAN_WRITE : FMODE_CAN_READ)))
		return -EINVAL;
	if (iter_is_ubuf(iter) && unlikely(!access_ok(iter->ubuf, count)))
		return -EFAULT;
	ret = rw_verify_area(out ? WRITE : READ, file, ppos, count);
	if (ret)
		return ret;
	iov_iter_truncate(iter, MAX_RW_COUNT);

	xsc_kiocb_init(&kiocb, file);
	kiocb.ki_flags |= flags;
	kiocb.ki_pos = ppos ? *ppos : 0;
	if (out)
		ret = call_write_iter(file, &kiocb, iter);
	else
		ret = call_read_iter(file, &kiocb, iter);
	if (ppos)
		*ppos = kiocb.ki_pos;
	if (flags && (ret == -EAGAIN || ret == -EOPNOTSUPP))
		return ret;

	xsc_rw_count(file, ret, out);
	return ret;
}

/* Whatever is not plain, with the errors in the order of the call. */
static noinline s64 xsc_pread_slow(struct file *file, void __user *buf,
				   size_t count, loff_t pos)
{
	if (!file)
		return -EBADF;
	if (!(file->f_mode & FMODE_PREAD))
		return -ESPIPE;
	return vfs_read(file, buf, count, &pos);
}

#define XSC_READ_MODE	(FMODE_READ | FMODE_CAN_READ)
#define XSC_PREAD_MODE	(FMODE_PREAD | XSC_READ_MODE)

/*
 * vfs_read() with what stays the same in a run left out: the look-up of the
 * descriptor, and the making of a kiocb, of which ki_pos is the caller's.
 */
static __always_inline s64 xsc_held_read(struct xsc_held *held,
					 struct file *file, void __user *buf,
					 size_t count, const loff_t *ppos,
					 int flags)
{
	struct kiocb *kiocb = &held->kiocb;
	ssize_t ret;

	if (unlikely(!access_ok(buf, count)))
		return -EFAULT;
	ret = rw_verify_area(READ, file, ppos, count);
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

static __always_inline s64 xsc_pread(struct xsc_held *held, struct file *file,
				     void __user *buf, size_t count,
				     loff_t pos, int flags)
{
	held->kiocb.ki_pos = pos;
	return xsc_held_read(held, file, buf, count, &held->kiocb.ki_pos,
			     flags);
}

/* Of a table that nobody shares, only another op could change a descriptor. */
static __always_inline struct file *xsc_held_file(struct xsc_held *held,
						  unsigned int fd)
{
	struct file *file = held->file;

	if (unlikely(!file))
		return xsc_held_find(held, fd);
	if (likely(held->fd == fd && !held->ref))
		return file;
	return xsc_held_get(held, fd);
}

/**
 * xsc_run_pread() - pread64 of a container
 * @held:	the container's
 * @fd:		the call's arguments
 * @buf:	likewise
 * @count:	likewise
 * @pos:	likewise
 *
 * Return: as the call.
 *
 * Context: no control looks at the thread.
 */
s64 xsc_run_pread(struct xsc_held *held, unsigned int fd, void __user *buf,
		  size_t count, loff_t pos)
{
	struct file *file;

	if (unlikely(pos < 0))
		return -EINVAL;
	file = xsc_held_file(held, fd);
	if (unlikely(!file ||
		     (file->f_mode & XSC_PREAD_MODE) != XSC_PREAD_MODE ||
		     file->f_op->read))
		return xsc_pread_slow(file, buf, count, pos);
	return xsc_pread(held, file, buf, count, pos, 0);
}

/* Does the file's position have to be locked, as in fdget_pos()? */
static __always_inline bool xsc_pos_shared(const struct xsc_held *held,
					   struct file *file)
{
	return file->f_mode & FMODE_ATOMIC_POS &&
	       (held->ref || file_count(file) > 1);
}

/**
 * xsc_run_read() - read of a container
 * @held:	the container's
 * @fd:		the call's arguments
 * @buf:	likewise
 * @count:	likewise
 *
 * Return: as the call.
 *
 * Context: no control looks at the thread.
 */
s64 xsc_run_read(struct xsc_held *held, unsigned int fd, void __user *buf,
		 size_t count)
{
	struct file *file = xsc_held_file(held, fd);
	loff_t *ppos = &held->kiocb.ki_pos;
	s64 ret;

	if (unlikely(!file ||
		     (file->f_mode & XSC_READ_MODE) != XSC_READ_MODE ||
		     file->f_op->read || xsc_pos_shared(held, file))) {
		xsc_held_drop(held);
		return ksys_read(fd, buf, count);
	}
	if (file->f_mode & FMODE_STREAM) {
		*ppos = 0;
		return xsc_held_read(held, file, buf, count, NULL, 0);
	}
	*ppos = file->f_pos;
	ret = xsc_held_read(held, file, buf, count, ppos, 0);
	if (ret >= 0)
		file->f_pos = *ppos;
	return ret;
}

/**
 * xsc_run_close() - close of a container
 * @held:	the container's
 * @fd:		the call's argument
 *
 * A file that has lost its last user ends here and not by task work: this is
 * no deeper in the kernel than the way out of a call.
 *
 * Return: as the call.
 *
 * Context: no control looks at the thread.
 */
s64 xsc_run_close(struct xsc_held *held, unsigned int fd)
{
	struct file *file;
	s64 ret;

	xsc_held_drop(held);
	file = close_fd_get_file(fd);
	if (unlikely(!file))
		return -EBADF;
	/* The last reference is ours, not that of filp_close(). */
	get_file(file);
	ret = filp_close(file, current->files);
	__fput_sync(file);
	/* The descriptor is gone: no restart. */
	return unlikely(xsc_interrupted(ret)) ? -EINTR : ret;
}

/**
 * xsc_start_pread() - pread64 of a ring, if it is quick
 * @c:		the container
 * @fd:		the call's arguments
 * @buf:	likewise
 * @count:	likewise
 * @pos:	likewise
 *
 * That is the case when all bytes are in memory.
 *
 * Return: the result, or XSC_GOES_ON: nothing was done.
 *
 * Context: no control looks at the thread.
 */
s64 xsc_start_pread(struct xsc_container *c, unsigned int fd, void __user *buf,
		    size_t count, loff_t pos)
{
	struct file *file;
	int flags = 0;
	s64 ret;

	if (unlikely(pos < 0))
		return XSC_GOES_ON;
	file = xsc_held_file(&c->held, fd);
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
	ret = xsc_pread(&c->held, file, buf, count, pos, flags);
	if (flags && unlikely(ret == -EAGAIN || ret == -EOPNOTSUPP ||
			      (ret >= 0 && ret < count &&
			       pos + ret < i_size_read(file_inode(file)))))
		return XSC_GOES_ON;
	xsc_count(c->way, XSC_FAM_FS);
	xsc_trace_op(c->way, __NR_pread64, ret);
	return ret;
}

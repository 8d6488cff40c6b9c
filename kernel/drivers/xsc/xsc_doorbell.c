// SPDX-License-Identifier: GPL-2.0-only
/*
 * xsc_doorbell.c - ringing: by op, by ioctl(), and in the name of a thread
 */
#include <linux/err.h>
#include <linux/export.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/ktime.h>
#include <linux/mutex.h>
#include <linux/sched/signal.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>
#include <linux/task_work.h>
#include <linux/time.h>
#include <linux/uaccess.h>

#include "xsc_async.h"

/* The end of a wait: *@until, on the monotonic clock. */
static noinline int xsc_until_get(ktime_t *until, u64 utimeout)
{
	struct timespec64 ts;

	if (get_timespec64(&ts, u64_to_user_ptr(utimeout)))
		return -EFAULT;
	if (!timespec64_valid(&ts))
		return -EINVAL;
	*until = ktime_add_safe(ktime_get(), timespec64_to_ktime(ts));
	return 0;
}

/*
 * What has cut a doorbell short is perhaps no signal, but word of what is left to
 * the thread: that it does, and goes on.  So does one that was not cut short,
 * before it waits: what it runs then is not to be interrupted by that word.
 */
static noinline void xsc_doorbell_go_on(struct xsc_ring *ring,
					struct file *file, u32 to_submit,
					u32 wants, long *ret)
{
	long more;

	/* One of these is not what another one waits for, and they do not wait. */
	if (current->xsc.rescues)
		return;
	while (xsc_resume_all(file)) {
		if (*ret <= 0 || *ret >= to_submit || !xsc_ring_has_sqes(ring))
			break;
		/* That, too, is a signal or word. */
		if (mutex_lock_interruptible(&ring->lock))
			continue;
		more = xsc_ring_run(ring, file, to_submit - *ret, wants);
		xsc_poller_doorbell(ring, more);
		mutex_unlock(&ring->lock);
		if (more > 0)
			*ret += more;
		else if (!xsc_interrupted(more))
			break;
	}
}

/*
 * Run a doorbell: up to @to_submit SQEs, then wait for @min CQEs, until @until
 * unless that is NULL.  Takes over a reference to @file, which an op may close.
 * If an op ends the task this does not return, and xsc_ring_abort() cleans up.
 */
static __always_inline long xsc_do_doorbell(struct file *file, u32 to_submit,
					    u32 min, ktime_t *until)
{
	struct xsc_ring *ring = xsc_ring_of(file);
	long ret, waited;

	if (IS_ERR(ring)) {
		ret = PTR_ERR(ring);
		goto out;
	}
	if (unlikely(!mutex_trylock(&ring->lock))) {
		/* The poller does not make calls that last. */
		if (!READ_ONCE(ring->polling))
			WRITE_ONCE(ring->crowded, true);
		ret = -ERESTARTSYS;
		if (mutex_lock_interruptible(&ring->lock))
			goto out;
	}
	ret = xsc_ring_run(ring, file, to_submit, until ? 0 : min);
	xsc_poller_doorbell(ring, ret);
	mutex_unlock(&ring->lock);
	if (unlikely(signal_pending(current) || current->xsc.resume) &&
	    ret >= 0)
		xsc_doorbell_go_on(ring, file, to_submit, until ? 0 : min, &ret);
	if ((min || ring->defer) && ret >= 0) {
		do {
			waited = xsc_ring_wait(ring, file, min, until);
		} while (unlikely(waited == -EINTR) && current->xsc.resume &&
			 xsc_resume_all(file));
		if (!ret)
			ret = waited != -EINTR || until ? waited : -ERESTARTSYS;
	}
out:
	fput(file);
	return ret;
}

static noinline long xsc_doorbell(struct file *file, u32 to_submit, u32 min,
				  ktime_t *until)
{
	return xsc_do_doorbell(file, to_submit, min, until);
}

/* The result of the call that the thread comes from must stay what it is. */
static void xsc_ring_rescue(struct callback_head *work)
{
	struct xsc_ring *ring = container_of(work, struct xsc_ring, rescue);
	struct pt_regs *regs = current_pt_regs();
	long result = regs_return_value(regs);

	/* Pairs with the look at it in xsc_poller_call_locked(). */
	smp_store_release(&ring->rescued, false);
	if (current->xsc.exits) {
		fput(ring->file);
	} else {
		current->xsc.rescues = true;
		xsc_doorbell(ring->file, U32_MAX, 0, NULL);
		current->xsc.rescues = false;
		regs_set_return_value(regs, result);
	}
}

/**
 * xsc_ring_rescued() - the poller has left SQEs to the thread
 * @work:	@rescue of a ring
 */
void xsc_ring_rescued(struct callback_head *work)
{
	xsc_resume_call(work, xsc_ring_rescue);
}

static noinline long xsc_ring_enter_until(struct file *file, u32 to_submit,
					  u32 min, u64 utimeout)
{
	ktime_t until;
	int err = xsc_until_get(&until, utimeout);

	if (!err)
		return xsc_doorbell(file, to_submit, min, &until);
	fput(file);
	return err;
}

/* fget(), with less ado if nobody else could close the file meanwhile. */
static __always_inline struct file *xsc_fget(unsigned int fd)
{
	struct files_struct *files = current->files;
	struct file *file;

	/* As in xsc_held_find(). */
	if (atomic_read_acquire(&files->count) != 1)
		return fget(fd);
	file = files_lookup_fd_raw(files, fd);
	return unlikely(!file || file->f_mode & FMODE_PATH) ? NULL :
							      get_file(file);
}

/**
 * xsc_ring_enter() - XSC_OP_RING_ENTER
 * @regs:	user registers; see xsc_uapi.h for the arguments
 *
 * Return: what the op returns, or a restart code.
 */
long xsc_ring_enter(const struct pt_regs *regs)
{
	struct file *file = xsc_fget(xsc_op_arg(regs, 0));
	u32 to_submit = xsc_op_arg(regs, 1);
	u32 flags = xsc_op_arg(regs, 2);
	u32 min = xsc_op_arg(regs, 3);
	u64 utimeout = xsc_op_arg(regs, 4);

	if (unlikely(!file))
		return -EBADF;
	if (unlikely(flags || !xsc_ring_file(file))) {
		bool ours = xsc_ring_file(file);

		fput(file);
		return ours ? -EINVAL : -EOPNOTSUPP;
	}
	if (unlikely(utimeout))
		return xsc_ring_enter_until(file, to_submit, min, utimeout);
	return xsc_do_doorbell(file, to_submit, min, NULL);
}

/**
 * struct xsc_deferred - a doorbell that came by ioctl()
 * @work:	for xsc_resume_add()
 * @file:	the ring's file, with a reference
 * @to_submit:	SQEs
 * @min:	CQEs to wait for
 * @timed:	until @until at most
 * @until:	on the monotonic clock
 */
struct xsc_deferred {
	struct callback_head	work;
	struct file		*file;
	u32			to_submit;
	u32			min;
	bool			timed;
	ktime_t			until;
};

/* The ioctl has ended, as 0; what the doorbell returns takes its place. */
static void xsc_ring_deferred(struct callback_head *work)
{
	struct xsc_deferred *def = container_of(work, struct xsc_deferred, work);
	struct xsc_deferred d = *def;

	kfree(def);
	if (current->xsc.exits)
		fput(d.file);
	else
		regs_set_return_value(current_pt_regs(),
				      xsc_doorbell(d.file, d.to_submit, d.min,
						   d.timed ? &d.until : NULL));
}

/**
 * xsc_ring_defer() - XSC_IOC_ENTER
 * @file:	the ring's file; the caller has a reference
 * @uarg:	what is asked for
 *
 * The doorbell runs when the ioctl has ended.  The controls keep one call per
 * task, and the ioctl is it until then; also it holds things, such as its file,
 * that an op which ends the task would leak.
 *
 * Return: 0, or a negative errno (EDEADLK as an op of a batch or a ring).
 */
long xsc_ring_defer(struct file *file, struct xsc_ring_enter __user *uarg)
{
	struct xsc_ring *ring = xsc_ring_of(file);
	struct xsc_ring_enter enter;
	struct xsc_deferred *def;
	int err;

	if (IS_ERR(ring))
		return PTR_ERR(ring);
	if (current->xsc.container)
		return -EDEADLK;
	if (copy_from_user(&enter, uarg, sizeof(enter)))
		return -EFAULT;
	if (enter.flags || enter.resv)
		return -EINVAL;

	def = kmalloc(sizeof(*def), GFP_KERNEL_ACCOUNT);
	if (!def)
		return -ENOMEM;
	def->to_submit = enter.to_submit;
	def->min = enter.min_complete;
	def->timed = enter.timeout;
	if (def->timed) {
		err = xsc_until_get(&def->until, enter.timeout);
		if (err) {
			kfree(def);
			return err;
		}
	}
	def->file = get_file(file);
	xsc_resume_add(&def->work, xsc_ring_deferred);
	return 0;
}
EXPORT_SYMBOL_GPL(xsc_ring_defer);

// SPDX-License-Identifier: GPL-2.0-only
/*
 * xsc_core.c - rings and /dev/xsc
 *
 * A ring has two regions, each written by one side only.  All that the kernel
 * reads of the SR region is sq_tail, cq_head and, once, each SQE; all that it
 * reads of the CR region is what it wrote there, and that only for forwards.
 *
 * ring->lock serialises doorbells and is held while ops run, so it nests
 * outside of everything.  Ops that go on after the doorbell are the business
 * of the built-in part: xsc_async.h has the locks.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/log2.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task_stack.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/task_work.h>
#include <linux/time.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "xsc_ring.h"
#include "xsc_trace.h"

static const struct file_operations xsc_ring_fops;
static int xsc_ring_chain_prior(struct xsc_container *c, unsigned int back,
				s64 *res);
static void xsc_ring_abort(struct xsc_container *c);
static long xsc_ring_consume(struct xsc_ring *ring, struct file *file);
static void xsc_ring_rescued(struct callback_head *work);

static const struct xsc_consumer * const xsc_consumers[XSC_FAM_NR] = {
	[XSC_FAM_FS] = &xsc_consumer_fs,
	[XSC_FAM_NET] = &xsc_consumer_net,
	[XSC_FAM_TIMER] = &xsc_consumer_timer,
	[XSC_FAM_SYNC] = &xsc_consumer_sync,
};

static int xsc_region_alloc(struct xsc_region *r, size_t size, pgprot_t prot)
{
	unsigned int i;

	r->nr = PAGE_ALIGN(size) >> PAGE_SHIFT;
	r->pages = kvcalloc(r->nr, sizeof(*r->pages), GFP_KERNEL_ACCOUNT);
	if (!r->pages)
		return -ENOMEM;
	for (i = 0; i < r->nr; i++) {
		r->pages[i] = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
		if (!r->pages[i])
			return -ENOMEM;
	}
	r->addr = vmap(r->pages, r->nr, VM_MAP, prot);
	return r->addr ? 0 : -ENOMEM;
}

static int xsc_params_check(struct xsc_ring_params *p)
{
	bool looks;

	if (p->flags & ~XSC_RING_F_ALL ||
	    memchr_inv(p->resv, 0, sizeof(p->resv)))
		return -EINVAL;
	/* Each of the flags needs the one before it. */
	if ((p->flags & XSC_RING_ADAPT && !(p->flags & XSC_RING_POLL)) ||
	    (p->flags & XSC_RING_POLL && !(p->flags & XSC_RING_ASYNC)))
		return -EINVAL;
	/* A poller rings no doorbell. */
	if (p->flags & (XSC_RING_DEFER | XSC_RING_SPIN) &&
	    (p->flags & XSC_RING_POLL || !(p->flags & XSC_RING_ASYNC)))
		return -EINVAL;
	looks = p->flags & (XSC_RING_POLL | XSC_RING_SPIN);
	if (p->poll_idle > XSC_POLL_IDLE_MAX || (p->poll_idle && !looks))
		return -EINVAL;
	if (p->flags & XSC_RING_POLL && !READ_ONCE(xsc_poller_allowed))
		return -EPERM;
	if (!p->sq_entries || p->sq_entries > XSC_RING_MAX)
		return -EINVAL;
	if (p->cq_entries && (p->cq_entries < p->sq_entries ||
			      p->cq_entries > 2 * XSC_RING_MAX))
		return -EINVAL;

	p->sq_entries = roundup_pow_of_two(p->sq_entries);
	p->cq_entries = p->cq_entries ? roundup_pow_of_two(p->cq_entries) :
					2 * p->sq_entries;
	if (looks && !p->poll_idle)
		p->poll_idle = XSC_POLL_IDLE;
	p->sqes_off = sizeof(struct xsc_sr_hdr);
	p->cqes_off = sizeof(struct xsc_cr_hdr);
	p->sr_size = PAGE_ALIGN(p->sqes_off +
				p->sq_entries * sizeof(struct xsc_sqe));
	p->cr_size = PAGE_ALIGN(p->cqes_off +
				p->cq_entries * sizeof(struct xsc_cqe));
	return 0;
}

/* Make a ring for the current process, as the caller's parameters say. */
static struct xsc_ring *xsc_ring_new(struct xsc_ring_params __user *uparams)
{
	struct xsc_ring_params p;
	struct xsc_cr_hdr *cr;
	struct xsc_ring *ring;
	int err;

	if (copy_from_user(&p, uparams, sizeof(p)))
		return ERR_PTR(-EFAULT);
	err = xsc_params_check(&p);
	if (err)
		return ERR_PTR(err);

	ring = kzalloc(sizeof(*ring), GFP_KERNEL_ACCOUNT);
	if (!ring)
		return ERR_PTR(-ENOMEM);
	xsc_ring_init(ring);
	ring->direct_fd = -1;
	mmgrab(current->mm);
	ring->mm = current->mm;
	ring->c.prior = xsc_ring_chain_prior;
	ring->c.abort = xsc_ring_abort;

	if (p.flags & XSC_RING_ASYNC) {
		ring->async = true;
		ring->defer = p.flags & XSC_RING_DEFER;
		if (p.flags & XSC_RING_SPIN)
			ring->spin_max = p.poll_idle * NSEC_PER_USEC;
		err = -ENOMEM;
		ring->chain = kmalloc_array(XSC_CHAIN_RES, sizeof(s64),
					    GFP_KERNEL_ACCOUNT);
		if (!ring->chain)
			goto free;
	}
	if (p.flags & XSC_RING_POLL) {
		ring->poll = true;
		ring->adaptive = p.flags & XSC_RING_ADAPT;
		ring->poll_idle = p.poll_idle;
		ring->consume = xsc_ring_consume;
		init_task_work(&ring->rescue, xsc_ring_rescued);
	}
	err = xsc_region_alloc(&ring->sr, p.sr_size, PAGE_KERNEL_RO);
	if (!err)
		err = xsc_region_alloc(&ring->cr, p.cr_size, PAGE_KERNEL);
	if (err)
		goto free;

	ring->sqes = ring->sr.addr + p.sqes_off;
	ring->cqes = ring->cr.addr + p.cqes_off;
	ring->sq_mask = p.sq_entries - 1;
	ring->cq_mask = p.cq_entries - 1;
	cr = ring->cr.addr;
	cr->sq_entries = p.sq_entries;
	cr->cq_entries = p.cq_entries;
	cr->need_wakeup = 1;

	err = -EFAULT;
	if (copy_to_user(uparams, &p, sizeof(p)))
		goto free;
	return ring;
free:
	xsc_ring_put(ring);
	return ERR_PTR(err);
}

/* With XSC_RING_ASYNC the results of a chain are kept apart. */
static int xsc_ring_chain_prior(struct xsc_container *c, unsigned int back,
				s64 *res)
{
	struct xsc_ring *ring = container_of(c, struct xsc_ring, c);

	if (back > c->pos || back >= XSC_CHAIN_RES)
		return -EINVAL;
	*res = ring->chain[(c->pos - back) % XSC_CHAIN_RES];
	return 0;
}

/*
 * Without it completions are in order, so the CQE @back places ago is the
 * SQE's.
 */
static __always_inline int xsc_ring_prior(struct xsc_container *c,
					  unsigned int back, s64 *res)
{
	struct xsc_ring *ring = container_of(c, struct xsc_ring, c);

	if (back > ring->done || back > ring->cq_mask)
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
	ring->done++;
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
		res = xsc_run(c, sqe);
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
		xsc_ring_publish_end(ring);
		if (sqe->op == XSC_OP_CANCEL)
			return xsc_ring_cancel(ring, sqe);
	}
	return chained ? xsc_issue_chained(&ring->c, sqe) :
			 xsc_run(&ring->c, sqe);
}

/* A signal ended the op: what that means is its family's to say. */
static noinline s64 xsc_ring_interrupted(const struct xsc_sqe *sqe, s64 res)
{
	const struct xsc_consumer *consumer;
	u32 nr = array_index_nospec(sqe->op, NR_syscalls);

	consumer = xsc_consumers[xsc_optable[nr].family];
	return consumer ? consumer->interrupted(sqe, res) : res;
}

static __always_inline s64 xsc_ring_issue(struct xsc_ring *ring,
					  struct xsc_sqe *sqe, bool async)
{
	u32 nr = sqe->op;
	bool lasts;
	s64 res;

	if (unlikely(xsc_sqe_extras(sqe) | ring->c.linked)) {
		res = async ? xsc_ring_issue_slow(ring, sqe) :
			      xsc_ring_issue_chained(ring, sqe);
	} else if (likely(nr < NR_syscalls)) {
		nr = array_index_nospec(nr, NR_syscalls);
		lasts = xsc_optable[nr].flags & XSC_OPF_LASTS;
		res = XSC_GOES_ON;
		if (nr == __NR_pread64 && (int)sqe->args[0] != ring->direct_fd)
			res = xsc_start_pread(&ring->c, sqe);
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
		res = xsc_run_nop(&ring->c);
	} else {
		res = xsc_ring_issue_slow(ring, sqe);
	}
	if (unlikely(xsc_interrupted(res)))
		res = xsc_ring_interrupted(sqe, res);
	return res;
}

/* What xsc_doorbell() holds while ops run. */
static void xsc_ring_abort(struct xsc_container *c)
{
	struct xsc_ring *ring = container_of(c, struct xsc_ring, c);
	struct file *file = ring->bell;

	xsc_ring_publish_end(ring);
	mutex_unlock(&ring->lock);
	fput(file);
}

/* SQEs that have gone on by themselves: they are consumed. */
static void xsc_ring_went_on(struct xsc_ring *ring)
{
	struct xsc_cr_hdr *cr = ring->cr.addr;

	ring->sq_head += 1 + ring->c.taken;
	ring->done += 1 + ring->c.taken;
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
		xsc_ring_publish_end(ring);
}

/* SQEs that the poller takes in one go: other rings want their turn. */
#define XSC_POLL_SQES	64

/*
 * May the poller run the SQE just read?  What stands in a chain has been looked
 * at when the chain began; if it has changed since, it is nobody's.
 */
static noinline bool xsc_ring_pollable(struct xsc_ring *ring, u32 left)
{
	struct xsc_sqe next = ring->sqe;
	u32 i;

	if (ring->c.linked) {
		if (xsc_for_caller(next.op, next.args))
			ring->sqe.op = XSC_OP_BATCH;	/* EINVAL */
		return true;
	}
	if (ring->done >= XSC_POLL_SQES || !xsc_polled(ring, &next))
		return false;
	for (i = 1; next.flags & XSC_SQE_LINK && i < left; i++) {
		xsc_ring_read_sqe(ring, ring->sq_head + i, &next);
		if (xsc_for_caller(next.op, next.args))
			return false;
	}
	return true;
}

/*
 * What has gone to a device before, and is all that the doorbell waits for.  A
 * signal that ends it leaves it in the ring, and is what *@ret says.
 */
static bool xsc_ring_call(struct xsc_ring *ring, long *ret)
{
	s64 res;

	xsc_ring_read_sqe(ring, ring->sq_head, &ring->sqe);
	res = xsc_direct_call(ring, &ring->sqe);
	if (unlikely(res == XSC_GOES_ON))
		return false;
	if (unlikely(xsc_interrupted(res))) {
		*ret = xsc_ring_interrupted(&ring->sqe, res);
		return true;
	}
	xsc_ring_complete(ring, ring->sqe.user_data, res);
	xsc_ring_publish_end(ring);
	return true;
}

/*
 * Take up to @to_submit SQEs; the thread will wait for @wants CQEs.  Returns a
 * count, an errno or a restart code.
 */
static long xsc_ring_run(struct xsc_ring *ring, struct file *file,
			 u32 to_submit, u32 wants)
{
	const struct xsc_sr_hdr *sr = ring->sr.addr;
	struct xsc_cr_hdr *cr = ring->cr.addr;
	struct xsc_container *c = &ring->c;
	const bool async = ring->async;
	u32 queued, used, inflight = 0, flags = 0;
	u32 left, room;
	long ret = 0;

	ring->bell = file;
	ring->done = 0;
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
	if (ring->direct_fd >= 0 && !ring->polling) {
		u32 direct;

		if (xsc_ring_waits_for_one(ring) && c->room &&
		    xsc_ring_call(ring, &ret))
			goto out;
		direct = xsc_direct_run(ring, min(left, c->room));
		left -= direct;
		c->room -= direct;
		if (likely(!left)) {
			xsc_ring_unplug(ring);
			goto out;
		}
	}
	ret = xsc_container_begin(c, XSC_WAY_RING);
	if (ret)
		return ret;
	if (async)
		c->async = ring;

	room = c->room;
	for (; left; left--) {
		s64 res;

		if (unlikely(!room)) {
			flags = XSC_CR_CQ_FULL;
			if (!ring->done)
				ret = -EBUSY;
			break;
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
		res = xsc_ring_issue(ring, &ring->sqe, async);
		if (unlikely(xsc_interrupted(res))) {
			ret = res == -ERESTART_RESTARTBLOCK ? -EINTR : res;
			break;
		}
		room--;
		if (unlikely(res == XSC_GOES_ON)) {
			left -= c->taken;
			room -= c->taken;
			xsc_ring_went_on(ring);
		} else if (async && xsc_quiet(ring->sqe.flags, res)) {
			ring->done++;
			ring->sq_head++;
			room++;
		} else {
			xsc_ring_complete(ring, ring->sqe.user_data, res);
		}
		if (unlikely(signal_pending(current)))
			break;
	}

	xsc_ring_unplug(ring);
	xsc_ring_publish_rest(ring);
	xsc_ring_count_malformed(ring, c->malformed);
	xsc_container_end(c);
out:
	WRITE_ONCE(cr->sqes_done, cr->sqes_done + ring->done);
	WRITE_ONCE(cr->flags, flags);
	ret = ring->done ?: ret;
	trace_xsc_container(XSC_WAY_RING, ring->done, ret);
	return ret;
}

/* For the poller, in its thread. */
static long xsc_ring_consume(struct xsc_ring *ring, struct file *file)
{
	long ret = xsc_ring_run(ring, file, U32_MAX, 0);

	/* It was interrupted, and tries again. */
	return xsc_interrupted(ret) || ret == -EINTR ? 0 : ret;
}

/* The ring of a file that the current process may ring, or an ERR_PTR. */
static struct xsc_ring *xsc_ring_of(struct file *file)
{
	/* Pairs with the cmpxchg in xsc_ring_ioctl(). */
	struct xsc_ring *ring = smp_load_acquire(&file->private_data);

	if (!ring)
		return ERR_PTR(-EINVAL);
	if (ring->mm != current->mm)
		return ERR_PTR(-EPERM);
	if (current->xsc.container)
		return ERR_PTR(-EDEADLK);
	return ring;
}

/**
 * struct xsc_entered - what a doorbell is asked for
 * @to_submit:	SQEs
 * @min:	CQEs to wait for
 * @timed:	until @until at most
 * @until:	on the monotonic clock
 */
struct xsc_entered {
	u32	to_submit;
	u32	min;
	bool	timed;
	ktime_t	until;
};

static __always_inline int xsc_entered_get(struct xsc_entered *e,
					   const struct xsc_ring_enter *enter)
{
	struct timespec64 ts;

	if (enter->flags || enter->resv)
		return -EINVAL;
	e->to_submit = enter->to_submit;
	e->min = enter->min_complete;
	e->timed = enter->timeout;
	if (!e->timed)
		return 0;
	if (get_timespec64(&ts, u64_to_user_ptr(enter->timeout)))
		return -EFAULT;
	if (!timespec64_valid(&ts))
		return -EINVAL;
	e->until = ktime_add_safe(ktime_get(), timespec64_to_ktime(ts));
	return 0;
}

/*
 * Run a doorbell; takes over a reference to @file, which an op may close.  If
 * an op ends the task this does not return, and xsc_ring_abort() cleans up.
 */
static long xsc_doorbell(struct file *file, struct xsc_entered *e)
{
	struct xsc_ring *ring = xsc_ring_of(file);
	long ret, waited;

	if (IS_ERR(ring)) {
		fput(file);
		return PTR_ERR(ring);
	}
	if (unlikely(!mutex_trylock(&ring->lock))) {
		/* The poller does not make calls that last. */
		if (!READ_ONCE(ring->polling))
			WRITE_ONCE(ring->crowded, true);
		if (mutex_lock_interruptible(&ring->lock)) {
			fput(file);
			return -ERESTARTSYS;
		}
	}
	ret = xsc_ring_run(ring, file, e->to_submit, e->timed ? 0 : e->min);
	xsc_poller_doorbell(ring, ret);
	mutex_unlock(&ring->lock);
	if ((e->min || ring->defer) && ret >= 0) {
		waited = xsc_ring_wait(ring, file, e->min,
				       e->timed ? &e->until : NULL);
		if (!ret)
			ret = waited != -EINTR || e->timed ? waited :
							     -ERESTARTSYS;
	}
	fput(file);
	return ret;
}

/*
 * The poller has left SQEs to the thread.  This comes on its way to user mode,
 * where the result of the call that it comes from must stay what it is.
 */
static void xsc_ring_rescued(struct callback_head *work)
{
	struct xsc_ring *ring = container_of(work, struct xsc_ring, rescue);
	struct xsc_entered e = { .to_submit = U32_MAX };
	struct pt_regs *regs = current_pt_regs();
	long result = regs_return_value(regs);

	if (!(current->flags & PF_EXITING) && xsc_not_now(work))
		return;
	/* Pairs with the look at it in xsc_poller_rescue_locked(). */
	smp_store_release(&ring->rescued, false);
	if (current->flags & PF_EXITING) {
		fput(ring->file);
	} else {
		xsc_doorbell(ring->file, &e);
		regs_set_return_value(regs, result);
	}
}

/* XSC_OP_RING_ENTER */
static long xsc_ring_op_enter(struct file *file,
			      const struct xsc_ring_enter *enter)
{
	/* As in xsc_own_op(). */
	struct xsc_entered e __attribute__((__uninitialized__));
	int err = xsc_entered_get(&e, enter);

	if (err) {
		fput(file);
		return err;
	}
	return xsc_doorbell(file, &e);
}

/**
 * struct xsc_deferred - a doorbell that came by ioctl()
 * @work:	for xsc_defer()
 * @file:	the ring's file, with a reference
 * @entered:	what was asked for
 */
struct xsc_deferred {
	struct callback_head	work;
	struct file		*file;
	struct xsc_entered	entered;
};

/* The ioctl has ended, as 0; what the doorbell returns takes its place. */
static void xsc_ring_deferred(struct callback_head *work)
{
	struct xsc_deferred *def = container_of(work, struct xsc_deferred, work);
	struct xsc_entered e = def->entered;
	struct file *file = def->file;

	kfree(def);
	if (current->flags & PF_EXITING)
		fput(file);
	else
		regs_set_return_value(current_pt_regs(),
				      xsc_doorbell(file, &e));
}

/* XSC_IOC_ENTER */
static long xsc_ring_ioctl_enter(struct file *file,
				 struct xsc_ring_enter __user *uarg)
{
	struct xsc_ring *ring = xsc_ring_of(file);
	struct xsc_ring_enter enter;
	struct xsc_deferred *def;
	int err;

	if (IS_ERR(ring))
		return PTR_ERR(ring);
	if (copy_from_user(&enter, uarg, sizeof(enter)))
		return -EFAULT;

	def = kmalloc(sizeof(*def), GFP_KERNEL_ACCOUNT);
	if (!def)
		return -ENOMEM;
	err = xsc_entered_get(&def->entered, &enter);
	if (err)
		goto free;
	def->file = get_file(file);
	init_task_work(&def->work, xsc_ring_deferred);
	err = xsc_defer(&def->work);
	if (!err)
		return 0;
	fput(file);
free:
	kfree(def);
	return err;
}

/* XSC_OP_RING_SETUP */
static long xsc_ring_op_setup(struct xsc_ring_params __user *params)
{
	struct xsc_ring *ring = xsc_ring_new(params);
	struct file *file;
	int fd;

	if (IS_ERR(ring))
		return PTR_ERR(ring);
	fd = get_unused_fd_flags(O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		xsc_ring_put(ring);
		return fd;
	}
	file = anon_inode_getfile("[xsc]", &xsc_ring_fops, ring, O_RDWR);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		xsc_ring_put(ring);
		return PTR_ERR(file);
	}
	ring->file = file;
	fd_install(fd, file);
	return fd;
}

/* XSC_OP_RING_BUFFERS */
static long xsc_ring_op_buffers(struct file *file,
				const struct iovec __user *uiov, u64 nr)
{
	struct xsc_ring *ring = xsc_ring_of(file);

	return IS_ERR(ring) ? PTR_ERR(ring) :
			      xsc_buffers_register(ring, uiov, nr);
}

/* XSC_IOC_BUFFERS */
static long xsc_ring_ioctl_buffers(struct file *file,
				   const struct xsc_ring_buffers __user *uarg)
{
	struct xsc_ring_buffers b;

	if (copy_from_user(&b, uarg, sizeof(b)))
		return -EFAULT;
	if (b.resv)
		return -EINVAL;
	return xsc_ring_op_buffers(file, u64_to_user_ptr(b.iov), b.nr);
}

static long xsc_ring_ioctl(struct file *file, unsigned int cmd,
			   unsigned long arg)
{
	void __user *uarg = (void __user *)arg;
	struct xsc_ring *ring;

	switch (cmd) {
	case XSC_IOC_SETUP:
		if (READ_ONCE(file->private_data))
			return -EBUSY;
		ring = xsc_ring_new(uarg);
		if (IS_ERR(ring))
			return PTR_ERR(ring);
		ring->file = file;
		/* Publishes the ring; two threads may set up at once. */
		if (cmpxchg(&file->private_data, NULL, ring)) {
			xsc_ring_put(ring);
			return -EBUSY;
		}
		return 0;
	case XSC_IOC_ENTER:
		return xsc_ring_ioctl_enter(file, uarg);
	case XSC_IOC_BUFFERS:
		return xsc_ring_ioctl_buffers(file, uarg);
	default:
		return -ENOTTY;
	}
}

static int xsc_ring_mmap(struct file *file, struct vm_area_struct *vma)
{
	/* Pairs with the cmpxchg in xsc_ring_ioctl(). */
	struct xsc_ring *ring = smp_load_acquire(&file->private_data);
	struct xsc_region *region;
	unsigned long num;

	if (!ring)
		return -EINVAL;
	if (ring->mm != current->mm)
		return -EPERM;
	if (!(vma->vm_flags & VM_SHARED) || vma->vm_flags & VM_EXEC)
		return -EINVAL;

	switch ((u64)vma->vm_pgoff << PAGE_SHIFT) {
	case XSC_OFF_SR:
		region = &ring->sr;
		break;
	case XSC_OFF_CR:
		region = &ring->cr;
		if (vma->vm_flags & VM_WRITE)
			return -EPERM;
		vma->vm_flags &= ~VM_MAYWRITE;
		break;
	default:
		return -EINVAL;
	}
	num = vma_pages(vma);
	if (num != region->nr)
		return -EINVAL;

	vma->vm_flags &= ~VM_MAYEXEC;
	vma->vm_flags |= VM_DONTCOPY | VM_DONTEXPAND | VM_DONTDUMP;
	return vm_insert_pages(vma, vma->vm_start, region->pages, &num);
}

static int xsc_ring_open(struct inode *inode, struct file *file)
{
	file->private_data = NULL;	/* misc_open() left its device here */
	return nonseekable_open(inode, file);
}

static int xsc_ring_release(struct inode *inode, struct file *file)
{
	struct xsc_ring *ring = file->private_data;

	if (ring) {
		xsc_poller_leave(ring);
		xsc_ring_close(ring);
	}
	return 0;
}

/* Readable when there are CQEs. */
static __poll_t xsc_ring_poll(struct file *file, struct poll_table_struct *pt)
{
	/* Pairs with the cmpxchg in xsc_ring_ioctl(). */
	struct xsc_ring *ring = smp_load_acquire(&file->private_data);
	const struct xsc_sr_hdr *sr;

	if (!ring)
		return EPOLLERR;
	poll_wait(file, &ring->cq_wait, pt);
	/* Pairs with wq_has_sleeper(): we are in the queue before we look. */
	smp_mb();
	xsc_ring_undefer(ring);
	sr = ring->sr.addr;
	return READ_ONCE(ring->cq_tail) == READ_ONCE(sr->cq_head) ?
	       0 : EPOLLIN | EPOLLRDNORM;
}

#ifdef CONFIG_PROC_FS
static void xsc_ring_show_fdinfo(struct seq_file *m, struct file *file)
{
	/* Pairs with the cmpxchg in xsc_ring_ioctl(). */
	struct xsc_ring *ring = smp_load_acquire(&file->private_data);

	if (!ring)
		return;
	seq_printf(m, "SqEntries:\t%u\nCqEntries:\t%u\nSqHead:\t%u\nCqTail:\t%u\nInFlight:\t%u\nBuffers:\t%u\n",
		   ring->sq_mask + 1, ring->cq_mask + 1,
		   READ_ONCE(ring->sq_head), READ_ONCE(ring->cq_tail),
		   READ_ONCE(ring->inflight), xsc_buffers_nr(ring));
}
#endif

static const struct file_operations xsc_ring_fops = {
	.owner		= THIS_MODULE,
	.open		= xsc_ring_open,
	.release	= xsc_ring_release,
	.mmap		= xsc_ring_mmap,
	.poll		= xsc_ring_poll,
	.unlocked_ioctl	= xsc_ring_ioctl,
	.llseek		= no_llseek,
#ifdef CONFIG_PROC_FS
	.show_fdinfo	= xsc_ring_show_fdinfo,
#endif
};

static const struct xsc_ring_driver xsc_driver = {
	.owner = THIS_MODULE,
	.fops = &xsc_ring_fops,
	.setup = xsc_ring_op_setup,
	.enter = xsc_ring_op_enter,
	.buffers = xsc_ring_op_buffers,
};

static struct miscdevice xsc_misc = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "xsc",
	.fops	= &xsc_ring_fops,
	.mode	= 0666,
};

static int __init xsc_module_init(void)
{
	int err;

	BUILD_BUG_ON(sizeof(struct xsc_sqe) != 64);
	BUILD_BUG_ON(offsetof(struct xsc_sqe, user_data) != 8);
	BUILD_BUG_ON(offsetof(struct xsc_sqe, args) != 16);
	BUILD_BUG_ON(sizeof(struct xsc_cqe) != 16);
	BUILD_BUG_ON(sizeof(struct xsc_sr_hdr) != 128);
	BUILD_BUG_ON(offsetof(struct xsc_sr_hdr, cq_head) != 64);
	BUILD_BUG_ON(sizeof(struct xsc_cr_hdr) != 128);
	BUILD_BUG_ON(offsetof(struct xsc_cr_hdr, sq_head) != 64);
	BUILD_BUG_ON(sizeof(struct xsc_ring_params) != 64);
	BUILD_BUG_ON(sizeof(struct xsc_ring_enter) != 24);
	BUILD_BUG_ON(sizeof(struct xsc_ring_buffers) != 16);
	BUILD_BUG_ON(sizeof(struct xsc_note_abi) != 8);

	err = misc_register(&xsc_misc);
	if (err)
		return err;
	xsc_ring_driver_register(&xsc_driver);
	return 0;
}

static void __exit xsc_module_exit(void)
{
	xsc_ring_driver_unregister();
	misc_deregister(&xsc_misc);
}

module_init(xsc_module_init);
module_exit(xsc_module_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("XSC rings and /dev/xsc");

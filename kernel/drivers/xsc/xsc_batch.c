// SPDX-License-Identifier: GPL-2.0-only
/*
 * xsc_batch.c - XSC's own ops: nop, batch, and the way to the ring driver
 */
#include <linux/entry-common.h>
#include <linux/export.h>
#include <linux/file.h>
#include <linux/kmod.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/task_work.h>
#include <linux/uaccess.h>

#include "xsc.h"
#include "xsc_trace.h"

/**
 * struct xsc_batch - a batch while it runs
 * @c:		the container
 * @cqes:	results, in the caller's memory
 * @pos:	the SQE being run
 * @sqe:	our copy of it, but for the arguments; here and not in the loop,
 *		where hardened kernels would clear it each time round
 */
struct xsc_batch {
	struct xsc_container	c;
	struct xsc_cqe __user	*cqes;
	unsigned int		pos;
	struct xsc_sqe		sqe;
};

/*
 * The result is read back from the caller's memory: it only becomes an
 * argument, which the caller may choose anyway.
 */
static __always_inline int xsc_batch_prior(struct xsc_container *c,
					   unsigned int back, s64 *res)
{
	struct xsc_batch *b = container_of(c, struct xsc_batch, c);
	struct xsc_cqe __user *cqe = &b->cqes[b->pos - back];

	if (unlikely(back > b->pos))
		return -EINVAL;
	if (!user_read_access_begin(cqe, sizeof(*cqe)))
		return -EFAULT;
	unsafe_get_user(*res, &cqe->res, fault);
	user_read_access_end();
	return 0;
fault:
	user_read_access_end();
	return -EFAULT;
}

/* A batch that goes on in the middle of a chain takes up its state. */
static int xsc_batch_resume(struct xsc_batch *b, struct xsc_sqe __user *sqes)
{
	u16 flags;
	s64 res;

	if (get_user(flags, &sqes[b->pos - 1].flags) ||
	    get_user(res, &b->cqes[b->pos - 1].res))
		return -EFAULT;
	b->c.linked = flags & XSC_SQE_LINK;
	b->c.failed = IS_ERR_VALUE((unsigned long)res);
	return 0;
}

/* The one place where a batch's SQE is read; arguments go to the registers. */
static __always_inline bool xsc_sqe_get(struct xsc_batch *b,
					const struct xsc_sqe __user *from)
{
	const u64 __user *src = (const u64 __user *)from;
	u64 *dst = (u64 *)&b->sqe;

	BUILD_BUG_ON(offsetof(struct xsc_sqe, args) != 2 * sizeof(u64));
	if (!user_read_access_begin(from, sizeof(*from)))
		return false;
	unsafe_get_user(dst[0], src + 0, fault);
	unsafe_get_user(dst[1], src + 1, fault);
	if (!unsafe_xsc_op_args_load(b->c.regs, src + 2))
		goto fault;
	user_read_access_end();
	return true;
fault:
	user_read_access_end();
	return false;
}

static __always_inline bool xsc_cqe_put(struct xsc_cqe __user *to, u64 data,
					s64 res)
{
	if (!user_write_access_begin(to, sizeof(*to)))
		return false;
	unsafe_put_user(data, &to->user_data, fault);
	unsafe_put_user(res, &to->res, fault);
	user_write_access_end();
	return true;
fault:
	user_write_access_end();
	return false;
}

/* XSC_OP_BATCH; see xsc_uapi.h for the contract. */
static long xsc_batch(const struct xsc_op_regs *args)
{
	struct xsc_sqe __user *sqes = (void __user *)args->args[0];
	unsigned int nr = args->args[2];
	unsigned int first = args->args[3];
	/* Hardened kernels would clear it all, for some 50 instructions. */
	struct xsc_batch b __attribute__((__uninitialized__));
	long ret;

	if (nr > XSC_BATCH_MAX || first > nr || args->args[4])
		return -EINVAL;
	b.c.abort = NULL;
	b.c.async = NULL;
	b.c.req = NULL;
	b.c.linked = false;
	b.c.failed = false;
	b.cqes = (void __user *)args->args[1];
	b.pos = first;
	ret = xsc_container_begin(&b.c, XSC_WAY_BATCH);
	if (ret)
		return ret;

	if (unlikely(first))
		ret = xsc_batch_resume(&b, sqes);
	while (!ret && b.pos < nr) {
		s64 res = 0, add = 0;
		bool chained;

		if (!xsc_sqe_get(&b, &sqes[b.pos])) {
			ret = -EFAULT;
			break;
		}
		chained = xsc_sqe_extras(&b.sqe) | b.c.linked;
		if (unlikely(chained)) {
			if (!b.c.linked)
				b.c.failed = false;
			res = xsc_chain_begin(&b.c, &b.sqe, XSC_SQE_F_SYNC,
					      xsc_batch_prior, &add);
			if (!res && b.sqe.flags & XSC_SQE_FORWARD)
				xsc_op_arg_add(b.c.regs, b.sqe.fwd_arg, add);
		}
		if (likely(!res))
			res = xsc_run_loaded(&b.c, XSC_WAY_BATCH, b.sqe.op);
		if (unlikely(xsc_interrupted(res))) {
			if (b.c.trapped)
				break;
			/*
			 * What cannot be restarted by calling it again (a
			 * sleep with time left) ends with -EINTR.
			 */
			ret = res == -ERESTART_RESTARTBLOCK ? -EINTR : res;
			res = -EINTR;
		} else if (unlikely(chained)) {
			xsc_chain_end(&b.c, &b.sqe, res);
		}
		if (!xsc_cqe_put(&b.cqes[b.pos], b.sqe.user_data, res)) {
			ret = -EFAULT;
			break;
		}
		if (unlikely(ret))
			break;
		b.pos++;
		if (unlikely(xsc_signal_pending()))
			break;
	}

	xsc_container_end(&b.c);
	xsc_arch_batch_resume_at(b.c.regs, b.pos);
	if (!ret || (ret == -EFAULT && b.pos > first))
		ret = b.pos;
	trace_xsc_container(XSC_WAY_BATCH, b.pos - first, ret);
	return ret;
}

/* The ring driver is a module; it comes and goes. */
static const struct xsc_ring_driver __rcu *xsc_ring_driver;

/* Its @fops: who has a file of these need not ask whether the driver is there. */
const struct file_operations *xsc_ring_file_ops;

/**
 * xsc_ring_driver_register() - offer the ring ops
 * @drv:	what to call; stays valid until it is unregistered
 */
void xsc_ring_driver_register(const struct xsc_ring_driver *drv)
{
	rcu_assign_pointer(xsc_ring_driver, drv);
	WRITE_ONCE(xsc_ring_file_ops, drv->fops);
}
EXPORT_SYMBOL_GPL(xsc_ring_driver_register);

/** xsc_ring_driver_unregister() - take the ring ops away */
void xsc_ring_driver_unregister(void)
{
	WRITE_ONCE(xsc_ring_file_ops, NULL);
	RCU_INIT_POINTER(xsc_ring_driver, NULL);
	synchronize_rcu();
}
EXPORT_SYMBOL_GPL(xsc_ring_driver_unregister);

static const struct xsc_ring_driver *xsc_ring_driver_get(void)
{
	const struct xsc_ring_driver *drv;

	rcu_read_lock();
	drv = rcu_dereference(xsc_ring_driver);
	if (drv && !try_module_get(drv->owner))
		drv = NULL;
	rcu_read_unlock();
	return drv;
}

static long xsc_ring_setup(const struct xsc_op_regs *args)
{
	const struct xsc_ring_driver *drv = xsc_ring_driver_get();
	long ret;

	if (!drv) {
		request_module("xsc");
		drv = xsc_ring_driver_get();
	}
	if (!drv)
		return -ENOSYS;
	ret = drv->setup((void __user *)args->args[0]);
	module_put(drv->owner);
	return ret;
}

static long xsc_ring_buffers(const struct xsc_op_regs *args)
{
	const struct iovec __user *uiov = (void __user *)args->args[1];
	struct file *file;
	long ret;

	if (args->args[3] || args->args[4] || args->args[5])
		return -EINVAL;
	file = fget(args->args[0]);
	if (!file)
		return -EBADF;
	ret = xsc_ring_file(file) ?
	      xsc_buffers_register(file, uiov, args->args[2]) : -EOPNOTSUPP;
	fput(file);
	return ret;
}

/*
 * Making a ring makes a file and memory, registering buffers pins memory: so
 * filters and the audit trail see these ops under their own numbers.
 */
static noinline long xsc_ring_seen(struct pt_regs *regs, int op)
{
	long nr = syscall_enter_from_user_mode_work(regs, op);
	struct xsc_op_regs args;

	if (nr == op) {
		/* As a tracer has left them. */
		xsc_op_regs_save(regs, &args);
		regs_set_return_value(regs, op == XSC_OP_RING_SETUP ?
					    xsc_ring_setup(&args) :
					    xsc_ring_buffers(&args));
	}
	syscall_op_exit_work(regs);
	return regs_return_value(regs);
}

static noinline long xsc_own_other(struct pt_regs *regs, int nr)
{
	/* Hardened kernels would clear it, though all of it is set. */
	struct xsc_op_regs args __attribute__((__uninitialized__));

	xsc_op_regs_save(regs, &args);
	switch (nr) {
	case XSC_OP_BATCH:
		return xsc_batch(&args);
	case XSC_OP_RING_SETUP:
	case XSC_OP_RING_BUFFERS:
		return xsc_ring_seen(regs, nr);
	default:
		return -ENOSYS;
	}
}

/**
 * xsc_own_op() - an op that came in by the batch site
 * @regs:	user registers
 * @nr:		its number, XSC_OP_BASE to XSC_OP_END - 1
 *
 * Return: the value for the caller; restart codes are for the signal code.
 */
long xsc_own_op(struct pt_regs *regs, int nr)
{
	if (nr == XSC_OP_NOP) {
		xsc_count(XSC_WAY_DIRECT, XSC_FAM_OTHER);
		xsc_trace_direct(nr, 0);
		return 0;
	}
	current->xsc.counts.containers++;
	return likely(nr == XSC_OP_RING_ENTER) ? xsc_ring_enter(regs) :
						 xsc_own_other(regs, nr);
}

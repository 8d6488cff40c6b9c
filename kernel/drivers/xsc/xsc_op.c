// SPDX-License-Identifier: GPL-2.0-only
/*
 * xsc_op.c - the op table, and running the ops of a container
 *
 * A container (a batch, or a ring's doorbell) runs ops in the calling thread.
 * Each op is put into the thread's own saved registers and goes through the
 * same entry and exit work as a system call, so that no control can tell the
 * difference; the container itself is not shown to any.
 */
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/nospec.h>
#include <linux/sched/task_stack.h>

#include "xsc_async.h"

#define XSC_OP(name, fam, f)	\
	[__NR_##name] = { .family = XSC_FAM_##fam, .flags = (f) },

const struct xsc_opdef xsc_optable[NR_syscalls] = {
#include "xsc_optable.h"
#include <asm/xsc_optable.h>
};

#undef XSC_OP

const char * const xsc_family_names[XSC_FAM_NR] = {
	[XSC_FAM_OTHER] = "other",
	[XSC_FAM_FS] = "fs",
	[XSC_FAM_NET] = "net",
	[XSC_FAM_TIMER] = "timer",
	[XSC_FAM_SYNC] = "sync",
	[XSC_FAM_EXEC] = "exec",
	[XSC_FAM_MM] = "mm",
	[XSC_FAM_SIGNAL] = "signal",
	[XSC_FAM_PROC] = "proc",
	[XSC_FAM_SEC] = "sec",
	[XSC_FAM_IPC] = "ipc",
	[XSC_FAM_SYS] = "sys",
};

/**
 * xsc_container_path_take() - a buffer for a path
 *
 * Paths follow each other in a container, and clearing a new page for each of
 * them is most of what a short one costs.  What the buffer held is the
 * caller's own.
 *
 * Return: an object of names_cachep, or NULL.
 *
 * Context: inside a container.
 */
void *xsc_container_path_take(void)
{
	struct xsc_container *c = current->xsc.container;
	void *path = c->path;

	c->path = NULL;
	return path;
}

/**
 * xsc_container_path_keep() - keep a buffer for the next path
 * @path:	an object of names_cachep
 *
 * Return: true if it is the container's now, which frees it when it ends.
 *
 * Context: inside a container.
 */
bool xsc_container_path_keep(void *path)
{
	struct xsc_container *c = current->xsc.container;

	if (c->path)
		return false;
	c->path = path;
	return true;
}

/**
 * xsc_container_abort() - the task dies inside an op
 * @c:		its container, on a stack that is still there
 *
 * exit() as an op, or a seccomp filter that kills the thread.
 */
void xsc_container_abort(struct xsc_container *c)
{
	current->xsc.container = NULL;
	xsc_held_drop(&c->held);
	if (c->path)
		__putname(c->path);
	/* After that the container may be another thread's. */
	if (c->abort)
		c->abort(c);
}

/**
 * xsc_trap_deferred() - SIGSYS is to be sent for a call
 *
 * By SECCOMP_RET_TRAP or by syscall user dispatch.  The handler may emulate the
 * call, and what it leaves in the registers is the result.  Inside a batch there
 * is no place for it, so the batch ends before the op, and its caller issues the
 * op by the direct way.
 *
 * Return: true inside a batch: no signal is to be sent.
 */
bool xsc_trap_deferred(void)
{
	struct xsc_container *c = current->xsc.container;

	if (!c)
		return false;
	if (c->way != XSC_WAY_BATCH) {
		c->signalled = true;
		return false;
	}
	c->trapped = true;
	return true;
}

/**
 * xsc_trap_sent() - was it sent, for an op of a ring?
 *
 * Return: true once after xsc_trap_deferred() has said no.
 *
 * Context: inside a container.
 */
bool xsc_trap_sent(void)
{
	struct xsc_container *c = current->xsc.container;
	bool sent = c->signalled;

	c->signalled = false;
	return sent;
}

/**
 * xsc_may_replace() - may a control put another call into the place of an op?
 * @nr:		its number, below NR_syscalls also under speculation
 *
 * Not what could not stand there itself: above all an execve, after which the
 * container would go on in another program.  Nor, in a request, whose thread may
 * wear the credentials of its submission, what is for the thread itself.
 *
 * Return: true if so.
 *
 * Context: inside a container, the registers being those of the call.
 */
bool xsc_may_replace(u32 nr)
{
	const struct xsc_container *c = current->xsc.container;
	u64 args[6];

	if (xsc_optable[nr].flags & XSC_OPF_DIRECT)
		return false;
	if (!c->req)
		return true;
	xsc_op_args_get(c->regs, args);
	return !xsc_for_caller(nr, args);
}

/**
 * xsc_check_op() - may an op stand in a container?
 * @c:		the container
 * @nr:		its number, not XSC_OP_NOP
 *
 * Return: 0 or the error for the CQE
 */
s64 xsc_check_op(struct xsc_container *c, u32 nr)
{
	if (nr >= NR_syscalls)
		return xsc_malformed(c, nr > XSC_OP_NOP && nr < XSC_OP_END ?
					-EINVAL : -ENOSYS);
	nr = array_index_nospec(nr, NR_syscalls);
	if (xsc_optable[nr].flags & XSC_OPF_DIRECT)
		return xsc_malformed(c, -EINVAL);
	return 0;
}

/**
 * xsc_run_controlled() - run one native op while a control looks at the thread
 * @c:		the container, with its registers loaded
 * @way:	its way
 * @nr:		the op's number
 * @def:	its row of the op table
 *
 * The control is the thread's, and came after the poller had looked whether there
 * is one: then nothing is run, and the poller looks again.
 *
 * Return: as xsc_run(); a restart code, too, if the op is trapped.
 */
s64 xsc_run_controlled(struct xsc_container *c, enum xsc_way way, u32 nr,
		       const struct xsc_opdef *def)
{
	s64 res;

	if (unlikely(c->async && c->async->polling))
		return -ERESTARTNOINTR;
	if (unlikely(xsc_condemned()))
		return -EINTR;
	xsc_op_nr_load(c->regs, nr);
	xsc_count(way, def->family);
	xsc_held_drop(&c->held);
	res = xsc_arch_op(c->regs, nr);
	xsc_trace_op(way, nr, res);
	xsc_run_task_work();
	return unlikely(c->trapped) ? -ERESTARTNOINTR : res;
}

/**
 * xsc_after_call() - do what a call has left to do
 * @c:		the container
 * @res:	what the call returned
 *
 * Return: the result, in which a control that came meanwhile had its say.
 */
s64 xsc_after_call(struct xsc_container *c, s64 res)
{
	/* It sees the end of the call. */
	if (xsc_controlled()) {
		syscall_op_exit_work(c->regs);
		res = regs_return_value(c->regs);
	}
	xsc_run_task_work();
	return res;
}

/**
 * xsc_run() - run one op
 * @c:		the container
 * @sqe:	the kernel's own copy, flags dealt with
 *
 * Return: the result for the CQE, or a restart code (xsc_interrupted()).
 *
 * Context: the calling thread, no locks but the ring's own.
 */
s64 xsc_run(struct xsc_container *c, const struct xsc_sqe *sqe)
{
	xsc_op_args_load(c->regs, sqe->args);
	return xsc_run_loaded(c, c->way, sqe->op);
}

static __always_inline s64 xsc_do_check_chained(struct xsc_container *c,
						struct xsc_sqe *sqe)
{
	s64 add, err;

	err = xsc_chain_begin(c, sqe, XSC_SQE_F_ALL, c->prior, &add);
	if (!err && sqe->flags & XSC_SQE_FORWARD)
		xsc_sqe_arg_add(sqe, add);
	if (!err && sqe->flags & XSC_SQE_FIXED_BUFFER)
		err = xsc_buffers_check(c, c->async ?: c->req->ring, sqe);
	return err;
}

/**
 * xsc_check_chained() - what comes before an SQE with flags is run
 * @c:		the container
 * @sqe:	the kernel's own copy; a forward changes it
 *
 * Return: 0 or the error for the CQE
 */
s64 xsc_check_chained(struct xsc_container *c, struct xsc_sqe *sqe)
{
	return xsc_do_check_chained(c, sqe);
}

/**
 * xsc_issue_chained() - run one SQE that has flags, or stands behind a link
 * @c:		the container, a doorbell of a ring with XSC_RING_ASYNC
 * @sqe:	the kernel's own copy; a forward changes it
 *
 * Return: as xsc_run(), or XSC_GOES_ON.
 */
s64 xsc_issue_chained(struct xsc_container *c, struct xsc_sqe *sqe)
{
	s64 res;

	if (!c->linked) {
		c->failed = false;
		c->pos = 0;
	}
	res = xsc_do_check_chained(c, sqe);
	/* A forward may have made it the thread's own. */
	if (!res && unlikely(c->async->polling) &&
	    xsc_for_caller(sqe->op, sqe->args))
		res = -EINVAL;
	if (!res)
		res = xsc_start_linked(c, sqe);

	if (xsc_interrupted(res))
		return res;	/* the chain's state is as before the op */
	if (res == XSC_GOES_ON) {
		c->linked = false;	/* and the rest with it */
		return res;
	}
	c->async->chain[c->pos++ % XSC_CHAIN_RES] = res;
	xsc_chain_end(c, sqe, res);
	return res;
}

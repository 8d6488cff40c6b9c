/* SPDX-License-Identifier: GPL-2.0 */
/*
 * xsc.h - what the files of drivers/xsc offer each other
 *
 * Built in (CONFIG_XSC_HOOKS): xsc_op.c, xsc_batch.c, xsc_guard.c, xsc_note.c,
 * xsc_exec.c, xsc_rw.c, xsc_direct.c, xsc_buffers.c, xsc_async.c,
 * xsc_cancel.c, xsc_wait.c, xsc_try.c, xsc_poll.c, xsc_pool.c, xsc_poller.c,
 * xsc_watched.c, xsc_doorbell.c, xsc_run.c, xsc_consume_*.c.  In xsc.ko
 * (CONFIG_XSC): xsc_core.c.
 */
#ifndef _DRIVERS_XSC_XSC_H
#define _DRIVERS_XSC_XSC_H

#include <linux/build_bug.h>
#include <linux/entry-common.h>
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/nospec.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <linux/task_work.h>
#include <linux/tracepoint-defs.h>
#include <linux/uio.h>
#include <linux/xsc.h>

#include <asm/unistd.h>
#include <asm/xsc.h>

#include "xsc_uapi.h"

/* xsc_op.c: the op table, and running one SQE */

/* Only the direct way admits it: it returns twice, elsewhere, or not to us. */
#define XSC_OPF_DIRECT		BIT(0)
/* It acts on the calling thread: never run by a worker. */
#define XSC_OPF_CALLER		BIT(1)
/* It may sleep for as long as the world outside likes. */
#define XSC_OPF_BLOCK		BIT(2)
/* ... and then a poll on its first argument, a file, tells when not. */
#define XSC_OPF_POLL		BIT(3)
/* ... for writing. */
#define XSC_OPF_OUT		BIT(4)
/* It uses the position of its first argument, or is a part of its stream. */
#define XSC_OPF_POS		BIT(5)
/* It needs no descriptor but its first argument, and makes none. */
#define XSC_OPF_FD		BIT(6)
/* xsc_rw.c runs it, knowing the file that the container holds. */
#define XSC_OPF_HELD		BIT(7)
#define XSC_OPF_WRITES		(XSC_OPF_BLOCK | XSC_OPF_POLL | \
				 XSC_OPF_OUT | XSC_OPF_POS)

/**
 * struct xsc_opdef - one row of the op table
 * @family:	enum xsc_family
 * @flags:	XSC_OPF_*.  How a blocked op is cancelled follows from them: with
 *		XSC_OPF_POLL by dropping its poll, else by a signal to the
 *		thread that runs it.
 */
struct xsc_opdef {
	u8	family;
	u8	flags;
};

extern const struct xsc_opdef xsc_optable[NR_syscalls];
extern const char * const xsc_family_names[XSC_FAM_NR];

/**
 * struct xsc_held - the file that a container's last read or write used
 * @file:	the file, or NULL
 * @fd:		its descriptor
 * @ref:	there is a reference to give back: the table of descriptors is
 *		shared
 * @kiocb:	for reads of it
 * @iter:	likewise
 */
struct xsc_held {
	struct file	*file;
	unsigned int	fd;
	bool		ref;
	struct kiocb	kiocb;
	struct iov_iter	iter;
};

/**
 * struct xsc_container - a batch or a doorbell while it runs
 * @regs:	the caller's user registers
 * @saved:	what they were, to be put back
 * @way:	XSC_WAY_BATCH or XSC_WAY_RING
 * @linked:	the SQE before had XSC_SQE_LINK
 * @failed:	an op of the chain that it belongs to failed
 * @trapped:	SIGSYS is wanted for the op: see xsc_trap_deferred()
 * @signalled:	it has been sent
 * @held:	see xsc_rw.c
 * @path:	an object of names_cachep, for the next path, or NULL
 * @malformed:	SQEs so far that were wrong in themselves
 * @prior:	with @async or @req, the result of the SQE @back places before, for
 *		XSC_SQE_FORWARD; returns 0 or a negative errno
 * @abort:	the task dies inside an op: give back what the caller of
 *		xsc_container_begin() holds; may be NULL
 * @async:	a doorbell's ring, if it has XSC_RING_ASYNC
 * @req:	for @prior in a worker
 * @pos:	with @async, position in the chain
 * @left:	likewise, SQEs that the doorbell still has to take
 * @room:	likewise, CQEs that there is room for
 * @taken:	out: SQEs that went with this one
 */
struct xsc_container {
	struct pt_regs		*regs;
	struct xsc_op_regs	saved;
	enum xsc_way		way;
	bool			linked;
	bool			failed;
	bool			trapped;
	bool			signalled;
	struct xsc_held		held;
	void			*path;
	unsigned int		malformed;
	int (*prior)(struct xsc_container *c, unsigned int back, s64 *res);
	void (*abort)(struct xsc_container *c);
	struct xsc_ring		*async;
	struct xsc_req		*req;
	unsigned int		pos;
	unsigned int		left;
	unsigned int		room;
	unsigned int		taken;
};

bool xsc_may_replace(u32 nr);
bool xsc_trap_sent(void);
s64 xsc_run(struct xsc_container *c, const struct xsc_sqe *sqe);
s64 xsc_issue_chained(struct xsc_container *c, struct xsc_sqe *sqe);
s64 xsc_check_chained(struct xsc_container *c, struct xsc_sqe *sqe);
s64 xsc_check_op(struct xsc_container *c, u32 nr);

static __always_inline void xsc_count(enum xsc_way way, unsigned int family)
{
	current->xsc.counts.ops[way][family]++;
}

/* @nr is below NR_syscalls, also under speculation. */
static __always_inline void xsc_count_direct(unsigned int nr)
{
	xsc_count(XSC_WAY_DIRECT, xsc_optable[nr].family);
}

DECLARE_TRACEPOINT(xsc_op);
void xsc_do_trace_op(enum xsc_way way, u32 nr, s64 ret);

static __always_inline void xsc_trace_op(enum xsc_way way, u32 nr, s64 ret)
{
	if (tracepoint_enabled(xsc_op))
		xsc_do_trace_op(way, nr, ret);
}

static __always_inline void xsc_trace_direct(u32 nr, s64 ret)
{
	xsc_trace_op(XSC_WAY_DIRECT, nr, ret);
}

/**
 * xsc_interrupted() - did a signal end an op before it had any effect?
 * @res:	what the op returned
 *
 * These codes, 512 to 516 but for one, never reach a user: the container
 * restarts the op, or turns them into -EINTR.
 */
static __always_inline bool xsc_interrupted(s64 res)
{
	return res <= -ERESTARTSYS && res >= -ERESTART_RESTARTBLOCK &&
	       res != -ENOIOCTLCMD;
}

/* signal_pending(current) with one look. */
static __always_inline bool xsc_signal_pending(void)
{
	return READ_ONCE(current_thread_info()->flags) &
	       (_TIF_SIGPENDING | _TIF_NOTIFY_SIGNAL);
}

/* xsc_rw.c: reads and writes */
void xsc_held_put(struct xsc_held *held);
struct file *xsc_held_get(struct xsc_held *held, unsigned int fd);
ssize_t xsc_rw_iter(struct file *file, struct iov_iter *iter, loff_t *ppos,
		    bool out, int flags);
s64 xsc_run_pread(struct xsc_held *held, unsigned int fd, void __user *buf,
		  size_t count, loff_t pos);
s64 xsc_run_read(struct xsc_held *held, unsigned int fd, void __user *buf,
		 size_t count);
s64 xsc_run_close(struct xsc_held *held, unsigned int fd);
s64 xsc_start_pread(struct xsc_container *c, unsigned int fd, void __user *buf,
		    size_t count, loff_t pos);

/* Before an op that is not a part of the run. */
static __always_inline void xsc_held_drop(struct xsc_held *held)
{
	if (unlikely(held->file))
		xsc_held_put(held);
}

/*
 * Have the container hold a file, or NULL, with the caller's reference: it gives
 * it back if the task dies in an op.
 */
static inline void xsc_held_keep(struct xsc_held *held, struct file *file)
{
	xsc_held_drop(held);
	held->file = file;
	held->ref = true;
}

/**
 * xsc_container_begin() - start a batch or a doorbell
 * @c:		the container; @c->prior, @c->abort and the state of the chain that it
 *		begins in are the caller's to set
 * @way:	XSC_WAY_BATCH or XSC_WAY_RING
 *
 * Return: 0, or -EDEADLK inside another container: they do not nest, for the
 * kernel stack's sake.
 */
static __always_inline int xsc_container_begin(struct xsc_container *c,
					       enum xsc_way way)
{
	if (unlikely(current->xsc.container))
		return -EDEADLK;
	current->xsc.container = c;

	c->regs = current_pt_regs();
	c->way = way;
	c->trapped = false;
	c->signalled = false;
	c->malformed = 0;
	c->held.file = NULL;
	c->path = NULL;
	xsc_op_regs_save(c->regs, &c->saved);
	return 0;
}

/**
 * xsc_container_end() - put the caller's registers back
 * @c:		the container
 *
 * The value returned by the container is for its caller to set.
 */
static __always_inline void xsc_container_end(struct xsc_container *c)
{
	xsc_held_drop(&c->held);
	xsc_op_regs_restore(c->regs, &c->saved);
	current->xsc.container = NULL;
	if (unlikely(c->path))
		__putname(c->path);
}

/* Flags of an SQE in a batch or a plain ring. */
#define XSC_SQE_F_SYNC		(XSC_SQE_F_ALL & ~XSC_SQE_F_ASYNC)

/* The SQE itself is wrong, whatever the op would have said. */
static inline s64 xsc_malformed(struct xsc_container *c, s64 err)
{
	c->malformed++;
	return err;
}

/* Not zero if the SQE has a flag, or says where a forward comes from. */
static __always_inline u32 xsc_sqe_extras(const struct xsc_sqe *sqe)
{
	BUILD_BUG_ON(offsetof(struct xsc_sqe, flags) != 4);
	BUILD_BUG_ON(offsetof(struct xsc_sqe, user_data) != 8);
	return *(const u32 *)&sqe->flags;
}

static __always_inline s64 xsc_run_nop(struct xsc_container *c,
				       enum xsc_way way)
{
	xsc_count(way, XSC_FAM_OTHER);
	xsc_trace_op(way, XSC_OP_NOP, 0);
	return 0;
}

/* xsc_batch.c: XSC's own ops */

/**
 * struct xsc_ring_driver - what xsc.ko gives the built-in part
 * @owner:	the module
 * @setup:	XSC_OP_RING_SETUP; returns a file descriptor
 * @fops:	of the rings' files
 */
struct xsc_ring_driver {
	struct module *owner;
	long (*setup)(struct xsc_ring_params __user *params);
	const struct file_operations *fops;
};

extern const struct file_operations *xsc_ring_file_ops;

/* An open file of the driver keeps the module. */
static inline bool xsc_ring_file(const struct file *file)
{
	return file->f_op == READ_ONCE(xsc_ring_file_ops);
}

long xsc_own_op(struct pt_regs *regs, int nr);
void xsc_ring_driver_register(const struct xsc_ring_driver *drv);
void xsc_ring_driver_unregister(void);

/* xsc_doorbell.c: XSC_OP_RING_ENTER */
long xsc_ring_enter(const struct pt_regs *regs);

/* xsc_buffers.c: XSC_OP_RING_BUFFERS */
long xsc_buffers_register(struct file *file, const struct iovec __user *uiov,
			  u64 nr);

/* xsc_async.c: a chain's op that would block */
s64 xsc_start_linked(struct xsc_container *c, struct xsc_sqe *sqe);

bool xsc_audited(void);

/* xsc_resume.c: what a thread does on its way to user mode */
void xsc_resume_add(struct callback_head *work, task_work_func_t func);
void xsc_resume_call(struct callback_head *work, task_work_func_t func);
bool xsc_resume_all(struct file *file);

/* xsc_pool.c, xsc_poller.c: sysctls */
extern unsigned int xsc_workers_max;
extern unsigned int xsc_poller_allowed;

/**
 * xsc_task_controlled() - does a control look at a task's calls?
 * @task:	the task
 *
 * Return: true if so.
 */
static __always_inline bool xsc_task_controlled(const struct task_struct *task)
{
	unsigned long work = READ_ONCE(task_thread_info(task)->syscall_work) &
			     (SYSCALL_WORK_ENTER | SYSCALL_WORK_EXIT);

	if (likely(!work))
		return false;
	return work & ~SYSCALL_WORK_SYSCALL_AUDIT || xsc_audited();
}

/**
 * xsc_controlled() - does a control look at the current task's calls?
 *
 * Tracer, filter, audit or tracepoint: then its ops run in itself, where the
 * control sees each of them.
 *
 * Return: true if so.
 */
static __always_inline bool xsc_controlled(void)
{
	return xsc_task_controlled(current);
}

/**
 * xsc_condemned() - has a filter killed the current thread?
 *
 * By SECCOMP_RET_KILL_*: the signal is on its way.  Until it comes nothing is to
 * be run, since no filter may be asked about it.
 *
 * Return: true if so.
 */
static inline bool xsc_condemned(void)
{
#ifdef CONFIG_SECCOMP
	return current->seccomp.mode > SECCOMP_MODE_FILTER;
#else
	return false;
#endif
}

/*
 * What a call leaves for its way out, above all the end of a file that it
 * closed, is over before the next call begins.
 */
static inline void xsc_run_task_work(void)
{
	if (task_work_pending(current))
		task_work_run();
}

/* The same where TIF_NOTIFY_SIGNAL, which came with it, has had its effect. */
static inline void xsc_run_notified(void)
{
	if (test_thread_flag(TIF_NOTIFY_SIGNAL))
		clear_notify_signal();
	xsc_run_task_work();
}

s64 xsc_run_controlled(struct xsc_container *c, enum xsc_way way, u32 nr,
		       const struct xsc_opdef *def);
s64 xsc_after_call(struct xsc_container *c, s64 res);

/* Is there now a control, or work for the way out? */
static __always_inline bool xsc_call_left_work(void)
{
	return (READ_ONCE(current_thread_info()->syscall_work) &
		(SYSCALL_WORK_ENTER | SYSCALL_WORK_EXIT)) ||
	       task_work_pending(current);
}

/* An op with XSC_OPF_HELD. */
static __always_inline s64 xsc_run_held(struct xsc_container *c, u32 nr)
{
	const struct pt_regs *regs = c->regs;
	unsigned int fd = xsc_op_arg(regs, 0);
	void __user *buf = (void __user *)(unsigned long)xsc_op_arg(regs, 1);
	size_t count = xsc_op_arg(regs, 2);

	switch (nr) {
	case __NR_read:
		return xsc_run_read(&c->held, fd, buf, count);
	case __NR_pread64:
		return xsc_run_pread(&c->held, fd, buf, count,
				     xsc_op_arg(regs, 3));
	default:
		return xsc_run_close(&c->held, fd);
	}
}

/**
 * xsc_run_unwatched() - run one native op that no control looks at
 * @c:		the container, with its registers loaded
 * @way:	its way
 * @nr:		the op, below NR_syscalls also under speculation
 * @def:	its row of the op table, without XSC_OPF_DIRECT
 *
 * Return: as xsc_run().
 */
static __always_inline s64 xsc_run_unwatched(struct xsc_container *c,
					     enum xsc_way way, u32 nr,
					     const struct xsc_opdef *def)
{
	s64 res;

	xsc_op_nr_load(c->regs, nr);
	xsc_count(way, def->family);
	if (def->flags & XSC_OPF_HELD) {
		res = xsc_run_held(c, nr);
		regs_set_return_value(c->regs, res);
	} else {
		xsc_held_drop(&c->held);
		res = xsc_arch_call(c->regs, nr);
	}
	if (unlikely(xsc_call_left_work()))
		res = xsc_after_call(c, res);
	xsc_trace_op(way, nr, res);
	return res;
}

/**
 * xsc_run_loaded() - run one op whose arguments are in the registers
 * @c:		the container
 * @way:	its way
 * @nr:		the op
 *
 * Return: as xsc_run().
 */
static __always_inline s64 xsc_run_loaded(struct xsc_container *c,
					  enum xsc_way way, u32 nr)
{
	const struct xsc_opdef *def;

	if (unlikely(nr >= NR_syscalls))
		return nr == XSC_OP_NOP ? xsc_run_nop(c, way) :
					  xsc_check_op(c, nr);
	nr = array_index_nospec(nr, NR_syscalls);
	def = &xsc_optable[nr];
	if (unlikely(def->flags & XSC_OPF_DIRECT))
		return xsc_malformed(c, -EINVAL);
	if (unlikely(xsc_controlled()))
		return xsc_run_controlled(c, way, nr, def);
	return xsc_run_unwatched(c, way, nr, def);
}

/**
 * xsc_chain_begin() - what comes before an SQE of a chain is run
 * @c:		the container
 * @sqe:	the kernel's own copy
 * @allowed:	the flags that may stand there
 * @prior:	as in struct xsc_container
 * @add:	out: with XSC_SQE_FORWARD, what to add to argument @sqe->fwd_arg
 *
 * Return: 0 or the error for the CQE
 */
static __always_inline s64
xsc_chain_begin(struct xsc_container *c, const struct xsc_sqe *sqe, u16 allowed,
		int (*prior)(struct xsc_container *, unsigned int, s64 *),
		s64 *add)
{
	int err;

	if (unlikely(sqe->flags & ~allowed))
		return xsc_malformed(c, -EINVAL);
	if (unlikely(c->failed))
		return -ECANCELED;
	if (!(sqe->flags & XSC_SQE_FORWARD)) {
		if (unlikely(sqe->fwd_arg || sqe->fwd_from))
			return xsc_malformed(c, -EINVAL);
		return 0;
	}
	if (unlikely(sqe->fwd_arg >= ARRAY_SIZE(sqe->args) || !sqe->fwd_from))
		return xsc_malformed(c, -EINVAL);
	err = prior(c, sqe->fwd_from, add);
	if (unlikely(err))
		return xsc_malformed(c, err);
	if (IS_ERR_VALUE((unsigned long)*add))
		return -ECANCELED;
	return 0;
}

/* Add the result of an earlier SQE to the argument that wants it. */
static __always_inline void xsc_sqe_arg_add(struct xsc_sqe *sqe, s64 add)
{
	sqe->args[array_index_nospec(sqe->fwd_arg, ARRAY_SIZE(sqe->args))] +=
		add;
}

/**
 * xsc_chain_end() - what comes after it
 * @c:		the container
 * @sqe:	the SQE
 * @res:	its result, no restart code: then the chain's state is as before
 */
static __always_inline void xsc_chain_end(struct xsc_container *c,
					  const struct xsc_sqe *sqe, s64 res)
{
	c->linked = sqe->flags & XSC_SQE_LINK;
	if (IS_ERR_VALUE((unsigned long)res))
		c->failed = true;
}

/* xsc_guard.c: refused attempts, audit records */
void xsc_audit(const char *what, int nr, unsigned long ip, const char *reason,
	       struct file *file, int err);

/* xsc_note.c: the ELF note */
void xsc_note_parse(const u8 *buf, size_t size, unsigned int align,
		    struct xsc_note_scan *scan);
bool xsc_file_stamped(struct file *file);

#endif /* _DRIVERS_XSC_XSC_H */

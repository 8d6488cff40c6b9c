// SPDX-License-Identifier: GPL-2.0-only
/*
 * xsc_watched.c - ops that wait, and that a control sees or that show what only
 * their thread has
 *
 * A tracer, a filter, audit or a tracepoint looks at the submitter's calls, so
 * its ops run in itself.  Those that would wait for their file or their time
 * need not hold up the doorbell for that: they become requests like others,
 * which only the submitter takes up again.  It does so while it waits for CQEs,
 * or else on its way to user mode.  A control sees the call at submission, and
 * may refuse it; one that has to wait then ends with ERESTARTSYS, as if a signal
 * had interrupted it, and is seen again when it is made.
 *
 * What waits for something else, a disk or a lock, runs to its end.
 *
 * A signalfd shows the signals of the thread that asks, so without a control, too,
 * what waits for one is taken up by its submitter alone.
 */
#include <linux/cred.h>
#include <linux/entry-common.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/poll.h>
#include <linux/string.h>

#include "xsc_async.h"

/* The call itself; not on another file than that of the submission. */
static s64 xsc_watch_call(struct xsc_container *c, const struct xsc_try *t,
			  u32 nr, u64 fd)
{
	struct file *now;
	s64 res;

	if (nr != t->nr || !t->file || !xsc_by_fd(t->flags))
		return xsc_arch_call(c->regs, nr);
	now = fget(fd);
	if (now == t->file)
		res = xsc_arch_call(c->regs, nr);
	else
		res = -EBADF;
	if (now)
		fput(now);
	return res;
}

/* How to make an attempt. */
enum xsc_watch {
	XSC_WATCH_LOOK,		/* not at all */
	XSC_WATCH_TRY,		/* told not to wait */
	XSC_WATCH_CALL,		/* it may last */
	XSC_WATCH_TIMED,	/* its time is over: nothing is left to do */
};

/* One attempt, seen as one call. */
static enum xsc_tried xsc_watch_try(struct xsc_container *c, struct xsc_try *t,
				    enum xsc_watch how)
{
	enum xsc_tried tried = XSC_TRY_DONE;
	s64 before = t->done, res = 0;
	bool ours;
	u64 a[6];
	u32 nr;

	if (unlikely(xsc_condemned()))
		return xsc_try_done(t, -EINTR);
	xsc_op_args_load(c->regs, t->args);
	xsc_op_nr_load(c->regs, t->nr);
	nr = xsc_arch_op_enter(c->regs, t->nr);
	if (nr < NR_syscalls) {
		xsc_op_args_get(c->regs, a);
		/* What a tracer has put into its place is no more ours. */
		ours = nr == t->nr && !memcmp(a, t->args, sizeof(a));
		if (!ours)
			how = XSC_WATCH_CALL;
		if (how == XSC_WATCH_LOOK) {
			tried = XSC_TRY_AGAIN;
			res = -ERESTARTSYS;
		} else if (how == XSC_WATCH_TRY) {
			tried = xsc_try(t);
			res = tried == XSC_TRY_DONE ? t->res - before :
						      t->done - before;
			/* One that cannot be told not to wait. */
			if (tried == XSC_TRY_POLL && !res && !xsc_poll_ready(t))
				tried = XSC_TRY_AGAIN;
			if (tried == XSC_TRY_AGAIN && !res)
				res = -ERESTARTSYS;
			else if (tried != XSC_TRY_DONE && !res)
				how = XSC_WATCH_CALL;
		}
		if (how == XSC_WATCH_CALL) {
			if (ours && xsc_in_parts(t))
				res = xsc_try_rest(t);
			else
				res = xsc_watch_call(c, t, nr, a[0]);
			tried = XSC_TRY_DONE;
		}
		regs_set_return_value(c->regs, res);
	}
	syscall_op_exit_work(c->regs);
	if (tried == XSC_TRY_DONE) {
		res = regs_return_value(c->regs);
		/* It is in flight: there is no call to restart. */
		if (xsc_interrupted(res))
			res = -EINTR;
		t->res = xsc_total(before, res);
	}
	xsc_run_task_work();
	return tried;
}

/* Is there something to wait for?  As xsc_try(); it has not run. */
static enum xsc_tried xsc_watch_ask(struct xsc_try *t)
{
	struct file *file = t->file;
	bool later = t->poll_first;
	enum xsc_tried tried;

	/* A call that waits for nothing, or for a disk. */
	if (file && (!file_can_poll(file) ||
		     S_ISREG(file_inode(file)->i_mode)))
		return XSC_TRY_CALLER;
	t->poll_first = true;
	tried = xsc_try(t);
	t->poll_first = later;
	if (file && (tried == XSC_TRY_POLL || tried == XSC_TRY_AGAIN))
		return XSC_TRY_AGAIN;
	return tried == XSC_TRY_TIMER ? tried : XSC_TRY_CALLER;
}

/**
 * xsc_watch_first() - run an op that a control sees, if it does not wait
 * @c:		the doorbell; it holds the op's file, since the thread may die here
 * @t:		the op
 * @held:	it stands behind another one
 *
 * Return: as xsc_try(): XSC_TRY_DONE and XSC_TRY_CALLER, or what to wait for:
 * XSC_TRY_AGAIN, XSC_TRY_TIMER.
 */
enum xsc_tried xsc_watch_first(struct xsc_container *c, struct xsc_try *t,
			       bool held)
{
	enum xsc_watch how = XSC_WATCH_LOOK;
	enum xsc_tried tried = XSC_TRY_AGAIN;

	if (!held) {
		tried = xsc_watch_ask(t);
		if (tried == XSC_TRY_CALLER)
			return tried;
		if (tried == XSC_TRY_AGAIN && !t->poll_first)
			how = XSC_WATCH_TRY;
		t->poll_first = false;
	}
	return xsc_watch_try(c, t, how) == XSC_TRY_DONE ? XSC_TRY_DONE : tried;
}

/**
 * xsc_watch_settle() - have a request wait
 * @req:	owned by the caller, who has it no more
 * @tried:	what xsc_watch_first() said
 */
void xsc_watch_settle(struct xsc_req *req, enum xsc_tried tried)
{
	/* What the poller sees of a signalfd is not what the thread does. */
	if (req->pool != current->xsc.pool) {
		xsc_req_queue(req);
		return;
	}
	if (tried == XSC_TRY_TIMER ? !xsc_req_sleep(req) :
				     xsc_poll_arm(req) == XSC_ARMED)
		return;
	xsc_req_queue(req);
}

/**
 * struct xsc_watch_run - a request being run
 * @c:		its container
 * @saved:	for xsc_req_unbecome()
 */
struct xsc_watch_run {
	struct xsc_container	c;
	const struct cred	*saved;
};

/* The task dies inside an op. */
static void xsc_watch_abort(struct xsc_container *c)
{
	struct xsc_watch_run *run = container_of(c, struct xsc_watch_run, c);

	xsc_req_unbecome(run->saved);
	xsc_req_cancel(c->req);
	xsc_pool_abort(current->xsc.pool);
}

/* The rest of a chain; its last CQE ends the request. */
static void xsc_watch_chain(struct xsc_container *c, struct xsc_req *req)
{
	s64 res = req->try.res;
	struct xsc_sqe *sqe;

	for (;;) {
		xsc_req_keep_result(req, res);
		if (IS_ERR_VALUE((unsigned long)res))
			c->failed = true;
		/* Who sees the CQE sees the count. */
		xsc_ring_count_malformed(req->ring, c->malformed);
		c->malformed = 0;
		if (xsc_req_post(req, res))
			return;
		/* It was the thread's for its signalfd: the rest may last. */
		if (!c->failed && !READ_ONCE(req->cancelled) &&
		    !xsc_controlled()) {
			req->try.watched = false;
			req->light = false;
			xsc_req_queue(req);
			return;
		}
		sqe = &req->sqes[req->pos];
		if (READ_ONCE(req->cancelled))
			res = xsc_req_stopped(req);
		else
			res = xsc_check_chained(c, sqe) ?: xsc_run(c, sqe);
		if (xsc_interrupted(res))
			res = -EINTR;
	}
}

/**
 * xsc_watch_advance() - run a request that a control sees
 * @req:	owned by the caller
 *
 * Context: no locks.  Inside a container it waits until that has ended, and in
 * another thread for its own.
 */
void xsc_watch_advance(struct xsc_req *req)
{
	struct xsc_watch_run run = {
		.c.prior = xsc_req_prior,
		.c.abort = xsc_watch_abort,
		.c.req = req,
	};
	enum xsc_watch how = xsc_req_slept(req) ? XSC_WATCH_TIMED :
						  XSC_WATCH_TRY;
	enum xsc_tried tried;
	unsigned int tries;

	for (tries = 0;; tries++) {
		xsc_req_disarm(req);
		if (current->xsc.container || req->pool != current->xsc.pool) {
			xsc_req_queue(req);
			return;
		}
		if (READ_ONCE(req->cancelled)) {
			xsc_req_cancel(req);
			return;
		}
		/* One that stood behind another has not been asked yet. */
		if (how == XSC_WATCH_TRY && !tries && req->try.file &&
		    xsc_watch_ask(&req->try) == XSC_TRY_CALLER)
			how = XSC_WATCH_CALL;
		if (how == XSC_WATCH_TRY && !xsc_try_over(&req->try)) {
			enum xsc_armed armed = xsc_poll_arm(req);

			if (armed == XSC_ARMED)
				return;
			/* A file that is ready and is not. */
			if (armed == XSC_ARM_NOT || tries == 8)
				how = XSC_WATCH_CALL;
		}
		xsc_container_begin(&run.c, XSC_WAY_RING);
		run.saved = xsc_req_become(req);
		tried = xsc_watch_try(&run.c, &req->try, how);
		if (tried == XSC_TRY_DONE)
			break;
		xsc_req_unbecome(run.saved);
		xsc_container_end(&run.c);
	}

	xsc_watch_chain(&run.c, req);
	xsc_req_unbecome(run.saved);
	xsc_container_end(&run.c);
}

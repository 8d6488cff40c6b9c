// SPDX-License-Identifier: GPL-2.0-only
/*
 * xsc_resume.c - ops that a thread runs on its way to user mode
 *
 * Task work is what reaches a thread, but it is run wherever the thread happens
 * to wait, perhaps with entries in wait queues on its stack and with more task
 * work behind it.  An op may end the thread, and would leave all that.  So the
 * task work only puts itself on a list, and the list is worked on where the
 * thread holds nothing.
 */
#include <linux/file.h>
#include <linux/resume_user_mode.h>
#include <linux/sched/signal.h>
#include <linux/task_work.h>

#include "xsc_async.h"

static void xsc_resume_link(struct callback_head *work, task_work_func_t func,
			    struct callback_head **at)
{
	work->func = func;
	work->next = *at;
	*at = work;
	set_notify_resume(current);
}

/**
 * xsc_resume_add() - what the current thread does first before user mode
 * @work:	its place in the list, until @func is called
 * @func:	what to do; in a thread that dies, only what is to be given back.  It
 *		may not return if an op ends the thread.
 *
 * Its result is that of the call which the thread is in, before a signal handler
 * has its registers.
 */
void xsc_resume_add(struct callback_head *work, task_work_func_t func)
{
	xsc_resume_link(work, func, &current->xsc.resume);
}

/**
 * xsc_resume_call() - what it does after that, called from task work
 * @work:	as there
 * @func:	as there
 *
 * Whatever the thread waits for, it comes out of that as if by a signal.
 */
void xsc_resume_call(struct callback_head *work, task_work_func_t func)
{
	struct callback_head **at = &current->xsc.resume;

	if (current->xsc.exits) {
		func(work);
		return;
	}
	/* In turn, lest one that waits is before another again and again. */
	while (*at)
		at = &(*at)->next;
	xsc_resume_link(work, func, at);
	/* It ends a container, if it has not been cleared before this. */
	if (!current->xsc.container || !test_thread_flag(TIF_NOTIFY_SIGNAL))
		set_thread_flag(TIF_SIGPENDING);
}

/*
 * Ops are not to take for a signal what has brought the thread here.  True if
 * there is one.
 */
static bool xsc_resume_begin(void)
{
	unsigned long flags;

	xsc_run_notified();
	if (task_sigpending(current) && lock_task_sighand(current, &flags)) {
		recalc_sigpending();
		unlock_task_sighand(current, &flags);
	}
	return task_sigpending(current);
}

static void xsc_resume_one(void)
{
	/* A call that is to be restarted is not one of these. */
	struct restart_block restart = current->restart_block;
	struct xsc_task *x = &current->xsc;
	struct callback_head *work = x->resume;
	unsigned int compat = xsc_arch_native_begin();

	x->resume = work->next;
	work->func(work);
	xsc_arch_native_end(compat);
	current->restart_block = restart;
}

/**
 * xsc_run_resume() - do one thing that was left to the current thread
 *
 * Context: on the way to user mode; signals, restarts and the signal mask are
 * looked at next.
 */
void xsc_run_resume(void)
{
	xsc_resume_begin();
	xsc_resume_one();
}

/**
 * xsc_resume_all() - do all of it, in a doorbell that holds nothing but its file
 * @file:	its file, of which it has a reference
 *
 * Return: false if there is a signal, which comes first.
 */
bool xsc_resume_all(struct file *file)
{
	struct xsc_task *x = &current->xsc;

	for (;;) {
		if (xsc_resume_begin())
			return false;
		/* An op had one of its own, and was interrupted by no signal. */
		restore_saved_sigmask();
		if (!x->resume)
			return true;
		x->bell = file;
		xsc_resume_one();
		x->bell = NULL;
	}
}

/**
 * xsc_resume_abort() - the current thread dies
 *
 * It gives back what it holds, and what it was to do is not done.
 */
void xsc_resume_abort(void)
{
	struct xsc_task *x = &current->xsc;
	struct callback_head *work;

	while (x->resume) {
		work = x->resume;
		x->resume = work->next;
		work->func(work);
	}
	if (x->bell)
		fput(x->bell);
	x->bell = NULL;
}

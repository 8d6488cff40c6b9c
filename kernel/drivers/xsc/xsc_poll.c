// SPDX-License-Identifier: GPL-2.0-only
/*
 * xsc_poll.c - waiting for a file without a thread; and the calls that only wait:
 * poll of one file, epoll_wait
 *
 * A request stands in the file's wait queues.  The wake-up only queues it;
 * who takes it from there leaves the wait queues before anything else.
 *
 * A wait queue may be freed before its file is (POLLFREE: signalfd, binder).
 * Whoever does that wakes with POLLFREE first and frees after a grace period,
 * so under rcu_read_lock() a head that is not NULL can be locked.
 */
#include <linux/file.h>
#include <linux/poll.h>
#include <linux/rcupdate.h>
#include <linux/time.h>
#include <linux/uaccess.h>
#include <linux/eventpoll.h>	/* wants uaccess.h */

#include "xsc_async.h"

/**
 * struct xsc_poll_table - a poll that fills in xsc_req.wait
 * @pt:		for vfs_poll()
 * @req:	the request
 * @nr:		wait queues so far
 * @fail:	there were more than XSC_WAITS
 */
struct xsc_poll_table {
	struct poll_table_struct	pt;
	struct xsc_req			*req;
	unsigned int			nr;
	bool				fail;
};

static int xsc_poll_wake(struct wait_queue_entry *entry, unsigned int mode,
			 int sync, void *key)
{
	struct xsc_wait *w = container_of(entry, struct xsc_wait, entry);
	__poll_t mask = key_to_poll(key);

	if (unlikely(mask & POLLFREE)) {
		list_del_init(&entry->entry);
		xsc_req_wake(w->req);
		/*
		 * Pairs with the load-acquire in xsc_poll_disarm(): we do not
		 * touch the request any more.
		 */
		smp_store_release(&w->head, NULL);
		return 1;
	}
	if (mask && !(mask & w->req->events))
		return 0;
	/* Once is enough; who takes the request need not lock the queue. */
	list_del_init(&entry->entry);
	xsc_req_wake(w->req);
	/* As above. */
	smp_store_release(&w->head, NULL);
	return 1;
}

static void xsc_poll_queue(struct file *file, struct wait_queue_head *head,
			   struct poll_table_struct *pt)
{
	struct xsc_poll_table *t = container_of(pt, struct xsc_poll_table, pt);
	struct xsc_wait *w;

	if (t->nr && t->req->wait[0].head == head)
		return;
	if (t->nr == XSC_WAITS) {
		t->fail = true;
		return;
	}
	w = &t->req->wait[t->nr++];
	w->req = t->req;
	w->head = head;
	init_waitqueue_func_entry(&w->entry, xsc_poll_wake);
	add_wait_queue(head, &w->entry);
}

static void xsc_poll_leave(struct xsc_wait *w)
{
	/* As in xsc_poll_disarm(), now under rcu_read_lock(). */
	struct wait_queue_head *head = smp_load_acquire(&w->head);

	if (!head)
		return;
	spin_lock_irq(&head->lock);
	list_del_init(&w->entry.entry);
	w->head = NULL;
	spin_unlock_irq(&head->lock);
}

/**
 * xsc_poll_disarm() - leave all wait queues
 * @req:	owned by the caller
 *
 * After this no wake-up touches the request.
 */
void xsc_poll_disarm(struct xsc_req *req)
{
	unsigned int i;

	for (i = 0; i < XSC_WAITS; i++) {
		/* Pairs with the store-release in xsc_poll_wake(). */
		if (likely(!smp_load_acquire(&req->wait[i].head)))
			continue;
		rcu_read_lock();
		xsc_poll_leave(&req->wait[i]);
		rcu_read_unlock();
	}
}

static __poll_t xsc_poll_events(const struct xsc_try *t)
{
	__poll_t events = t->events;

	if (!events)
		events = t->flags & XSC_OPF_OUT ?
			 EPOLLOUT | EPOLLWRNORM :
			 EPOLLIN | EPOLLRDNORM | EPOLLRDHUP;
	return events | EPOLLERR | EPOLLHUP;
}

/**
 * xsc_poll_ready() - would an op wait for its file?
 * @t:		the op, of a file that can tell
 *
 * Return: false if so, as far as one can see.
 */
bool xsc_poll_ready(const struct xsc_try *t)
{
	return vfs_poll(t->file, NULL) & xsc_poll_events(t);
}

/**
 * xsc_poll_arm() - wait for the file
 * @req:	owned by the caller
 *
 * Return: XSC_ARMED: the request is not the caller's any more.  XSC_ARM_READY:
 * no need to wait, or it was cancelled.  XSC_ARM_NOT: the file cannot tell.
 */
enum xsc_armed xsc_poll_arm(struct xsc_req *req)
{
	struct xsc_poll_table t = { .req = req };
	struct xsc_pool *pool = req->pool;
	enum xsc_armed armed = XSC_ARM_READY;
	__poll_t mask;

	if (!file_can_poll(req->try.file))
		return XSC_ARM_NOT;
	req->events = xsc_poll_events(&req->try);
	req->woken = false;
	if (unlikely(req->try.limited))
		xsc_req_start_timer(req);

	init_poll_funcptr(&t.pt, xsc_poll_queue);
	t.pt._key = req->events;
	mask = vfs_poll(req->try.file, &t.pt);
	if (t.fail || !t.nr)
		armed = XSC_ARM_NOT;
	else if (!(mask & req->events))
		armed = XSC_ARMED;

	if (armed == XSC_ARMED) {
		spin_lock_irq(&pool->lock);
		if (req->woken || req->cancelled)
			armed = XSC_ARM_READY;
		else
			req->state = XSC_REQ_ARMED;
		spin_unlock_irq(&pool->lock);
	}
	if (armed != XSC_ARMED)
		xsc_req_disarm(req);
	return armed;
}

/* --- calls that only wait ------------------------------------------------ */

/* The wait ends so long from now; what was said first holds. */
static void xsc_try_limit(struct xsc_try *t, ktime_t span)
{
	if (t->limited)
		return;
	t->limited = true;
	t->clock = CLOCK_MONOTONIC;
	t->mode = HRTIMER_MODE_ABS;
	t->expires = ktime_add_safe(ktime_get(), span);
}

/**
 * xsc_poll_file() - the file of poll and ppoll, if it is one
 * @t:		the op; @t->file and @t->events are set
 *
 * Return: it, or none: whatever there is to wait for, the call has to.
 */
struct fd xsc_poll_file(struct xsc_try *t)
{
	struct pollfd pf;
	struct fd f = {};

	if (t->args[1] != 1 || !rlimit(RLIMIT_NOFILE) ||
	    copy_from_user(&pf, (void __user *)(unsigned long)t->args[0],
			   sizeof(pf)) || pf.fd < 0)
		return f;
	f = fdget(pf.fd);
	t->file = f.file;
	t->events = demangle_poll(pf.events) | EPOLLERR | EPOLLHUP;
	return f;
}

/**
 * xsc_try_poll() - poll and ppoll that do not wait
 * @t:		the op
 * @now:	nor would the call
 *
 * ppoll says how much of its time is left: with a limit it is a worker's.
 *
 * Return: as xsc_try().
 */
enum xsc_tried xsc_try_poll(struct xsc_try *t, bool now)
{
	struct pollfd __user *upf = (void __user *)(unsigned long)t->args[0];
	bool plain = t->nr != __NR_ppoll;
	__poll_t mask;

	if (now || xsc_for_caller(t->nr, t->args))
		return XSC_TRY_CALLER;
	if (!t->file || (!plain && t->args[2]))
		return XSC_TRY_WORKER;
	if (plain && (int)t->args[2] > 0)
		xsc_try_limit(t, ms_to_ktime((int)t->args[2]));
	if (xsc_try_later(t))
		return XSC_TRY_AGAIN;
	mask = vfs_poll(t->file, NULL) & t->events;
	if (!mask && !xsc_try_over(t))
		return XSC_TRY_AGAIN;
	if (put_user(mangle_poll(mask), &upf->revents))
		return xsc_try_done(t, -EFAULT);
	return xsc_try_done(t, !!mask);
}

/**
 * xsc_try_epoll() - epoll_wait and its kin that do not wait
 * @t:		the op
 *
 * Return: as xsc_try().
 */
enum xsc_tried xsc_try_epoll(struct xsc_try *t)
{
	const u64 *a = t->args;
	struct timespec64 ts;
	int res;

	if (xsc_for_caller(t->nr, a))
		return XSC_TRY_CALLER;
	if (t->nr != __NR_epoll_pwait2) {
		if (!(int)a[3])
			return XSC_TRY_CALLER;
		if ((int)a[3] > 0)
			xsc_try_limit(t, ms_to_ktime((int)a[3]));
	} else if (a[3] && !t->limited) {
		/* The call itself knows what to say. */
		if (get_timespec64(&ts, (void __user *)(unsigned long)a[3]) ||
		    !timespec64_valid(&ts) || !(ts.tv_sec | ts.tv_nsec))
			return XSC_TRY_CALLER;
		xsc_try_limit(t, timespec64_to_ktime(ts));
	}
	if (xsc_try_later(t))
		return XSC_TRY_AGAIN;
	res = epoll_take(t->file, (void __user *)(unsigned long)a[1], a[2]);
	if (!res && !xsc_try_over(t))
		return XSC_TRY_AGAIN;
	return xsc_try_done(t, res);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * xsc_poll.c - waiting for a file without a thread
 *
 * A request stands in the file's wait queues.  The wake-up only queues it;
 * who takes it from there leaves the wait queues before anything else.
 *
 * A wait queue may be freed before its file is (POLLFREE: signalfd, binder).
 * Whoever does that wakes with POLLFREE first and frees after a grace period,
 * so under rcu_read_lock() a head that is not NULL can be locked.
 */
#include <linux/poll.h>
#include <linux/rcupdate.h>

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
	return EPOLLERR | EPOLLHUP |
	       (t->flags & XSC_OPF_OUT ? EPOLLOUT | EPOLLWRNORM :
					 EPOLLIN | EPOLLRDNORM | EPOLLRDHUP);
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
		xsc_poll_disarm(req);
	return armed;
}

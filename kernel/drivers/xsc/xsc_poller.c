// SPDX-License-Identifier: GPL-2.0-only
/*
 * xsc_poller.c - a thread that looks at rings, so that no doorbell is needed
 *
 * One poller serves all polled rings of a process (of the threads that share
 * descriptors, working directory and namespaces).  It is a thread of the
 * process (create_io_thread()), runs on another CPU than the submitter, and
 * sleeps while no ring is on its list.
 *
 * A ring is on the list if and only if its need_wakeup is 0; both change
 * together, under poller->lock.  Going to sleep is
 *
 *	need_wakeup = 1; full barrier; look at sq_tail once more
 *
 * against the user's
 *
 *	sq_tail = new; full barrier; look at need_wakeup
 *
 * so that one of them sees the other: docs/models/poller.pml is the model.
 *
 * What a user has made visible while need_wakeup was 0 is consumed, whatever
 * happens.  If the poller cannot do it (only the thread itself may run the op,
 * a control looks at it, polling does not pay), the thread is interrupted and
 * rings the doorbell on its way to user mode.
 */
#include <linux/cpumask.h>
#include <linux/cpuset.h>
#include <linux/cred.h>
#include <linux/export.h>
#include <linux/file.h>
#include <linux/sched/clock.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/task_work.h>

#include "xsc_async.h"

/* kernel.xsc.poller: may there be pollers? */
unsigned int xsc_poller_allowed __read_mostly = 1;
EXPORT_SYMBOL_GPL(xsc_poller_allowed);

/**
 * struct xsc_poller - a poller
 * @ref:	its thread, each pool that uses it
 * @node:	in xsc_pollers
 * @signal:	its process; compared, never used, as are these three, which it
 *		holds and the threads that it works for have to share with it
 * @files:	likewise
 * @fs:		likewise
 * @nsproxy:	likewise
 * @cpus:	those that its first user could run on
 * @lock:	all below, and the poll_node and need_wakeup of rings
 * @task:	the thread; NULL once it is gone
 * @users:	pools of living threads
 * @code:	what the last of them to end has ended with; see struct xsc_pool
 * @away:	the CPU of the submitter that woke it last
 * @rings:	those that are polled; a ring leaves before its file is gone
 */
struct xsc_poller {
	refcount_t		ref;
	struct list_head	node;
	const void		*signal;
	const void		*files;
	const void		*fs;
	const void		*nsproxy;
	cpumask_var_t		cpus;
	spinlock_t		lock;	/* rings, need_wakeup */
	struct task_struct	*task;
	unsigned int		users;
	int			code;
	int			away;
	struct list_head	rings;
};

static LIST_HEAD(xsc_pollers);
static DEFINE_SPINLOCK(xsc_pollers_lock);	/* outside of poller->lock */

static void xsc_poller_free(struct xsc_poller *poller)
{
	free_cpumask_var(poller->cpus);
	kfree(poller);
}

static void xsc_poller_put(struct xsc_poller *poller)
{
	if (refcount_dec_and_test(&poller->ref))
		xsc_poller_free(poller);
}

/* Does a thread share with the poller what ops act on? */
static bool xsc_poller_suits(const struct xsc_poller *poller,
			     const struct task_struct *task)
{
	return poller->signal == task->signal &&
	       poller->files == READ_ONCE(task->files) &&
	       poller->fs == READ_ONCE(task->fs) &&
	       poller->nsproxy == READ_ONCE(task->nsproxy);
}

static inline struct xsc_cr_hdr *xsc_cr(const struct xsc_ring *ring)
{
	return ring->cr.addr;
}

/* --- rings that are polled ------------------------------------------------ */

/* Nothing has come for too long. */
static bool xsc_poller_over(const struct xsc_ring *ring, u64 now)
{
	return (s64)(now - ring->poll_last) >
	       (s64)ring->poll_idle * (s64)NSEC_PER_USEC;
}

/* A thread has to look after what is there. */
static void xsc_poller_call_locked(struct xsc_ring *ring,
				   struct task_struct *task)
{
	if (ring->rescued || !get_file_rcu(ring->file))
		return;
	ring->rescued = true;
	init_task_work(&ring->rescue, xsc_ring_rescued);
	if (task_work_add(task, &ring->rescue, TWA_SIGNAL)) {
		ring->rescued = false;
		fput(ring->file);
	}
}

/* The thread in whose name the ring is polled. */
static void xsc_poller_rescue_locked(struct xsc_ring *ring)
{
	struct task_struct *task;

	/* The task is gone a grace period after it left its pool. */
	rcu_read_lock();
	task = READ_ONCE(ring->poll_pool->task);
	if (task)
		xsc_poller_call_locked(ring, task);
	rcu_read_unlock();
}

/* Stop polling a ring, and what becomes of SQEs that are there. */
enum xsc_retire {
	XSC_RETIRE_IDLE,	/* they keep it polled */
	XSC_RETIRE_RESCUE,	/* its thread runs them */
	XSC_RETIRE_LEAVE,	/* they are for a doorbell: one is going on by this
				 * thread, or they find no room in the CQ
				 */
};

static void xsc_poller_retire_locked(struct xsc_ring *ring, enum xsc_retire how)
{
	struct xsc_cr_hdr *cr = xsc_cr(ring);

	WRITE_ONCE(cr->need_wakeup, 1);
	/*
	 * Pairs with the user's barrier between its store of sq_tail and its
	 * load of need_wakeup.
	 */
	smp_mb();
	if (xsc_ring_has_sqes(ring)) {
		if (how == XSC_RETIRE_IDLE) {
			WRITE_ONCE(cr->need_wakeup, 0);
			return;
		}
		if (how == XSC_RETIRE_RESCUE)
			xsc_poller_rescue_locked(ring);
	}
	list_del_init(&ring->poll_node);
	xsc_adapt_window(&ring->adapt, local_clock());
}

static void xsc_poller_retire(struct xsc_poller *poller, struct xsc_ring *ring,
			      enum xsc_retire how)
{
	spin_lock(&poller->lock);
	if (ring->poller == poller && !list_empty(&ring->poll_node))
		xsc_poller_retire_locked(ring, how);
	spin_unlock(&poller->lock);
}

/**
 * xsc_poller_leave() - the ring's file is closed
 * @ring:	the ring
 */
void xsc_poller_leave(struct xsc_ring *ring)
{
	struct xsc_poller *poller = ring->poller;

	if (!poller)
		return;
	spin_lock(&poller->lock);
	list_del_init(&ring->poll_node);
	/* xsc_poller_retire() asks whose it is before it looks at the list. */
	ring->poller = NULL;
	spin_unlock(&poller->lock);
	xsc_poller_put(poller);
	xsc_pool_put(ring->poll_pool);
	put_cred(ring->poll_cred);
}
EXPORT_SYMBOL_GPL(xsc_poller_leave);

/* --- the thread ----------------------------------------------------------- */

/* A doorbell had to do what the poller did not in time. */
static void xsc_poller_beaten(struct xsc_ring *ring)
{
	struct xsc_poller *poller = ring->poller;

	spin_lock(&poller->lock);
	if (!list_empty(&ring->poll_node)) {
		xsc_adapt_lose(&ring->adapt, local_clock());
		xsc_poller_retire_locked(ring, XSC_RETIRE_LEAVE);
	}
	spin_unlock(&poller->lock);
}

/*
 * May the poller run ops of the ring, whose lock is held, in the name of the
 * thread that rang it last?  A control of its own would have its say as well.
 */
static bool xsc_poller_may(const struct xsc_ring *ring)
{
	struct task_struct *task;
	bool may;

	if (!READ_ONCE(xsc_poller_allowed) || xsc_controlled())
		return false;
	rcu_read_lock();
	task = READ_ONCE(ring->poll_pool->task);
	may = task && rcu_access_pointer(task->cred) == ring->poll_cred &&
	      xsc_poller_suits(ring->poller, task) &&
	      !xsc_task_controlled(task);
	rcu_read_unlock();
	return may;
}

/**
 * xsc_polled() - may the poller run this SQE?
 * @ring:	its ring, locked by the poller
 * @sqe:	the kernel's own copy
 *
 * Return: false when it is for the thread itself.
 */
bool xsc_polled(const struct xsc_ring *ring, const struct xsc_sqe *sqe)
{
	return xsc_poller_may(ring) && !xsc_for_caller(sqe->op, sqe->args);
}

/*
 * Consume SQEs: how many; 0 while a doorbell does; -EPERM when they are for the
 * thread itself; another errno when they cannot be consumed.
 */
static long xsc_poller_consume(struct xsc_poller *poller, struct xsc_ring *ring,
			       struct file *file)
{
	const struct cred *saved = NULL;
	long ret = -EPERM;

	/* A doorbell does it now. */
	if (!mutex_trylock(&ring->lock))
		return 0;
	if (ring->poller != poller) {
		/* One has handed it to another poller. */
		ret = 0;
	} else if (xsc_poller_may(ring)) {
		if (ring->poll_cred != current_cred())
			saved = override_creds(ring->poll_cred);
		ring->polling = true;
		ret = xsc_ring_run(ring, file, U32_MAX, 0);
		/* It was interrupted, and tries again. */
		if (xsc_interrupted(ret) || ret == -EINTR)
			ret = 0;
		ring->polling = false;
		if (saved)
			revert_creds(saved);
	}
	mutex_unlock(&ring->lock);
	return ret;
}

/* False: a doorbell has been in the way for as long as a poller waits. */
static bool xsc_poller_serve(struct xsc_poller *poller, struct xsc_ring *ring,
			     struct file *file)
{
	long nr = xsc_poller_consume(poller, ring, file);
	u64 now = local_clock();

	if (nr > 0) {
		ring->poll_last = now;
		if (ring->adaptive && !xsc_adapt_polled(&ring->adapt, now, nr))
			xsc_poller_retire(poller, ring, XSC_RETIRE_RESCUE);
	} else if (nr < 0) {
		xsc_poller_retire(poller, ring, nr == -EPERM ?
				  XSC_RETIRE_RESCUE : XSC_RETIRE_LEAVE);
	} else if (xsc_poller_over(ring, now)) {
		/* SQEs may have come behind it. */
		xsc_poller_retire(poller, ring, XSC_RETIRE_IDLE);
		return false;
	}
	return true;
}

/*
 * The next ring with work, with a reference to its file.  Rings that have had
 * none for too long leave the list.
 */
static struct xsc_ring *xsc_poller_next(struct xsc_poller *poller,
					struct file **file)
{
	struct xsc_ring *ring, *next, *found = NULL;
	/* Another thread wants this CPU: it does not pay to keep it. */
	bool crowded = need_resched();
	u64 now;

	spin_lock(&poller->lock);
	list_for_each_entry_safe(ring, next, &poller->rings, poll_node) {
		if (xsc_ring_has_sqes(ring)) {
			/* A file that is being closed leaves the list. */
			if (found || !get_file_rcu(ring->file))
				continue;
			*file = ring->file;
			found = ring;
			list_move_tail(&ring->poll_node, &poller->rings);
			continue;
		}
		now = local_clock();
		if (ring->adaptive && crowded)
			xsc_adapt_yield(&ring->adapt);
		else if (xsc_poller_over(ring, now))
			xsc_adapt_idle(&ring->adapt);
		else
			continue;
		xsc_poller_retire_locked(ring, XSC_RETIRE_IDLE);
	}
	spin_unlock(&poller->lock);
	return found;
}

/*
 * Off the CPU of the submitter, on one that it might use: of those that its
 * process could run on when it began, and that the cpuset has now.
 */
static void xsc_poller_place(struct xsc_poller *poller)
{
	cpumask_var_t mask;
	int away = READ_ONCE(poller->away);

	if (cpumask_test_cpu(away, current->cpus_ptr) &&
	    alloc_cpumask_var(&mask, GFP_KERNEL)) {
		cpuset_cpus_allowed(current, mask);
		cpumask_and(mask, mask, poller->cpus);
		cpumask_clear_cpu(away, mask);
		/* Where no other CPU is left, it shares. */
		if (cpumask_intersects(mask, cpu_online_mask))
			set_cpus_allowed_ptr(current, mask);
		free_cpumask_var(mask);
	}
}

/* Sleep until a ring is to be polled; false when nobody is left. */
static bool xsc_poller_sleep(struct xsc_poller *poller)
{
	bool users, rings;

	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		spin_lock(&poller->lock);
		users = poller->users;
		rings = !list_empty(&poller->rings);
		spin_unlock(&poller->lock);
		if (rings || !users || signal_pending(current) ||
		    task_work_pending(current))
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	if (rings)
		xsc_poller_place(poller);
	return users || rings;
}

/* No more rings: true if really nobody came meanwhile. */
static bool xsc_poller_end(struct xsc_poller *poller, bool killed)
{
	struct xsc_ring *ring, *next;
	bool end;

	spin_lock(&xsc_pollers_lock);
	spin_lock(&poller->lock);
	end = killed || (!poller->users && list_empty(&poller->rings));
	if (end) {
		list_for_each_entry_safe(ring, next, &poller->rings, poll_node)
			xsc_poller_retire_locked(ring,
						 XSC_RETIRE_RESCUE);
		poller->task = NULL;
		list_del(&poller->node);
	}
	spin_unlock(&poller->lock);
	spin_unlock(&xsc_pollers_lock);
	return end;
}

/* Looks at rings that doorbells are busy with, before the poller sleeps a tick. */
#define XSC_POLL_TRIES	16

static int xsc_poller_main(void *arg)
{
	struct xsc_poller *poller = arg;
	unsigned int vain = 0;
	struct xsc_ring *ring;
	struct ksignal ksig;
	struct file *file;
	bool killed = false;
	int code;

	for (;;) {
		ring = xsc_poller_next(poller, &file);
		if (ring) {
			vain = xsc_poller_serve(poller, ring, file) ? 0 :
								       vain + 1;
			fput(file);
			if (vain >= XSC_POLL_TRIES) {
				schedule_timeout_interruptible(1);
				vain = 0;
			}
		} else if (list_empty_careful(&poller->rings)) {
			if (!xsc_poller_sleep(poller) &&
			    xsc_poller_end(poller, false))
				break;
		} else {
			cpu_relax();
		}
		xsc_run_notified();
		killed = signal_pending(current) && get_signal(&ksig);
		if (killed) {
			xsc_poller_end(poller, true);
			break;
		}
		cond_resched();
	}

	code = READ_ONCE(poller->code);
	xsc_poller_put(poller);
	do_exit(code);
}

/* --- its users ------------------------------------------------------------ */

static struct xsc_poller *xsc_poller_new(void)
{
	struct xsc_poller *poller;
	struct task_struct *task;
	char name[TASK_COMM_LEN];

	poller = kzalloc(sizeof(*poller), GFP_KERNEL_ACCOUNT);
	if (!poller)
		return NULL;
	if (!alloc_cpumask_var(&poller->cpus, GFP_KERNEL_ACCOUNT)) {
		kfree(poller);
		return NULL;
	}
	cpumask_copy(poller->cpus, current->cpus_ptr);
	refcount_set(&poller->ref, 2);	/* the thread's, the pool's */
	spin_lock_init(&poller->lock);
	INIT_LIST_HEAD(&poller->rings);
	poller->signal = current->signal;
	poller->files = current->files;
	poller->fs = current->fs;
	poller->nsproxy = current->nsproxy;
	poller->users = 1;
	task = create_io_thread(xsc_poller_main, poller, NUMA_NO_NODE);
	if (IS_ERR(task)) {
		xsc_poller_free(poller);
		return NULL;
	}
	snprintf(name, sizeof(name), "xsc-pol-%d", task_tgid_nr(current));
	set_task_comm(task, name);
	poller->task = task;
	spin_lock(&xsc_pollers_lock);
	list_add(&poller->node, &xsc_pollers);
	spin_unlock(&xsc_pollers_lock);
	wake_up_new_task(task);
	return poller;
}

/* The poller for the current thread's pool, or NULL. */
static struct xsc_poller *xsc_poller_get(struct xsc_pool *pool)
{
	struct xsc_poller *poller;

	if (pool->poller)
		return pool->poller;
	spin_lock(&xsc_pollers_lock);
	list_for_each_entry(poller, &xsc_pollers, node) {
		if (!xsc_poller_suits(poller, current))
			continue;
		spin_lock(&poller->lock);
		poller->users++;
		spin_unlock(&poller->lock);
		refcount_inc(&poller->ref);
		pool->poller = poller;
		break;
	}
	spin_unlock(&xsc_pollers_lock);
	if (!pool->poller)
		pool->poller = xsc_poller_new();
	return pool->poller;
}

/**
 * xsc_poller_pool_exit() - a thread ends
 * @pool:	its pool
 *
 * What it has in polled rings is its poller's to find: the pool is dead.
 */
void xsc_poller_pool_exit(struct xsc_pool *pool)
{
	struct xsc_poller *poller = pool->poller;

	if (!poller)
		return;
	pool->poller = NULL;
	spin_lock(&poller->lock);
	poller->code = pool->code;
	poller->users--;
	if (poller->task)
		wake_up_process(poller->task);
	spin_unlock(&poller->lock);
	xsc_poller_put(poller);
}

/* Have the ring polled in the name of the current thread, if that can be. */
static bool xsc_poller_start(struct xsc_ring *ring)
{
	struct xsc_pool *pool = xsc_pool_get(ring);
	struct xsc_poller *poller;
	bool started;

	/* A poller on the submitter's own CPU would only be in its way. */
	if (!READ_ONCE(xsc_poller_allowed) || !pool ||
	    cpumask_weight(current->cpus_ptr) < 2 || num_online_cpus() < 2)
		return false;
	poller = xsc_poller_get(pool);
	if (!poller)
		return false;
	if (ring->poller != poller || ring->poll_pool != pool ||
	    ring->poll_cred != current_cred()) {
		xsc_poller_leave(ring);
		refcount_inc(&poller->ref);
		refcount_inc(&pool->ref);
		ring->poll_cred = get_current_cred();
		ring->poll_pool = pool;
		ring->poller = poller;
	}
	spin_lock(&poller->lock);
	if (poller->task && list_empty(&ring->poll_node)) {
		ring->poll_last = local_clock();
		xsc_adapt_start(&ring->adapt, ring->poll_last);
		list_add_tail(&ring->poll_node, &poller->rings);
		WRITE_ONCE(xsc_cr(ring)->need_wakeup, 0);
		WRITE_ONCE(poller->away, raw_smp_processor_id());
		wake_up_process(poller->task);
	}
	started = poller->task;
	spin_unlock(&poller->lock);
	return started;
}

/* It is not polled; SQEs that came while it was are for the thread itself. */
static void xsc_poller_call_self(struct xsc_ring *ring)
{
	struct xsc_poller *poller = ring->poller;

	if (!poller)
		return;
	spin_lock(&poller->lock);
	xsc_poller_call_locked(ring, current);
	spin_unlock(&poller->lock);
}

/* After a doorbell: should the ring be polled? */
static bool xsc_poller_pays(struct xsc_ring *ring, unsigned int nr)
{
	struct xsc_adapt *a = &ring->adapt;

	return !xsc_adapt_skips(a, nr) &&
	       xsc_adapt_doorbell(a, local_clock(), nr);
}

/**
 * xsc_poller_rang() - a doorbell of a ring with XSC_RING_POLL ends
 * @ring:	the ring, locked
 * @nr:		SQEs that it consumed
 * @full:	it could not consume more
 *
 * SQEs that came while it ran, when need_wakeup may have been 0, are not lost:
 * the poller takes them, or has the thread take them; but not when a signal has
 * ended what the thread ran for the poller.
 *
 * A poller must not begin as the copy of a thread that a control looks at: it
 * would have the control for all others.
 */
void xsc_poller_rang(struct xsc_ring *ring, unsigned int nr, bool full)
{
	bool beaten = ring->adaptive && !xsc_cr(ring)->need_wakeup;
	bool left;

	/* The handler comes first: what is left waits for a doorbell. */
	if (current->xsc.rescues && task_sigpending(current))
		return;
	if (beaten) {
		if (!nr)
			return;
		xsc_poller_beaten(ring);
	}
	/* What came until now is not the poller's any more. */
	left = !full && xsc_ring_has_sqes(ring);
	if (!xsc_controlled() &&
	    (left || !ring->adaptive ||
	     (!beaten && xsc_poller_pays(ring, nr))) &&
	    xsc_poller_start(ring))
		return;
	if (left)
		xsc_poller_call_self(ring);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * xsc_pool.c - worker threads of a thread that has requests
 *
 * Workers are threads of the same process (create_io_thread()), so memory,
 * descriptors, limits and the accounting are its own.  Signals but SIGKILL
 * and SIGSTOP are blocked in them.
 *
 * While there are requests one worker is always free to take up what became
 * ready: a worker that is going to block leaves another one behind, or, when
 * there may be no more of them, leaves the op in the queue.
 */
#include <linux/cred.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/init_task.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/sysctl.h>
#include <linux/task_work.h>

#include "xsc_async.h"

#define XSC_IDLE_TIMEOUT	(5 * HZ)

/* kernel.xsc.workers_max: threads of one pool */
unsigned int xsc_workers_max __read_mostly = 64;

/**
 * struct xsc_worker - a worker, on its own stack
 * @node:	in pool->idle, or empty
 * @task:	itself
 * @files:	a table with one descriptor, 0, made on first use
 */
struct xsc_worker {
	struct list_head	node;
	struct task_struct	*task;
	struct files_struct	*files;
};

/**
 * xsc_pool_put() - give a reference back
 * @pool:	the pool
 */
void xsc_pool_put(struct xsc_pool *pool)
{
	if (refcount_dec_and_test(&pool->ref)) {
		xsc_req_free_spare(&pool->spare);
		kfree(pool);
	}
}

static void xsc_pool_called(struct callback_head *work);

static struct xsc_pool *xsc_pool_new(void)
{
	struct xsc_pool *pool = kzalloc(sizeof(*pool), GFP_KERNEL_ACCOUNT);

	if (!pool)
		return NULL;
	refcount_set(&pool->ref, 1);
	spin_lock_init(&pool->lock);
	INIT_HLIST_HEAD(&pool->reqs);
	INIT_HLIST_HEAD(&pool->spare);
	INIT_LIST_HEAD(&pool->light);
	INIT_LIST_HEAD(&pool->later);
	INIT_LIST_HEAD(&pool->heavy);
	INIT_LIST_HEAD(&pool->watched);
	INIT_LIST_HEAD(&pool->idle);
	hash_init(pool->order);
	pool->files = current->files;
	pool->fs = current->fs;
	pool->nsproxy = current->nsproxy;
	pool->task = current;
	current->xsc.pool = pool;
	return pool;
}

/**
 * xsc_pool_take() - xsc_pool_get() for who has not rung last
 * @ring:	the ring that the thread rings, locked
 *
 * Return: as xsc_pool_get().
 */
struct xsc_pool *xsc_pool_take(struct xsc_ring *ring)
{
	struct xsc_pool *pool = ring->pool;

	if (ring->polling) {
		pool = ring->poll_pool;
	} else {
		if (pool) {
			WRITE_ONCE(ring->shared, true);
			xsc_ring_leave_pool(ring);
		}
		pool = current->xsc.pool ?: xsc_pool_new();
		if (!pool)
			return NULL;
		refcount_inc(&pool->ref);
		ring->pool = pool;
	}
	return xsc_pool_is_ours(pool) ? pool : NULL;
}

/**
 * xsc_pool_kick_locked() - a worker has to look at the queues
 * @pool:	the pool
 */
void xsc_pool_kick_locked(struct xsc_pool *pool)
{
	struct xsc_worker *w;

	/* Of a thread that is gone all is taken by its xsc_pool_exit(). */
	w = pool->task ? list_first_entry_or_null(&pool->idle,
						  struct xsc_worker, node) :
			 NULL;
	if (w) {
		list_del_init(&w->node);
		wake_up_process(w->task);
	}
}

/*
 * May a request wait for the next doorbell?  Who begins to wait for its ring
 * after this was asked calls xsc_ring_undefer().
 */
static bool xsc_req_defers_locked(const struct xsc_req *req)
{
	struct xsc_ring *ring = req->ring;

	if (!ring->defer || !req->pool->task)
		return false;
	/* Without a barrier: both sides have taken pool->lock. */
	return !waitqueue_active(&ring->cq_wait);
}

/* The thread, if it waits for that. */
static void xsc_pool_wake_locked(struct xsc_pool *pool)
{
	if (pool->attends != XSC_ASLEEP)
		return;
	WRITE_ONCE(pool->attends, XSC_ATTENDS);
	wake_up_state(pool->task, TASK_INTERRUPTIBLE);
}

/**
 * xsc_pool_light_locked() - somebody has to try a request
 * @pool:	the pool
 * @req:	the request, on no list
 */
void xsc_pool_light_locked(struct xsc_pool *pool, struct xsc_req *req)
{
	bool away;

	xsc_pool_wake_locked(pool);
	away = pool->attends == XSC_AWAY;
	if (away && xsc_req_defers_locked(req)) {
		list_add_tail(&req->node, &pool->later);
		return;
	}
	list_add_tail(&req->node, &pool->light);
	if (away)
		xsc_pool_kick_locked(pool);
}

/**
 * xsc_pool_call_locked() - the thread has to look at pool->watched
 * @pool:	the pool
 *
 * On its way to user mode, unless it will do so anyway; it is interrupted for
 * that.
 */
void xsc_pool_call_locked(struct xsc_pool *pool)
{
	if (likely(list_empty(&pool->watched)) || !pool->task ||
	    pool->called || pool->attends != XSC_AWAY)
		return;
	pool->called = true;
	refcount_inc(&pool->ref);
	init_task_work(&pool->call, xsc_pool_called);
	if (task_work_add(pool->task, &pool->call, TWA_SIGNAL)) {
		/* It dies, and cancels them. */
		pool->called = false;
		refcount_dec(&pool->ref);
	}
}

/**
 * xsc_pool_watched_locked() - the thread itself has to run a request
 * @pool:	the pool
 * @req:	the request, on no list
 */
void xsc_pool_watched_locked(struct xsc_pool *pool, struct xsc_req *req)
{
	list_add_tail(&req->node, &pool->watched);
	xsc_pool_wake_locked(pool);
	if (!xsc_req_defers_locked(req))
		xsc_pool_call_locked(pool);
}

static int xsc_worker_main(void *arg);

/* One more worker, already counted. */
static bool xsc_worker_make(struct xsc_pool *pool)
{
	struct task_struct *task;

	refcount_inc(&pool->ref);
	task = create_io_thread(xsc_worker_main, pool, NUMA_NO_NODE);
	if (!IS_ERR(task)) {
		wake_up_new_task(task);
		return true;
	}
	spin_lock_irq(&pool->lock);
	pool->nr_workers--;
	spin_unlock_irq(&pool->lock);
	xsc_pool_put(pool);
	return false;
}

/* It has an owner, the current thread, who makes it. */
static void xsc_pool_add_locked(struct xsc_pool *pool, struct xsc_req *req)
{
	req->state = XSC_REQ_OWNED;
	req->runner = NULL;
	/* The poller may be late: the thread is gone. */
	req->cancelled = !pool->task;
	hlist_add_head(&req->pool_node, &pool->reqs);
}

/**
 * xsc_pool_reuse() - a request that has ended, for one more
 * @pool:	the current thread's pool
 *
 * Return: the request, counted and the caller's; or NULL.
 */
struct xsc_req *xsc_pool_reuse(struct xsc_pool *pool)
{
	struct xsc_req *req = NULL;

	spin_lock_irq(&pool->lock);
	if (likely(pool->nr_workers && pool->nr_spare)) {
		req = hlist_entry(pool->spare.first, struct xsc_req, pool_node);
		hlist_del(&req->pool_node);
		pool->nr_spare--;
		atomic_inc(&pool->nr_reqs);
		xsc_pool_add_locked(pool, req);
		xsc_pool_account(pool);
	}
	spin_unlock_irq(&pool->lock);
	return req;
}

/**
 * xsc_pool_reserve() - there is going to be one more request
 * @pool:	the current thread's pool
 *
 * Return: true with pool->nr_reqs increased and a worker there.
 */
bool xsc_pool_reserve(struct xsc_pool *pool)
{
	bool make;

	spin_lock_irq(&pool->lock);
	atomic_inc(&pool->nr_reqs);
	make = !pool->nr_workers;
	if (make)
		pool->nr_workers++;
	spin_unlock_irq(&pool->lock);
	if (!make || xsc_worker_make(pool))
		return true;
	xsc_pool_unreserve(pool, NULL);
	return false;
}

/**
 * xsc_pool_add() - there it is
 * @pool:	the pool
 * @req:	a new request
 */
void xsc_pool_add(struct xsc_pool *pool, struct xsc_req *req)
{
	spin_lock_irq(&pool->lock);
	xsc_pool_add_locked(pool, req);
	spin_unlock_irq(&pool->lock);
}

/**
 * xsc_pool_unreserve() - there is not going to be one
 * @pool:	the pool
 * @req:	the request, if there is one already
 */
void xsc_pool_unreserve(struct xsc_pool *pool, struct xsc_req *req)
{
	spin_lock_irq(&pool->lock);
	atomic_dec(&pool->nr_reqs);
	if (req)
		hlist_del(&req->pool_node);
	spin_unlock_irq(&pool->lock);
}

/*
 * May it hand out descriptors as it is read or written, as fanotify and
 * userfaultfd do?  They have to be the process's.
 */
static bool xsc_file_makes_fds(const struct file *file)
{
	umode_t mode = file_inode(file)->i_mode;

	return (file->f_op->read || file->f_op->write) && !S_ISREG(mode) &&
	       !S_ISBLK(mode) && !S_ISFIFO(mode) && !S_ISSOCK(mode);
}

/*
 * Descriptor 0 of a table of the worker's own is @file, so that the op works
 * on what was meant at submission, whatever became of the descriptor since.
 */
static bool xsc_worker_swap_files(struct xsc_worker *w, struct file *file,
				  struct files_struct **saved)
{
	struct fdtable *fdt;

	if (!w->files) {
		struct files_struct *files = dup_fd(&init_files, NULL);
		unsigned int i;

		if (IS_ERR(files))
			return false;
		/* Nobody else has it yet. */
		fdt = rcu_dereference_raw(files->fdt);
		for (i = 0; i < fdt->max_fds; i++) {
			struct file *f = rcu_access_pointer(fdt->fd[i]);

			RCU_INIT_POINTER(fdt->fd[i], NULL);
			if (f)
				fput(f);
		}
		w->files = files;
	}
	fdt = rcu_dereference_raw(w->files->fdt);
	rcu_assign_pointer(fdt->fd[0], file);
	task_lock(current);
	*saved = current->files;
	current->files = w->files;
	task_unlock(current);
	return true;
}

static void xsc_worker_swap_back(struct xsc_worker *w,
				 struct files_struct *saved)
{
	struct fdtable *fdt = rcu_dereference_raw(w->files->fdt);

	task_lock(current);
	current->files = saved;
	task_unlock(current);
	RCU_INIT_POINTER(fdt->fd[0], NULL);
}

/* Run the call until it has a result.  Restarts are ours to do. */
static s64 xsc_worker_loop(struct xsc_req *req, u32 nr, const u64 *args)
{
	bool rest = args == req->try.args && xsc_in_parts(&req->try);
	struct ksignal ksig;
	s64 res = 0;

	for (;;) {
		if (READ_ONCE(req->cancelled))
			return xsc_req_stopped(req);
		if (res == -ERESTART_RESTARTBLOCK)
			res = current->restart_block.fn(&current->restart_block);
		else if (rest)
			res = xsc_try_rest(&req->try);
		else
			res = xsc_arch_worker_op(nr, args);
		if (res == -EINTR && READ_ONCE(req->cancelled))
			return xsc_req_stopped(req);
		if (!xsc_interrupted(res))
			return res;
		if (READ_ONCE(req->cancelled))
			return xsc_req_stopped(req);
		/* A stop, the freezer, a task work; or the end. */
		if (fatal_signal_pending(current) ||
		    (signal_pending(current) && get_signal(&ksig)))
			return -EINTR;
	}
}

/**
 * xsc_worker_call() - run a call in a worker
 * @w:		the worker
 * @req:	for whom
 * @nr:		system-call number
 * @args:	its arguments
 * @file:	the file that it is about, or NULL
 *
 * Return: its result; as xsc_req_stopped() when a cancel interrupted it.
 */
s64 xsc_worker_call(struct xsc_worker *w, struct xsc_req *req, u32 nr,
		    const u64 *args, struct file *file)
{
	struct files_struct *saved;
	u64 own[6];
	s64 res;

	/* What is left of a vector is done with its file. */
	if (!file || !xsc_by_fd(xsc_optable[nr].flags) ||
	    xsc_in_parts(&req->try))
		return xsc_worker_loop(req, nr, args);
	if (!(xsc_optable[nr].flags & XSC_OPF_FD) || xsc_file_makes_fds(file)) {
		struct file *now = fget(args[0]);

		/* It needs the table of the process; the file must be there. */
		if (now != file)
			res = -EBADF;
		else
			res = xsc_worker_loop(req, nr, args);
		if (now)
			fput(now);
		return res;
	}
	if (!xsc_worker_swap_files(w, file, &saved))
		return -ENOMEM;
	memcpy(own, args, sizeof(own));
	own[0] = 0;
	res = xsc_worker_loop(req, nr, own);
	xsc_worker_swap_back(w, saved);
	return res;
}

/*
 * May a worker take from the heavy queue, and still leave somebody for the
 * light one?
 */
static bool xsc_pool_spares_locked(const struct xsc_pool *pool)
{
	return !list_empty(&pool->idle) || pool->nr_workers == 1 ||
	       pool->nr_workers < READ_ONCE(xsc_workers_max) || !pool->task;
}

/* The first request of a list, the caller's now, or NULL. */
static struct xsc_req *xsc_req_take_locked(struct list_head *list)
{
	struct xsc_req *req;

	req = list_first_entry_or_null(list, struct xsc_req, node);
	if (req) {
		list_del_init(&req->node);
		req->state = XSC_REQ_OWNED;
	}
	return req;
}

/* Next request; with *@make, another worker has to be made before it runs. */
static struct xsc_req *xsc_worker_take(struct xsc_pool *pool, bool *make)
{
	struct xsc_req *req;

	*make = false;
	spin_lock_irq(&pool->lock);
	req = xsc_req_take_locked(&pool->light);
	if (!req && !list_empty(&pool->heavy) &&
	    xsc_pool_spares_locked(pool)) {
		req = xsc_req_take_locked(&pool->heavy);
		*make = list_empty(&pool->idle) && pool->task &&
			pool->nr_workers < READ_ONCE(xsc_workers_max);
		if (*make)
			pool->nr_workers++;
	}
	if (req)
		req->runner = current;
	spin_unlock_irq(&pool->lock);
	return req;
}

/*
 * It goes, for lack of work; false if there may be some after all.  Direct I/O
 * is counted without the lock, see xsc_short_start().
 */
static bool xsc_worker_leaves_locked(struct xsc_pool *pool)
{
	if (pool->nr_workers == 1 && atomic_read(&pool->nr_reqs))
		return false;
	WRITE_ONCE(pool->nr_workers, pool->nr_workers - 1);
	/* Pairs with smp_mb__after_atomic() there. */
	smp_mb();
	if (likely(pool->nr_workers || !atomic_read(&pool->nr_reqs)))
		return true;
	WRITE_ONCE(pool->nr_workers, 1);
	return false;
}

/* Sleep until there is work; true when the worker has to go. */
static bool xsc_worker_idle(struct xsc_pool *pool, struct xsc_worker *w)
{
	bool leave = false;
	long left = 1;

	spin_lock_irq(&pool->lock);
	set_current_state(TASK_INTERRUPTIBLE);
	if (!pool->task && list_empty(&pool->light) &&
	    list_empty(&pool->heavy)) {
		pool->nr_workers--;
		leave = true;
	} else if (list_empty(&pool->light) &&
		   (list_empty(&pool->heavy) ||
		    !xsc_pool_spares_locked(pool))) {
		list_add(&w->node, &pool->idle);
		spin_unlock_irq(&pool->lock);
		left = schedule_timeout(XSC_IDLE_TIMEOUT);
		spin_lock_irq(&pool->lock);
		list_del_init(&w->node);
		if (!left && list_empty(&pool->light) &&
		    list_empty(&pool->heavy))
			leave = xsc_worker_leaves_locked(pool);
	}
	__set_current_state(TASK_RUNNING);
	spin_unlock_irq(&pool->lock);
	return leave;
}

static int xsc_worker_main(void *arg)
{
	struct xsc_worker w = { .task = current };
	struct xsc_pool *pool = arg;
	char name[TASK_COMM_LEN];
	bool gone = false, make;
	struct xsc_req *req;
	struct ksignal ksig;
	int code;

	INIT_LIST_HEAD(&w.node);
	snprintf(name, sizeof(name), "xsc-wrk-%d", task_tgid_nr(current));
	set_task_comm(current, name);

	while (!gone) {
		req = xsc_worker_take(pool, &make);
		if (make)
			xsc_worker_make(pool);
		if (req) {
			if (req->light)
				xsc_req_advance(req);
			else
				xsc_req_run(req, &w);
			/* Flags of a cancel are not the next one's. */
			xsc_run_notified();
		} else {
			xsc_run_notified();
			gone = xsc_worker_idle(pool, &w);
		}
		if (signal_pending(current) && get_signal(&ksig)) {
			spin_lock_irq(&pool->lock);
			if (!gone)
				pool->nr_workers--;
			spin_unlock_irq(&pool->lock);
			break;
		}
	}

	if (w.files)
		put_files_struct(w.files);
	code = READ_ONCE(pool->code);
	xsc_pool_put(pool);
	do_exit(code);
}

/**
 * xsc_pool_serve() - try what became ready
 * @pool:	the current thread's pool, xsc_pool_wait_end() follows
 * @ring:	the ring for which the thread waits
 * @file:	its file, which the thread holds
 *
 * All of it, so that what ends together is told together; but no more than is
 * in flight, since a file may be woken in vain again and again.
 */
void xsc_pool_serve(struct xsc_pool *pool, struct xsc_ring *ring,
		    struct file *file)
{
	struct xsc_req *req;
	unsigned int left;

	current->xsc.bell = file;
	WRITE_ONCE(pool->serving, ring);
	spin_lock_irq(&pool->lock);
	pool->attends = XSC_ATTENDS;
	list_splice_tail_init(&pool->later, &pool->light);
	for (left = atomic_read(&pool->nr_reqs); left; left--) {
		req = xsc_req_take_locked(&pool->light) ?:
		      xsc_req_take_locked(&pool->watched);
		if (!req)
			break;
		spin_unlock_irq(&pool->lock);
		xsc_req_advance(req);
		spin_lock_irq(&pool->lock);
	}
	spin_unlock_irq(&pool->lock);
	WRITE_ONCE(pool->serving, NULL);
	current->xsc.bell = NULL;
	xsc_ring_wake(ring);
}

/**
 * xsc_pool_abort() - the thread dies in an op that it runs for itself
 * @pool:	its pool
 *
 * Gives back what those hold that called xsc_watch_advance().
 */
void xsc_pool_abort(struct xsc_pool *pool)
{
	struct xsc_ring *ring = pool->serving;

	WRITE_ONCE(pool->serving, NULL);
	if (ring)
		xsc_ring_wake(ring);
	if (pool->calling)
		xsc_pool_put(pool);
	pool->calling = false;
}

/**
 * xsc_pool_sleeps() - the current thread is going to sleep
 * @pool:	its pool
 *
 * Return: false if there is something to be served.
 */
bool xsc_pool_sleeps(struct xsc_pool *pool)
{
	bool sleeps;

	spin_lock_irq(&pool->lock);
	sleeps = !xsc_pool_is_asked(pool);
	if (sleeps)
		pool->attends = XSC_ASLEEP;
	spin_unlock_irq(&pool->lock);
	return sleeps;
}

/**
 * xsc_pool_wait_end() - the current thread does not wait any more
 * @pool:	its pool
 */
void xsc_pool_wait_end(struct xsc_pool *pool)
{
	struct xsc_req *req, *next;

	spin_lock_irq(&pool->lock);
	pool->attends = XSC_AWAY;
	xsc_pool_account(pool);
	list_for_each_entry_safe(req, next, &pool->light, node)
		if (xsc_req_defers_locked(req))
			list_move_tail(&req->node, &pool->later);
	if (unlikely(!list_empty(&pool->light)))
		xsc_pool_kick_locked(pool);
	list_for_each_entry(req, &pool->watched, node) {
		if (!xsc_req_defers_locked(req)) {
			xsc_pool_call_locked(pool);
			break;
		}
	}
	spin_unlock_irq(&pool->lock);
}

/*
 * The thread is on its way to user mode, where the result of the call that it
 * comes from must stay what it is.
 */
static void xsc_pool_answer(struct callback_head *work)
{
	struct xsc_pool *pool = container_of(work, struct xsc_pool, call);
	struct pt_regs *regs = current_pt_regs();
	long result = regs_return_value(regs);
	bool dies = current->xsc.exits;
	struct xsc_req *req;

	pool->calling = true;
	spin_lock_irq(&pool->lock);
	while (!dies && pool->task && !signal_pending(current)) {
		req = xsc_req_take_locked(&pool->watched);
		if (!req)
			break;
		spin_unlock_irq(&pool->lock);
		xsc_watch_advance(req);
		spin_lock_irq(&pool->lock);
	}
	pool->called = false;
	/* A signal comes first. */
	if (!dies)
		xsc_pool_call_locked(pool);
	spin_unlock_irq(&pool->lock);
	pool->calling = false;
	regs_set_return_value(regs, result);
	xsc_pool_put(pool);
}

static void xsc_pool_called(struct callback_head *work)
{
	xsc_resume_call(work, xsc_pool_answer);
}

/**
 * xsc_pool_exit() - the current thread ends, or becomes another program
 * @code:	what it ends with
 *
 * Its requests are cancelled: those that wait are complete when this returns,
 * those that run are interrupted and end by themselves, as do the workers.
 */
void xsc_pool_exit(int code)
{
	struct xsc_pool *pool = current->xsc.pool;
	struct xsc_worker *w, *next;
	struct xsc_req *req;

	current->xsc.pool = NULL;
	pool->code = code;
	xsc_poller_pool_exit(pool);
	spin_lock_irq(&pool->lock);
	xsc_pool_account(pool);
	WRITE_ONCE(pool->task, NULL);
	pool->attends = XSC_AWAY;
again:
	hlist_for_each_entry(req, &pool->reqs, pool_node) {
		req->cancelled = true;
		if (xsc_req_claim_locked(req)) {
			spin_unlock_irq(&pool->lock);
			xsc_req_cancel(req);
			spin_lock_irq(&pool->lock);
			goto again;
		}
		if (req->runner)
			set_notify_signal(req->runner);
	}
	list_for_each_entry_safe(w, next, &pool->idle, node) {
		list_del_init(&w->node);
		wake_up_process(w->task);
	}
	spin_unlock_irq(&pool->lock);
	xsc_pool_put(pool);
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * xsc_async.h - rings, and ops that go on when the doorbell has ended
 *
 * Built in: a worker, a timer or a file may end an op when xsc.ko has been
 * unloaded.  How it works is in docs/RINGS.md.
 *
 * Locks, outermost first:
 *
 *   ring->lock		mutex; doorbells.  Held while ops of the caller run.
 *   poller->lock		which rings are polled.  Process context only.
 *   ring->cq_lock	cq_tail, CQEs, inflight, reqs.  Interrupts off.
 *   (a file's wait queue)
 *   pool->lock		states and queues of requests.  Interrupts off.
 *
 * A function whose name ends in _locked needs pool->lock held.
 */
#ifndef _DRIVERS_XSC_ASYNC_H
#define _DRIVERS_XSC_ASYNC_H

#include <linux/blkdev.h>
#include <linux/close_range.h>
#include <linux/fsnotify.h>
#include <linux/hashtable.h>
#include <linux/hrtimer.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/nospec.h>
#include <linux/poll.h>
#include <linux/refcount.h>
#include <linux/sched/xacct.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "xsc.h"
#include "xsc_adapt.h"

/* xsc_start(): the op goes on by itself; never a result for a user */
#define XSC_GOES_ON	(-EIOCBQUEUED)

/* How far back a forward reaches: results kept of a chain. */
#define XSC_CHAIN_RES	256

struct xsc_buffers;
struct xsc_poller;
struct xsc_worker;

/**
 * struct xsc_region - one of the two shared regions of a ring
 * @pages:	its pages, each with a reference of its own and inserted one by
 *		one, so that a mapping outlives the ring safely
 * @nr:		how many
 * @addr:	the kernel's mapping
 */
struct xsc_region {
	struct page	**pages;
	unsigned int	nr;
	void		*addr;
};

/**
 * struct xsc_ring - a ring
 * @mm:		the process that it serves; compared, never used
 * @lock:	held by the thread that runs a doorbell
 * @c:		the doorbell that runs; here and not on the stack, which hardened
 *		kernels would clear each time.  All up to @sqe: @lock.
 * @bell:	the ring's file, of which the doorbell holds a reference
 * @sq_first:	@sq_head when it began
 * @fwd_first:	without @async, the SQE where forwards may begin
 * @torn:	the last doorbell did not get to the end of what it was to take: the
 *		next goes on with its chain, and with its forwards
 * @sqe:	our copy of the one being run
 * @ref:	one for the file, one for each request
 * @sr:		SQEs and the user's indices; mapped read-only here
 * @cr:		CQEs and our indices; mapped read-only for the user
 * @sqes:	inside @sr
 * @cqes:	inside @cr
 * @sq_mask:	SQ entries less one
 * @cq_mask:	CQ entries less one
 * @sq_head:	our own copy of the index: what stands in @cr is for reading
 * @async:	XSC_RING_ASYNC
 * @defer:	XSC_RING_DEFER
 * @wants:	CQEs that the thread which rings will wait for, for as long as it
 *		takes; @lock
 * @spin_max:	XSC_RING_SPIN: nanoseconds that a thread spins at most, or 0
 * @spin:	what it does now; waits change it, and a lost change is harmless
 * @pool:	of the thread that rang last; a reference, or NULL
 * @shared:	more than one thread has rung
 * @crowded:	one had to wait for the doorbell of another
 * @direct_fd:	the descriptor of the last op that went to a device, or -1: a
 *		read of it is most likely not in memory; a hint
 * @file:	its file, no reference
 * @poll:	XSC_RING_POLL
 * @adaptive:	XSC_RING_ADAPT
 * @polling:	the poller has @lock
 * @poll_idle:	microseconds
 * @poll_last:	when the poller last found something
 * @poller:	whose it is; a reference, or NULL.  Changed with @lock held.
 * @poll_pool:	of the thread in whose name it is polled; a reference
 * @poll_cred:	that thread's; a reference
 * @poll_node:	in poller->rings
 * @rescue:	has the thread ring the doorbell
 * @rescued:	@rescue is on its way
 * @adapt:	see xsc_adapt.h
 * @hand:	for the next op that goes to a device the short way: its SQE is
 *		read into it; or NULL
 * @refused:	the short way found that the SQE at hand is for a worker
 * @chain:	results of the chain that a doorbell runs; with @async
 * @plug:	block I/O of a doorbell, handed to the devices many at a time
 * @plugged:	@plug is in use
 * @cq_lock:	all below
 * @cq_tail:	as @sq_head.  Without requests the doorbell alone changes it.
 * @inflight:	CQEs promised to requests
 * @seq:	of the next request
 * @reqs:	requests, but those in @direct, the oldest first
 * @direct:	those that a device has by the short way, the youngest first:
 *		xsc_direct.c
 * @nr_direct:	how many
 * @left_pool:	all of these are of this pool, and @pool is not it any more; their
 *		reference, or NULL
 * @closed:	its file is; @direct has its reference, if there are any
 * @spare:	for the next of them
 * @nr_spare:	how many
 * @buffers:	registered ones, a reference; or NULL
 * @cq_wait:	who waits for CQEs
 * @free_work:	the end of the ring, if its last reference was an interrupt's
 */
struct xsc_ring {
	const struct mm_struct	*mm;
	struct mutex		lock;	/* one doorbell at a time */
	struct xsc_container	c;
	struct file		*bell;
	u32			sq_first;
	u32			fwd_first;
	bool			torn;
	struct xsc_sqe		sqe;
	struct kref		ref;
	struct xsc_region	sr;
	struct xsc_region	cr;
	const struct xsc_sqe	*sqes;
	struct xsc_cqe		*cqes;
	u32			sq_mask;
	u32			cq_mask;
	u32			sq_head;
	bool			async;
	bool			defer;
	u32			wants;
	u32			spin_max;
	u32			spin;
	struct xsc_pool		*pool;
	bool			shared;
	bool			crowded;
	bool			refused;
	int			direct_fd;
	struct xsc_req		*hand;
	s64			*chain;
	struct blk_plug		plug;
	bool			plugged;

	struct file		*file;
	bool			poll;
	bool			adaptive;
	bool			polling;
	u32			poll_idle;
	u64			poll_last;
	struct xsc_poller	*poller;
	struct xsc_pool		*poll_pool;
	const struct cred	*poll_cred;
	struct list_head	poll_node;
	struct callback_head	rescue;
	bool			rescued;
	struct xsc_adapt	adapt;

	spinlock_t		cq_lock;	/* completions */
	u32			cq_tail;
	u32			inflight;
	u32			seq;
	struct list_head	reqs;
	struct hlist_head	direct;
	unsigned int		nr_direct;
	struct xsc_pool		*left_pool;
	bool			closed;
	struct hlist_head	spare;
	unsigned int		nr_spare;
	struct xsc_buffers	*buffers;
	wait_queue_head_t	cq_wait;
	struct work_struct	free_work;
};

/**
 * struct xsc_try - an op that may not block
 * @nr:		system-call number
 * @flags:	its XSC_OPF_*
 * @poll_first:	its file is to be ready before the first try
 * @watched:	a control looks at the submitter, which runs the op itself
 * @vector:	@args cannot say what is left when a part of the work is done
 * @waits:	it may wait: for what is left of a vector
 * @limited:	the wait for its file ends at @expires
 * @file:	the file that it is about, at submission; or NULL
 * @events:	poll events to wait for, besides errors; 0: those for its direction
 * @args:	the kernel's copy; changed when a part of the work is done
 * @done:	bytes moved so far
 * @res:	result
 * @expires:	for XSC_TRY_TIMER, and with @limited
 * @mode:	likewise
 * @clock:	likewise
 */
struct xsc_try {
	u32			nr;
	u8			flags;
	bool			poll_first;
	bool			watched;
	bool			vector;
	bool			waits;
	bool			limited;
	struct file		*file;
	__poll_t		events;
	u64			*args;
	s64			done;
	s64			res;
	ktime_t			expires;
	enum hrtimer_mode	mode;
	clockid_t		clock;
};

/* What has come of it. */
enum xsc_tried {
	XSC_TRY_DONE,		/* it has run: xsc_try.res */
	XSC_TRY_CALLER,		/* the call itself does not block, or must not
				 * leave the caller
				 */
	XSC_TRY_AGAIN,		/* when its file is ready */
	XSC_TRY_POLL,		/* when its file is ready, by a worker */
	XSC_TRY_TIMER,		/* done when the time has come */
	XSC_TRY_DIRECT,		/* ends by itself: xsc_direct.c */
	XSC_TRY_WORKER,		/* by a worker */
};

enum xsc_req_state {
	XSC_REQ_OWNED,		/* a thread makes, runs or ends it */
	XSC_REQ_HELD,		/* stands behind another on its file */
	XSC_REQ_ARMED,		/* waits for its file or its time */
	XSC_REQ_QUEUED,		/* on one of the pool's lists */
};

/**
 * struct xsc_wait - a place in a wait queue of the file
 * @head:	the wait queue, or NULL
 * @entry:	our entry
 * @req:	whose it is
 */
struct xsc_wait {
	struct wait_queue_head	*head;
	struct wait_queue_entry	entry;
	struct xsc_req		*req;
};

/* A tty has two wait queues; more than that is for a worker. */
#define XSC_WAITS	2

/**
 * struct xsc_req - an op, or the rest of a chain, that goes on by itself
 * @ring:	where it came from and where its CQEs go; a reference
 * @pool:	of the thread that submitted it; a reference, see also @direct of
 *		the ring
 * @ring_node:	in ring->reqs
 * @pool_node:	in pool->reqs; when it has ended, in pool->spare.  By the short
 *		way of direct I/O in the ring's lists of that.
 * @node:	in one of the pool's lists or another's @behind
 * @seq:	of those of its ring, how many went before it; wraps
 * @order:	in pool->order: first of those on its file
 * @behind:	the others, in order
 * @creds:	at submission; a reference
 * @runner:	the worker that runs it, to be interrupted by a cancel
 * @state:	pool->lock
 * @woken:	its file became ready while a thread owned it; pool->lock
 * @cancelled:	pool->lock; also read without it by the owner
 * @ordered:	it is in pool->order
 * @light:	a try will do
 * @timed:	@timer is in use
 * @bounded:	@expiry is, or was
 * @expired:	cancelled by it, which has not been told yet; pool->lock until then
 * @direct:	direct I/O has ended, with try.res
 * @try:	the op at @at, with a reference to its file
 * @events:	poll events that make it ready, errors included
 * @wait:	in the file's wait queues
 * @timer:	for sleeps and limits
 * @expiry:	XSC_OP_LIMIT
 * @kiocb:	for direct I/O
 * @halves:	likewise, who still uses @kiocb: the file system that was called, and
 *		the device
 * @work:	for the end of that when the thread is gone
 * @buffers:	likewise, the registered ones that a device uses; a reference
 * @nr:		SQEs
 * @pos:	the next of them
 * @sqes:	@sqe, or a chain's
 * @results:	of the chain so far, XSC_CHAIN_RES of them; NULL if none
 * @at:		the SQE that @try is of
 * @base:	position in the chain of SQE 0
 * @sqe:	the only one
 */
struct xsc_req {
	struct xsc_ring		*ring;
	struct xsc_pool		*pool;
	struct list_head	ring_node;
	struct hlist_node	pool_node;
	struct list_head	node;
	u32			seq;
	struct hlist_node	order;
	struct list_head	behind;
	const struct cred	*creds;
	struct task_struct	*runner;
	enum xsc_req_state	state;
	bool			woken;
	bool			cancelled;
	bool			ordered;
	bool			light;
	bool			timed;
	bool			bounded;
	bool			expired;
	bool			direct;
	struct xsc_try		try;
	__poll_t		events;
	struct xsc_wait		wait[XSC_WAITS];
	struct hrtimer		expiry;
	union {
		struct hrtimer		timer;
		struct {
			struct kiocb		kiocb;
			atomic_t		halves;
			struct work_struct	work;
			struct xsc_buffers	*buffers;
		};
	};
	unsigned int		nr;
	unsigned int		pos;
	unsigned int		at;
	struct xsc_sqe		*sqes;
	s64			*results;
	unsigned int		base;
	struct xsc_sqe		sqe;
};

/* Does a thread look at pool->light? */
enum xsc_attends {
	XSC_AWAY,		/* no */
	XSC_ATTENDS,		/* it will, before it sleeps or leaves */
	XSC_ASLEEP,		/* when it is woken */
};

/**
 * struct xsc_pool - the requests of one thread, and the workers for them
 * @ref:	the thread, each worker, each request, rings that it rang
 * @files:	the thread's when the pool was made; compared, never used
 * @fs:		likewise
 * @nsproxy:	likewise
 * @lock:	all below
 * @poller:	the thread's; a reference, or NULL
 * @task:	the thread; NULL once it is gone
 * @serving:	the ring for which it takes from @light, to be told its CQEs when
 *		that is done, or NULL; the thread's own
 * @attends:	it waits for CQEs and takes from @light itself
 * @nr_workers:	those that exist or are being made
 * @nr_reqs:	requests; the only one that changes without @lock
 * @reqs:	all of them but those in a ring's list of direct I/O
 * @spare:	some that have ended: the next need not be allocated and cleared
 * @nr_spare:	how many
 * @calls:	direct I/O that has ended, [0] reads and [1] writes, to be counted
 *		for the process; without @lock
 * @moved:	its bytes
 * @light:	to be tried again
 * @later:	the same, at the next doorbell: XSC_RING_DEFER
 * @heavy:	for a worker, which may block
 * @watched:	for the thread itself: xsc_watched.c
 * @call:	has the thread look at @watched
 * @called:	@call is on its way, with a reference to the pool
 * @calling:	it is being run; the thread's own
 * @idle:	workers without work
 * @code:	what the thread has ended with: its workers end after it, and the last
 *		thread's code is that of the process
 * @order:	requests that are the first on their file
 */
struct xsc_pool {
	refcount_t		ref;
	const void		*files;
	const void		*fs;
	const void		*nsproxy;
	struct xsc_poller	*poller;
	struct xsc_ring		*serving;
	spinlock_t		lock;	/* states, queues, workers */
	struct task_struct	*task;
	enum xsc_attends	attends;
	unsigned int		nr_workers;
	atomic_t		nr_reqs;
	struct hlist_head	reqs;
	struct hlist_head	spare;
	unsigned int		nr_spare;
	atomic64_t		calls[2];
	atomic64_t		moved[2];
	struct list_head	light;
	struct list_head	later;
	struct list_head	heavy;
	struct list_head	watched;
	struct callback_head	call;
	bool			called;
	bool			calling;
	struct list_head	idle;
	int			code;
	DECLARE_HASHTABLE(order, 6);
};

/**
 * struct xsc_consumer - how the ops of a family are taken off a ring
 * @family:	enum xsc_family
 * @interrupted: a signal ended the op before it had any effect.  A restart code
 *		(xsc_interrupted()) leaves the SQE in the ring for the next
 *		doorbell; all else is the result.
 */
struct xsc_consumer {
	enum xsc_family family;
	s64 (*interrupted)(const struct xsc_sqe *sqe, s64 res);
};

/* xsc_consume_*.c */
extern const struct xsc_consumer xsc_consumer_fs;
extern const struct xsc_consumer xsc_consumer_net;
extern const struct xsc_consumer xsc_consumer_timer;
extern const struct xsc_consumer xsc_consumer_sync;
extern const struct xsc_consumer xsc_consumer_signal;

/* xsc_doorbell.c: ringing */
void xsc_ring_rescued(struct callback_head *work);
long xsc_ring_defer(struct file *file, struct xsc_ring_enter __user *uarg);

/* The ring of a file that the current process may ring, or an ERR_PTR. */
static inline struct xsc_ring *xsc_ring_of(struct file *file)
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

/* SQEs that the doorbell has consumed. */
static __always_inline u32 xsc_ring_done(const struct xsc_ring *ring)
{
	return ring->sq_head - ring->sq_first;
}

/* xsc_run.c: SQEs */
long xsc_ring_run(struct xsc_ring *ring, struct file *file, u32 to_submit,
		  u32 wants);
int xsc_ring_chain_prior(struct xsc_container *c, unsigned int back, s64 *res);
void xsc_ring_abort(struct xsc_container *c);

/* xsc_cancel.c: ops that end early */
s64 xsc_ring_cancel(struct xsc_ring *ring, const struct xsc_sqe *sqe);
s64 xsc_ring_limit(struct xsc_ring *ring, const struct xsc_sqe *sqe);
void xsc_ring_close(struct xsc_ring *ring);

/* xsc_wait.c: waiting for CQEs */
void xsc_ring_undefer(struct xsc_ring *ring);
long xsc_ring_sleep(struct xsc_ring *ring, struct file *file, u32 target,
		    ktime_t *until);

/* Nothing will come any more, or there is enough. */
static inline bool xsc_ring_reached(const struct xsc_ring *ring, u32 target)
{
	return (s32)(READ_ONCE(ring->cq_tail) - target) >= 0 ||
	       !READ_ONCE(ring->inflight);
}

/**
 * xsc_ring_wait() - wait until there are CQEs to read
 * @ring:	the ring
 * @file:	its file, with a reference, which is given back if the thread dies
 *		here
 * @min:	how many; fewer if nothing more is in flight; 0 with XSC_RING_DEFER
 * @until:	end of the wait on the monotonic clock, or NULL
 *
 * The thread's own requests that become ready are tried here, so that they
 * need no worker.
 *
 * Return: 0, -ETIME or -EINTR.
 */
static inline long xsc_ring_wait(struct xsc_ring *ring, struct file *file,
				 u32 min, ktime_t *until)
{
	const struct xsc_sr_hdr *sr = ring->sr.addr;
	u32 target = READ_ONCE(sr->cq_head) + min(min, ring->cq_mask + 1);

	if (!ring->defer && xsc_ring_reached(ring, target))
		return 0;
	return xsc_ring_sleep(ring, file, target, until);
}

/* xsc_async.c: what a ring has in flight */
void xsc_ring_init(struct xsc_ring *ring);
void xsc_ring_put(struct xsc_ring *ring);
void xsc_ring_leave_pool(struct xsc_ring *ring);
void xsc_region_free(struct xsc_region *r);
s64 xsc_start(struct xsc_container *c, struct xsc_ring *ring,
	      struct xsc_sqe *sqe);
void xsc_req_advance(struct xsc_req *req);
void xsc_req_run(struct xsc_req *req, struct xsc_worker *w);
bool xsc_req_post(struct xsc_req *req, s64 res);
void xsc_req_keep_result(struct xsc_req *req, s64 res);
int xsc_req_prior(struct xsc_container *c, unsigned int back, s64 *res);
const struct cred *xsc_req_become(const struct xsc_req *req);
void xsc_req_unbecome(const struct cred *saved);
void xsc_req_start_timer(struct xsc_req *req);
bool xsc_req_sleep(struct xsc_req *req);
void xsc_req_disarm(struct xsc_req *req);
void xsc_req_queue(struct xsc_req *req);
s64 xsc_req_stopped(struct xsc_req *req);
void xsc_req_cancel(struct xsc_req *req);
void xsc_req_end(struct xsc_req *req, s64 res);
void xsc_req_end_direct(struct xsc_req *req, s64 res);
void xsc_req_queue_locked(struct xsc_req *req);
void xsc_req_wake(struct xsc_req *req);
bool xsc_req_claim_locked(struct xsc_req *req);
void xsc_req_free_spare(struct hlist_head *spare);
struct xsc_req *xsc_req_alloc(struct xsc_ring *ring);
void xsc_req_free_memory(struct xsc_req *req);

/* xsc_direct.c: direct I/O */
enum xsc_directed { XSC_DIRECT_GOES_ON, XSC_DIRECT_DONE, XSC_DIRECT_NOT };

/**
 * xsc_direct_try() - can an op be direct I/O?
 * @file:	with O_DIRECT
 * @out:	a write
 * @pos:	where
 *
 * Return: false if a worker has to run it.
 */
static __always_inline bool xsc_direct_try(const struct file *file, bool out,
					   loff_t pos)
{
	fmode_t need = FMODE_NOWAIT | (out ? FMODE_PWRITE | FMODE_CAN_WRITE :
					     FMODE_PREAD | FMODE_CAN_READ) |
		       (out ? FMODE_WRITE : FMODE_READ);

	return pos >= 0 && (file->f_mode & need) == need &&
	       (out ? !file->f_op->write && file->f_op->write_iter :
		      !file->f_op->read && file->f_op->read_iter);
}

/**
 * xsc_direct_may() - the same for any file
 * @file:	the file
 * @out:	a write
 * @pos:	where
 *
 * Return: true if the op is direct I/O.
 */
static __always_inline bool xsc_direct_may(const struct file *file, bool out,
					   loff_t pos)
{
	umode_t mode = file_inode(file)->i_mode;

	return file->f_flags & O_DIRECT && (S_ISREG(mode) || S_ISBLK(mode)) &&
	       xsc_direct_try(file, out, pos);
}

enum xsc_directed xsc_direct_start(struct xsc_req *req);
s64 xsc_direct_result(struct xsc_req *req);
s64 xsc_direct_call(struct xsc_ring *ring, const struct xsc_sqe *sqe);
u32 xsc_direct_run(struct xsc_ring *ring, u32 left);

/* xsc_buffers.c: registered buffers */
int xsc_buffers_drop(struct xsc_ring *ring);
unsigned int xsc_buffers_nr(struct xsc_ring *ring);
s64 xsc_buffers_check(struct xsc_container *c, struct xsc_ring *ring,
		      const struct xsc_sqe *sqe);
int xsc_buffers_iter(struct xsc_req *req, struct iov_iter *iter, bool out);
void xsc_buffers_put(struct xsc_req *req);

/* xsc_poll.c: waiting for a file */
enum xsc_armed { XSC_ARMED, XSC_ARM_READY, XSC_ARM_NOT };

struct fd xsc_poll_file(struct xsc_try *t);
enum xsc_tried xsc_try_poll(struct xsc_try *t, bool now);
enum xsc_tried xsc_try_epoll(struct xsc_try *t);
bool xsc_poll_ready(const struct xsc_try *t);
enum xsc_armed xsc_poll_arm(struct xsc_req *req);
void xsc_poll_disarm(struct xsc_req *req);

/* xsc_pool.c: worker threads */
struct xsc_pool *xsc_pool_take(struct xsc_ring *ring);
void xsc_pool_put(struct xsc_pool *pool);
bool xsc_pool_reserve(struct xsc_pool *pool);
void xsc_pool_add(struct xsc_pool *pool, struct xsc_req *req);
void xsc_pool_unreserve(struct xsc_pool *pool, struct xsc_req *req);
struct xsc_req *xsc_pool_reuse(struct xsc_pool *pool);
void xsc_pool_kick_locked(struct xsc_pool *pool);
void xsc_pool_light_locked(struct xsc_pool *pool, struct xsc_req *req);
void xsc_pool_watched_locked(struct xsc_pool *pool, struct xsc_req *req);
void xsc_pool_call_locked(struct xsc_pool *pool);
void xsc_pool_serve(struct xsc_pool *pool, struct xsc_ring *ring,
		    struct file *file);
void xsc_pool_abort(struct xsc_pool *pool);
bool xsc_pool_sleeps(struct xsc_pool *pool);
void xsc_pool_wait_end(struct xsc_pool *pool);
s64 xsc_worker_call(struct xsc_worker *w, struct xsc_req *req, u32 nr,
		    const u64 *args, struct file *file);

/* xsc_poller.c: consuming SQEs without a doorbell */
void xsc_poller_rang(struct xsc_ring *ring, unsigned int nr, bool full);

/* SQEs that nobody has consumed; a hint. */
static inline bool xsc_ring_has_sqes(const struct xsc_ring *ring)
{
	const struct xsc_sr_hdr *sr = ring->sr.addr;

	return READ_ONCE(sr->sq_tail) != READ_ONCE(ring->sq_head);
}

/**
 * xsc_poller_doorbell() - a doorbell ends
 * @ring:	the ring, locked
 * @ret:	SQEs that it consumed, or an error
 *
 * Most of those of a ring with XSC_RING_ADAPT only add to a count.
 */
static __always_inline void xsc_poller_doorbell(struct xsc_ring *ring, long ret)
{
	const struct xsc_cr_hdr *cr = ring->cr.addr;

	if (!ring->poll)
		return;
	if (ret <= 0 || !ring->adaptive || !READ_ONCE(cr->need_wakeup) ||
	    xsc_ring_has_sqes(ring) || !xsc_adapt_skips(&ring->adapt, ret))
		xsc_poller_rang(ring, ret < 0 ? 0 : ret,
				ret == -EBUSY || ret == -EINVAL);
}

bool xsc_polled(const struct xsc_ring *ring, const struct xsc_sqe *sqe);
void xsc_poller_leave(struct xsc_ring *ring);
void xsc_poller_pool_exit(struct xsc_pool *pool);

/* xsc_try.c: ops that may not block */
enum xsc_tried xsc_try(struct xsc_try *t);
bool xsc_try_later(struct xsc_try *t);
enum xsc_tried xsc_try_done(struct xsc_try *t, s64 res);
s64 xsc_try_rest(struct xsc_try *t);

/* xsc_watched.c: ops that a control sees */
enum xsc_tried xsc_watch_first(struct xsc_container *c, struct xsc_try *t,
			       bool held);
void xsc_watch_settle(struct xsc_req *req, enum xsc_tried tried);
void xsc_watch_advance(struct xsc_req *req);

/**
 * xsc_quiet() - is there no CQE?
 * @flags:	of an SQE of an asynchronous ring
 * @res:	its result
 *
 * Return: true if so.
 */
static inline bool xsc_quiet(u16 flags, s64 res)
{
	return flags & XSC_SQE_QUIET && !IS_ERR_VALUE((unsigned long)res);
}

/* Ops before which a doorbell says what it has done so far. */
#define XSC_OPF_LASTS	(XSC_OPF_BLOCK | XSC_OPF_CALLER | XSC_OPF_POS)

/**
 * xsc_lasts() - may an op last?
 * @op:		its number, also an unknown one
 *
 * Return: true if a doorbell says before it what it has done so far.
 */
static inline bool xsc_lasts(u32 op)
{
	return op < NR_syscalls &&
	       xsc_optable[array_index_nospec(op, NR_syscalls)].flags &
	       XSC_OPF_LASTS;
}

/**
 * xsc_starts() - is this an op that may go on by itself, now?
 * @op:		its number, also an unknown one
 *
 * Return: false when it runs in the caller.
 */
static inline bool xsc_starts(u32 op)
{
	u8 flags;

	if (op >= NR_syscalls)
		return false;
	flags = xsc_optable[array_index_nospec(op, NR_syscalls)].flags;
	return flags & (XSC_OPF_BLOCK | XSC_OPF_POS) &&
	       !(flags & (XSC_OPF_CALLER | XSC_OPF_DIRECT));
}

/**
 * xsc_by_fd() - is the first argument of an op the file that it is about?
 * @flags:	XSC_OPF_* of the op
 *
 * Return: true if so.
 */
static inline bool xsc_by_fd(u8 flags)
{
	return flags & (XSC_OPF_FD | XSC_OPF_POLL | XSC_OPF_POS);
}

/**
 * xsc_polls_first() - is an op not to be tried before its file is ready?
 * @sqe:	with XSC_SQE_POLL_FIRST or not
 * @flags:	XSC_OPF_* of the op
 *
 * Return: true of a part of a stream; others may fail without waiting.
 */
static inline bool xsc_polls_first(const struct xsc_sqe *sqe, u8 flags)
{
	return sqe->flags & XSC_SQE_POLL_FIRST && flags & XSC_OPF_POS;
}

/**
 * xsc_req_slept() - is a sleep over?
 * @req:	woken, owned by the caller
 *
 * Return: false if its timer was the limit of a wait for its file.
 */
static inline bool xsc_req_slept(const struct xsc_req *req)
{
	return req->timed && !req->try.limited;
}

/**
 * xsc_polls() - is its file in memory of the user?
 * @nr:		system-call number
 *
 * Return: true if xsc_poll_file() looks it up.
 */
static __always_inline bool xsc_polls(u32 nr)
{
#ifdef __NR_poll
	if (nr == __NR_poll)
		return true;
#endif
	return nr == __NR_ppoll;
}

/**
 * xsc_ring_waits_for_one() - is one op all that the doorbell waits for?
 * @ring:	the ring, locked; @c.left says what comes behind the op
 *
 * Then its thread may as well make the call: it cannot see the difference, but
 * that a signal comes when the call lets it.  Not if another thread has once
 * wanted to ring meanwhile, nor if this one would rather spin.
 *
 * Return: true if the doorbell ends with this op and waits for its CQE.
 */
static inline bool xsc_ring_waits_for_one(const struct xsc_ring *ring)
{
	const struct xsc_sr_hdr *sr = ring->sr.addr;

	/* It is the thread's own, and wrong only to its own harm. */
	return ring->wants && !ring->c.left && !READ_ONCE(ring->inflight) &&
	       !READ_ONCE(ring->crowded) && !ring->spin_max &&
	       READ_ONCE(ring->cq_tail) - READ_ONCE(sr->cq_head) < ring->wants;
}

/**
 * xsc_in_parts() - is there no call for what is left of an op?
 * @t:		the op
 *
 * Return: true if xsc_try_rest() has to do it.
 */
static inline bool xsc_in_parts(const struct xsc_try *t)
{
	return t->vector && t->done;
}

/**
 * xsc_try_over() - is it too late for an op to wait any more?
 * @t:		the op
 *
 * Return: true if so.
 */
static inline bool xsc_try_over(const struct xsc_try *t)
{
	return t->limited && ktime_compare(ktime_get(), t->expires) >= 0;
}

/**
 * xsc_req_before() - which of two went into flight first?
 * @a:		a request
 * @b:		another one of the same ring
 *
 * Return: true if @a did.
 */
static inline bool xsc_req_before(const struct xsc_req *a,
				  const struct xsc_req *b)
{
	return (s32)(a->seq - b->seq) < 0;
}

/**
 * xsc_pool_is_asked() - is there something that the thread has to try?
 * @pool:	its pool; without its lock a hint
 *
 * Return: true if so.
 */
static inline bool xsc_pool_is_asked(const struct xsc_pool *pool)
{
	return !list_empty(&pool->light) || !list_empty(&pool->watched) ||
	       !list_empty(&pool->later);
}

/**
 * xsc_pool_is_ours() - do workers have what the current thread has?
 * @pool:	its pool
 *
 * Return: false if it has other files, another working directory or other
 * namespaces than they.
 */
static __always_inline bool xsc_pool_is_ours(const struct xsc_pool *pool)
{
	return pool->files == current->files && pool->fs == current->fs &&
	       pool->nsproxy == current->nsproxy;
}

/**
 * xsc_pool_get() - the current thread's pool, made if need be
 * @ring:	the ring that the thread rings, locked
 *
 * The poller gets that of the thread in whose name it polls.
 *
 * Return: the pool, without a reference; NULL when it cannot be made, or when
 * the thread has other files, another working directory or other namespaces
 * than its workers: then its ops are for itself.
 */
static __always_inline struct xsc_pool *xsc_pool_get(struct xsc_ring *ring)
{
	struct xsc_pool *pool = ring->pool;

	if (unlikely(!pool || READ_ONCE(pool->task) != current ||
		     ring->polling))
		return xsc_pool_take(ring);
	return xsc_pool_is_ours(pool) ? pool : NULL;
}

/**
 * xsc_total() - the result of an op that was done in parts
 * @done:	bytes moved before, or 0
 * @res:	of the last part
 *
 * Return: what one call would have returned: an error only if nothing moved.
 */
static inline s64 xsc_total(s64 done, s64 res)
{
	if (!done)
		return res;
	return res > 0 ? done + res : done;
}

/**
 * xsc_kiocb_init() - init_sync_kiocb() without the I/O priority
 * @kiocb:	for I/O that the current thread starts
 * @file:	of this file
 *
 * submit_bio() takes the thread's where there is none.
 */
static __always_inline void xsc_kiocb_init(struct kiocb *kiocb,
					   struct file *file)
{
	*kiocb = (struct kiocb) {
		.ki_filp = file,
		.ki_flags = file->f_iocb_flags,
	};
}

/**
 * xsc_rw_count() - a read or write has ended
 * @file:	of this file
 * @res:	with this result
 * @out:	it was a write
 *
 * Says and counts what vfs_read() and vfs_write() do.
 */
static __always_inline void xsc_rw_count(struct file *file, ssize_t res,
					 bool out)
{
	if (out) {
		if (res > 0) {
			fsnotify_modify(file);
			add_wchar(current, res);
		}
		inc_syscw(current);
	} else {
		if (likely(res > 0)) {
			fsnotify_access(file);
			add_rchar(current, res);
		}
		inc_syscr(current);
	}
}

/* How many ended requests are kept: as many ops in flight as one may expect. */
#define XSC_SPARE_MAX	256

/**
 * xsc_pool_moved() - direct I/O has ended
 * @pool:	its pool
 * @res:	with this result
 * @out:	it was a write
 *
 * Context: any; xsc_pool_account() counts it.
 */
static __always_inline void xsc_pool_moved(struct xsc_pool *pool, s64 res,
					   bool out)
{
	atomic64_inc(&pool->calls[out]);
	if (likely(res > 0))
		atomic64_add(res, &pool->moved[out]);
}

/**
 * xsc_pool_account() - count direct I/O that has ended for the process
 * @pool:	of the current thread, or one that it works for
 */
static __always_inline void xsc_pool_account(struct xsc_pool *pool)
{
#ifdef CONFIG_TASK_XACCT
	if (atomic64_read(&pool->calls[0])) {
		current->ioac.syscr += atomic64_xchg(&pool->calls[0], 0);
		current->ioac.rchar += atomic64_xchg(&pool->moved[0], 0);
	}
	if (atomic64_read(&pool->calls[1])) {
		current->ioac.syscw += atomic64_xchg(&pool->calls[1], 0);
		current->ioac.wchar += atomic64_xchg(&pool->moved[1], 0);
	}
#endif
}

/* One call of the device for what is left of the doorbell. */
static __always_inline void xsc_ring_plug(struct xsc_ring *ring)
{
	if (!ring->c.left || ring->plugged)
		return;
	blk_start_plug_nr_ios(&ring->plug, ring->c.left + 1);
	ring->plugged = true;
}

/**
 * xsc_ring_cqe_locked() - a CQE that was promised
 * @ring:	the ring, with cq_lock held
 * @sqe:	of this SQE
 * @res:	its result
 */
static __always_inline void xsc_ring_cqe_locked(struct xsc_ring *ring,
						const struct xsc_sqe *sqe,
						s64 res)
{
	struct xsc_cr_hdr *cr = ring->cr.addr;
	struct xsc_cqe *cqe;

	if (likely(!xsc_quiet(sqe->flags, res))) {
		cqe = &ring->cqes[ring->cq_tail & ring->cq_mask];
		cqe->user_data = sqe->user_data;
		cqe->res = res;
		/*
		 * Pairs with the user's load-acquire of cq_tail: CQE before
		 * index.
		 */
		smp_store_release(&cr->cq_tail, ++ring->cq_tail);
	}
	/*
	 * Pairs with the load-acquire in xsc_ring_alone(): a doorbell that
	 * sees no requests sees what the last one wrote.
	 */
	smp_store_release(&ring->inflight, ring->inflight - 1);
}

/**
 * xsc_ring_alone() - is this doorbell the only one to write CQEs?
 * @ring:	the ring, locked
 *
 * Return: true if nothing is in flight.
 */
static __always_inline bool xsc_ring_alone(struct xsc_ring *ring)
{
	/* Pairs with the store-release in xsc_ring_cqe_locked(). */
	return !smp_load_acquire(&ring->inflight);
}

static __always_inline void xsc_ring_publish_cqes(struct xsc_ring *ring)
{
	struct xsc_cr_hdr *cr = ring->cr.addr;

	/* Pairs with the user's load-acquire of cq_tail: CQE before index. */
	smp_store_release(&cr->cq_tail, ring->cq_tail);
}

/**
 * xsc_ring_wake() - word to those who wait for CQEs
 * @ring:	the ring
 */
static inline void xsc_ring_wake(struct xsc_ring *ring)
{
	/* Its full barrier pairs with the one in prepare_to_wait(). */
	if (wq_has_sleeper(&ring->cq_wait))
		wake_up_poll(&ring->cq_wait, EPOLLIN | EPOLLRDNORM);
}

/**
 * xsc_ring_publish() - tell the user what was consumed and completed
 * @ring:	the ring, locked
 *
 * That is done when the doorbell ends, and before an op that may last.  Those who
 * wait for CQEs have word of it.
 */
static inline void xsc_ring_publish(struct xsc_ring *ring)
{
	struct xsc_cr_hdr *cr = ring->cr.addr;

	if (likely(xsc_ring_alone(ring))) {
		xsc_ring_publish_cqes(ring);
	} else {
		spin_lock_irq(&ring->cq_lock);
		xsc_ring_publish_cqes(ring);
		spin_unlock_irq(&ring->cq_lock);
	}
	/* Pairs with the user's load-acquire of sq_head: our copy is made. */
	smp_store_release(&cr->sq_head, ring->sq_head);
	xsc_ring_wake(ring);
}

/**
 * xsc_ring_unplug() - hand over what block I/O was held back
 * @ring:	the ring, locked
 *
 * A thread must not end with a plug, so this comes before any op that is not
 * known to be direct I/O.
 */
static inline void xsc_ring_unplug(struct xsc_ring *ring)
{
	if (unlikely(ring->plugged)) {
		ring->plugged = false;
		blk_finish_plug(&ring->plug);
	}
}

/**
 * xsc_ring_count_malformed() - SQEs were wrong in themselves
 * @ring:	the ring
 * @nr:		so many
 *
 * Doorbells and workers count.
 */
static inline void xsc_ring_count_malformed(struct xsc_ring *ring,
					    unsigned int nr)
{
	struct xsc_cr_hdr *cr = ring->cr.addr;

	if (likely(!nr))
		return;
	spin_lock_irq(&ring->cq_lock);
	WRITE_ONCE(cr->errors, cr->errors + nr);
	spin_unlock_irq(&ring->cq_lock);
}

/**
 * xsc_for_caller() - does an op act on the calling thread?
 * @op:		its number, also an unknown one
 * @args:	its arguments
 *
 * Return: true if no other thread may run it.
 */
static inline bool xsc_for_caller(u32 op, const u64 *args)
{
	if (op >= NR_syscalls)
		return false;
	op = array_index_nospec(op, NR_syscalls);
	if (xsc_optable[op].flags & XSC_OPF_CALLER)
		return true;
	/*
	 * A signal mask is a thread's, and so is a table of its own; of a lease
	 * or a directory its process has word.
	 */
	switch (op) {
	case __NR_fcntl:
		return (u32)args[1] == F_SETLEASE || (u32)args[1] == F_NOTIFY;
	case __NR_close_range:
		return args[2] & CLOSE_RANGE_UNSHARE;
	case __NR_ppoll:
		return args[3];
	case __NR_epoll_pwait:
	case __NR_epoll_pwait2:
		return args[4];
	case __NR_pselect6:
	case __NR_io_pgetevents:
		return args[5];
	}
	return false;
}

/* The one place where a ring's SQE is read. */
static __always_inline void xsc_ring_read_sqe(const struct xsc_ring *ring,
					      u32 index, struct xsc_sqe *to)
{
	const u64 *src = (const u64 *)&ring->sqes[index & ring->sq_mask];
	u64 *dst = (u64 *)to;

	BUILD_BUG_ON(sizeof(*to) != 8 * sizeof(u64));
	dst[0] = READ_ONCE(src[0]);
	dst[1] = READ_ONCE(src[1]);
	dst[2] = READ_ONCE(src[2]);
	dst[3] = READ_ONCE(src[3]);
	dst[4] = READ_ONCE(src[4]);
	dst[5] = READ_ONCE(src[5]);
	dst[6] = READ_ONCE(src[6]);
	dst[7] = READ_ONCE(src[7]);
}

#endif /* _DRIVERS_XSC_ASYNC_H */

/* SPDX-License-Identifier: MIT */
/*
 * ring-calls.h - XSC rings: what enters the kernel
 *
 * Included by <xsc/ring.h>, and by libxsc-rt, which makes a library of it.
 */
#ifndef XSC_RING_CALLS_H
#define XSC_RING_CALLS_H

#include <fcntl.h>
#include <linux/time_types.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <xsc/ring.h>

#ifndef XSC_RING_CALL
#define XSC_RING_CALL	static inline
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* xsc_ring_call(): windows by the gate until the poller is tried. */
#define XSC_METER_HOLD		32U
#define XSC_METER_HOLD_MAX	1024U

/* Zeroed before. */
static inline void xsc_ring_meter_init(struct xsc_ring_meter *m)
{
	m->window = 64;
	m->hold = XSC_METER_HOLD;
	m->left = XSC_METER_HOLD;
}

/* -std=c11 without _GNU_SOURCE asks for ISO C, of which this is no part. */
#ifdef O_CLOEXEC
#define XSC_O_CLOEXEC		O_CLOEXEC
#else
#define XSC_O_CLOEXEC		02000000
#endif

/* Is this an XSC process, which has the op; a legacy one has the device. */
static inline int xsc_ring_open(struct xsc_ring *ring,
				struct xsc_ring_params *p)
{
	int state = prctl(PR_XSC, XSC_PR_GET, 0, 0, 0), err;

	ring->by_op = state >= 0 && ((unsigned int)state & XSC_ST_ACTIVE);
	if (ring->by_op) {
		ring->fd = (int)xsc_op6(XSC_OP_RING_SETUP, (long)p, 0, 0, 0,
					0, 0);
		return ring->fd < 0 ? ring->fd : 0;
	}
	ring->fd = open("/dev/xsc", O_RDWR | XSC_O_CLOEXEC);
	if (ring->fd < 0) {
		/* No file, or nobody behind it: as the op says it. */
		if (errno == ENOENT || errno == ENODEV || errno == ENXIO)
			return -ENOSYS;
		return -errno;
	}
	if (ioctl(ring->fd, XSC_IOC_SETUP, p)) {
		err = -errno;
		close(ring->fd);
		return err;
	}
	return 0;
}

static inline int xsc_ring_map(struct xsc_ring *ring,
			       const struct xsc_ring_params *p)
{
	char *sr, *cr;
	int err;

	sr = (char *)mmap(NULL, p->sr_size, PROT_READ | PROT_WRITE,
			  MAP_SHARED, ring->fd, XSC_OFF_SR);
	if (sr == (char *)MAP_FAILED)
		return -errno;
	cr = (char *)mmap(NULL, p->cr_size, PROT_READ, MAP_SHARED, ring->fd,
			  XSC_OFF_CR);
	if (cr == (char *)MAP_FAILED) {
		err = -errno;
		munmap(sr, p->sr_size);
		return err;
	}
	ring->sr = (struct xsc_sr_hdr *)sr;
	ring->sqes = (struct xsc_sqe *)(sr + p->sqes_off);
	ring->cr = (struct xsc_cr_hdr *)cr;
	ring->cqes = (struct xsc_cqe *)(cr + p->cqes_off);
	ring->sr_size = p->sr_size;
	ring->cr_size = p->cr_size;
	return 0;
}

/**
 * xsc_ring_queue_init_params() - make a ring
 * @p:		what is asked for; out: what was made, see xsc_uapi.h
 * @ring:	filled in
 *
 * Return: 0 or a negative errno (ENOSYS: no XSC, or none without modprobe xsc)
 */
XSC_RING_CALL int xsc_ring_queue_init_params(struct xsc_ring_params *p,
					     struct xsc_ring *ring)
{
	int saved = errno, err = xsc_ring_open(ring, p);

	if (!err) {
		err = xsc_ring_map(ring, p);
		if (err)
			close(ring->fd);
	}
	errno = saved;
	if (err)
		return err;
	ring->spin = p->flags & XSC_RING_POLL ? p->poll_idle : 0;
	ring->sq_mask = p->sq_entries - 1;
	ring->cq_mask = p->cq_entries - 1;
	memset(&ring->meter, 0, sizeof(ring->meter));
	xsc_ring_meter_init(&ring->meter);
	ring->calls = 0;
	ring->sqe_tail = 0;
	ring->sqe_head = 0;
	return 0;
}

/**
 * xsc_ring_queue_init() - make a ring with twice as many CQEs as SQEs
 * @entries:	SQEs, rounded up to a power of two
 * @ring:	filled in
 *
 * Return: 0 or a negative errno
 */
XSC_RING_CALL int xsc_ring_queue_init(unsigned int entries,
				      struct xsc_ring *ring)
{
	struct xsc_ring_params p;

	memset(&p, 0, sizeof(p));
	p.sq_entries = entries;
	return xsc_ring_queue_init_params(&p, ring);
}

/**
 * xsc_ring_queue_init_async() - make a ring whose doorbell does not block
 * @entries:	SQEs, rounded up to a power of two
 * @ring:	filled in
 *
 * Return: 0 or a negative errno
 */
XSC_RING_CALL int xsc_ring_queue_init_async(unsigned int entries,
					    struct xsc_ring *ring)
{
	struct xsc_ring_params p;

	memset(&p, 0, sizeof(p));
	p.sq_entries = entries;
	p.flags = XSC_RING_ASYNC;
	return xsc_ring_queue_init_params(&p, ring);
}

/**
 * xsc_ring_queue_init_poll() - make a ring that a thread of the kernel looks at
 * @entries:	SQEs, rounded up to a power of two
 * @flags:	0, or XSC_RING_ADAPT to be polled only as long as that pays
 * @ring:	filled in
 *
 * Return: 0 or a negative errno (EPERM: kernel.xsc.poller is 0)
 */
XSC_RING_CALL int xsc_ring_queue_init_poll(unsigned int entries,
					   unsigned int flags,
					   struct xsc_ring *ring)
{
	struct xsc_ring_params p;

	memset(&p, 0, sizeof(p));
	p.sq_entries = entries;
	p.flags = XSC_RING_ASYNC | XSC_RING_POLL | flags;
	return xsc_ring_queue_init_params(&p, ring);
}

/** xsc_ring_queue_exit() - undo xsc_ring_queue_init() */
XSC_RING_CALL void xsc_ring_queue_exit(struct xsc_ring *ring)
{
	int saved = errno;

	munmap(ring->cr, ring->cr_size);
	munmap(ring->sr, ring->sr_size);
	close(ring->fd);
	errno = saved;
}

/* An ioctl() that leaves errno alone. */
static inline int xsc_ring_ioctl(const struct xsc_ring *ring, unsigned long cmd,
				 void *arg)
{
	int saved = errno, ret = ioctl(ring->fd, cmd, arg);

	if (ret < 0) {
		ret = -errno;
		errno = saved;
	}
	return ret;
}

/* Not inline: the way by op would save registers for this one. */
static __attribute__((noinline, unused)) int
xsc_ring_enter_ioctl(const struct xsc_ring *ring, unsigned int to_submit,
		     unsigned int min, const struct __kernel_timespec *timeout)
{
	struct xsc_ring_enter arg;

	memset(&arg, 0, sizeof(arg));
	arg.to_submit = to_submit;
	arg.min_complete = min;
	arg.timeout = (__u64)(unsigned long)timeout;
	return xsc_ring_ioctl(ring, XSC_IOC_ENTER, &arg);
}

/**
 * xsc_ring_enter_wait() - the doorbell, and waiting
 * @ring:	the ring
 * @to_submit:	consume at most so many SQEs
 * @min:	wait for so many CQEs, or as many as will come
 * @timeout:	for so long at most, or NULL
 *
 * Return: how many SQEs were consumed, or a negative errno; of the wait
 *	(ETIME, EINTR) only if none was
 */
XSC_RING_CALL int xsc_ring_enter_wait(struct xsc_ring *ring,
				      unsigned int to_submit, unsigned int min,
				      const struct __kernel_timespec *timeout)
{
	if (ring->by_op)
		return (int)xsc_op6(XSC_OP_RING_ENTER, ring->fd, to_submit, 0,
				    min, (long)timeout, 0);
	return xsc_ring_enter_ioctl(ring, to_submit, min, timeout);
}

/**
 * xsc_ring_register_buffers() - have the kernel pin buffers for direct I/O
 * @ring:	an asynchronous ring
 * @iov:	the buffers
 * @nr:		how many, XSC_BUFFERS_MAX at most
 *
 * Return: 0 or a negative errno (EBUSY: there are some already)
 */
XSC_RING_CALL int xsc_ring_register_buffers(struct xsc_ring *ring,
					    const struct iovec *iov,
					    unsigned int nr)
{
	struct xsc_ring_buffers arg;

	if (ring->by_op)
		return (int)xsc_op6(XSC_OP_RING_BUFFERS, ring->fd, (long)iov,
				    nr, 0, 0, 0);
	memset(&arg, 0, sizeof(arg));
	arg.iov = (__u64)(unsigned long)iov;
	arg.nr = nr;
	return xsc_ring_ioctl(ring, XSC_IOC_BUFFERS, &arg);
}

/**
 * xsc_ring_unregister_buffers() - undo xsc_ring_register_buffers()
 * @ring:	the ring
 *
 * Return: 0 or a negative errno (ENXIO: there are none)
 */
XSC_RING_CALL int xsc_ring_unregister_buffers(struct xsc_ring *ring)
{
	return xsc_ring_register_buffers(ring, NULL, 0);
}

/** xsc_ring_enter() - the doorbell: consume at most @to_submit SQEs */
XSC_RING_CALL int xsc_ring_enter(struct xsc_ring *ring, unsigned int to_submit)
{
	return xsc_ring_enter_wait(ring, to_submit, 0, NULL);
}

#ifndef CLOCK_MONOTONIC
/* ISO C alone has neither that nor the function. */
extern int xsc_clock_gettime(int clock, struct __kernel_timespec *ts)
	__asm__("clock_gettime");
#endif

/* Nanoseconds; by the vDSO, without a kernel entry. */
static inline unsigned long long xsc_ring_clock(void)
{
#ifdef CLOCK_MONOTONIC
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
#else
	struct __kernel_timespec ts;

	xsc_clock_gettime(1, &ts);
#endif
	return (unsigned long long)ts.tv_sec * 1000000000 +
	       (unsigned long long)ts.tv_nsec;
}

/* A time of xsc_ring_clock() that does not come. */
#define XSC_RING_NEVER	(~0ULL)

/* When @timeout is over; an errno if it is none that the kernel takes. */
static inline int xsc_ring_until(const struct __kernel_timespec *timeout,
				 unsigned long long *until)
{
	*until = XSC_RING_NEVER;
	if (!timeout)
		return 0;
	if (timeout->tv_sec < 0 || timeout->tv_nsec < 0 ||
	    timeout->tv_nsec >= 1000000000)
		return -EINVAL;
	/* Longer than 64 bits can say is never. */
	if (timeout->tv_sec < 1LL << 33)
		*until = xsc_ring_clock() +
			 (unsigned long long)timeout->tv_sec * 1000000000 +
			 (unsigned long long)timeout->tv_nsec;
	return 0;
}

/* How long it is until then. */
static inline struct __kernel_timespec xsc_ring_left(unsigned long long until)
{
	unsigned long long now = xsc_ring_clock();
	unsigned long long ns = until > now ? until - now : 0;
	struct __kernel_timespec left;

	left.tv_sec = (__kernel_time64_t)(ns / 1000000000);
	left.tv_nsec = (long long)(ns % 1000000000);
	return left;
}

/*
 * With a poller: look for @min CQEs for ring->spin microseconds, and not after
 * @until.  Returns whether they are there.
 */
static inline int xsc_ring_spin(const struct xsc_ring *ring, unsigned int min,
				unsigned long long until)
{
	unsigned long long now, end = 0;
	unsigned int i;

	for (;;) {
		for (i = 0; i < 64; i++) {
			if (xsc_ring_cq_ready(ring) >= min)
				return 1;
			xsc_cpu_relax();
		}
		now = xsc_ring_clock();
		if (!end)
			end = now + ring->spin * 1000ULL;
		if (now >= end || now >= until)
			return 0;
	}
}

/**
 * xsc_ring_submit() - hand all SQEs over and, if need be, ring the doorbell
 *
 * Return: how many SQEs were consumed, or with a poller handed over; or a
 *	negative errno
 */
XSC_RING_CALL int xsc_ring_submit(struct xsc_ring *ring)
{
	unsigned int fresh = ring->sqe_tail - ring->sr->sq_tail;
	unsigned int nr = xsc_ring_flush(ring);
	int ret;

	if (!nr || !xsc_ring_needs_doorbell(ring))
		return (int)fresh;
	ret = xsc_ring_enter_wait(ring, nr, 0, NULL);
	/* The poller may have taken some of them. */
	return ring->spin && ret >= 0 ? (int)fresh : ret;
}

/**
 * xsc_ring_submit_and_wait() - the same, and wait for @min CQEs
 *
 * Return: as xsc_ring_submit()
 */
XSC_RING_CALL int xsc_ring_submit_and_wait(struct xsc_ring *ring,
					   unsigned int min)
{
	unsigned int fresh = ring->sqe_tail - ring->sr->sq_tail;
	unsigned int nr = xsc_ring_flush(ring);
	int ret;

	if (!nr && xsc_ring_cq_ready(ring) >= min)
		return (int)fresh;
	if (!xsc_ring_needs_doorbell(ring)) {
		if (xsc_ring_spin(ring, min, XSC_RING_NEVER))
			return (int)fresh;
		nr = xsc_ring_sq_ready(ring);
	}
	ret = xsc_ring_enter_wait(ring, nr, min, NULL);
	return ring->spin && ret >= 0 ? (int)fresh : ret;
}

/*
 * A doorbell that has consumed SQEs says that, and not why it did not wait for
 * @min CQEs.  Nothing in flight is the end of any wait; what else ends one is
 * @until, or a signal.
 */
static inline int xsc_ring_wait_ended(struct xsc_ring *ring, unsigned int min,
				      unsigned long long until)
{
	const struct __kernel_timespec now = { 0, 0 };
	int ret;

	if (until != XSC_RING_NEVER && xsc_ring_clock() >= until)
		return -ETIME;
	ret = xsc_ring_enter_wait(ring, 0, min, &now);
	/* SQEs that are left were not come to. */
	return ret == -ETIME || (!ret && xsc_ring_sq_ready(ring)) ? -EINTR :
								    ret;
}

/**
 * xsc_ring_wait_cqes() - wait for CQEs, submitting what was not yet
 * @ring:	the ring
 * @cqe:	set to the first, or to NULL
 * @min:	so many
 * @timeout:	for so long at most, or NULL
 *
 * Return: 0 if there is one, or with *@cqe NULL -ETIME, -EINTR, -EAGAIN if
 *	nothing is in flight that could make one, or another negative errno
 */
XSC_RING_CALL int xsc_ring_wait_cqes(struct xsc_ring *ring,
				     struct xsc_cqe **cqe, unsigned int min,
				     const struct __kernel_timespec *timeout)
{
	unsigned int nr = xsc_ring_flush(ring);
	struct __kernel_timespec left;
	unsigned long long until;
	int ret = xsc_ring_until(timeout, &until);

	if (ret < 0) {
		*cqe = NULL;
		return ret;
	}
	if (nr && !xsc_ring_needs_doorbell(ring)) {
		nr = 0;
		if (!xsc_ring_spin(ring, min, until)) {
			nr = xsc_ring_sq_ready(ring);
			if (timeout) {
				left = xsc_ring_left(until);
				timeout = &left;
			}
		}
	}
	if (nr || xsc_ring_cq_ready(ring) < min)
		ret = xsc_ring_enter_wait(ring, nr, min, timeout);
	if (ret > 0 && xsc_ring_cq_ready(ring) < min)
		ret = xsc_ring_wait_ended(ring, min, until);
	/* The CQ is full, or promised to what is in flight: wait for that. */
	if (ret == -EBUSY && xsc_ring_cq_ready(ring) < min)
		ret = xsc_ring_enter_wait(ring, 0, min, timeout);
	if (!xsc_ring_peek_cqe(ring, cqe))
		return 0;
	return ret < 0 ? ret : -EAGAIN;
}

/** xsc_ring_wait_cqe() - wait for one CQE */
XSC_RING_CALL int xsc_ring_wait_cqe(struct xsc_ring *ring, struct xsc_cqe **cqe)
{
	if (!xsc_ring_peek_cqe(ring, cqe))
		return 0;
	return xsc_ring_wait_cqes(ring, cqe, 1, NULL);
}

/** xsc_ring_wait_cqe_timeout() - wait for one CQE, for so long at most */
XSC_RING_CALL int
xsc_ring_wait_cqe_timeout(struct xsc_ring *ring, struct xsc_cqe **cqe,
			  const struct __kernel_timespec *timeout)
{
	if (!xsc_ring_peek_cqe(ring, cqe))
		return 0;
	return xsc_ring_wait_cqes(ring, cqe, 1, timeout);
}

/* A window of xsc_ring_call(): a millisecond, or half to twice that. */
#define XSC_METER_NS		1000000ULL
#define XSC_METER_CALLS_MAX	(1U << 20)
/* Calls by the poller from one look at the clock to the next. */
#define XSC_METER_STRIDE	16

/* One op by the poller; *@lost is set if it does not look, or is slow. */
static inline long xsc_ring_call_polled(struct xsc_ring *ring, unsigned int op,
					long a, long b, long c, long d, long e,
					long f, int *lost)
{
	struct xsc_sqe *sqe = xsc_ring_get_sqe(ring);
	struct xsc_cqe *cqe;
	long res;

	if (!sqe) {
		*lost = 1;
		return xsc_call6(op, a, b, c, d, e, f);
	}
	xsc_sqe_prep(sqe, op, a, b, c, d, e, f);
	xsc_ring_flush(ring);
	if (xsc_ring_needs_doorbell(ring) ||
	    !xsc_ring_spin(ring, 1, XSC_RING_NEVER)) {
		*lost = 1;
		while (!xsc_ring_cq_ready(ring)) {
			res = xsc_ring_enter_wait(ring, 1, 1, NULL);
			/* By a signal: the op is under way. */
			if (res < 0 && res != -EINTR)
				return res;
		}
	}
	xsc_ring_peek_cqe(ring, &cqe);
	res = (long)cqe->res;
	xsc_ring_cqe_seen(ring, cqe);
	return res;
}

/* The gate's turn, for so many windows. */
static inline void xsc_ring_meter_direct(struct xsc_ring_meter *m,
					 unsigned int windows)
{
	m->polling = 0;
	m->left = windows;
	m->since = 0;
}

/* The poller has lost @ns: not again before 32 times of that have passed. */
static inline void xsc_ring_meter_lose(struct xsc_ring_meter *m,
				       unsigned long long ns)
{
	unsigned long long cost = ns * XSC_METER_HOLD / XSC_METER_NS;

	if (cost > 1U << 20)
		cost = 1U << 20;
	m->windows = 0;
	xsc_ring_meter_direct(m, cost > m->hold ? (unsigned int)cost : m->hold);
	m->hold *= m->hold < XSC_METER_HOLD_MAX ? 2 : 1;
}

/* A window of calls by the poller begins. */
static inline void xsc_ring_meter_start(struct xsc_ring_meter *m,
					unsigned long long now)
{
	m->polled = 0;
	m->pause = 0;
	m->since = now;
	m->looked = now;
}

/* At the end of a window of direct calls: what did one take? */
static inline void xsc_ring_meter_window(struct xsc_ring_meter *m,
					 unsigned long long now)
{
	unsigned long long past = now - m->since;
	unsigned long long direct = past * 256 / m->window;

	if (!m->since)
		return;
	/* Others that had the CPU make a window longer, none shorter. */
	if (m->direct && direct > m->direct + m->direct / 8)
		direct = m->direct + m->direct / 8;
	m->direct = direct;
	if (past < XSC_METER_NS / 2 && m->window < XSC_METER_CALLS_MAX)
		m->window *= 2;
	else if (past > XSC_METER_NS * 2 && m->window > 16)
		m->window /= 2;
	else if (m->left)
		m->left--;
}

/**
 * xsc_ring_call_slow() - what xsc_ring_call() does now and then
 *
 * Return: as xsc_ring_call()
 */
XSC_RING_CALL long xsc_ring_call_slow(struct xsc_ring *ring, unsigned int op,
				      long a, long b, long c, long d, long e,
				      long f)
{
	struct xsc_ring_meter *m = &ring->meter;
	unsigned long long now, past;
	int lost = 0;
	long res;

	ring->calls = 0;
	/* No poller, or other ops are under way: their CQEs are not ours. */
	if (!ring->spin || ring->sqe_tail != ring->sr->cq_head ||
	    op >= XSC_OP_BASE) {
		if (!ring->spin)
			ring->calls = XSC_METER_CALLS_MAX;
		return xsc_call6(op, a, b, c, d, e, f);
	}
	if (!m->polling) {
		now = xsc_ring_clock();
		xsc_ring_meter_window(m, now);
		if (!m->since || m->left || m->direct * m->window <
		    XSC_METER_NS / 2 * 256) {
			m->since = now;
			ring->calls = (int)m->window - 1;
			return xsc_call6(op, a, b, c, d, e, f);
		}
		/* A doorbell, so that the poller looks. */
		m->polling = 1;
		xsc_ring_meter_start(m, now);
		xsc_ring_call_polled(ring, XSC_OP_NOP, 0, 0, 0, 0, 0, 0, &lost);
		lost = 0;
	}

	res = xsc_ring_call_polled(ring, op, a, b, c, d, e, f, &lost);
	m->polled++;
	if (!lost && m->polled % XSC_METER_STRIDE)
		return res;
	now = xsc_ring_clock();
	if (now - m->looked > m->pause)
		m->pause = now - m->looked;
	m->looked = now;
	/* Without its longest stretch, in which others may have had the CPU. */
	past = now - m->since - m->pause;
	if (!lost && past < XSC_METER_NS)
		return res;
	/* It takes a CPU: it has to be better by a twentieth. */
	if (lost || past * 256 * 21 > m->direct * 20 *
				      (m->polled - XSC_METER_STRIDE)) {
		xsc_ring_meter_lose(m, now - m->since);
		return res;
	}
	xsc_ring_meter_start(m, now);
	m->hold = XSC_METER_HOLD;
	/* Now and then a window by the gate: is it still slower? */
	if (++m->windows % 32 == 0)
		xsc_ring_meter_direct(m, 1);
	return res;
}

#ifdef __cplusplus
}
#endif

#include <xsc/ring-call.h>

#endif /* XSC_RING_CALLS_H */

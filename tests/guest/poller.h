/* SPDX-License-Identifier: MIT */
/*
 * poller.h - polled rings in tests
 */
#ifndef XSC_TEST_POLLER_H
#define XSC_TEST_POLLER_H

#include "async.h"

/* long, so that a poller on a slow machine is still awake */
#define POLL_IDLE	XSC_POLL_IDLE_MAX

static inline int poller_cpus(void)
{
	unsigned long mask[16] = { 0 };
	long n = sys(SYS_sched_getaffinity, 0, sizeof(mask), mask);
	int cpus = 0;

	for (long i = 0; i < n / 8; i++)
		for (; mask[i]; mask[i] &= mask[i] - 1)
			cpus++;
	return cpus;
}

/* keep the calling thread on one CPU, the @nth of those that it has; -1: let it go wherever it may */
static inline void poller_pin(int nth)
{
	unsigned long mask[16] = { 0 }, to[16] = { 0 };
	long n = sys(SYS_sched_getaffinity, 0, sizeof(mask), mask);

	if (nth < 0)
		memset(to, 0xff, sizeof(to));
	for (long i = 0; nth >= 0 && i < n * 8; i++)
		if (mask[i / 64] >> i % 64 & 1 && !nth--)
			to[i / 64] = 1UL << i % 64;
	sys(SYS_sched_setaffinity, 0, sizeof(to), to);
}

#define POLLER_OR_SKIP()						\
	do {								\
		RINGS_OR_SKIP();					\
		if (poller_cpus() < 2) {				\
			tap_skip("a poller wants a second CPU");	\
			return tap_done();				\
		}							\
	} while (0)

static inline void poller_make(struct xsc_ring *r, unsigned int n, unsigned int flags, unsigned int idle)
{
	struct xsc_ring_params p = {
		.sq_entries = n, .flags = XSC_RING_ASYNC | XSC_RING_POLL | flags, .poll_idle = idle
	};
	int err = xsc_ring_queue_init_params(&p, r);

	if (err) {
		tap_ok(false, "a polled ring of %u: error %d", n, err);
		_exit(tap_done());
	}
}

static inline bool poller_awake(struct xsc_ring *r)
{
	return !__atomic_load_n(&r->cr->need_wakeup, __ATOMIC_RELAXED);
}

/* a doorbell, then the poller looks */
static inline bool poller_wake(struct xsc_ring *r)
{
	ring_add0(r, SYS_getpid);
	async_submit(r);
	async_result(r, ring_data);
	return poller_awake(r);
}

/* for @ms: ops that keep the pollers of both rings awake, also when another thread has rung */
static inline void poller_keep(struct xsc_ring *r, struct xsc_ring *r2, unsigned int ms)
{
	unsigned long end = now_ms() + ms;

	while (now_ms() < end) {
		ring_add0(r, XSC_OP_NOP);
		ring_add0(r2, XSC_OP_NOP);
		xsc_ring_flush(r);
		xsc_ring_flush(r2);
		msleep(2);
		async_drain(r);
		async_drain(r2);
	}
}

/* how often the clock was looked at, which enters the kernel */
static long poller_looks;

static inline unsigned long poller_now(void)
{
	poller_looks++;
	return now_ms();
}

/* SQEs without a doorbell: are they all consumed within ten seconds? */
static inline bool poller_takes(struct xsc_ring *r)
{
	unsigned long end = poller_now() + 10000;

	xsc_ring_flush(r);
	for (unsigned long i = 1; xsc_ring_sq_ready(r); i++)
		if (i % 65536 == 0 && poller_now() > end)
			break;
	return !xsc_ring_sq_ready(r);
}

/* how often the poller was asleep, on a slow machine, when it was to be handed something */
static int poller_asleep;

/* the result of @data without a doorbell, if the poller is awake; -9999 if it does not come */
static inline long poller_result(struct xsc_ring *r, __u64 data)
{
	unsigned long end = poller_now() + 10000;

	xsc_ring_flush(r);
	if (xsc_ring_needs_doorbell(r)) {
		poller_asleep++;
		async_submit(r);
	}
	for (unsigned long i = 1; !async_has(r, data); i++)
		if (i % 65536 == 0 && poller_now() > end)
			break;
	return async_has(r, data) ? async_got[data % ASYNC_MAX].res : -9999;
}

/* the thread id of this process' poller, or 0 */
static inline int poller_tid(void)
{
	char path[64], text[64];

	for (int tid = getpid(); tid < getpid() + 200; tid++) {
		snprintf(path, sizeof(path), "/proc/self/task/%d/comm", tid);
		if (read_file(path, text, sizeof(text)) > 0 && !strncmp(text, "xsc-pol-", 8))
			return tid;
	}
	return 0;
}

#endif /* XSC_TEST_POLLER_H */

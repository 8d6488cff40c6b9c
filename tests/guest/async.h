/* SPDX-License-Identifier: MIT */
/*
 * async.h - asynchronous rings in tests: completions by user_data
 */
#ifndef XSC_TEST_ASYNC_H
#define XSC_TEST_ASYNC_H

#include "rings.h"

/* user_data counts up from 1 over a whole test */
#define ASYNC_MAX	65536

static struct {
	long		res;
	unsigned int	times;
	unsigned int	place;
} async_got[ASYNC_MAX];
static unsigned int async_taken;

static inline void async_make(struct xsc_ring *r, unsigned int n)
{
	struct xsc_ring_params p = { .sq_entries = n, .flags = XSC_RING_ASYNC };
	int err = xsc_ring_queue_init_params(&p, r);

	if (err) {
		tap_ok(false, "an asynchronous ring of %u: error %d", n, err);
		_exit(tap_done());
	}
}

/* the doorbell; @ms < 0 waits without end */
static inline long async_enter(struct xsc_ring *r, unsigned int n, unsigned int min, long ms)
{
	struct { long s, ns; } ts = { ms / 1000, ms % 1000 * 1000000 };
	struct xsc_ring_enter e = { n, 0, min, 0, ms < 0 ? 0 : (unsigned long)&ts };

	xsc_ring_flush(r);
	return mini_xsc ? xsc_op(XSC_OP_RING_ENTER, r->fd, n, 0, min, ms < 0 ? NULL : &ts) :
			  sys(SYS_ioctl, r->fd, XSC_IOC_ENTER, &e);
}

/* hand over what was added; how many were consumed */
static inline long __attribute__((unused)) async_submit(struct xsc_ring *r)
{
	return async_enter(r, xsc_ring_flush(r), 0, -1);
}

/* take what is there */
static inline void async_drain(struct xsc_ring *r)
{
	__u64 data;
	long res;

	while (ring_take(r, &res, &data)) {
		data %= ASYNC_MAX;
		async_got[data].res = res;
		async_got[data].times++;
		async_got[data].place = ++async_taken;
	}
}

static inline bool async_has(struct xsc_ring *r, __u64 data)
{
	async_drain(r);
	return async_got[data % ASYNC_MAX].times;
}

/* the result of @data, waiting ten seconds at most; -9999 if it does not come */
static inline long __attribute__((unused)) async_result(struct xsc_ring *r, __u64 data)
{
	unsigned long end = now_ms() + 10000;

	while (!async_has(r, data) && now_ms() < end)
		async_enter(r, 0, 1, 100);
	return async_has(r, data) ? async_got[data % ASYNC_MAX].res : -9999;
}

/* a plain ring refuses the flag that @set gives an SQE */
static inline void __attribute__((unused)) async_only(void (*set)(struct xsc_sqe *))
{
	struct xsc_ring plain;
	long res = 0;

	ring_make(&plain, 4);
	set(ring_add0(&plain, XSC_OP_NOP));
	xsc_ring_submit(&plain);
	ring_take(&plain, &res, NULL);
	tap_is(res, -EINVAL, "a plain ring has no such flag");
	xsc_ring_queue_exit(&plain);
}

/* how many in flight, as the kernel counts */
static inline long __attribute__((unused)) async_inflight(struct xsc_ring *r)
{
	char path[64], text[512], *p;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", r->fd);
	if (read_file(path, text, sizeof(text)) < 0)
		return -1;
	p = strstr(text, "InFlight:");
	return p ? (long)strtoul(p + 10, NULL, 10) : -1;
}

#endif /* XSC_TEST_ASYNC_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * xsc_adapt.h - XSC_RING_ADAPT: does it pay to have a ring polled?
 *
 * How many SQEs are consumed in a window of time is measured, by doorbells and
 * by the poller, and the ring keeps to what is better.  The other way is tried
 * now and then: not before 32 times of what the last trial took have passed,
 * and rarer each time that it loses, so that what trying costs stays below
 * three percent.
 *
 * When somebody else has the CPU, no SQE comes for a while, and that says
 * nothing of the way: of each window the longest pause is left out.
 *
 * Nothing here needs a lock or a clock: tests/unit/adapt.c runs it with a time
 * of its own.
 */
#ifndef _XSC_ADAPT_H
#define _XSC_ADAPT_H

#ifdef __KERNEL__
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/time64.h>
#include <linux/types.h>
#endif

/* Nanoseconds of a window. */
#define XSC_WINDOW	NSEC_PER_MSEC

/* Windows of doorbells before polling is tried: from so many to so many. */
#define XSC_ADAPT_HOLD	32
#define XSC_HOLD_MAX	1024

/* Who consumes SQEs. */
enum xsc_by {
	XSC_BY_DOORBELL,
	XSC_BY_POLLER,
	XSC_BY_NR
};

/**
 * struct xsc_adapt - what XSC_RING_ADAPT has measured
 * @since:	start of the window
 * @sqes:	consumed in it
 * @last:	when that was seen
 * @seen:	how many had been consumed then
 * @pause:	the longest time in which nothing was seen
 * @paused:	SQEs that were seen after it
 * @start:	of polling
 * @stride:	doorbells until the next look
 * @skip:	how many of them are left
 * @rate:	of the last window by each way
 * @left:	windows of doorbells until polling is tried
 * @hold:	what @left is going to be when polling loses
 * @polled:	windows of polling since doorbells were tried
 */
struct xsc_adapt {
	u64		since;
	u64		last;
	u64		pause;
	u64		start;
	unsigned int	sqes;
	unsigned int	seen;
	unsigned int	paused;
	unsigned int	stride;
	unsigned int	skip;
	u64		rate[XSC_BY_NR];
	unsigned int	left;
	unsigned int	hold;
	unsigned int	polled;
};

/**
 * xsc_adapt_init() - a ring is made
 * @a:	zeroed
 */
static inline void xsc_adapt_init(struct xsc_adapt *a)
{
	a->hold = XSC_ADAPT_HOLD;
	a->left = XSC_ADAPT_HOLD;
}

/**
 * xsc_adapt_window() - a window begins
 * @a:		the ring's
 * @now:	nanoseconds
 */
static inline void xsc_adapt_window(struct xsc_adapt *a, u64 now)
{
	a->since = now;
	a->last = now;
	a->pause = 0;
	a->sqes = 0;
	a->seen = 0;
	a->paused = 0;
}

/**
 * xsc_adapt_start() - polling begins
 * @a:		the ring's
 * @now:	nanoseconds
 */
static inline void xsc_adapt_start(struct xsc_adapt *a, u64 now)
{
	a->start = now;
	a->rate[XSC_BY_POLLER] = 0;
	xsc_adapt_window(a, now);
}

/* More SQEs in a time, by at least a twentieth? */
static inline bool xsc_adapt_pays(const struct xsc_adapt *a)
{
	return a->rate[XSC_BY_POLLER] * 20 > a->rate[XSC_BY_DOORBELL] * 21;
}

/*
 * @nr more SQEs were consumed by @by.  Return: true at the end of a window in
 * which the ring was not idle.
 */
static inline bool xsc_adapt_count(struct xsc_adapt *a, enum xsc_by by, u64 now,
				   unsigned int nr)
{
	u64 pause = now - a->last;
	u64 past, rate;

	a->sqes += nr;
	/* How long a pause is shows when it is over. */
	if (a->sqes == a->seen)
		return false;
	if (pause > a->pause) {
		a->pause = pause;
		a->paused = a->sqes - a->seen;
	}
	a->last = now;
	a->seen = a->sqes;
	past = now - a->since - a->pause;
	if (past < XSC_WINDOW)
		return false;
	rate = div64_u64((u64)(a->sqes - a->paused) << 20, past);
	xsc_adapt_window(a, now);
	/* It stood still meanwhile. */
	if (past > 8 * XSC_WINDOW && by == XSC_BY_DOORBELL)
		return false;
	a->rate[by] = rate;
	return true;
}

/**
 * xsc_adapt_yield() - polling ends, whatever it is worth: not again for a while
 * @a:	the ring's
 */
static inline void xsc_adapt_yield(struct xsc_adapt *a)
{
	a->left = a->hold;
	a->hold = min_t(unsigned int, a->hold * 2, XSC_HOLD_MAX);
}

/**
 * xsc_adapt_lose() - polling does not pay
 * @a:		the ring's
 * @now:	nanoseconds
 */
static inline void xsc_adapt_lose(struct xsc_adapt *a, u64 now)
{
	u64 cost = div64_u64((now - a->start) * XSC_ADAPT_HOLD, XSC_WINDOW);

	xsc_adapt_yield(a);
	a->left = max_t(u64, a->left, min_t(u64, cost, INT_MAX));
}

/**
 * xsc_adapt_idle() - polling ends, as nothing comes any more
 * @a:	the ring's
 */
static inline void xsc_adapt_idle(struct xsc_adapt *a)
{
	/* If it has paid until now, it is soon tried again. */
	if (!xsc_adapt_pays(a))
		xsc_adapt_yield(a);
}

/**
 * xsc_adapt_skips() - a doorbell ends: is it one that does not look at the clock?
 * @a:	the ring's
 * @nr:	SQEs that it consumed
 *
 * Return: true if so, and it is counted; else xsc_adapt_doorbell() has to follow.
 */
static inline bool xsc_adapt_skips(struct xsc_adapt *a, unsigned int nr)
{
	if (!a->skip)
		return false;
	a->skip--;
	a->sqes += nr;
	return true;
}

/**
 * xsc_adapt_doorbell() - a doorbell that looks at the clock ends
 * @a:		the ring's
 * @now:	nanoseconds
 * @nr:		SQEs that it consumed
 *
 * Some sixteen look in a window.
 *
 * Return: true if the ring should be polled from now on.
 */
static inline bool xsc_adapt_doorbell(struct xsc_adapt *a, u64 now,
				      unsigned int nr)
{
	if (now - a->last < XSC_WINDOW / 16)
		a->stride = min_t(unsigned int, a->stride * 2 + 1, 255);
	else if (now - a->last > XSC_WINDOW / 4)
		a->stride /= 2;
	a->skip = a->stride;
	if (!xsc_adapt_count(a, XSC_BY_DOORBELL, now, nr))
		return false;
	if (a->left) {
		a->left--;
		return false;
	}
	return true;
}

/**
 * xsc_adapt_polled() - the poller has consumed SQEs
 * @a:		the ring's
 * @now:	nanoseconds
 * @nr:		how many
 *
 * Return: true if it should go on.
 */
static inline bool xsc_adapt_polled(struct xsc_adapt *a, u64 now,
				    unsigned int nr)
{
	if (!xsc_adapt_count(a, XSC_BY_POLLER, now, nr))
		return true;
	if (!xsc_adapt_pays(a)) {
		xsc_adapt_lose(a, now);
		return false;
	}
	a->hold = XSC_ADAPT_HOLD;
	if (++a->polled < XSC_ADAPT_HOLD)
		return true;
	/* What would doorbells do now?  One window, then back. */
	a->polled = 0;
	a->left = 0;
	return false;
}

#endif /* _XSC_ADAPT_H */

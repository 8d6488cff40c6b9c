// SPDX-License-Identifier: GPL-2.0-only
/*
 * xsc_consume_timer.c - clocks and sleeps
 *
 * A relative sleep that starts again from its beginning would last longer
 * than asked, so one that a signal ended is complete with -EINTR; the time
 * left is where the op's own argument asked for it.  A sleep until an
 * absolute time (clock_nanosleep with TIMER_ABSTIME) can stay in the ring.
 */
#include <linux/time.h>

#include "xsc_async.h"

static s64 xsc_timer_interrupted(const struct xsc_sqe *sqe, s64 res)
{
	if (sqe->op == __NR_clock_nanosleep && sqe->args[1] & TIMER_ABSTIME)
		return res;
	return -EINTR;
}

const struct xsc_consumer xsc_consumer_timer = {
	.family = XSC_FAM_TIMER,
	.interrupted = xsc_timer_interrupted,
};

// SPDX-License-Identifier: GPL-2.0-only
/*
 * xsc_consume_signal.c - waiting for signals
 *
 * When what pause and rt_sigsuspend wait for has come they are complete with
 * -EINTR, which is all that they ever return.
 */
#include <linux/sched/signal.h>

#include "xsc_async.h"

static s64 xsc_signal_interrupted(const struct xsc_sqe *sqe, s64 res)
{
	return task_sigpending(current) ? -EINTR : res;
}

const struct xsc_consumer xsc_consumer_signal = {
	.family = XSC_FAM_SIGNAL,
	.interrupted = xsc_signal_interrupted,
};

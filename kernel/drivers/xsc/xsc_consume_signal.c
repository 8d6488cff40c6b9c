// SPDX-License-Identifier: GPL-2.0-only
/*
 * xsc_consume_signal.c - waiting for signals
 *
 * What pause and rt_sigsuspend wait for has come: they are complete with
 * -EINTR, which is all that they ever return.
 */
#include "xsc_async.h"

static s64 xsc_signal_interrupted(const struct xsc_sqe *sqe, s64 res)
{
	return -EINTR;
}

const struct xsc_consumer xsc_consumer_signal = {
	.family = XSC_FAM_SIGNAL,
	.interrupted = xsc_signal_interrupted,
};

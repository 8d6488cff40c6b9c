// SPDX-License-Identifier: GPL-2.0-only
/*
 * xsc_consume_sync.c - futex, poll, select, epoll, eventfd
 *
 * What waits for a condition in the user's memory or for files is complete
 * with -EINTR when a signal came: whoever waits must look at the condition
 * again, futex(2) and signal(7) say so for the calls themselves.
 */
#include "xsc_async.h"

static s64 xsc_sync_interrupted(const struct xsc_sqe *sqe, s64 res)
{
	return -EINTR;
}

const struct xsc_consumer xsc_consumer_sync = {
	.family = XSC_FAM_SYNC,
	.interrupted = xsc_sync_interrupted,
};

// SPDX-License-Identifier: GPL-2.0-only
/*
 * xsc_consume_sync.c - futex, poll, select, epoll, eventfd
 *
 * What waits for a condition in the user's memory or for files is complete
 * with -EINTR when a signal came: whoever waits must look at the condition
 * again, futex(2) and signal(7) say so for the calls themselves.
 */
#include "xsc_ring.h"

static s64 xsc_sync_issue(struct xsc_container *c, struct xsc_sqe *sqe)
{
	s64 res = xsc_issue(c, sqe);

	return xsc_interrupted(res) ? -EINTR : res;
}

const struct xsc_consumer xsc_consumer_sync = {
	.family = XSC_FAM_SYNC,
	.issue = xsc_sync_issue,
};

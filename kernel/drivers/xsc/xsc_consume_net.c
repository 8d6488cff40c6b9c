// SPDX-License-Identifier: GPL-2.0-only
/*
 * xsc_consume_net.c - sockets
 *
 * A socket with a timeout (SO_RCVTIMEO, SO_SNDTIMEO) answers a signal with
 * -EINTR, one without asks for a restart: socket(7).  The latter stays in the
 * ring.  connect() goes on in the background when interrupted, and calling it
 * again would say EALREADY, so it ends.
 */
#include "xsc_async.h"

static s64 xsc_net_interrupted(const struct xsc_sqe *sqe, s64 res)
{
	return sqe->op == __NR_connect ? -EINTR : res;
}

const struct xsc_consumer xsc_consumer_net = {
	.family = XSC_FAM_NET,
	.interrupted = xsc_net_interrupted,
};

// SPDX-License-Identifier: GPL-2.0-only
/*
 * xsc_consume_fs.c - files: reads and writes, names, attributes
 *
 * An op that a signal ended before it moved a byte stays in the ring.  The
 * next doorbell takes it up again in its place, so the order of ops on one
 * file position is kept.
 */
#include "xsc_async.h"

static s64 xsc_fs_interrupted(const struct xsc_sqe *sqe, s64 res)
{
	return res;
}

const struct xsc_consumer xsc_consumer_fs = {
	.family = XSC_FAM_FS,
	.interrupted = xsc_fs_interrupted,
};

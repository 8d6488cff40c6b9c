/* SPDX-License-Identifier: GPL-2.0 */
/*
 * xsc_ring.h - what the files of xsc.ko offer each other
 */
#ifndef _DRIVERS_XSC_RING_H
#define _DRIVERS_XSC_RING_H

#include "xsc_async.h"

/**
 * struct xsc_consumer - how the ops of a family are taken off a ring
 * @family:	enum xsc_family
 * @interrupted: a signal ended the op before it had any effect.  A restart code
 *		(xsc_interrupted()) leaves the SQE in the ring for the next
 *		doorbell; all else is the result.
 */
struct xsc_consumer {
	enum xsc_family family;
	s64 (*interrupted)(const struct xsc_sqe *sqe, s64 res);
};

/* xsc_consume_*.c */
extern const struct xsc_consumer xsc_consumer_fs;
extern const struct xsc_consumer xsc_consumer_net;
extern const struct xsc_consumer xsc_consumer_timer;
extern const struct xsc_consumer xsc_consumer_sync;

#endif /* _DRIVERS_XSC_RING_H */

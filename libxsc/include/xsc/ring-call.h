/* SPDX-License-Identifier: MIT */
/*
 * ring-call.h - one op, waited for, by whichever way is quicker
 *
 * Included by <xsc/ring.h> and <xsc/rt.h>.
 */
#ifndef XSC_RING_CALL_H
#define XSC_RING_CALL_H

#include <xsc/ring.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * xsc_ring_call() - one op, waited for, by the poller or by the gate
 * @ring:	of xsc_ring_queue_init_poll(), without other ops under way; when
 *		one was quiet and has succeeded, all go by the gate
 * @op:		native system-call number
 * @a..@f:	its arguments
 *
 * It measures which of the ways is quicker, again and again: a window of a
 * millisecond by the other one, rarer each time that it loses.
 *
 * Return: what the call returns, errors as negative errno
 */
static inline long xsc_ring_call(struct xsc_ring *ring, unsigned int op,
				 long a, long b, long c, long d, long e, long f)
{
	/* Two instructions, with a test for zero before it five. */
	if (__builtin_expect(--ring->calls < 0, 0))
		return xsc_ring_call_slow(ring, op, a, b, c, d, e, f);
	return xsc_call6(op, a, b, c, d, e, f);
}

#ifdef __cplusplus
}
#endif

#endif /* XSC_RING_CALL_H */

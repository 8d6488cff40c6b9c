/* SPDX-License-Identifier: MIT */
/*
 * barrier.h - the memory accesses that the two sides of a ring share
 */
#ifndef XSC_BARRIER_H
#define XSC_BARRIER_H

/** xsc_smp_load_acquire() - what was released before the value is visible */
#define xsc_smp_load_acquire(p)		__atomic_load_n((p), __ATOMIC_ACQUIRE)

/** xsc_smp_store_release() - all accesses before it are done before it */
#define xsc_smp_store_release(p, v)	\
	__atomic_store_n((p), (v), __ATOMIC_RELEASE)

#endif /* XSC_BARRIER_H */

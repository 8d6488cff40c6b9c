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

/** xsc_smp_mb() - stores before it are visible before loads after it are done */
#define xsc_smp_mb()			__atomic_thread_fence(__ATOMIC_SEQ_CST)

/** xsc_cpu_relax() - in a loop that waits for another CPU */
#if defined(__x86_64__)
#define xsc_cpu_relax()			__builtin_ia32_pause()
#elif defined(__aarch64__)
#define xsc_cpu_relax()			__asm__ volatile("yield" ::: "memory")
#else
#define xsc_cpu_relax()			__asm__ volatile("" ::: "memory")
#endif

#endif /* XSC_BARRIER_H */

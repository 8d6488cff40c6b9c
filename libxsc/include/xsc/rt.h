/* SPDX-License-Identifier: MIT */
/*
 * rt.h - libxsc-rt: rings and batches, with the calls in a shared library
 *
 *	cc prog.c $(pkg-config --cflags --libs libxsc-rt)
 *
 *	struct xsc_ring ring;
 *	struct xsc_cqe *cqe;
 *
 *	xsc_ring_queue_init_async(64, &ring);
 *	xsc_prep_read(xsc_ring_get_sqe(&ring), fd, buf, sizeof(buf));
 *	xsc_ring_submit(&ring);
 *	... other work ...
 *	xsc_ring_wait_cqe(&ring, &cqe);
 *	... cqe->res ...
 *	xsc_ring_cqe_seen(&ring, cqe);
 *	xsc_ring_queue_exit(&ring);
 *
 * The functions are those of <xsc/ring.h> and <xsc/ring-calls.h>; in one file
 * include either this or those.  See libxsc(7).
 */
#ifndef XSC_RT_H
#define XSC_RT_H

#if defined(XSC_RING_H) && !defined(XSC_RT)
#error "include <xsc/rt.h> before or instead of <xsc/ring.h>"
#endif
#ifndef XSC_RT
#define XSC_RT
#endif

#include <linux/time_types.h>

#include <xsc/prep.h>
#include <xsc/ring.h>

#ifdef __cplusplus
extern "C" {
#endif

int xsc_ring_queue_init(unsigned int entries, struct xsc_ring *ring);
int xsc_ring_queue_init_async(unsigned int entries, struct xsc_ring *ring);
int xsc_ring_queue_init_poll(unsigned int entries, unsigned int flags,
			     struct xsc_ring *ring);
int xsc_ring_queue_init_params(struct xsc_ring_params *p,
			       struct xsc_ring *ring);
void xsc_ring_queue_exit(struct xsc_ring *ring);
int xsc_ring_register_buffers(struct xsc_ring *ring, const struct iovec *iov,
			      unsigned int nr);
int xsc_ring_unregister_buffers(struct xsc_ring *ring);
int xsc_ring_enter(struct xsc_ring *ring, unsigned int to_submit);
int xsc_ring_enter_wait(struct xsc_ring *ring, unsigned int to_submit,
			unsigned int min,
			const struct __kernel_timespec *timeout);
int xsc_ring_submit(struct xsc_ring *ring);
int xsc_ring_submit_and_wait(struct xsc_ring *ring, unsigned int min);
int xsc_ring_wait_cqe(struct xsc_ring *ring, struct xsc_cqe **cqe);
int xsc_ring_wait_cqe_timeout(struct xsc_ring *ring, struct xsc_cqe **cqe,
			      const struct __kernel_timespec *timeout);
int xsc_ring_wait_cqes(struct xsc_ring *ring, struct xsc_cqe **cqe,
		       unsigned int min,
		       const struct __kernel_timespec *timeout);

long xsc_ring_call_slow(struct xsc_ring *ring, unsigned int op, long a, long b,
			long c, long d, long e, long f);

#ifdef __cplusplus
}
#endif

#include <xsc/ring-call.h>

#endif /* XSC_RT_H */

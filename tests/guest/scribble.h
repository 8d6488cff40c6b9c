/* SPDX-License-Identifier: MIT */
/*
 * scribble.h - a thread that writes over the SR region of a ring, in tests
 */
#ifndef XSC_TEST_SCRIBBLE_H
#define XSC_TEST_SCRIBBLE_H

#include "rings.h"

static volatile bool scribble_stop;

/* header and SQEs alike, of the ring @arg */
static inline void scribble(void *arg)
{
	struct xsc_ring *r = arg;
	unsigned int n = 1, words = r->sr_size / 4;
	volatile __u32 *p = (volatile __u32 *)r->sr;
	static const __u32 values[] = {
		0, 1, 8, 0xffffffff, 0x7fffffff, 0x10001, 0x1000001, 2, 0x20000, 3,
	};
	/* what runs must not hurt the test itself */
	static const __u32 ops[] = {
		XSC_OP_NOP, SYS_getppid, SYS_getpid, 0xffffffff, 0x7fffffff, SYS_fork, SYS_execve, 60000,
	};

	while (!scribble_stop) {
		unsigned int i;

		n = n * 1103515245 + 12345;
		i = (n >> 8) % words;
		p[i] = i >= sizeof(struct xsc_sr_hdr) / 4 && !(i % 16) ? ops[(n >> 4) % 8] : values[(n >> 4) % 10];
		p[0] = (n >> 16) % 16 ? r->cr->sq_head + (n >> 20) % 9 : n;
		p[16] = (n >> 12) % 16 ? r->cr->cq_tail - (n >> 24) % 17 : n;
	}
}

#endif /* XSC_TEST_SCRIBBLE_H */

/* SPDX-License-Identifier: MIT */
/*
 * batch.h - building and running batches in tests
 */
#ifndef XSC_TEST_BATCH_H
#define XSC_TEST_BATCH_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mini.h"
#include "tap.h"

#define BATCH	64

static struct xsc_sqe sqes[BATCH];
static struct xsc_cqe cqes[BATCH];
static unsigned int filled;

/* a new batch: nothing in it, and results that nothing returns */
static inline void batch_start(void)
{
	filled = 0;
	memset(sqes, 0, sizeof(sqes));
	for (int i = 0; i < BATCH; i++)
		cqes[i] = (struct xsc_cqe) { 0xdead, -9999 };
}

static inline struct xsc_sqe *batch_add6(unsigned int op, long a, long b, long c, long d, long e, long f)
{
	struct xsc_sqe *sqe = &sqes[filled];

	xsc_sqe_prep(sqe, op, a, b, c, d, e, f);
	sqe->user_data = 0x1000 + filled++;
	return sqe;
}

/* batch_add(op, ...): one more SQE, with zero to six arguments */
#define batch_add(op, ...)	XSC_DISPATCH(batch_add6, op, ##__VA_ARGS__)

static inline long batch_run(void)
{
	return xsc_batch(sqes, cqes, filled);
}

/* one op in a batch of its own: its result */
static inline __attribute__((unused)) long batch_one(void)
{
	return batch_run() == (long)filled ? cqes[filled - 1].res : -8888;
}

/* Every test of batches begins so: in a legacy process there are none. */
#define BATCH_XSC_ONLY()						\
	do {								\
		if (!mini_xsc) {					\
			tap_skip("batches are for XSC processes");	\
			return tap_done();				\
		}							\
	} while (0)

#endif /* XSC_TEST_BATCH_H */

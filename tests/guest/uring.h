/* SPDX-License-Identifier: MIT */
/*
 * uring.h - a thread that waits for an io_uring, in tests
 */
#ifndef XSC_TEST_URING_H
#define XSC_TEST_URING_H

#include <linux/io_uring.h>

#include "mini.h"

static int uring_fd;

/* false where there is none */
static inline bool uring_make(void)
{
	struct io_uring_params p = { 0 };

	uring_fd = sys(SYS_io_uring_setup, 4, &p);
	return uring_fd >= 0;
}

/* for a CQE that nobody makes */
static inline long uring_wait(void)
{
	return sys(SYS_io_uring_enter, uring_fd, 0, 1, IORING_ENTER_GETEVENTS, NULL, 0);
}

#endif /* XSC_TEST_URING_H */

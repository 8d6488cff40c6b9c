// SPDX-License-Identifier: MIT
/*
 * batch-handler.c - batches and ops inside signal handlers, also of a signal
 * that interrupts a batch; TEST: xsc only
 */
#include <sys/time.h>

#include "batch.h"

static int fds[2];
static volatile long inner = -9999, inner_res, depth, direct;

static void handler(int sig)
{
	struct xsc_sqe s[2];
	struct xsc_cqe c[2];

	depth++;
	xsc_sqe_prep(&s[0], SYS_getppid, 0, 0, 0, 0, 0, 0);
	xsc_sqe_prep(&s[1], SYS_write, fds[1], (long)"x", 1, 0, 0, 0);
	inner = xsc_batch(s, c, 2);
	inner_res = c[0].res;
	direct = xsc_call(SYS_getppid);
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = SA_RESTART };
	struct itimerval it = { { 0, 0 }, { 0, 50000 } };
	static char got;

	BATCH_XSC_ONLY();
	pipe2(fds, 0);
	sigaction(SIGALRM, &sa, NULL);
	batch_start();
	batch_add(SYS_getpid);
	batch_add(SYS_read, fds[0], &got, 1);
	batch_add(SYS_getppid);
	setitimer(ITIMER_REAL, &it, NULL);
	tap_is(batch_run(), 3, "a batch that blocks until a handler's batch has written");
	tap_is(inner, 2, "the handler's batch");
	tap_is(inner_res, getppid(), "its first result");
	tap_is(direct, getppid(), "a direct op in the handler");
	tap_is(cqes[1].res, 1, "the outer op was restarted");
	tap_is(cqes[2].res, getppid(), "and the batch went on");
	tap_is(depth, 1, "one signal");
	return tap_done();
}

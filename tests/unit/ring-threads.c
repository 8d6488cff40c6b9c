// SPDX-License-Identifier: MIT
/*
 * ring-threads.c - the ring's barriers, with the kernel side in another thread
 *
 * Built with ThreadSanitizer: an access that no barrier orders is a report,
 * and the report makes the test fail.  So that each barrier is the only one
 * that orders its data, SQEs go over in full rounds, CQEs are reaped without a
 * look at the SQ, and the CQ is smaller than a round.
 */
#include <pthread.h>
#include <sched.h>

#include "ring-sim.h"
#include "tap.h"

#define ROUND	16
#define ROUNDS	3000

static struct xsc_ring ring;

static void *kernel(void *arg)
{
	unsigned int done = 0, n;

	while (done < ROUND * ROUNDS) {
		n = sim_doorbell(&ring, 8);
		if (!n)
			sched_yield();
		done += n;
	}
	return arg;
}

static void submit_round(unsigned int first)
{
	struct xsc_sqe *sqe;
	unsigned int i;

	for (i = first; i < first + ROUND; i++) {
		/* The CQEs are all there; the last SQE's slot may lag behind. */
		while (!(sqe = xsc_ring_get_sqe(&ring)))
			sched_yield();
		xsc_sqe_prep(sqe, XSC_OP_NOP, i, 0, 0, 0, 0, 0);
		xsc_sqe_set_data64(sqe, ~(__u64)i);
	}
	xsc_ring_flush(&ring);
}

static bool reap_round(unsigned int first)
{
	struct xsc_cqe *cqe;
	unsigned int i;
	bool ok = true;

	for (i = first; i < first + ROUND; i++) {
		while (xsc_ring_peek_cqe(&ring, &cqe))
			sched_yield();
		ok &= cqe->res == i && cqe->user_data == ~(__u64)i;
		xsc_ring_cqe_seen(&ring, cqe);
	}
	return ok;
}

int main(void)
{
	pthread_t thread;
	bool ok = true;
	unsigned int i;

	sim_init(&ring, ROUND, ROUND / 4, 0xffffff00);
	pthread_create(&thread, NULL, kernel, NULL);
	for (i = 0; i < ROUNDS; i++) {
		submit_round(i * ROUND);
		ok &= reap_round(i * ROUND);
	}
	pthread_join(thread, NULL);
	tap_ok(ok, "%u ops between two threads, each one once, in order",
	       ROUND * ROUNDS);
	sim_free(&ring);
	return tap_done();
}

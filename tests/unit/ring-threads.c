// SPDX-License-Identifier: MIT
/*
 * ring-threads.c - the ring's barriers, with the kernel side in another thread
 *
 * Built with ThreadSanitizer: an access that no barrier orders is a report,
 * and the report makes the test fail.
 */
#include <pthread.h>
#include <sched.h>

#include "ring-sim.h"
#include "tap.h"

#define OPS	50000

static struct xsc_ring ring;

static void *kernel(void *arg)
{
	unsigned int done = 0, n;

	while (done < OPS) {
		n = sim_doorbell(&ring, 8);
		if (!n)
			sched_yield();
		done += n;
	}
	return arg;
}

int main(void)
{
	unsigned int sent = 0, got = 0;
	struct xsc_sqe *sqe;
	struct xsc_cqe *cqe;
	pthread_t thread;
	bool ok = true;

	sim_init(&ring, 16, 16, 0xffffff00);
	pthread_create(&thread, NULL, kernel, NULL);
	while (got < OPS) {
		while (sent < OPS && (sqe = xsc_ring_get_sqe(&ring))) {
			xsc_sqe_prep(sqe, XSC_OP_NOP, sent, 0, 0, 0, 0, 0);
			xsc_sqe_set_data64(sqe, ~(__u64)sent);
			sent++;
		}
		xsc_ring_flush(&ring);
		if (xsc_ring_peek_cqe(&ring, &cqe)) {
			sched_yield();
			continue;
		}
		ok &= cqe->res == got && cqe->user_data == ~(__u64)got;
		xsc_ring_cqe_seen(&ring, cqe);
		got++;
	}
	pthread_join(thread, NULL);
	tap_ok(ok, "%u ops between two threads, each one once, in order", OPS);
	sim_free(&ring);
	return tap_done();
}

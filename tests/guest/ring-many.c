// SPDX-License-Identifier: MIT
/* ring-many.c - a hundred rings at once, threads on one ring, and exit with all of them */
#include "rings.h"

#define NR	100

static struct xsc_ring r[NR];
static volatile int busy;

static void ring_on(void *arg)
{
	/* one ring, several threads: EINVAL and the like are theirs to expect, a crash is not */
	for (int i = 0; i < 3000; i++)
		ring_enter(r[0].fd, 1, 0);
	__atomic_add_fetch(&busy, 1, __ATOMIC_RELAXED);
}

int main(int argc, char **argv)
{
	struct thread t[3];
	unsigned long wrong = 0, cqes = 0, gone = 0;
	long res;
	int pid;

	RINGS_OR_SKIP();
	for (int i = 0; i < NR; i++)
		wrong += !!xsc_ring_queue_init(64, &r[i]);
	tap_is(wrong, 0, "%d rings", NR);
	for (int k = 0; k < 3; k++)
		for (int i = 0; i < NR; i++) {
			ring_add0(&r[i], SYS_getpid);
			wrong += xsc_ring_submit(&r[i]) != 1;
			wrong += !ring_take(&r[i], &res, NULL) || res != getpid();
		}
	tap_is(wrong, 0, "each of them works");

	for (int i = 0; i < 3; i++)
		thread_start(&t[i], ring_on, NULL);
	while (busy < 3) {
		while (ring_add0(&r[0], XSC_OP_NOP))
			;
		xsc_ring_flush(&r[0]);
		while (ring_take(&r[0], &res, NULL))
			cqes++;
	}
	for (int i = 0; i < 3; i++)
		thread_join(&t[i]);
	while (ring_take(&r[0], &res, NULL))
		cqes++;
	tap_is(cqes + 3, r[0].cr->sqes_done, "threads ring one ring: a CQE for each SQE");

	for (int i = 0; i < NR; i += 2) {
		xsc_ring_queue_exit(&r[i]);
		gone += fcntl(r[i].fd, F_GETFD) == -1;
	}
	tap_is(gone, NR / 2, "half of them are gone");

	pid = fork();
	if (!pid) {
		for (int i = 0; i < NR; i++)
			if (xsc_ring_queue_init(64, &r[i]))
				_exit(1);
		ring_add0(&r[7], SYS_getpid);
		xsc_ring_flush(&r[7]);
		_exit(0);
	}
	tap_is(wait_for(pid), 0, "a child ends with a hundred rings of its own");

	/* a child that has closed the files but still has the regions */
	pid = fork();
	if (!pid) {
		for (int i = 0; i < 10; i++) {
			if (xsc_ring_queue_init(64, &r[i]))
				_exit(1);
			close(r[i].fd);
			r[i].sr->sq_tail = 77;
			if (r[i].cr->sq_entries != 64)
				_exit(2);
		}
		_exit(0);
	}
	tap_is(wait_for(pid), 0, "regions outlive their file");
	return tap_done();
}

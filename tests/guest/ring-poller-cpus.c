// SPDX-License-Identifier: MIT
/* ring-poller-cpus.c - a poller runs where its process may run, and nowhere else */
#include "poller.h"

/* the CPUs of a thread, as a mask */
static unsigned long cpus_of(int tid)
{
	unsigned long mask[16] = { 0 };

	return sys(SYS_sched_getaffinity, tid, sizeof(mask), mask) > 0 ? mask[0] : 0;
}

int main(int argc, char **argv)
{
	unsigned long all, two, strays = 0, got;
	struct xsc_ring r;
	int tid, polled = 0;

	POLLER_OR_SKIP();
	if (poller_cpus() < 3) {
		tap_skip("wants three CPUs");
		return tap_done();
	}
	all = cpus_of(0);
	two = all & (all - 1);			/* without the first */
	sys(SYS_sched_setaffinity, 0, sizeof(two), &two);
	poller_make(&r, 16, 0, 1000);
	for (int i = 0; i < 50; i++) {
		polled += poller_wake(&r);
		tid = poller_tid();
		got = tid ? cpus_of(tid) : 0;
		strays += (got & ~two) != 0;
		/* it falls asleep, and is placed anew */
		msleep(5);
	}
	tap_ok(polled > 0, "polled %d times of 50", polled);
	tap_is(strays, 0, "the poller stays on the CPUs of its process (%lx of %lx)", two, all);
	xsc_ring_queue_exit(&r);
	return tap_done();
}

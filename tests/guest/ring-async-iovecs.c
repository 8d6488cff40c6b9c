// SPDX-License-Identifier: MIT
/* ring-async-iovecs.c - vectors without a byte in them, of many parts: the kernel keeps nothing of them */
#include <sys/uio.h>

#include "async.h"

#define PARTS	1024
#define ROUNDS	256
#define DEPTH	32

/* kilobytes that the kernel has in objects which it cannot give back */
static long unreclaimable(void)
{
	return number_in("/proc/meminfo", "SUnreclaim:");
}

int main(int argc, char **argv)
{
	static struct iovec none[PARTS], one[PARTS];
	static char byte;
	struct xsc_ring r;
	int p[2], bad = 0;
	long before, grown, res;

	RINGS_OR_SKIP();
	pipe(p);
	one[PARTS - 1] = (struct iovec) { &byte, 1 };
	async_make(&r, DEPTH);
	before = unreclaimable();
	for (int i = 0; i < ROUNDS; i++) {
		for (int k = 0; k < DEPTH; k++)
			ring_add3(&r, k % 2 ? SYS_writev : SYS_readv, p[k % 2], none, PARTS);
		async_submit(&r);
		while (ring_take(&r, &res, NULL))
			bad += res != 0;
	}
	/* 16 KiB each, if they were kept: 128 MiB */
	grown = unreclaimable() - before;
	tap_is(bad, 0, "%d vectors of %d parts without a byte: 0", ROUNDS * DEPTH, PARTS);
	tap_ok(before < 0 || grown < 16384, "memory of the kernel grew by %ld KiB", grown);

	ring_add3(&r, SYS_readv, p[0], one, PARTS);
	async_submit(&r);
	write(p[1], "y", 1);
	tap_is(async_result(&r, ring_data), 1, "one with a byte in its last part waits for it");
	tap_is(byte, 'y', "and has it");
	ring_add3(&r, SYS_readv, p[0], (void *)16, PARTS);
	tap_is((async_submit(&r), async_result(&r, ring_data)), -EFAULT, "parts that are nowhere");
	xsc_ring_queue_exit(&r);
	return tap_done();
}

// SPDX-License-Identifier: MIT
/*
 * helper-ring-holder.c - make a ring and hold it for N seconds, or, with
 * "loop", make and unmake rings for two seconds; TEST: helper
 */
#include <stdlib.h>

#include "rings.h"

int main(int argc, char **argv)
{
	static struct xsc_ring r;
	unsigned long end;

	if (argc > 1 && !strcmp(argv[1], "loop")) {
		for (end = now_ms() + 2000; now_ms() < end; )
			if (!xsc_ring_queue_init(64, &r)) {
				ring_add0(&r, SYS_getpid);
				xsc_ring_submit(&r);
				xsc_ring_queue_exit(&r);
			}
		return 0;
	}
	if (xsc_ring_queue_init(64, &r))
		return 1;
	dprintf(1, "ready\n");
	msleep(1000 * strtoul(argc > 1 ? argv[1] : "0", NULL, 10));
	return 0;
}

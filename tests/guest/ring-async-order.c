// SPDX-License-Identifier: MIT
/* ring-async-order.c - program order on one file position and one stream; a place in the CQ */
#include "async.h"

static struct xsc_ring r;

int main(int argc, char **argv)
{
	struct xsc_ring_params pa = { .sq_entries = 8, .cq_entries = 8, .flags = XSC_RING_ASYNC };
	struct xsc_ring small;
	int p[2], sv[2], file;
	char a[4] = "", b[4] = "", c[32] = "";
	long bad = 0;
	__u64 f;

	RINGS_OR_SKIP();
	async_make(&r, 64);
	pipe(p);
	socketpair(AF_UNIX, SOCK_STREAM, 0, sv);

	/* the two directions of a stream do not wait for each other */
	ring_add3(&r, SYS_read, sv[0], a, 3);
	ring_add3(&r, SYS_write, sv[0], "out", 3);
	async_submit(&r);
	tap_is(async_result(&r, 2), 3, "a write overtakes a read of the same socket");
	tap_ok(!async_has(&r, 1), "which waits");
	write(sv[1], "in.", 3);
	tap_is(async_result(&r, 1), 3, "and ends");

	/* one direction keeps its order, whatever the sizes */
	f = ring_data + 1;
	for (int i = 0; i < 26; i++)
		ring_add3(&r, SYS_read, p[0], c + i, 1);
	async_submit(&r);
	for (int i = 0; i < 26; i++)
		write(p[1], "abcdefghijklmnopqrstuvwxyz" + i, 1);
	for (int i = 0; i < 26; i++)
		bad += async_result(&r, f + i) != 1;
	tap_is(bad, 0, "26 reads of one pipe");
	tap_ok(!strcmp(c, "abcdefghijklmnopqrstuvwxyz"), "in order: %s", c);

	/* a seek waits for a read of the same file: the FIFO side of a file is a pipe, so block it by a chain */
	file = memfd_create("data", 0);
	write(file, "0123456789", 10);
	sys(SYS_lseek, file, 2, SEEK_SET);
	xsc_sqe_link(ring_add3(&r, SYS_read, file, a, 1));
	ring_add3(&r, SYS_read, file, b, 1);
	ring_add3(&r, SYS_lseek, file, 7, SEEK_SET);
	ring_add3(&r, SYS_read, file, c, 1);
	async_submit(&r);
	async_result(&r, ring_data);
	tap_ok(a[0] == '2' && b[0] == '3' && c[0] == '7', "read, read, seek, read: %c %c %c", a[0], b[0], c[0]);

	/* unordered: the second read may take what comes first, nobody waits for another */
	f = ring_data + 1;
	ring_add3(&r, SYS_read, p[0], a, 1)->flags = XSC_SQE_UNORDERED;
	ring_add3(&r, SYS_read, p[0], b, 1)->flags = XSC_SQE_UNORDERED;
	async_submit(&r);
	write(p[1], "pq", 2);
	tap_ok(async_result(&r, f) == 1 && async_result(&r, f + 1) == 1, "two unordered reads");
	tap_ok((a[0] == 'p' && b[0] == 'q') || (a[0] == 'q' && b[0] == 'p'), "each got one byte");

	/* a place in the CQ for each op in flight */
	tap_is(xsc_ring_queue_init_params(&pa, &small), 0, "a ring of 8 and 8");
	for (int i = 0; i < 5; i++)
		ring_add3(&small, SYS_read, p[0], a, 1);
	tap_is(async_submit(&small), 5, "five ops in flight");
	for (int i = 0; i < 6; i++)
		ring_add0(&small, SYS_getpid);
	tap_is(async_submit(&small), 3, "room for three more");
	tap_is(small.cr->flags, XSC_CR_CQ_FULL, "flag CQ_FULL");
	tap_is(async_submit(&small), -EBUSY, "no room: EBUSY");
	tap_is(xsc_ring_cq_ready(&small), 3, "three CQEs are there");
	async_drain(&small);
	tap_is(async_submit(&small), 3, "now the rest");
	write(p[1], "12345", 5);
	for (int i = 0; i < 100 && xsc_ring_cq_ready(&small) < 8; i++)
		msleep(20);
	tap_is(xsc_ring_cq_ready(&small), 8, "those in flight found their place");
	async_drain(&small);
	bad = 0;
	for (f = 1; f <= ring_data; f++)
		bad += async_got[f].times != 1;
	tap_is(bad, 0, "one CQE for each SQE");
	xsc_ring_queue_exit(&small);
	xsc_ring_queue_exit(&r);
	return tap_done();
}

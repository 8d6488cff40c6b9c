// SPDX-License-Identifier: MIT
/* ring-async-pipe.c - reads and writes of pipes that would block do not block the doorbell */
#include "async.h"

#define BIG	(300 * 1024)

static char big[BIG], back[BIG];

int main(int argc, char **argv)
{
	static struct xsc_ring r;
	int p[2], q[2], many[50][2];
	char c = 0, d = 0;
	__u64 first;
	long n = 0, bad = 0;

	RINGS_OR_SKIP();
	async_make(&r, 64);
	pipe(p);
	pipe(q);

	ring_add3(&r, SYS_read, p[0], &c, 1);
	tap_is(async_submit(&r), 1, "a read of an empty pipe is consumed");
	tap_ok(!async_has(&r, 1), "it has no CQE");
	tap_is(async_inflight(&r), 1, "it is in flight");
	write(p[1], "a", 1);
	tap_is(async_result(&r, 1), 1, "it completes when there is something to read");
	tap_is(c, 'a', "what was read");
	tap_is(async_inflight(&r), 0, "nothing is in flight");

	write(p[1], "b", 1);
	ring_add3(&r, SYS_read, p[0], &c, 1);
	async_submit(&r);
	tap_ok(async_has(&r, 2), "a read that does not block is complete with the doorbell");
	tap_is(c, 'b', "what was read");

	/* the other side is in the same ring */
	ring_add3(&r, SYS_read, p[0], &c, 1);
	ring_add3(&r, SYS_write, p[1], "c", 1);
	tap_is(async_enter(&r, 2, 2, 5000), 2, "reader before writer, in one doorbell");
	tap_is(async_result(&r, 3), 1, "the reader");
	tap_is(async_result(&r, 4), 1, "the writer");
	tap_ok(async_got[4].place < async_got[3].place, "the writer came first");
	tap_is(c, 'c', "what was read");

	/* in the order of submission */
	ring_add3(&r, SYS_read, p[0], &c, 1);
	ring_add3(&r, SYS_read, p[0], &d, 1);
	async_submit(&r);
	write(p[1], "xy", 2);
	tap_is(async_result(&r, 6), 1, "two reads of one pipe");
	tap_is(c * 256 + d, 'x' * 256 + 'y', "each has its own");
	tap_ok(async_got[5].place < async_got[6].place, "in order");

	/* end of file */
	ring_add3(&r, SYS_read, q[0], &c, 1);
	async_submit(&r);
	close(q[1]);
	tap_is(async_result(&r, 7), 0, "the writer goes away: end of file");
	close(q[0]);

	/* more than a pipe holds, and someone who reads slowly */
	pipe(q);
	for (int i = 0; i < BIG; i++)
		big[i] = i * 7 + i / 255;
	ring_add3(&r, SYS_write, q[1], big, BIG);
	tap_is(async_submit(&r), 1, "a write of 300 KiB is consumed");
	tap_ok(!async_has(&r, 8), "and goes on");
	while (n < BIG) {
		long got = read(q[0], back + n, 7000);

		if (got <= 0)
			break;
		n += got;
	}
	tap_is(n, BIG, "all of it comes");
	tap_is(async_result(&r, 8), BIG, "its result is all of it");
	tap_ok(!memcmp(big, back, BIG), "in order");

	/* the reader goes away in the middle */
	signal(SIGPIPE, SIG_IGN);
	ring_add3(&r, SYS_write, q[1], big, BIG);
	async_submit(&r);
	read(q[0], back, 4096);
	msleep(50);
	close(q[0]);
	n = async_result(&r, 9);
	tap_ok(n >= 65536 && n < BIG, "the reader goes away: a short count (%ld)", n);
	ring_add3(&r, SYS_write, q[1], big, 1);
	async_submit(&r);
	tap_is(async_result(&r, 10), -EPIPE, "then EPIPE");
	close(q[1]);

	/* fifty at once, complete in another order */
	first = ring_data + 1;
	for (int i = 0; i < 50; i++) {
		pipe(many[i]);
		ring_add3(&r, SYS_read, many[i][0], back + i, 1);
	}
	tap_is(async_submit(&r), 50, "fifty reads");
	tap_is(async_inflight(&r), 50, "all are in flight");
	for (int i = 49; i >= 0; i--) {
		char x = i;

		write(many[i][1], &x, 1);
	}
	for (int i = 0; i < 50; i++)
		bad += async_result(&r, first + i) != 1 || back[i] != i;
	tap_is(bad, 0, "all complete, each with its own byte");

	/* errors are those of the call */
	ring_add3(&r, SYS_read, p[1], &c, 1);
	ring_add3(&r, SYS_read, 999, &c, 1);
	ring_add3(&r, SYS_write, p[0], &c, 1);
	ring_add3(&r, SYS_read, p[0], 1, 1);
	ring_add4(&r, SYS_pread64, p[0], &c, 1, 0);
	first = ring_data - 4;
	async_submit(&r);
	tap_is(async_result(&r, first), -EBADF, "read of the write end");
	tap_is(async_result(&r, first + 1), -EBADF, "read of no file");
	tap_is(async_result(&r, first + 2), -EBADF, "write to the read end");
	tap_is(async_result(&r, first + 4), -ESPIPE, "pread of a pipe");
	write(p[1], "z", 1);
	tap_is(async_result(&r, first + 3), -EFAULT, "a bad address");

	/* O_NONBLOCK keeps its meaning */
	pipe2(q, O_NONBLOCK);
	ring_add3(&r, SYS_read, q[0], &c, 1);
	async_submit(&r);
	tap_ok(async_has(&r, ring_data) && async_got[ring_data].res == -EAGAIN, "O_NONBLOCK: EAGAIN");

	bad = 0;
	for (__u64 i = 1; i <= ring_data; i++)
		bad += async_got[i].times != 1;
	tap_is(bad, 0, "one CQE for each SQE");
	tap_is(async_inflight(&r), 0, "nothing is in flight");
	xsc_ring_queue_exit(&r);
	return tap_done();
}

// SPDX-License-Identifier: MIT
/* ring-async-poll-first.c - XSC_SQE_POLL_FIRST: not tried before the file is ready */
#include <netinet/in.h>

#include "async.h"

static struct xsc_ring r;

/* a connection over TCP: both ends */
static void connection(int sv[2])
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	unsigned int len = sizeof(in);
	int l = sys(SYS_socket, AF_INET, SOCK_STREAM, 0);

	sys(SYS_bind, l, &in, len);
	sys(SYS_listen, l, 1);
	sys(SYS_getsockname, l, &in, &len);
	sv[0] = sys(SYS_socket, AF_INET, SOCK_STREAM, 0);
	if (sys(SYS_connect, sv[0], &in, len))
		_exit(99);
	sv[1] = sys(SYS_accept, l, NULL, NULL);
	close(l);
}

int main(int argc, char **argv)
{
	int sv[2], p[2], low = 10;
	char buf[64] = "";
	__u64 a;

	RINGS_OR_SKIP();
	async_only(xsc_sqe_poll_first);

	async_make(&r, 16);
	pipe(p);
	connection(sv);

	/* below the mark poll says no, and a try would take what there is */
	sys(SYS_setsockopt, sv[0], SOL_SOCKET, SO_RCVLOWAT, &low, sizeof(low));
	write(sv[1], "01234", 5);
	/* a busy machine may deliver it later */
	while (sys(SYS_recvfrom, sv[0], buf, 64, MSG_PEEK | MSG_DONTWAIT, NULL, NULL) != 5)
		msleep(1);
	ring_add6(&r, SYS_recvfrom, sv[0], (long)buf, 64, 0, 0, 0);
	async_submit(&r);
	tap_is(async_result(&r, ring_data), 5, "without the flag: what there is");
	write(sv[1], "01234", 5);
	xsc_sqe_poll_first(ring_add6(&r, SYS_recvfrom, sv[0], (long)buf, 64, 0, 0, 0));
	a = ring_data;
	async_submit(&r);
	msleep(50);
	tap_ok(!async_has(&r, a), "with it: not before the file is ready");
	write(sv[1], "56789", 5);
	tap_is(async_result(&r, a), 10, "then all");
	write(sv[1], "0123456789", 10);
	xsc_sqe_poll_first(ring_add3(&r, SYS_read, sv[0], buf, 4));
	async_submit(&r);
	tap_is(async_result(&r, ring_data), 4, "ready from the beginning: read of a socket");
	low = 1;
	sys(SYS_setsockopt, sv[0], SOL_SOCKET, SO_RCVLOWAT, &low, sizeof(low));
	tap_is(read(sv[0], buf, 64), 6, "of what was there");

	/* what is not there yet */
	xsc_sqe_poll_first(ring_add3(&r, SYS_read, p[0], buf, 8));
	a = ring_data;
	async_submit(&r);
	tap_is(async_inflight(&r), 1, "a pipe: it waits");
	write(p[1], "abc", 3);
	tap_is(async_result(&r, a), 3, "and has what was written");
	tap_ok(!memcmp(buf, "abc", 3), "which is that");
	xsc_sqe_poll_first(ring_add3(&r, SYS_read, p[0], buf, 8));
	a = ring_data;
	async_submit(&r);
	ring_add6(&r, XSC_OP_CANCEL, a, 0, 0, 0, 0, 0);
	async_submit(&r);
	tap_is(async_result(&r, ring_data), 0, "cancel");
	tap_is(async_result(&r, a), -ECANCELED, "it is cancelled");

	/* order: the first of two gets the first bytes */
	a = ring_data + 1;
	xsc_sqe_poll_first(ring_add3(&r, SYS_read, p[0], buf, 2));
	xsc_sqe_poll_first(ring_add3(&r, SYS_read, p[0], buf + 2, 2));
	async_submit(&r);
	write(p[1], "1234", 4);
	async_result(&r, a);
	async_result(&r, a + 1);
	tap_ok(!memcmp(buf, "1234", 4), "two reads of one pipe keep their order: %.4s", buf);

	/* elsewhere it means nothing */
	fcntl(p[0], F_SETFL, O_NONBLOCK);
	xsc_sqe_poll_first(ring_add3(&r, SYS_read, p[0], buf, 8));
	async_submit(&r);
	tap_is(async_result(&r, ring_data), -EAGAIN, "O_NONBLOCK is what it was");
	xsc_sqe_poll_first(ring_add0(&r, SYS_getpid));
	async_submit(&r);
	tap_is(async_result(&r, ring_data), getpid(), "an op that waits for no file");
	xsc_sqe_poll_first(ring_add3(&r, SYS_write, p[1], "x", 1));
	async_submit(&r);
	tap_is(async_result(&r, ring_data), 1, "a write with room");
	xsc_ring_queue_exit(&r);
	return tap_done();
}

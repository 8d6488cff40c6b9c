// SPDX-License-Identifier: MIT
/* ring-async-socket.c - accept, recv, send, messages with descriptors, timeouts */
#include <netinet/in.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>

#include "async.h"

#define BIG	(1024 * 1024)

static struct xsc_ring r;
static char big[BIG], back[BIG];

static int listener(struct sockaddr_un *un, const char *name)
{
	int fd = sys(SYS_socket, AF_UNIX, SOCK_STREAM, 0);

	memset(un, 0, sizeof(*un));
	un->sun_family = AF_UNIX;
	strcpy(un->sun_path, name);
	sys(SYS_bind, fd, un, sizeof(*un));
	sys(SYS_listen, fd, 20);
	return fd;
}

/* a message that a stream does not hold at once, with a descriptor */
static void message_in_parts(void)
{
	char control[CMSG_SPACE(sizeof(int))];
	struct iovec v[3] = { { big, 1 }, { big + 1, BIG / 2 }, { big + 1 + BIG / 2, BIG / 2 - 1 } };
	struct msghdr m = { .msg_iov = v, .msg_iovlen = 3, .msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *cm = CMSG_FIRSTHDR(&m);
	int sv[2], file = memfd_create("passed", 0), n_fds = 0, fd;
	long was = threads(), n = 0, res;
	struct iovec in;
	__u64 a;

	socketpair(AF_UNIX, SOCK_STREAM, 0, sv);
	cm->cmsg_level = SOL_SOCKET;
	cm->cmsg_type = SCM_RIGHTS;
	cm->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cm), &file, sizeof(int));
	ring_add3(&r, SYS_sendmsg, sv[1], &m, 0);
	a = ring_data;
	async_submit(&r);
	tap_ok(!async_has(&r, a), "sendmsg of 1 MiB goes on");
	tap_ok(threads() <= was, "without a thread: %ld threads", threads());
	memset(back, 0, BIG);
	while (n < BIG) {
		char space[CMSG_SPACE(sizeof(int))];
		struct msghdr mi = { .msg_iov = &in, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof(space) };

		in = (struct iovec){ back + n, BIG - n };
		res = sys(SYS_recvmsg, sv[0], &mi, 0);
		if (res <= 0)
			break;
		if (mi.msg_controllen >= CMSG_LEN(sizeof(int))) {
			memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&mi)), sizeof(int));
			close(fd);
			n_fds++;
		}
		n += res;
	}
	tap_is(async_result(&r, a), BIG, "its result is all of it");
	tap_ok(n == BIG && !memcmp(big, back, BIG), "in order");
	tap_is(n_fds, 1, "with one descriptor");
	close(file);
	close(sv[0]);
	close(sv[1]);
}

int main(int argc, char **argv)
{
	struct sockaddr_un un, from;
	struct timeval tv = { 0, 100000 };
	char c = 0, control[CMSG_SPACE(sizeof(int))], text[16] = "";
	struct iovec iov = { text, sizeof(text) }, out = { "fd", 2 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	struct msghdr mo = { .msg_iov = &out, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	int l, sv[2], dg[2], file, fd, conn[5];
	unsigned int len = sizeof(from);
	long n = 0, bad = 0, res;
	struct cmsghdr *cm;
	__u64 a;

	RINGS_OR_SKIP();
	async_make(&r, 64);

	/* accept: five of them wait, five come */
	l = listener(&un, "sock");
	a = ring_data + 1;
	for (int i = 0; i < 5; i++)
		ring_add4(&r, i % 2 ? SYS_accept4 : SYS_accept, l, &from, &len, SOCK_CLOEXEC);
	tap_is(async_submit(&r), 5, "five accepts");
	tap_is(async_inflight(&r), 5, "all wait");
	for (int i = 0; i < 5; i++) {
		conn[i] = sys(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
		ring_add3(&r, SYS_connect, conn[i], &un, sizeof(un));
	}
	async_submit(&r);
	for (int i = 0; i < 5; i++) {
		bad += async_result(&r, a + 5 + i) != 0;
		res = async_result(&r, a + i);
		bad += res < 0 || !(fcntl(res, F_GETFD) & FD_CLOEXEC) != !(i % 2);
	}
	tap_is(bad, 0, "five connections, accept4 with its flag");
	tap_ok(async_got[a].place < async_got[a + 1].place, "in order");
	ring_add4(&r, SYS_accept4, l, 0, 0, 0x12345);
	async_submit(&r);
	tap_is(async_result(&r, ring_data), -EINVAL, "accept4 with a bad flag");
	ring_add3(&r, SYS_accept, 1, 0, 0);
	async_submit(&r);
	tap_is(async_result(&r, ring_data), -ENOTSOCK, "accept of no socket");

	/* recv waits, send ends it */
	socketpair(AF_UNIX, SOCK_STREAM, 0, sv);
	ring_add6(&r, SYS_recvfrom, sv[0], (long)&c, 1, 0, 0, 0);
	a = ring_data;
	async_submit(&r);
	tap_ok(!async_has(&r, a), "recv waits");
	ring_add6(&r, SYS_sendto, sv[1], (long)"s", 1, 0, 0, 0);
	async_submit(&r);
	tap_is(async_result(&r, a), 1, "and ends");
	tap_is(c, 's', "with what was sent");

	/* MSG_PEEK, MSG_DONTWAIT, MSG_WAITALL */
	ring_add6(&r, SYS_recvfrom, sv[0], (long)&c, 1, MSG_DONTWAIT, 0, 0);
	async_submit(&r);
	tap_is(async_result(&r, ring_data), -EAGAIN, "MSG_DONTWAIT: EAGAIN");
	ring_add6(&r, SYS_recvfrom, sv[0], (long)back, 8, MSG_WAITALL, 0, 0);
	a = ring_data;
	async_submit(&r);
	write(sv[1], "1234", 4);
	msleep(100);
	tap_ok(!async_has(&r, a), "MSG_WAITALL: half of it is not enough");
	write(sv[1], "5678", 4);
	tap_is(async_result(&r, a), 8, "all of it is");

	/* more than the buffers hold */
	for (int i = 0; i < BIG; i++)
		big[i] = i * 11 + i / 251;
	ring_add6(&r, SYS_sendto, sv[1], (long)big, BIG, 0, 0, 0);
	a = ring_data;
	async_submit(&r);
	tap_ok(!async_has(&r, a), "a send of 1 MiB goes on");
	while (n < BIG) {
		res = read(sv[0], back + n, 50000);
		if (res <= 0)
			break;
		n += res;
	}
	tap_is(async_result(&r, a), BIG, "its result is all of it");
	tap_ok(n == BIG && !memcmp(big, back, BIG), "all of it, in order");

	/* a descriptor in a message, by recvmsg that waits and by one in a worker */
	file = memfd_create("passed", 0);
	write(file, "passed", 6);
	for (int i = 0; i < 2; i++) {
		m.msg_controllen = sizeof(control);
		ring_add3(&r, SYS_recvmsg, sv[0], &m, i ? MSG_WAITALL : 0);
		a = ring_data;
		iov.iov_len = 2;
		async_submit(&r);
		cm = CMSG_FIRSTHDR(&mo);
		cm->cmsg_level = SOL_SOCKET;
		cm->cmsg_type = SCM_RIGHTS;
		cm->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cm), &file, sizeof(int));
		sendmsg(sv[1], &mo, 0);
		tap_is(async_result(&r, a), 2, "recvmsg%s", i ? " in a worker" : "");
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(int));
		tap_ok(pread(fd, text, 6, 0) == 6 && !memcmp(text, "passed", 6), "a descriptor of ours came with it");
		close(fd);
	}

	message_in_parts();

	/* datagrams, and a message of a stream */
	socketpair(AF_UNIX, SOCK_DGRAM, 0, dg);
	out.iov_base = "datagram";
	out.iov_len = 8;
	mo.msg_control = NULL;
	mo.msg_controllen = 0;
	ring_add6(&r, SYS_recvfrom, dg[0], (long)text, 16, 0, (long)&from, (long)&len);
	a = ring_data;
	ring_add3(&r, SYS_sendmsg, dg[1], &mo, 0);
	ring_add3(&r, SYS_sendmsg, sv[1], &mo, 0);
	async_submit(&r);
	tap_is(async_result(&r, a), 8, "recvfrom with an address");
	tap_is(async_result(&r, a + 1), 8, "sendmsg, datagram");
	tap_is(async_result(&r, a + 2), 8, "sendmsg, stream");
	read(sv[0], text, 8);

	/* the socket's own timeout */
	sys(SYS_setsockopt, sv[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	ring_add6(&r, SYS_recvfrom, sv[0], (long)&c, 1, 0, 0, 0);
	ring_add3(&r, SYS_read, sv[0], &c, 1);
	async_submit(&r);
	tap_is(async_result(&r, ring_data - 1), -EAGAIN, "SO_RCVTIMEO: EAGAIN when it is over");
	tap_is(async_result(&r, ring_data), -EAGAIN, "for read as well");

	/* the other side goes away, and shutdown */
	socketpair(AF_UNIX, SOCK_STREAM, 0, sv);
	ring_add6(&r, SYS_recvfrom, sv[0], (long)&c, 1, 0, 0, 0);
	async_submit(&r);
	close(sv[1]);
	tap_is(async_result(&r, ring_data), 0, "the other side goes away: 0");
	ring_add3(&r, SYS_accept, l, 0, 0);
	async_submit(&r);
	sys(SYS_shutdown, l, SHUT_RD);
	tap_is(async_result(&r, ring_data), -EINVAL, "shutdown of a listener ends accept");
	xsc_ring_queue_exit(&r);
	return tap_done();
}

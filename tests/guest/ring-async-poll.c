// SPDX-License-Identifier: MIT
/* ring-async-poll.c - poll of one file, epoll_wait and connect wait without a worker, with their time limits */
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <time.h>

#include "async.h"

#define MANY	20

static struct xsc_ring r;

/* the result of what was added last, and whether it was there when the doorbell ended */
static long result(bool *at_once)
{
	async_submit(&r);
	*at_once = async_has(&r, ring_data);
	return async_result(&r, ring_data);
}

static int epoll_of(int fd, unsigned int events, __u64 data)
{
	struct epoll_event ev = { .events = events, .data.u64 = data };
	int ep = sys(SYS_epoll_create1, EPOLL_CLOEXEC);

	sys(SYS_epoll_ctl, ep, EPOLL_CTL_ADD, fd, &ev);
	return ep;
}

static void many(void)
{
	static struct pollfd pf[MANY];
	static struct epoll_event ev[MANY];
	int p[MANY][2], ep[MANY], wrong = 0;
	__u64 a = ring_data + 1;

	for (int i = 0; i < MANY; i++) {
		pipe(p[i]);
		ep[i] = epoll_of(p[i][0], EPOLLIN, 100 + i);
		pf[i] = (struct pollfd){ p[i][0], POLLIN, -1 };
		if (i % 2)
			ring_add3(&r, SYS_poll, &pf[i], 1, i % 4 == 1 ? -1 : 30000);
		else
			ring_add6(&r, SYS_ppoll, (long)&pf[i], 1, 0, 0, 8, 0);
		if (i % 2)
			ring_add4(&r, SYS_epoll_wait, ep[i], &ev[i], 1, i % 4 == 1 ? -1 : 30000);
		else
			ring_add6(&r, SYS_epoll_pwait2, ep[i], (long)&ev[i], 1, 0, 0, 8);
	}
	tap_is(async_submit(&r), 2 * MANY, "poll, ppoll, epoll_wait, epoll_pwait2 of empty pipes");
	msleep(50);
	tap_is(async_inflight(&r), 2 * MANY, "all are in flight");
	tap_ok(threads() <= 2, "no thread waits for any: %ld threads", threads());
	for (int i = MANY - 1; i >= 0; i--) {
		write(p[i][1], "x", 1);
		wrong += async_result(&r, a + 2 * i) != 1 || pf[i].revents != POLLIN;
		wrong += async_result(&r, a + 2 * i + 1) != 1 || ev[i].data.u64 != 100U + i || ev[i].events != EPOLLIN;
		close(p[i][0]);
		close(p[i][1]);
		close(ep[i]);
	}
	tap_is(wrong, 0, "each ends when its pipe has something, and says what");
}

static void limits(void)
{
	struct timespec ts = { 0, 60000000 }, none = { 0, 0 };
	struct pollfd pf[3];
	struct epoll_event ev;
	unsigned long t = now_ms();
	int p[2], ep;
	bool at_once;
	__u64 a = ring_data + 1;
	long bad = 0;

	pipe(p);
	ep = epoll_of(p[0], EPOLLIN, 1);
	for (int i = 0; i < 3; i++)
		pf[i] = (struct pollfd){ p[0], POLLIN, -1 };
	ring_add3(&r, SYS_poll, &pf[0], 1, 60);
	ring_add4(&r, SYS_epoll_wait, ep, &ev, 1, 60);
	ring_add6(&r, SYS_epoll_pwait2, ep, (long)&ev, 1, (long)&ts, 0, 8);
	ring_add6(&r, SYS_epoll_pwait, ep, (long)&ev, 1, 60, 0, 8);
	ring_add6(&r, SYS_ppoll, (long)&pf[1], 1, (long)&ts, 0, 8, 0);
	async_submit(&r);
	for (int i = 0; i < 5; i++)
		bad += async_result(&r, a + i);
	tap_is(bad, 0, "nothing within the limit: 0");
	tap_ok(now_ms() - t >= 60, "but not before");
	tap_is(pf[0].revents, 0, "no events");

	ring_add3(&r, SYS_poll, &pf[0], 1, 0);
	tap_is(result(&at_once), 0, "poll with no time");
	tap_ok(at_once, "at once");
	ring_add4(&r, SYS_epoll_wait, ep, &ev, 1, 0);
	tap_is(result(&at_once), 0, "epoll_wait with no time");
	tap_ok(at_once, "at once");
	ring_add6(&r, SYS_epoll_pwait2, ep, (long)&ev, 1, (long)&none, 0, 8);
	tap_is(result(&at_once), 0, "epoll_pwait2 with no time");

	/* a limit that is not reached */
	ring_add3(&r, SYS_poll, &pf[0], 1, 20000);
	ring_add4(&r, SYS_epoll_wait, ep, &ev, 1, 20000);
	async_submit(&r);
	write(p[1], "x", 1);
	tap_is(async_result(&r, ring_data - 1), 1, "poll within its limit");
	tap_is(async_result(&r, ring_data), 1, "epoll_wait within its limit");
	close(p[0]);
	close(p[1]);
	close(ep);
}

static void what_poll_says(void)
{
	struct pollfd pf = { 999, POLLIN, -1 }, two[2] = { { -1, POLLIN, -1 }, { -1, POLLIN, -1 } }, *ro;
	static char fill[4096];
	int p[2], file = memfd_create("poll", 0);
	bool at_once;
	__u64 a;

	pipe(p);
	ring_add3(&r, SYS_poll, &pf, 1, -1);
	tap_is(result(&at_once), 1, "poll of no descriptor");
	tap_is(pf.revents, POLLNVAL, "POLLNVAL");
	pf = (struct pollfd){ -1, POLLIN, -1 };
	ring_add3(&r, SYS_poll, &pf, 1, 10);
	tap_is(result(&at_once), 0, "poll of -1");
	tap_is(pf.revents, 0, "no event");
	ring_add3(&r, SYS_poll, 8, 1, -1);
	tap_is(result(&at_once), -EFAULT, "poll of a bad pointer");
	pf = (struct pollfd){ file, POLLIN | POLLOUT, -1 };
	ring_add3(&r, SYS_poll, &pf, 1, -1);
	tap_is(result(&at_once), 1, "poll of a file");
	tap_ok(at_once && pf.revents == (POLLIN | POLLOUT), "which is ready at once");
	two[1].fd = p[0];
	ring_add3(&r, SYS_poll, two, 2, -1);
	a = ring_data;
	pf = (struct pollfd){ p[0], POLLIN, -1 };
	ring_add3(&r, SYS_poll, &pf, 1, -1);
	async_submit(&r);
	write(p[1], "x", 1);
	tap_ok(async_result(&r, a) == 1 && two[1].revents == POLLIN && !two[0].revents, "poll of two");
	tap_is(async_result(&r, a + 1), 1, "and of one");

	/* for writing */
	sys(SYS_fcntl, p[1], F_SETFL, O_NONBLOCK);
	while (write(p[1], fill, sizeof(fill)) > 0)
		;
	pf = (struct pollfd){ p[1], POLLOUT, -1 };
	ring_add3(&r, SYS_poll, &pf, 1, -1);
	async_submit(&r);
	msleep(20);
	tap_ok(!async_has(&r, ring_data), "poll of a full pipe for POLLOUT, though O_NONBLOCK, waits");
	for (int i = 0; i < 8; i++)
		read(p[0], fill, sizeof(fill));
	tap_ok(async_result(&r, ring_data) == 1 && pf.revents == POLLOUT, "until there is room");

	/* what nobody asked for, and the file that was meant */
	pf = (struct pollfd){ p[1], 0, -1 };
	ring_add3(&r, SYS_poll, &pf, 1, -1);
	async_submit(&r);
	close(p[0]);
	tap_ok(async_result(&r, ring_data) == 1 && pf.revents == POLLERR, "no reader any more: POLLERR unasked");
	close(p[1]);
	pipe(p);
	pf = (struct pollfd){ p[0], POLLIN, -1 };
	ring_add3(&r, SYS_poll, &pf, 1, -1);
	async_submit(&r);
	sys(SYS_dup3, file, p[0], 0);
	msleep(20);
	tap_ok(!async_has(&r, ring_data), "the descriptor is another file now: poll waits for the first");
	write(p[1], "x", 1);
	tap_is(async_result(&r, ring_data), 1, "and ends with it");
	tap_ok(pf.revents & POLLIN, "POLLIN");

	/* memory that became unwritable */
	ro = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	close(p[0]);
	close(p[1]);
	pipe(p);
	*ro = (struct pollfd){ p[0], POLLIN, -1 };
	ring_add3(&r, SYS_poll, ro, 1, -1);
	async_submit(&r);
	mprotect(ro, 4096, PROT_READ);
	write(p[1], "x", 1);
	tap_is(async_result(&r, ring_data), -EFAULT, "memory that cannot be written");
	munmap(ro, 4096);
	close(p[0]);
	close(p[1]);
	close(file);
}

static void what_epoll_says(void)
{
	struct epoll_event ev[2];
	bool at_once;
	int p[2], ep;
	__u64 a;

	pipe(p);
	ep = epoll_of(p[0], EPOLLIN | EPOLLET, 7);
	ring_add4(&r, SYS_epoll_wait, ep, ev, 0, -1);
	tap_is(result(&at_once), -EINVAL, "epoll_wait for no event");
	ring_add4(&r, SYS_epoll_wait, p[0], ev, 1, -1);
	tap_is(result(&at_once), -EINVAL, "epoll_wait of a pipe");
	ring_add4(&r, SYS_epoll_wait, p[0], ev, 1, -1)->flags = XSC_SQE_POLL_FIRST;
	tap_is(result(&at_once), -EINVAL, "likewise, with a flag that is of no use to it");
	ring_add4(&r, SYS_epoll_wait, 999, ev, 1, -1);
	tap_is(result(&at_once), -EBADF, "epoll_wait of no descriptor");
	ring_add4(&r, SYS_epoll_wait, ep, -4096, 1, -1);
	tap_is(result(&at_once), -EFAULT, "epoll_wait to a bad pointer");
	ring_add6(&r, SYS_epoll_pwait2, ep, (long)ev, 1, 8, 0, 8);
	tap_is(result(&at_once), -EFAULT, "epoll_pwait2 with a bad limit");

	/* one event is for one of two */
	ring_add4(&r, SYS_epoll_wait, ep, &ev[0], 1, -1);
	a = ring_data;
	ring_add4(&r, SYS_epoll_wait, ep, &ev[1], 1, -1);
	async_submit(&r);
	write(p[1], "x", 1);
	while (!async_has(&r, a) && !async_has(&r, a + 1))
		async_enter(&r, 0, 1, 100);
	msleep(50);
	async_enter(&r, 0, 0, 0);
	tap_is(async_has(&r, a) + async_has(&r, a + 1), 1, "an edge is told to one of two");
	tap_is(async_inflight(&r), 1, "the other waits on");
	write(p[1], "x", 1);
	tap_ok(async_result(&r, a) == 1 && async_result(&r, a + 1) == 1, "for the next edge");
	close(p[0]);
	close(p[1]);
	close(ep);
}

static void chains(void)
{
	struct pollfd pf = { .events = POLLIN };
	__u64 mask = ~0ULL;
	char c = 0;
	int p[2];
	__u64 a;

	pipe(p);
	pf.fd = p[0];
	ring_add3(&r, SYS_poll, &pf, 1, -1)->flags = XSC_SQE_LINK;
	a = ring_data;
	ring_add3(&r, SYS_read, p[0], &c, 1);
	async_submit(&r);
	tap_is(async_inflight(&r), 2, "a poll, and a read that is linked to it");
	write(p[1], "y", 1);
	tap_ok(async_result(&r, a) == 1 && async_result(&r, a + 1) == 1 && c == 'y', "one after the other");

	/* the limit was the poll's, not that of what comes behind it */
	c = 0;
	ring_add3(&r, SYS_poll, &pf, 1, 20000)->flags = XSC_SQE_LINK;
	a = ring_data;
	ring_add3(&r, SYS_read, p[0], &c, 1);
	async_submit(&r);
	write(p[1], "w", 1);
	tap_ok(async_result(&r, a) == 1 && async_result(&r, a + 1) == 1 && c == 'w', "a poll with a limit, and a read behind it");

	/* a worker must not open its signal mask */
	ring_add3(&r, SYS_read, p[0], &c, 1)->flags = XSC_SQE_LINK;
	a = ring_data;
	mask = 0;
	pf = (struct pollfd){ -1, 0, 0 };
	ring_add6(&r, SYS_ppoll, (long)&pf, 1, (long)&(struct timespec){ 0, 1000000 }, (long)&mask, 8, 0);
	write(p[1], "z", 1);
	async_submit(&r);
	tap_ok(async_result(&r, a) == 1 && async_result(&r, a + 1) == 0, "ppoll with a mask at the end of a chain");
	close(p[0]);
	close(p[1]);
}

static void cancels(void)
{
	struct pollfd pf = { .events = POLLIN };
	struct epoll_event ev;
	int p[2], ep;
	__u64 a;

	pipe(p);
	pf.fd = p[0];
	ep = epoll_of(p[0], EPOLLIN, 1);
	ring_add3(&r, SYS_poll, &pf, 1, 50000);
	a = ring_data;
	ring_add4(&r, SYS_epoll_wait, ep, &ev, 1, 50000);
	async_submit(&r);
	ring_add3(&r, XSC_OP_CANCEL, a, 0, 0);
	ring_add3(&r, XSC_OP_CANCEL, a + 1, 0, 0);
	async_submit(&r);
	tap_is(async_result(&r, a), -ECANCELED, "a poll is cancelled");
	tap_is(async_result(&r, a + 1), -ECANCELED, "an epoll_wait is cancelled");
	tap_ok(!async_result(&r, a + 2) && !async_result(&r, a + 3), "both had waited");
	close(p[0]);
	close(p[1]);
	close(ep);
}

static int tcp(void)
{
	return sys(SYS_socket, AF_INET, SOCK_STREAM, 0);
}

static void connects(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	unsigned int len = sizeof(in);
	int l = tcp(), c = tcp(), late[3], early[8], n;
	long was = threads();
	bool at_once;
	long bad = 0;
	__u64 a;

	sys(SYS_bind, l, &in, sizeof(in));
	sys(SYS_getsockname, l, &in, &len);
	ring_add3(&r, SYS_connect, c, &in, sizeof(in));
	tap_is(result(&at_once), -ECONNREFUSED, "connect to nobody");
	close(c);

	/* a listener that takes no more: its SYNs are dropped */
	sys(SYS_listen, l, 0);
	for (n = 0; n < 8; n++) {
		early[n] = tcp();
		sys(SYS_fcntl, early[n], F_SETFL, O_NONBLOCK);
		sys(SYS_connect, early[n], &in, sizeof(in));
	}
	msleep(20);
	a = ring_data + 1;
	for (int i = 0; i < 3; i++) {
		late[i] = tcp();
		ring_add3(&r, SYS_connect, late[i], &in, sizeof(in));
	}
	async_submit(&r);
	tap_is(async_inflight(&r), 3, "connect to a listener that is full: in flight");
	tap_ok(threads() <= was, "no thread waits for any: %ld threads", threads());
	sys(SYS_listen, l, 100);
	for (int i = 0; i < 3; i++)
		bad += async_result(&r, a + i) != 0;
	tap_is(bad, 0, "all are connected when it takes them");
	ring_add3(&r, SYS_connect, late[0], &in, sizeof(in));
	tap_is(result(&at_once), -EISCONN, "connect again");
	ring_add3(&r, SYS_connect, l, &in, sizeof(in))->flags = XSC_SQE_POLL_FIRST;
	tap_is(result(&at_once), -EISCONN, "connect of a listener");
	ring_add3(&r, SYS_connect, late[0], 8, sizeof(in));
	tap_is(result(&at_once), -EFAULT, "connect to a bad pointer");
	ring_add3(&r, SYS_connect, late[0], &in, 1000);
	tap_is(result(&at_once), -EINVAL, "connect with too long an address");
	for (int i = 0; i < 3; i++)
		close(late[i]);
	for (int i = 0; i < n; i++)
		close(early[i]);

	close(l);
	l = tcp();
	in.sin_port = 0;
	sys(SYS_bind, l, &in, sizeof(in));
	sys(SYS_getsockname, l, &in, &len);
	sys(SYS_listen, l, 5);
	c = tcp();
	ring_add3(&r, SYS_connect, c, &in, sizeof(in));
	tap_is(result(&at_once), 0, "connect to a listener");
	close(c);
	close(l);
}

int main(int argc, char **argv)
{
	RINGS_OR_SKIP();
	async_make(&r, 64);
	many();
	limits();
	what_poll_says();
	what_epoll_says();
	chains();
	cancels();
	connects();
	xsc_ring_queue_exit(&r);
	return tap_done();
}

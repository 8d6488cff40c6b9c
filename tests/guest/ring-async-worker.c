// SPDX-License-Identifier: MIT
/* ring-async-worker.c - calls that only a thread can wait in, and how many threads there are */
#include <poll.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/stat.h>

#include "async.h"

static struct xsc_ring r;

static void set_max(const char *text)
{
	write_file("/proc/sys/kernel/xsc/workers_max", text);
}

int main(int argc, char **argv)
{
	struct { long type; char text[8]; } msg = { 5, "message" }, in = { 0 };
	struct epoll_event ev = { .events = EPOLLIN }, got;
	struct pollfd pf[2] = { { .events = POLLIN }, { .fd = -1 } }, pfs[20][2];
	struct { long s, ns; } zero = { 0, 0 };
	long res, fd, bad = 0, before, most;
	int p[2], q[2], ep, id, many[20][2];
	__u64 a;
	char c;

	RINGS_OR_SKIP();
	async_make(&r, 64);
	pipe(p);
	pipe(q);

	/* poll of two files */
	pf[0].fd = p[0];
	ring_add3(&r, SYS_poll, pf, 2, -1);
	a = ring_data;
	tap_is(async_submit(&r), 1, "poll(2) does not block the doorbell");
	msleep(50);
	tap_ok(!async_has(&r, a), "it waits");
	write(p[1], "x", 1);
	tap_is(async_result(&r, a), 1, "and ends");
	tap_is(pf[0].revents, POLLIN, "with what it was to find");
	ring_add4(&r, SYS_ppoll, pf, 2, &zero, 0);
	async_submit(&r);
	tap_is(async_result(&r, ring_data), 1, "ppoll");

	/* epoll */
	ep = sys(SYS_epoll_create1, 0);
	ev.data.u64 = 99;
	sys(SYS_epoll_ctl, ep, EPOLL_CTL_ADD, q[0], &ev);
	ring_add4(&r, SYS_epoll_wait, ep, &got, 1, -1);
	a = ring_data;
	async_submit(&r);
	msleep(50);
	tap_ok(!async_has(&r, a), "epoll_wait waits");
	write(q[1], "x", 1);
	tap_is(async_result(&r, a), 1, "and ends");
	tap_is(got.data.u64, 99, "with what it was to find");

	/* a FIFO being opened */
	sys(SYS_mknod, "fifo", S_IFIFO | 0600, 0);
	ring_add4(&r, SYS_openat, AT_FDCWD, "fifo", O_RDONLY, 0);
	a = ring_data;
	tap_is(async_submit(&r), 1, "open of a FIFO does not block the doorbell");
	msleep(50);
	tap_ok(!async_has(&r, a), "it waits for a writer");
	fd = open("fifo", O_WRONLY);
	res = async_result(&r, a);
	tap_ok(res >= 0, "and ends: descriptor %ld", res);
	write(fd, "f", 1);
	tap_is(read(res, &c, 1), 1, "which is ours");

	/* System V messages, a lock, fsync */
	id = sys(SYS_msgget, IPC_PRIVATE, IPC_CREAT | 0600);
	ring_add6(&r, SYS_msgrcv, id, (long)&in, 8, 0, 0, 0);
	a = ring_data;
	async_submit(&r);
	msleep(50);
	tap_ok(!async_has(&r, a), "msgrcv waits");
	sys(SYS_msgsnd, id, &msg, 8, 0);
	tap_is(async_result(&r, a), 8, "and ends");
	tap_ok(!strcmp(in.text, "message"), "with the message");
	sys(SYS_msgctl, id, IPC_RMID, 0);

	fd = open("lock", O_CREAT | O_RDWR, 0600);
	res = open("lock", O_RDWR);
	sys(SYS_flock, fd, LOCK_EX);
	ring_add3(&r, SYS_flock, res, LOCK_EX, 0);
	a = ring_data;
	async_submit(&r);
	msleep(50);
	tap_ok(!async_has(&r, a), "flock waits");
	sys(SYS_flock, fd, LOCK_UN);
	tap_is(async_result(&r, a), 0, "and ends");
	ring_add3(&r, SYS_fsync, fd, 0, 0);
	ring_add3(&r, SYS_fsync, 999, 0, 0);
	async_submit(&r);
	tap_is(async_result(&r, ring_data - 1), 0, "fsync");
	tap_is(async_result(&r, ring_data), -EBADF, "fsync of nothing");

	/* made by a worker, seen by us */
	ring_add4(&r, SYS_openat, AT_FDCWD, "made", O_CREAT | O_RDWR, 0600);
	async_submit(&r);
	res = async_result(&r, ring_data);
	tap_ok(res >= 0 && fcntl(res, F_GETFD) >= 0, "a worker's open makes a descriptor of ours");

	/* a bounded number of threads: 20 polls and at most 8 workers */
	set_max("8");
	before = threads();
	a = ring_data + 1;
	for (int i = 0; i < 20; i++) {
		pipe(many[i]);
		pfs[i][0] = (struct pollfd) { .fd = many[i][0], .events = POLLIN };
		pfs[i][1] = (struct pollfd) { .fd = -1 };
		ring_add3(&r, SYS_poll, pfs[i], 2, -1);
	}
	tap_is(async_submit(&r), 20, "twenty polls of two files each");
	msleep(300);
	most = threads();
	tap_ok(most <= 9 && most > before, "%ld threads, %ld before", most, before);
	/* what became ready does not wait for them */
	ring_add3(&r, SYS_read, p[0], &c, 1);
	async_submit(&r);
	tap_is(async_result(&r, ring_data), 1, "a read while all of them are busy");
	ring_add3(&r, SYS_read, p[0], &c, 1);
	async_submit(&r);
	write(p[1], "y", 1);
	msleep(200);
	tap_ok(async_has(&r, ring_data), "a read that waited, without us waiting for it");
	for (int i = 19; i >= 0; i--)
		write(many[i][1], "x", 1);
	for (int i = 0; i < 20; i++)
		bad += async_result(&r, a + i) != 1;
	tap_is(bad, 0, "all twenty end");
	set_max("64");
	tap_is(async_inflight(&r), 0, "nothing is in flight");

	/* they leave when there is nothing to do */
	for (int i = 0; i < 150 && threads() > 1; i++)
		msleep(100);
	tap_is(threads(), 1, "the workers leave");
	ring_add3(&r, SYS_fsync, fd, 0, 0);
	async_submit(&r);
	tap_is(async_result(&r, ring_data), 0, "and come again");
	xsc_ring_queue_exit(&r);
	return tap_done();
}

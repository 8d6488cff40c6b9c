// SPDX-License-Identifier: MIT
/* ring-close.c - a ring that goes away while it is used; rings inside rings */
#include "rings.h"

static struct xsc_ring r;
static volatile long entered = -9999;

static void blocked(void *arg)
{
	entered = ring_enter(r.fd, 8, 0);
}

int main(int argc, char **argv)
{
	struct xsc_ring_enter enter = { .to_submit = 1 };
	struct xsc_ring other;
	struct thread t;
	long res;
	int fds[2], pid;
	char c;

	RINGS_OR_SKIP();

	/* an op closes the ring that it came from */
	ring_make(&r, 8);
	ring_add3(&r, SYS_close, r.fd, 0, 0);
	ring_add0(&r, SYS_getpid);
	tap_is(xsc_ring_submit(&r), 2, "an op closes its ring: the doorbell ends as if not");
	tap_ok(ring_take(&r, &res, NULL) && res == 0, "close");
	tap_ok(ring_take(&r, &res, NULL) && res == getpid(), "the op after it");
	tap_is(ring_enter(r.fd, 1, 0), -EBADF, "then it is closed");
	munmap(r.sr, r.sr_size);
	munmap(r.cr, r.cr_size);

	/* an op unmaps the ring's regions */
	ring_make(&r, 8);
	ring_add3(&r, SYS_munmap, r.sr, r.sr_size, 0);
	ring_add3(&r, SYS_munmap, r.cr, r.cr_size, 0);
	ring_add0(&r, SYS_getpid);
	tap_is(xsc_ring_submit(&r), 3, "ops unmap the regions: the doorbell ends as if not");
	tap_is(ring_enter(r.fd, 1, 0), 0, "and so does the next");
	res = sys(SYS_mmap, 0, r.cr_size, PROT_READ, MAP_SHARED, r.fd, XSC_OFF_CR);
	tap_ok(res > 0, "CR is mapped again");
	tap_is(((struct xsc_cr_hdr *)res)->cq_tail, 3, "its content is that of the ring");
	munmap((void *)res, r.cr_size);
	close(r.fd);

	/* a ring rings a ring: not by ioctl, and there is no op for it */
	ring_make(&r, 8);
	ring_make(&other, 8);
	ring_add0(&other, SYS_getpid);
	xsc_ring_flush(&other);
	ring_add3(&r, SYS_ioctl, r.fd, XSC_IOC_ENTER, &enter);
	ring_add3(&r, SYS_ioctl, other.fd, XSC_IOC_ENTER, &enter);
	ring_add0(&r, SYS_getpid);
	ring_expect(&r, 3, (long []) { -EDEADLK, -EDEADLK, getpid() }, "doorbells in a doorbell");
	tap_is(ring_enter(other.fd, 1, 0), 1, "the other ring works afterwards");
	xsc_ring_queue_exit(&other);

	/* making and unmaking rings inside a ring */
	if (!access_dev()) {
		struct xsc_ring_params p = { .sq_entries = 4 };

		ring_add4(&r, SYS_openat, AT_FDCWD, "/dev/xsc", O_RDWR, 0);
		xsc_sqe_forward(ring_add3(&r, SYS_ioctl, 0, XSC_IOC_SETUP, &p), 0, 1);
		xsc_sqe_forward(ring_add3(&r, SYS_close, 0, 0, 0), 0, 2);
		ring_expect(&r, 3, (long []) { 9999, 0, 0 }, "a ring is made and closed by ops");
	}

	/* another thread closes it while an op blocks */
	pipe(fds);
	ring_add3(&r, SYS_read, fds[0], &c, 1);
	xsc_ring_flush(&r);
	tap_is(thread_start(&t, blocked, NULL), 0, "a thread rings and blocks");
	msleep(100);
	tap_is(entered, -9999, "it blocks");
	close(r.fd);
	write(fds[1], "x", 1);
	thread_join(&t);
	tap_is(entered, 1, "closed by another thread: the doorbell ends well");
	tap_ok(ring_take(&r, &res, NULL) && res == 1, "so does its op");
	munmap(r.sr, r.sr_size);
	munmap(r.cr, r.cr_size);

	/* kill -9 in the middle */
	pid = fork();
	if (!pid) {
		ring_make(&r, 8);
		ring_add3(&r, SYS_read, fds[0], &c, 1);
		xsc_ring_submit(&r);
		_exit(0);
	}
	msleep(100);
	kill(pid, SIGKILL);
	tap_is(wait_for(pid), SIGKILL, "kill -9 while an op blocks");

	/* exit by an op */
	pid = fork();
	if (!pid) {
		ring_make(&r, 8);
		ring_add3(&r, SYS_exit_group, 17, 0, 0);
		xsc_ring_submit(&r);
		_exit(0);
	}
	tap_is(wait_for(pid), 17 << 8, "exit_group as an op");
	return tap_done();
}

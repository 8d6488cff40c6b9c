// SPDX-License-Identifier: MIT
/* ring-ops.c - ops in a ring: results, chains, forwards, errors */
#include "rings.h"

int main(int argc, char **argv)
{
	struct xsc_ring r;
	char buf[64] = "", two[64] = "";
	long pid = getpid();
	int file, fds[2];

	RINGS_OR_SKIP();
	ring_make(&r, 16);
	file = memfd_create("data", 0);
	write(file, "0123456789", 10);
	pipe2(fds, O_NONBLOCK);

	ring_add0(&r, XSC_OP_NOP);
	ring_expect(&r, 1, (long []) { 0 }, "nop");

	ring_add4(&r, SYS_pread64, file, buf, 4, 3);
	ring_expect(&r, 1, (long []) { 4 }, "pread");
	tap_ok(!strcmp(buf, "3456"), "what was read: %s", buf);

	ring_add0(&r, SYS_getpid);
	ring_add4(&r, SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY, 0);
	ring_add4(&r, SYS_openat, AT_FDCWD, "/none", O_RDONLY, 0);
	ring_add3(&r, SYS_close, 999, 0, 0);
	ring_expect(&r, 4, (long []) { pid, 9999, -ENOENT, -EBADF }, "several");

	ring_add4(&r, SYS_openat, AT_FDCWD, "/proc/self/comm", O_RDONLY, 0);
	xsc_sqe_forward(ring_add3(&r, SYS_read, 0, two, 64), 0, 1);
	xsc_sqe_forward(ring_add3(&r, SYS_close, 0, 0, 0), 0, 2);
	ring_expect(&r, 3, (long []) { 9999, 9999, 0 }, "open, read, close");
	tap_ok(!strncmp(two, "ring-ops", 8), "what was read: %.8s", two);

	xsc_sqe_link(ring_add4(&r, SYS_openat, AT_FDCWD, "/none", O_RDONLY, 0));
	xsc_sqe_link(ring_add3(&r, SYS_write, fds[1], "x", 1));
	ring_add3(&r, SYS_write, fds[1], "y", 1);
	ring_add0(&r, SYS_getpid);
	ring_expect(&r, 4, (long []) { -ENOENT, -ECANCELED, -ECANCELED, pid }, "a chain that fails");
	tap_is(read(fds[0], buf, 1), -1, "what was cancelled had no effect");

	ring_add0(&r, 460);
	ring_add0(&r, 0xffffffff);
	ring_add0(&r, XSC_OP_BATCH);
	ring_add0(&r, XSC_OP_RING_ENTER);
	ring_add0(&r, SYS_fork);
	ring_add0(&r, SYS_vfork);
	ring_add0(&r, SYS_execve);
	ring_add0(&r, SYS_clone3);
	ring_add0(&r, SYS_rt_sigreturn);
	ring_add0(&r, SYS_restart_syscall);
	ring_expect(&r, 10, (long []) { -ENOSYS, -ENOSYS, -EINVAL, -EINVAL, -EINVAL, -EINVAL, -EINVAL, -EINVAL,
					-EINVAL, -EINVAL }, "what a ring does not run");

	ring_add0(&r, SYS_getpid)->flags = 4;
	ring_add0(&r, SYS_getpid)->flags = 0x8000;
	ring_add0(&r, SYS_getpid)->fwd_from = 1;
	ring_add0(&r, SYS_getpid)->fwd_arg = 1;
	xsc_sqe_forward(ring_add0(&r, SYS_getpid), 0, 5);
	xsc_sqe_forward(ring_add0(&r, SYS_getpid), 6, 1);
	xsc_sqe_forward(ring_add0(&r, SYS_getpid), 0, 0);
	ring_add0(&r, SYS_getpid);
	ring_expect(&r, 8, (long []) { -EINVAL, -EINVAL, -EINVAL, -EINVAL, -EINVAL, -EINVAL, -EINVAL, pid },
		    "malformed SQEs");

	/* a forward does not reach behind its doorbell */
	ring_add0(&r, SYS_getpid);
	ring_expect(&r, 1, (long []) { pid }, "a doorbell");
	xsc_sqe_forward(ring_add3(&r, SYS_close, 0, 0, 0), 0, 1);
	ring_expect(&r, 1, (long []) { -EINVAL }, "a forward from the doorbell before");
	tap_ok(fcntl(0, F_GETFD) >= 0, "descriptor 0 is still there");

	/* as many times round that the indices have gone over the end of the arrays */
	unsigned long wrong = 0;

	for (int i = 0; i < 1000; i++) {
		long res;

		for (int k = 0; k <= i % 16; k++)
			ring_add0(&r, SYS_getpid);
		wrong += xsc_ring_submit(&r) != i % 16 + 1;
		for (int k = 0; k <= i % 16; k++)
			wrong += !ring_take(&r, &res, NULL) || res != pid;
		wrong += ring_take(&r, &res, NULL);
	}
	tap_is(wrong, 0, "a thousand doorbells");
	tap_is(r.cr->errors, 18, "malformed SQEs are counted in the CR header");
	tap_ok(r.cr->sqes_done > 8000, "so are all");

	/* the doorbell takes no more than it is told */
	ring_add0(&r, SYS_getpid);
	ring_add0(&r, SYS_getppid);
	xsc_ring_flush(&r);
	tap_is(ring_enter(r.fd, 1, 0), 1, "one of two");
	tap_is(xsc_ring_cq_ready(&r), 1, "one CQE");
	tap_is(ring_enter(r.fd, 0, 0), 0, "none");
	tap_is(ring_enter(r.fd, 0xffffffff, 0), 1, "all that there are");
	xsc_ring_queue_exit(&r);
	return tap_done();
}

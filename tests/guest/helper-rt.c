// SPDX-License-Identifier: MIT
/*
 * helper-rt.c - what a program does with libxsc-rt, by the stock C library or
 * by XSC's; prints what it found; TEST: rt
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <xsc/rt.h>

static struct xsc_ring ring;

static int fail(const char *what, long n)
{
	printf("%s: %ld\n", what, n);
	return 1;
}

static void on_alarm(int sig)
{
	(void)sig;
}

static long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/* what ends a wait that has submitted something, other than a CQE */
static int waits(int fd)
{
	struct __kernel_timespec hour = { 3600, 0 }, soon = { 0, 20000000 };
	struct xsc_ring_params p = {
		.sq_entries = 8, .flags = XSC_RING_ASYNC | XSC_RING_POLL, .poll_idle = XSC_POLL_IDLE_MAX,
	};
	struct sigaction sa = { .sa_handler = on_alarm };
	struct itimerval timer = { .it_value.tv_usec = 100000 };
	struct xsc_sqe *sqe;
	struct xsc_cqe *cqe;
	long long since;
	char buf[8];
	int ret;

	sigaction(SIGALRM, &sa, NULL);
	ret = xsc_ring_queue_init_async(8, &ring);
	if (ret)
		return fail("xsc_ring_queue_init_async", ret);
	xsc_prep_read(xsc_ring_get_sqe(&ring), fd, buf, sizeof(buf));
	setitimer(ITIMER_REAL, &timer, NULL);
	printf("an hour, and a signal: %s\n", strerror(-xsc_ring_wait_cqe_timeout(&ring, &cqe, &hour)));
	xsc_prep_read(xsc_ring_get_sqe(&ring), fd, buf, sizeof(buf));
	setitimer(ITIMER_REAL, &timer, NULL);
	printf("without limit: %s\n", strerror(-xsc_ring_wait_cqe(&ring, &cqe)));
	xsc_ring_queue_exit(&ring);

	ret = xsc_ring_queue_init_async(8, &ring);
	if (ret)
		return fail("xsc_ring_queue_init_async", ret);
	sqe = xsc_ring_get_sqe(&ring);
	xsc_prep_sleep(sqe, &soon);
	xsc_sqe_quiet(sqe);
	printf("a quiet op: %s\n", strerror(-xsc_ring_wait_cqe_timeout(&ring, &cqe, &hour)));
	xsc_ring_queue_exit(&ring);

	ret = xsc_ring_queue_init_params(&p, &ring);
	if (ret)
		return fail("a polled ring", ret);
	/* the first doorbell wakes the poller */
	xsc_prep_nop(xsc_ring_get_sqe(&ring));
	if (xsc_ring_wait_cqe(&ring, &cqe))
		return fail("xsc_ring_wait_cqe", 0);
	xsc_ring_cqe_seen(&ring, cqe);
	xsc_prep_read(xsc_ring_get_sqe(&ring), fd, buf, sizeof(buf));
	soon.tv_nsec = 1000000;
	since = now_ms();
	ret = xsc_ring_wait_cqe_timeout(&ring, &cqe, &soon);
	printf("a millisecond, polled: %s, %s\n", strerror(-ret), now_ms() - since < 80 ? "soon" : "late");
	xsc_ring_queue_exit(&ring);
	return 0;
}

int main(void)
{
	struct __kernel_timespec ts = { 0, 50000000 };
	struct xsc_sqe *sqe;
	struct xsc_cqe *cqe;
	unsigned int head, n = 0;
	char buf[64] = "", first[8];
	struct statx stx;
	struct iovec iov = { buf, sizeof(buf) };
	int p[2], ret, fd;

	printf("%s process\n", prctl(PR_XSC, XSC_PR_GET, 0, 0, 0) & XSC_ST_ACTIVE ? "xsc" : "legacy");
	fd = open("/etc/passwd", O_RDONLY);
	if (pipe(p) || fd < 0)
		return fail("pipe", errno);

	/* a plain ring: in order */
	ret = xsc_ring_queue_init(8, &ring);
	if (ret)
		return fail("xsc_ring_queue_init", ret);
	xsc_prep_statx(xsc_ring_get_sqe(&ring), AT_FDCWD, "/etc/passwd", 0, STATX_SIZE, &stx);
	sqe = xsc_ring_get_sqe(&ring);
	xsc_prep_openat(sqe, AT_FDCWD, "/etc/passwd", O_RDONLY, 0);
	xsc_sqe_link(sqe);
	sqe = xsc_ring_get_sqe(&ring);
	xsc_prep_read(sqe, 0, buf, 4);
	xsc_sqe_forward(sqe, 0, 1);
	xsc_sqe_link(sqe);
	sqe = xsc_ring_get_sqe(&ring);
	xsc_prep_close(sqe, 0);
	xsc_sqe_forward(sqe, 0, 2);
	ret = xsc_ring_submit(&ring);
	if (ret != 4)
		return fail("xsc_ring_submit", ret);
	xsc_ring_for_each_cqe(&ring, head, cqe) {
		if (cqe->res < 0)
			return fail("an op", cqe->res);
		n++;
	}
	xsc_ring_cq_advance(&ring, n);
	printf("%u ops, %s, size %s\n", n, buf, stx.stx_size ? "known" : "0");
	xsc_ring_queue_exit(&ring);

	/* an asynchronous one */
	ret = xsc_ring_queue_init_async(8, &ring);
	if (ret)
		return fail("xsc_ring_queue_init_async", ret);
	sqe = xsc_ring_get_sqe(&ring);
	xsc_prep_read(sqe, p[0], first, 5);
	xsc_sqe_set_data(sqe, first);
	errno = 4711;
	ret = xsc_ring_wait_cqe_timeout(&ring, &cqe, &ts);
	if (errno != 4711 || !xsc_ring_unregister_buffers(&ring) || errno != 4711)
		return fail("errno", errno);
	printf("nothing to read: %s\n", strerror(-ret));
	xsc_prep_write(xsc_ring_get_sqe(&ring), p[1], "async", 5);
	ret = xsc_ring_submit_and_wait(&ring, 2);
	n = 0;
	while (!xsc_ring_wait_cqe(&ring, &cqe)) {
		if (xsc_cqe_get_data(cqe) == first)
			printf("read: %d, %.5s\n", (int)cqe->res, first);
		n++;
		xsc_ring_cqe_seen(&ring, cqe);
	}
	printf("%u completions, then %s\n", n, strerror(-xsc_ring_wait_cqe(&ring, &cqe)));
	ret = xsc_ring_register_buffers(&ring, &iov, 1);
	if (ret)
		return fail("xsc_ring_register_buffers", ret);
	sqe = xsc_ring_get_sqe(&ring);
	xsc_prep_pread(sqe, fd, buf, 4, 0);
	xsc_sqe_fixed_buffer(sqe, 0);
	if (xsc_ring_wait_cqe(&ring, &cqe))
		return fail("xsc_ring_wait_cqe", 0);
	printf("a registered buffer: %d, %.4s\n", (int)cqe->res, buf);
	xsc_ring_cqe_seen(&ring, cqe);
	ret = xsc_ring_unregister_buffers(&ring);
	printf("unregister: %d, then %s\n", ret, strerror(-xsc_ring_unregister_buffers(&ring)));
	xsc_prep_fsync(xsc_ring_get_sqe(&ring), p[0]);
	if (xsc_ring_wait_cqe(&ring, &cqe))
		return fail("xsc_ring_wait_cqe", 0);
	printf("fsync of a pipe: %s\n", strerror((int)-cqe->res));
	xsc_ring_cqe_seen(&ring, cqe);
	xsc_prep_read(xsc_ring_get_sqe(&ring), p[0], first, 5);
	xsc_ring_submit(&ring);
	xsc_ring_queue_exit(&ring);
	return waits(p[0]);
}

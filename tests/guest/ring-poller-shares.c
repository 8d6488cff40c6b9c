// SPDX-License-Identifier: MIT
/*
 * ring-poller-shares.c - one poller for threads that differ: what a control does to one of them, descriptors of its own,
 * and the end of polling by the administrator
 */
#include <linux/sched.h>
#include <sys/stat.h>

#include "poller.h"
#include "seccomp.h"

static struct xsc_ring mine, other;
static volatile long got, awake;
static volatile int step;

static void wait_step(int n)
{
	for (int i = 0; i < 3000 && step < n; i++)
		msleep(10);
}

/* SQEs by the poller, of a thread that nothing looks at, while the poller was begun by one with a filter */
static void unfiltered(void *arg)
{
	wait_step(1);
	poller_make(&mine, 16, 0, POLL_IDLE);
	awake = poller_wake(&mine);
	got = 0;
	for (int i = 0; i < 20; i++) {
		ring_add0(&mine, SYS_getppid);
		got += poller_result(&mine, ring_data) == getppid();
	}
	xsc_ring_queue_exit(&mine);
	step = 2;
}

static void filtered(void *arg)
{
	struct xsc_ring_params p = {
		.sq_entries = 16, .flags = XSC_RING_ASYNC | XSC_RING_POLL, .poll_idle = POLL_IDLE
	};

	xsc_ring_queue_init_params(&p, &other);
	seccomp_filter(SYS_getppid, SECCOMP_RET_ERRNO | 77);
	/* fewer than there are */
	for (int i = 0; i < 4; i++)
		xsc_sqe_prep(xsc_ring_get_sqe(&other), XSC_OP_NOP, 0, 0, 0, 0, 0, 0);
	xsc_ring_flush(&other);
	ring_enter(other.fd, 1, 0);
	/* time for what the doorbell has begun */
	msleep(100);
	step = 1;
	wait_step(2);
	xsc_ring_queue_exit(&other);
}

static void controls(void)
{
	struct thread a, b;

	thread_start(&b, unfiltered, NULL);
	thread_start(&a, filtered, NULL);
	thread_join(&a);
	thread_join(&b);
	tap_ok(awake, "a thread without a filter is polled, beside one with a filter");
	tap_is(got, 20, "and its ops know nothing of the filter");
}

/* a table of descriptors of its own, and what belongs to it */
static void unshares(void *arg)
{
	struct stat st;
	long fd, ok = 0;

	poller_make(&mine, 16, 0, POLL_IDLE);
	poller_wake(&mine);
	sys(SYS_unshare, CLONE_FILES | CLONE_FS);
	ring_add3(&mine, SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY);
	fd = poller_result(&mine, ring_data);
	ok = fd >= 0 && sys(SYS_fstat, fd, &st) == 0;
	tap_ok(ok, "after unshare an open is in the thread's own table (%ld)", fd);
	sys(SYS_mkdir, "elsewhere", 0755);
	sys(SYS_chdir, "elsewhere");
	ring_add4(&mine, SYS_openat, AT_FDCWD, "here", O_CREAT | O_RDWR, 0600);
	fd = poller_result(&mine, ring_data);
	tap_is(sys(SYS_stat, "here", &st), 0, "and relative to its own directory");
	/* no worker and no poller shares with it any more */
	poller_wake(&mine);
	ring_add3(&mine, SYS_fstat, fd, &st, 0);
	tap_is(poller_result(&mine, ring_data), 0, "as are all ops from then on");
	xsc_ring_queue_exit(&mine);
}

static void forbidden(void)
{
	poller_make(&mine, 16, 0, POLL_IDLE);
	poller_wake(&mine);
	write_file("/proc/sys/kernel/xsc/poller", "0");
	ring_add0(&mine, SYS_getpid);
	tap_is(poller_result(&mine, ring_data), getpid(), "an op after kernel.xsc.poller = 0");
	async_submit(&mine);
	for (int i = 0; i < 500 && poller_awake(&mine); i++) {
		ring_add0(&mine, SYS_getpid);
		poller_result(&mine, ring_data);
		msleep(10);
	}
	tap_ok(!poller_awake(&mine), "which ends the polling");
	write_file("/proc/sys/kernel/xsc/poller", "1");
	tap_ok(poller_wake(&mine), "and 1 allows it again");
	xsc_ring_queue_exit(&mine);
}

int main(int argc, char **argv)
{
	struct thread t;

	POLLER_OR_SKIP();
	controls();
	thread_start(&t, unshares, NULL);
	thread_join(&t);
	forbidden();
	return tap_done();
}

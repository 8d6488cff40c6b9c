// SPDX-License-Identifier: MIT
/* ring-async-direct.c - direct I/O in flight: data, errors, cancel, the end of ring, thread and process */
#include <sys/stat.h>

#include "async.h"

#define NAME	"/var/tmp/xsc-ring-async-direct"
#define BLOCKS	256
#define BLOCK	4096

static struct xsc_ring r;
static char *buf;
static int fd;

static void all(int nr, int op)
{
	for (int i = 0; i < nr; i++)
		ring_add4(&r, op, fd, buf + i * BLOCK, BLOCK, (long)(i * 37 % BLOCKS) * BLOCK);
}

static void in_flight(void)
{
	async_make(&r, 128);
	all(128, SYS_pread64);
	if (async_submit(&r) != 128)
		_exit(99);
}

static void by_exit(void) { in_flight(); }
static void by_kill(void) { in_flight(); kill(getpid(), SIGKILL); msleep(10000); }
static void by_close(void) { in_flight(); xsc_ring_queue_exit(&r); }
static void thread(void *arg) { in_flight(); }

/* @nr CQEs, a result or ECANCELED each; how many were not */
static int take(int nr)
{
	unsigned long end = now_ms() + 20000;
	int bad = 0;
	long res;

	while (nr && now_ms() < end) {
		if (!ring_take(&r, &res, NULL)) {
			msleep(5);
			continue;
		}
		bad += res != BLOCK && res != -ECANCELED;
		nr--;
	}
	return bad + nr;
}

/* its CQEs come all the same */
static void by_thread_end(void)
{
	struct thread t;

	thread_start(&t, thread, NULL);
	thread_join(&t);
	if (take(128))
		_exit(98);
}

static void more(void *arg)
{
	all(64, SYS_pread64);
	if (async_submit(&r) != 64)
		_exit(97);
}

/* what one thread has in flight goes on beside that of others, also of those that are gone */
static void by_threads(void)
{
	struct thread t;

	async_make(&r, 256);
	for (int i = 0; i < 6; i++) {
		more(NULL);
		thread_start(&t, more, NULL);
		thread_join(&t);
		more(NULL);
		if (i < 5 && take(192))
			_exit(98);
	}
	xsc_ring_queue_exit(&r);
}

/* bytes and calls that the process is said to have read */
static void counts(void)
{
	long bytes[3], calls[3];
	int bad = 0;
	__u64 a;

	/* what went before is counted at the next doorbell, or a moment after its CQE */
	msleep(50);
	async_enter(&r, 0, 0, 0);
	for (int i = 0; i < 3; i++) {
		bytes[i] = number_in("/proc/self/io", "rchar:");
		calls[i] = number_in("/proc/self/io", "syscr:");
		if (i != 1)
			continue;
		a = ring_data + 1;
		all(BLOCKS, SYS_pread64);
		async_submit(&r);
		for (int k = 0; k < BLOCKS; k++)
			bad += async_result(&r, a + k) != BLOCK;
		msleep(50);
		async_enter(&r, 0, 0, 0);
	}
	/* reading the counts counts: some bytes, the same calls */
	tap_is(calls[2] - calls[1] - (calls[1] - calls[0]) + bad, BLOCKS, "/proc/self/io: the calls of %d reads", BLOCKS);
	tap_is((bytes[2] - bytes[1]) / BLOCK, BLOCKS, "and their bytes");
}

/*
 * A read that a device has and a sleep of the same name, either way round: the older one is
 * cancelled, if it has not ended.  How much was wrong.
 */
static int oldest(void)
{
	static struct { long s, ns; } hour = { 3600, 0 };
	int bad = 0;

	for (int sleep_first = 0; sleep_first < 2; sleep_first++) {
		unsigned long end = now_ms() + 10000;
		long res[4], cancel = 1, got;
		int n = 0;
		__u64 a, data;

		/* from the second on they go the short way */
		all(2, SYS_pread64);
		a = ring_data + 1;
		for (int i = 0; i < 2; i++)
			if (i == sleep_first)
				ring_add4(&r, SYS_pread64, fd, buf, BLOCK, 0)->user_data = a;
			else
				ring_add3(&r, SYS_nanosleep, &hour, 0, 0)->user_data = a;
		ring_add3(&r, XSC_OP_CANCEL, a, 0, 0);
		async_submit(&r);
		while ((!n || cancel == 1) && now_ms() < end) {
			while (ring_take(&r, &got, &data))
				if (data == a + 2)
					cancel = got;
				else if (data == a && n < 2)
					res[n++] = got;
			async_enter(&r, 0, 1, 10);
		}
		/* The read may have ended before the cancel, and then the sleep is the oldest. */
		if (sleep_first)
			bad += cancel || (res[0] != -ECANCELED && res[0] != BLOCK);
		else
			bad += (cancel && cancel != -EALREADY) || res[0] != BLOCK;
		ring_add3(&r, XSC_OP_CANCEL, a, XSC_CANCEL_ALL, 0);
		async_submit(&r);
		async_result(&r, ring_data);
	}
	return bad;
}

/* ... and the youngest is given a limit */
static int youngest(void)
{
	static struct { long s, ns; } hour = { 3600, 0 };
	int bad = 0;

	for (int i = 0; i < 20; i++) {
		__u64 a = ring_data + 3;

		all(2, SYS_pread64);
		ring_add3(&r, SYS_nanosleep, &hour, 0, 0);
		ring_add4(&r, SYS_pread64, fd, buf, BLOCK, 0);
		ring_add3(&r, XSC_OP_LIMIT, a, 1000, XSC_LIMIT_LAST);
		ring_add3(&r, XSC_OP_LIMIT, a, 1000, 0);
		async_submit(&r);
		/* 0 if the read has ended before */
		bad += async_result(&r, a + 2) != -ENOENT;
		async_result(&r, a + 3);
		bad += async_result(&r, a) != -ETIME ? 100 : 0;
	}
	return bad;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*fn)(void);
		int status;
	} ends[] = {
		{ "exit", by_exit, 0 }, { "SIGKILL", by_kill, SIGKILL }, { "close of the ring", by_close, 0 },
		{ "the thread ends", by_thread_end, 0 },
		{ "threads that ring by turns", by_threads, 0 },
	};
	int pid, bad = 0;
	long before;
	__u64 a;

	RINGS_OR_SKIP();
	buf = mmap(NULL, BLOCKS * BLOCK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	fd = open(NAME, O_CREAT | O_TRUNC | O_RDWR | O_DIRECT, 0600);
	if (fd < 0) {
		tap_skip("no direct I/O in /var/tmp");
		return tap_done();
	}
	before = number_in("/sys/module/xsc/refcnt", NULL);
	async_make(&r, 256);
	for (int i = 0; i < BLOCKS; i++)
		memset(buf + i * BLOCK, 1 + i % 250, BLOCK);

	/* what is written comes back, each block in its place */
	a = ring_data + 1;
	for (int i = 0; i < BLOCKS; i++)
		ring_add4(&r, SYS_pwrite64, fd, buf + i * BLOCK, BLOCK, (long)i * BLOCK);
	tap_is(async_submit(&r), BLOCKS, "%d writes that extend the file", BLOCKS);
	for (int i = 0; i < BLOCKS; i++)
		bad += async_result(&r, a + i) != BLOCK;
	tap_is(bad, 0, "all of it");
	memset(buf, 0, BLOCKS * BLOCK);
	a = ring_data + 1;
	all(BLOCKS, SYS_pread64);
	tap_is(async_submit(&r), BLOCKS, "%d reads", BLOCKS);
	for (int i = 0; i < BLOCKS; i++)
		bad += async_result(&r, a + i) != BLOCK || buf[i * BLOCK + 17] != (char)(1 + i * 37 % BLOCKS % 250);
	tap_is(bad, 0, "with the bytes of their places");
	a = ring_data + 1;
	for (int i = 0; i < 64; i++) {
		memset(buf + i * BLOCK, 99, BLOCK);
		ring_add4(&r, SYS_pwrite64, fd, buf + i * BLOCK, BLOCK, (long)i * 2 * BLOCK);
	}
	async_submit(&r);
	for (int i = 0; i < 64; i++)
		bad += async_result(&r, a + i) != BLOCK;
	ring_add4(&r, SYS_pread64, fd, buf, BLOCK, 126 * BLOCK);
	async_submit(&r);
	bad += async_result(&r, ring_data) != BLOCK || buf[5] != 99;
	ring_add4(&r, SYS_pread64, fd, buf, BLOCK, 127 * BLOCK);
	async_submit(&r);
	bad += async_result(&r, ring_data) != BLOCK || buf[5] != (char)128;
	tap_is(bad, 0, "writes over what is there");

	counts();

	/* errors and ends are those of the call */
	a = ring_data + 1;
	ring_add4(&r, SYS_pread64, fd, buf, BLOCK, (long)BLOCKS * BLOCK);
	ring_add4(&r, SYS_pread64, fd, buf, 2 * BLOCK, (long)(BLOCKS - 1) * BLOCK);
	ring_add4(&r, SYS_pread64, fd, buf + 1, BLOCK, 0);
	ring_add4(&r, SYS_pread64, fd, buf, 100, 0);
	ring_add4(&r, SYS_pread64, fd, 4096, BLOCK, 0);
	ring_add4(&r, SYS_pread64, fd, -4096, BLOCK, 0);
	ring_add4(&r, SYS_pread64, fd, buf, BLOCK, -1);
	async_submit(&r);
	tap_is(async_result(&r, a), 0, "at the end of the file");
	tap_is(async_result(&r, a + 1), BLOCK, "over the end");
	for (int i = 2; i < 7; i++) {
		static const char *const names[] = { "an odd buffer", "an odd length", "no buffer", "a kernel address", "before the file" };
		static char *const bufs[] = { (char *)1, 0, (char *)4096, (char *)-4096, 0 };
		char *b = i == 2 ? buf + 1 : i == 4 || i == 5 ? bufs[i - 2] : buf;
		long want = sys(SYS_pread64, fd, b, i == 3 ? 100 : BLOCK, i == 6 ? -1 : 0);

		tap_is(async_result(&r, a + i), want, "%s: as the call", names[i - 2]);
	}
	ring_add4(&r, SYS_openat, AT_FDCWD, NAME, O_RDONLY | O_DIRECT, 0)->flags = XSC_SQE_LINK;
	xsc_sqe_forward(ring_add4(&r, SYS_pread64, 0, buf, BLOCK, 0), 0, 1);
	xsc_sqe_link(&r.sqes[(r.sqe_tail - 1) & r.sq_mask]);
	xsc_sqe_forward(ring_add3(&r, SYS_close, 0, 0, 0), 0, 2);
	async_submit(&r);
	tap_is(async_result(&r, ring_data - 1), BLOCK, "in a chain");
	tap_is(async_result(&r, ring_data), 0, "and what is behind it");

	/* no thread waits for them: in a process without workers that are left of something else */
	pid = fork();
	if (!pid) {
		in_flight();
		_exit(threads());
	}
	bad = wait_for(pid) >> 8;
	tap_ok(bad == 1 || bad == 2, "128 reads need one worker at most: %d threads", bad);
	bad = 0;
	all(200, SYS_pread64);
	async_submit(&r);
	/* cancelled or not, each has its CQE, and no result is made up */
	ring_add6(&r, XSC_OP_CANCEL, 0, XSC_CANCEL_ALL | XSC_CANCEL_ANY, 0, 0, 0, 0);
	a = ring_data;
	async_submit(&r);
	async_result(&r, a);
	for (int i = 1; i <= 200; i++) {
		long res = async_result(&r, a - i);

		bad += res != BLOCK && res != -ECANCELED;
	}
	tap_is(bad, 0, "cancel while they are under way");
	tap_is(oldest(), 0, "of one name the oldest is cancelled, whoever has it");
	bad = youngest();
	tap_ok(bad < 20, "a limit for the last one is not for the one before: %d of 20 took it", bad);
	bad = 0;
	/* a limit does not end what a device has, nor does it outlive it */
	for (int k = 0; k < 2; k++) {
		a = ring_data + 1;
		all(60, SYS_pread64);
		for (int i = 0; i < 60; i++)
			ring_add3(&r, XSC_OP_LIMIT, a + i, k ? 1000 : 3600000000000, XSC_LIMIT_MAYBE);
		async_submit(&r);
		for (int i = 0; i < 60; i++) {
			long limited = async_result(&r, a + 60 + i);

			bad += async_result(&r, a + i) != BLOCK || (limited && limited != -EALREADY);
		}
	}
	tap_is(bad, 0, "limits of a microsecond and of an hour");
	tap_is(async_inflight(&r), 0, "none is left");
	xsc_ring_queue_exit(&r);

	for (int i = 0; i < 5; i++) {
		pid = fork();
		if (!pid) {
			ends[i].fn();
			_exit(0);
		}
		tap_is(wait_for(pid), ends[i].status, "%s with 128 under way", ends[i].name);
	}
	for (int i = 0; i < 100 && number_in("/sys/module/xsc/refcnt", NULL) != before; i++)
		msleep(50);
	tap_is(number_in("/sys/module/xsc/refcnt", NULL), before, "no ring is left");
	sys(SYS_unlink, NAME);
	return tap_done();
}

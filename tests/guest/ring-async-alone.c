// SPDX-License-Identifier: MIT
/*
 * ring-async-alone.c - a thread that rings with one op on a file and waits for nothing else makes
 * the call itself; with anything else to wait for, or a limit, the op goes on without it
 */
#include <sys/stat.h>
#include <sys/uio.h>

#include "slow-disk.h"

#define NAME	SLOW_DIR "/file"
#define BLOCKS	8

static struct xsc_ring r;
static char *buf;
static int fd, cached, p[2];
static __u64 other;

/* what the last op that was added comes to if it is all that the doorbell waits for */
static long alone(void)
{
	__u64 a = ring_data;

	async_enter(&r, 1, 1, -1);
	return async_has(&r, a) ? async_got[a].res : -9999;
}

/* a read that the disk is going to hold; its name */
static __u64 hold(void)
{
	slow->hold = NBD_CMD_READ;
	ring_add4(&r, SYS_pread64, fd, buf, SLOW_BLOCK, 0);
	return ring_data;
}

/* @a is in flight after @what, and ends when the disk lets go */
static void goes_on(__u64 a, const char *what)
{
	tap_ok(slow_holds() && !async_has(&r, a), "%s: the disk has it", what);
	slow_release();
	tap_is(async_result(&r, a), SLOW_BLOCK, "it ends");
}

static long alone_fixed(int op, char *at, long len, long pos)
{
	ring_add4(&r, op, fd, at, len, pos);
	xsc_sqe_fixed_buffer(&r.sqes[(r.sqe_tail - 1) & r.sq_mask], 0);
	return alone();
}

static void other_rings(void *arg)
{
	slow_holds();
	ring_add0(&r, SYS_getpid);
	other = ring_data;
	async_submit(&r);
}

static void lets_go(void *arg)
{
	slow_holds();
	msleep(100);
	slow_release();
}

int main(int argc, char **argv)
{
	struct iovec iov;
	struct thread t, u;
	__u64 a, b;

	RINGS_OR_SKIP();
	if (!slow_make())
		return tap_done();
	buf = mmap(NULL, 4 * SLOW_BLOCK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	fd = open(NAME, O_CREAT | O_RDWR | O_DIRECT, 0600);
	cached = open(NAME, O_RDWR);
	for (int i = BLOCKS - 1; i >= 0; i--) {
		memset(buf, 1 + i, SLOW_BLOCK);
		pwrite(fd, buf, SLOW_BLOCK, i * SLOW_BLOCK);
	}
	sys(SYS_fsync, fd);
	async_make(&r, 8);

	/* by the thread itself */
	for (int i = 0; i < 3; i++) {
		ring_add4(&r, SYS_pread64, fd, buf, SLOW_BLOCK, i * SLOW_BLOCK);
		tap_ok(alone() == SLOW_BLOCK && buf[0] == 1 + i, "a read");
		memset(buf, 0x51 + i, SLOW_BLOCK);
		ring_add4(&r, SYS_pwrite64, fd, buf, SLOW_BLOCK, (i + 4) * SLOW_BLOCK);
		tap_is(alone(), SLOW_BLOCK, "a write");
	}
	tap_ok(pread(fd, buf, SLOW_BLOCK, 6 * SLOW_BLOCK) == SLOW_BLOCK && buf[0] == 0x53, "is there");
	ring_add4(&r, SYS_pread64, fd, buf, SLOW_BLOCK, BLOCKS * SLOW_BLOCK);
	tap_is(alone(), 0, "a read at the end");
	ring_add4(&r, SYS_pread64, fd, buf + 1, SLOW_BLOCK, 0);
	tap_is(alone(), -EINVAL, "a read to where it cannot go");
	ring_add4(&r, SYS_pread64, fd, 4096, SLOW_BLOCK, 0);
	tap_is(alone(), -EFAULT, "a read to nowhere");

	/* a buffer that is registered */
	iov.iov_base = buf + SLOW_BLOCK;
	iov.iov_len = 2 * SLOW_BLOCK;
	tap_is(xsc_ring_register_buffers(&r, &iov, 1), 0, "a registered buffer");
	for (int i = 0; i < 2; i++) {
		char *at = buf + (1 + i) * SLOW_BLOCK;

		tap_ok(alone_fixed(SYS_pread64, at, SLOW_BLOCK, i * SLOW_BLOCK) == SLOW_BLOCK && at[0] == 1 + i, "a read");
		memset(at, 0x61 + i, SLOW_BLOCK);
		tap_is(alone_fixed(SYS_pwrite64, at, SLOW_BLOCK, (i + 4) * SLOW_BLOCK), SLOW_BLOCK, "a write");
	}
	tap_ok(pread(fd, buf, SLOW_BLOCK, 5 * SLOW_BLOCK) == SLOW_BLOCK && buf[0] == 0x62, "is there");
	tap_ok(alone_fixed(SYS_pread64, buf + SLOW_BLOCK, 2 * SLOW_BLOCK, 4 * SLOW_BLOCK) == 2 * SLOW_BLOCK &&
	       buf[SLOW_BLOCK] == 0x61 && buf[2 * SLOW_BLOCK] == 0x62, "a read of all of it");
	tap_is(alone_fixed(SYS_pread64, buf + SLOW_BLOCK, SLOW_BLOCK, BLOCKS * SLOW_BLOCK), 0, "a read at the end");
	tap_is(alone_fixed(SYS_pread64, buf + SLOW_BLOCK + 1, SLOW_BLOCK, 0), -EINVAL, "a read to where it cannot go");
	tap_is(alone_fixed(SYS_pread64, buf, SLOW_BLOCK, 0), -EFAULT, "a read to before it");
	tap_is(xsc_ring_unregister_buffers(&r), 0, "it is no more");
	tap_is(alone_fixed(SYS_pread64, buf + SLOW_BLOCK, SLOW_BLOCK, 0), -EINVAL, "a read to it then");

	sys(SYS_fadvise64, cached, 0, 0, POSIX_FADV_DONTNEED);
	sys(SYS_fadvise64, cached, 0, 0, POSIX_FADV_RANDOM);
	ring_add4(&r, SYS_pread64, cached, buf, SLOW_BLOCK, SLOW_BLOCK);
	tap_ok(alone() == SLOW_BLOCK && buf[0] == 2, "a read of what is not in the cache");
	ring_add4(&r, SYS_pread64, cached, buf, 3 * SLOW_BLOCK, SLOW_BLOCK);
	tap_ok(alone() == 3 * SLOW_BLOCK && buf[0] == 2 && buf[2 * SLOW_BLOCK] == 4, "of what is there in part");
	iov.iov_base = buf;
	iov.iov_len = SLOW_BLOCK;
	ring_add4(&r, SYS_preadv, cached, &iov, 1, 7 * SLOW_BLOCK);
	tap_ok(alone() == SLOW_BLOCK && buf[0] == 8, "by vector");
	pwrite(cached, buf, SLOW_BLOCK, 0);
	ring_add3(&r, SYS_fsync, cached, 0, 0);
	tap_is(alone(), 0, "fsync");
	ring_add0(&r, SYS_getpid);
	ring_add3(&r, SYS_fdatasync, cached, 0, 0);
	a = ring_data;
	async_enter(&r, 2, 2, -1);
	tap_ok(async_has(&r, a), "the last of two, the first done");
	tap_is(threads(), 1, "no thread was made for any of it");

	/* not by it */
	memset(buf, 1, SLOW_BLOCK);
	pwrite(fd, buf, SLOW_BLOCK, 0);
	a = hold();
	tap_is(async_enter(&r, 1, 0, -1), 1, "a doorbell that waits for nothing");
	goes_on(a, "it came back");
	a = hold();
	tap_is(async_enter(&r, 1, 1, 100), 1, "one with a limit of time");
	goes_on(a, "it came back");
	ring_add0(&r, SYS_getpid);
	a = hold();
	tap_is(async_enter(&r, 2, 1, -1), 2, "one that has what it waits for");
	goes_on(a, "it came back");

	pipe(p);
	ring_add3(&r, SYS_read, p[0], buf + SLOW_BLOCK, 1);
	b = ring_data;
	async_submit(&r);
	a = hold();
	write(p[1], "x", 1);
	async_enter(&r, 1, 1, -1);
	tap_is(async_result(&r, b), 1, "another op in flight ends first");
	goes_on(a, "it came back");

	/* another thread may ring once it has */
	tap_is(thread_start(&t, other_rings, NULL), 0, "a thread that rings while the disk holds what this one waits for");
	thread_start(&u, lets_go, NULL);
	a = hold();
	async_enter(&r, 1, 1, -1);
	thread_join(&t);
	thread_join(&u);
	tap_is(async_result(&r, a), SLOW_BLOCK, "both end");
	tap_is(async_result(&r, other), getpid(), "the other's too");
	thread_start(&t, other_rings, NULL);
	a = hold();
	async_enter(&r, 1, 1, -1);
	tap_ok(async_has(&r, other) && slow_holds(), "now it can");
	slow_release();
	tap_is(async_result(&r, a), SLOW_BLOCK, "both end");
	thread_join(&t);

	xsc_ring_queue_exit(&r);
	close(fd);
	close(cached);
	tap_is(slow_end(), 0, "the file system is nobody's then");
	return tap_done();
}

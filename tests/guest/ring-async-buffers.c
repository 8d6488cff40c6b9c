// SPDX-License-Identifier: MIT
/*
 * ring-async-buffers.c - registered buffers: what may be registered, direct I/O with them, ops that do not fit, the
 * limit, and the end of everything while they are in use
 */
#include <sys/stat.h>
#include <sys/uio.h>

#include "async.h"
#include "seccomp.h"

#define NAME	"/var/tmp/xsc-ring-async-buffers"
#define BLOCKS	128
#define BLOCK	4096L
#define PAGE	4096UL
#define BIG	(1UL << 20)
#define NOBODY	65534

static struct xsc_ring r;
static struct iovec iov[1025];
static char *buf;
static int fd;

static int reg(struct xsc_ring *ring, unsigned int nr)
{
	return xsc_ring_register_buffers(ring, iov, nr);
}

/* one buffer */
static int reg1(struct xsc_ring *ring, const void *base, unsigned long len)
{
	struct iovec one = { (void *)base, len };

	return xsc_ring_register_buffers(ring, &one, 1);
}

/* each block of @buf is a buffer */
static int reg_blocks(struct xsc_ring *ring)
{
	for (int i = 0; i < BLOCKS; i++)
		iov[i] = (struct iovec) { buf + i * BLOCK, BLOCK };
	return reg(ring, BLOCKS);
}

static void fixed(int op, const void *addr, long len, long pos, long index)
{
	ring_add4(&r, op, fd, addr, len, pos);
	r.sqes[(r.sqe_tail - 1) & r.sq_mask].flags |= XSC_SQE_FIXED_BUFFER;
	r.sqes[(r.sqe_tail - 1) & r.sq_mask].args[4] = index;
}

static long fixed_result(int op, const void *addr, long len, long pos, long index)
{
	fixed(op, addr, len, pos, index);
	async_submit(&r);
	return async_result(&r, ring_data);
}

static void block(int op, int i)
{
	fixed(op, buf + i * BLOCK, BLOCK, i * 37 % BLOCKS * BLOCK, i);
}

static long pinned(void)
{
	return number_in("/proc/self/status", "VmPin:");
}

/* pages that a device had are given back by a work item */
static bool pinned_becomes(long want)
{
	for (int i = 0; i < 200 && pinned() != want; i++)
		msleep(10);
	return pinned() == want;
}

static void *map(unsigned long size)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* --- what may be registered ------------------------------------------------ */

static void refusals(void)
{
	char *ro = map(PAGE), *mapped, *hole = map(3 * PAGE);
	struct xsc_ring plain;
	long before = pinned();
	int file = open(NAME, O_RDWR);

	tap_is(xsc_ring_unregister_buffers(&r), -ENXIO, "unregister where nothing is");
	tap_is(fixed_result(SYS_pread64, buf, BLOCK, 0, 0), -EINVAL, "an op where nothing is");
	iov[0] = (struct iovec) { buf, BLOCK };
	tap_is(reg(&r, 1025), -EINVAL, "1025 buffers");
	tap_is(reg(&r, 0xffffffff), -EINVAL, "2^32 - 1 buffers");
	tap_is(reg(&r, 0), -EINVAL, "an array of none");
	tap_is(xsc_ring_register_buffers(&r, NULL, 1), -EFAULT, "no array");
	tap_is(xsc_ring_register_buffers(&r, (void *)0xffffffff81000000UL, 1), -EFAULT, "an array in the kernel");
	tap_is(reg1(&r, buf, 0), -EINVAL, "no bytes");
	tap_is(reg1(&r, buf, (1UL << 30) + 1), -EINVAL, "more than 1 GiB");
	tap_is(reg1(&r, buf, -1UL), -EINVAL, "2^64 - 1 bytes");
	tap_is(reg1(&r, (void *)0xffffffff81000000UL, 16), -EFAULT, "an address of the kernel");
	tap_is(reg1(&r, (void *)-16UL, 64), -EFAULT, "an address that wraps around");
	tap_is(reg1(&r, NULL, 16), -EFAULT, "nothing is there");
	munmap(hole + PAGE, PAGE);
	tap_is(reg1(&r, hole, 3 * PAGE), -EFAULT, "a hole in it");
	mprotect(ro, PAGE, PROT_READ);
	tap_is(reg1(&r, ro, PAGE), -EFAULT, "read-only memory");
	mapped = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	tap_is(reg1(&r, mapped, PAGE), -EOPNOTSUPP, "a file of a disk");
	tap_is(reg1(&r, r.sr, PAGE), -EOPNOTSUPP, "the ring itself");
	iov[1] = (struct iovec) { NULL, 16 };
	tap_is(reg(&r, 2), -EFAULT, "a bad one behind a good one");
	ring_make(&plain, 4);
	tap_is(reg1(&plain, buf, BLOCK), -EINVAL, "a plain ring");
	xsc_ring_queue_exit(&plain);
	if (mini_xsc) {
		tap_is(xsc_op(XSC_OP_RING_BUFFERS, r.fd, iov, 1, 1), -EINVAL, "an argument too many");
		tap_is(xsc_op(XSC_OP_RING_BUFFERS, r.fd, iov, 1UL << 32), -EINVAL, "2^32 buffers");
		tap_is(xsc_op(XSC_OP_RING_BUFFERS, fd, iov, 1), -EOPNOTSUPP, "a file that is no ring");
		tap_is(xsc_op(XSC_OP_RING_BUFFERS, -1, iov, 1), -EBADF, "no file");
	} else {
		struct xsc_ring_buffers b = { (unsigned long)iov, 1, 1 };
		int dev = open("/dev/xsc", O_RDWR);

		tap_is(sys(SYS_ioctl, r.fd, XSC_IOC_BUFFERS, &b), -EINVAL, "resv");
		tap_is(sys(SYS_ioctl, r.fd, XSC_IOC_BUFFERS, NULL), -EFAULT, "no argument");
		b.resv = 0;
		tap_is(sys(SYS_ioctl, dev, XSC_IOC_BUFFERS, &b), -EINVAL, "before setup");
		close(dev);
	}
	tap_is(pinned(), before, "nothing stays pinned");
	tap_is(number_in("/proc/self/fdinfo/0", "Buffers:"), -1, "fdinfo of another file");
	munmap(mapped, PAGE);
	close(file);
}

/* --- using them ------------------------------------------------------------ */

static long buffers_of(const struct xsc_ring *ring)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", ring->fd);
	return number_in(path, "Buffers:");
}

static void moves(void)
{
	long before = pinned();
	int bad = 0;
	__u64 a;

	tap_is(reg_blocks(&r), 0, "%d buffers", BLOCKS);
	tap_is(pinned() - before, BLOCKS * 4, "their pages are pinned");
	tap_is(buffers_of(&r), BLOCKS, "fdinfo says so");
	tap_is(reg_blocks(&r), -EBUSY, "not twice");
	tap_is(pinned() - before, BLOCKS * 4, "their pages are pinned once");

	a = ring_data + 1;
	for (int i = 0; i < BLOCKS; i++) {
		memset(buf + i * BLOCK, 1 + i, BLOCK);
		block(SYS_pwrite64, i);
	}
	tap_is(async_submit(&r), BLOCKS, "%d writes that extend the file", BLOCKS);
	for (int i = 0; i < BLOCKS; i++)
		bad += async_result(&r, a + i) != BLOCK;
	tap_is(bad, 0, "all of it");
	memset(buf, 0, BLOCKS * BLOCK);
	sys(SYS_pread64, fd, buf, BLOCKS * BLOCK, 0L);
	for (int i = 0; i < BLOCKS; i++)
		bad += buf[i * 37 % BLOCKS * BLOCK + 17] != (char)(1 + i);
	tap_is(bad, 0, "a plain read finds them");
	for (int round = 0; round < 3; round++) {
		memset(buf, 0, BLOCKS * BLOCK);
		a = ring_data + 1;
		for (int i = 0; i < BLOCKS; i++)
			block(SYS_pread64, i);
		async_submit(&r);
		for (int i = 0; i < BLOCKS; i++)
			bad += async_result(&r, a + i) != BLOCK || buf[i * BLOCK] != (char)(1 + i) ||
			       buf[i * BLOCK + BLOCK - 1] != (char)(1 + i);
	}
	tap_is(bad, 0, "and reads");
	tap_is(xsc_ring_unregister_buffers(&r), 0, "unregister");
	tap_is(xsc_ring_unregister_buffers(&r), -ENXIO, "not twice");
	tap_is(buffers_of(&r), 0, "fdinfo says so");
	tap_ok(pinned_becomes(before), "nothing is pinned");
	tap_is(fixed_result(SYS_pread64, buf, BLOCK, 0, 0), -EINVAL, "an op where nothing is any more");
}

/* a large one that begins and ends inside pages; any part of it */
static void parts(void)
{
	static const struct {
		long off, len, pos;
	} part[] = {
		{ 0, 512, 0 }, { 0, 4096, 4096 }, { 512, 3072, 0 }, { 3072, 4096, 8192 }, { 3584, 512, 512 },
		{ 3584 - 512, 1024, 0 }, { 8192, 65536, 4096 }, { 3584, 65536, 0 }, { 4096 + 3584, 131072, 16384 },
		{ BIG - 512, 512, 0 }, { BIG - 8192, 8192, 0 }, { BIG - 8704, 8704, 512 }, { 0, BLOCKS * 4096, 0 },
	};
	char *big = (char *)map(BIG + 2 * PAGE) + 512, *plain = map(BIG);
	__u64 errors;
	int bad = 0;

	iov[0] = (struct iovec) { buf, 16 };
	iov[1] = (struct iovec) { big, BIG };
	tap_is(reg(&r, 2), 0, "1 MiB at an odd place, and 16 bytes");
	for (int i = 0; i < sizeof(part) / sizeof(*part); i++) {
		char *at = big + part[i].off;

		memset(big - 512, 77, BIG + PAGE);
		sys(SYS_pread64, fd, plain, part[i].len, part[i].pos);
		if (fixed_result(SYS_pread64, at, part[i].len, part[i].pos, 1) != part[i].len ||
		    memcmp(at, plain, part[i].len) || at[-1] != 77 || at[part[i].len] != 77) {
			dprintf(1, "# part %d\n", i);
			bad++;
		}
	}
	tap_is(bad, 0, "reads of any part");
	for (int i = 0; i < sizeof(part) / sizeof(*part); i++) {
		char *at = big + part[i].off;

		for (long k = 0; k < part[i].len; k++)
			at[k] = k / 512 + 3 * i;
		if (fixed_result(SYS_pwrite64, at, part[i].len, part[i].pos, 1) != part[i].len ||
		    sys(SYS_pread64, fd, plain, part[i].len, part[i].pos) != part[i].len ||
		    memcmp(at, plain, part[i].len)) {
			dprintf(1, "# part %d\n", i);
			bad++;
		}
	}
	tap_is(bad, 0, "writes of any part");
	tap_is(fixed_result(SYS_pread64, big, BLOCK, BLOCKS * BLOCK, 1), 0, "at the end of the file");
	tap_is(fixed_result(SYS_pread64, big, 2 * BLOCK, (BLOCKS - 1) * BLOCK, 1), BLOCK, "over the end");
	tap_is(fixed_result(SYS_pread64, big, 0, 0, 1), 0, "no bytes");
	tap_is(fixed_result(SYS_pread64, big + BIG, 0, 0, 1), 0, "no bytes at the end of the buffer");
	tap_is(fixed_result(SYS_pread64, big, 100, 0, 1), sys(SYS_pread64, fd, big, 100, 0L), "an odd length: as the call");
	tap_is(fixed_result(SYS_pread64, big + 1, BLOCK, 0, 1), sys(SYS_pread64, fd, big + 1, BLOCK, 0L),
	       "an odd place: as the call");
	tap_is(fixed_result(SYS_pread64, big, BLOCK, -1, 1), -EINVAL, "before the file");

	errors = r.cr->errors;
	tap_is(fixed_result(SYS_pread64, big, BLOCK, 0, 2), -EINVAL, "no such buffer");
	tap_is(fixed_result(SYS_pread64, big, BLOCK, 0, 1L << 32 | 1), -EINVAL, "nor 2^32 + 1");
	tap_is(fixed_result(SYS_pread64, big, BLOCK, 0, -1), -EINVAL, "nor 2^64 - 1");
	tap_is(r.cr->errors - errors, 3, "which are wrong in themselves");
	tap_is(fixed_result(SYS_pread64, big, BLOCK, 0, 0), -EFAULT, "in another buffer");
	tap_is(fixed_result(SYS_pread64, big - 1, BLOCK, 0, 1), -EFAULT, "begins before it");
	tap_is(fixed_result(SYS_pread64, big, BIG + 1, 0, 1), -EFAULT, "ends behind it");
	tap_is(fixed_result(SYS_pread64, big + BIG - 511, 512, 0, 1), -EFAULT, "ends behind it by a byte");
	tap_is(fixed_result(SYS_pread64, big + BIG + 1, 0, 0, 1), -EFAULT, "no bytes behind it");
	tap_is(fixed_result(SYS_pread64, big + 512, -512, 0, 1), -EFAULT, "a length that wraps around");
	tap_is(fixed_result(SYS_pread64, big + 512, -(long)(big + 512), 0, 1), -EFAULT, "an end of 0");
	tap_is(fixed_result(SYS_pread64, (void *)-512L, 1024, 0, 1), -EFAULT, "an address that wraps around");
	tap_is(fixed_result(SYS_pwrite64, big, BIG + 512, 0, 1), -EFAULT, "a write that ends behind it");
	tap_is(fixed_result(SYS_read, big, BLOCK, 0, 1), -EINVAL, "read has no such flag");
	tap_is(fixed_result(SYS_fsync, big, BLOCK, 0, 1), -EINVAL, "nor fsync");
	tap_is(fixed_result(SYS_getpid, big, BLOCK, 0, 1), -EINVAL, "nor getpid");
	tap_is(fixed_result(XSC_OP_NOP, big, BLOCK, 0, 1), -EINVAL, "nor the nop");
	tap_is(fixed_result(XSC_OP_CANCEL, big, 0, 0, 1), -EINVAL, "nor cancel");
	tap_is(fixed_result(-1, big, BLOCK, 0, 1), -EINVAL, "nor what is no op");
	munmap(plain, BIG);
	xsc_ring_unregister_buffers(&r);
	munmap(big - 512, BIG + 2 * PAGE);
}

/* what is no direct I/O is the plain call, if it fits */
static void other_ways(void)
{
	struct { long s, ns; } ts = { 0, 1000000 };
	int direct = fd;
	long res;

	reg_blocks(&r);
	fd = open(NAME, O_RDWR);
	tap_is(fixed_result(SYS_pread64, buf, BLOCK, 0, 0), BLOCK, "the page cache");
	tap_is(fixed_result(SYS_pread64, buf, BLOCK, 0, 1), -EFAULT, "and what does not fit");
	tap_is(fixed_result(SYS_pwrite64, buf, BLOCK, 0, 0), BLOCK, "a buffered write");
	sys(SYS_fsync, fd);
	close(fd);
	fd = direct;

	/* of a chain a worker runs all that it can */
	ring_add4(&r, SYS_openat, AT_FDCWD, NAME, O_RDONLY | O_DIRECT, 0)->flags = XSC_SQE_LINK;
	fixed(SYS_pread64, 0, BLOCK, 0, 3);
	r.sqes[(r.sqe_tail - 1) & r.sq_mask].args[0] = 0;
	r.sqes[(r.sqe_tail - 1) & r.sq_mask].args[1] = (unsigned long)(buf + 3 * BLOCK);
	xsc_sqe_forward(&r.sqes[(r.sqe_tail - 1) & r.sq_mask], 0, 1);
	xsc_sqe_link(&r.sqes[(r.sqe_tail - 1) & r.sq_mask]);
	xsc_sqe_forward(ring_add3(&r, SYS_close, 0, 0, 0), 0, 2);
	async_submit(&r);
	tap_is(async_result(&r, ring_data - 1), BLOCK, "in a chain");
	tap_is(async_result(&r, ring_data), 0, "and what is behind it");
	for (int i = 0; i < 3; i++) {
		static const long want[] = { BLOCK, -EINVAL, -EFAULT };

		ring_add3(&r, SYS_nanosleep, &ts, NULL, 0)->flags = XSC_SQE_LINK;
		fixed(SYS_pread64, buf, BLOCK, 0, i == 1 ? BLOCKS : i);
		xsc_sqe_link(&r.sqes[(r.sqe_tail - 1) & r.sq_mask]);
		ring_add0(&r, XSC_OP_NOP);
		async_submit(&r);
		res = async_result(&r, ring_data);
		tap_is(async_result(&r, ring_data - 1), want[i], "behind what waits, %d", i);
		tap_is(res, i ? -ECANCELED : 0, "the end of that chain");
	}
	/* the address is what a forward makes of it */
	ring_add4(&r, SYS_pread64, fd, buf, BLOCK, 0)->flags = XSC_SQE_LINK;
	fixed(SYS_pread64, buf, BLOCK, 0, 1);
	xsc_sqe_forward(&r.sqes[(r.sqe_tail - 1) & r.sq_mask], 1, 1);
	async_submit(&r);
	tap_is(async_result(&r, ring_data), BLOCK, "an address by forward");
	xsc_ring_unregister_buffers(&r);
}

/* pages stay when the address means something else */
static void unmapped(void)
{
	int mem = sys(SYS_memfd_create, "buffer", 0), n;
	char *seen, *gone;
	long res = 0;

	sys(SYS_ftruncate, mem, 16 * BLOCK);
	seen = mmap(NULL, 16 * BLOCK, PROT_READ | PROT_WRITE, MAP_SHARED, mem, 0);
	gone = mmap(NULL, 16 * BLOCK, PROT_READ | PROT_WRITE, MAP_SHARED, mem, 0);
	tap_is(reg1(&r, gone, 16 * BLOCK), 0, "memory of a memfd");
	munmap(gone, 16 * BLOCK);
	memset(buf, 44, BLOCK);
	sys(SYS_pwrite64, fd, buf, BLOCK, 0L);
	/* a worker's call would not find it */
	for (n = 0; n < 20 && res != BLOCK; n++)
		res = fixed_result(SYS_pread64, gone + 7 * BLOCK, BLOCK, 0, 0);
	tap_is(res, BLOCK, "its mapping is gone: a read");
	tap_is(seen[7 * BLOCK + 100], 44, "into the pages that were registered");
	tap_is(seen[8 * BLOCK], 0, "and no further");
	sys(SYS_ftruncate, mem, 0);
	for (n = 0, res = 0; n < 20 && res != BLOCK; n++)
		res = fixed_result(SYS_pread64, gone, BLOCK, 0, 0);
	tap_is(res, BLOCK, "the pages are of no file any more");
	munmap(seen, 16 * BLOCK);
	close(mem);

	/* another mapping in its place is not written to */
	gone = map(4 * BLOCK);
	tap_is(reg1(&r, gone, BLOCK), -EBUSY, "one set at a time");
	xsc_ring_unregister_buffers(&r);
	reg1(&r, gone, 4 * BLOCK);
	sys(SYS_mmap, gone, 4 * BLOCK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	for (n = 0; n < 20; n++)
		fixed_result(SYS_pwrite64, gone, BLOCK, BLOCK, 0);
	xsc_ring_unregister_buffers(&r);
	munmap(gone, 4 * BLOCK);

	/* huge pages, if there are any: each block a buffer, twice */
	gone = map(4UL << 20);
	seen = (char *)(((unsigned long)gone + (2UL << 20) - 1) & ~((2UL << 20) - 1));
	sys(SYS_madvise, seen, 2UL << 20, 14 /* MADV_HUGEPAGE */);
	for (int i = 0; i < 1024; i++)
		iov[i] = (struct iovec) { seen + i % 512 * BLOCK, BLOCK };
	tap_is(reg(&r, 1024), 0, "1024 buffers, two of each place");
	memset(seen, 0, 2UL << 20);
	tap_ok(fixed_result(SYS_pread64, seen + 511 * BLOCK, BLOCK, 0, 1023) == BLOCK && seen[511 * BLOCK] == 44,
	       "a read into the last one");
	xsc_ring_unregister_buffers(&r);
	munmap(gone, 4UL << 20);
}

/* --- in flight --------------------------------------------------------------- */

static int toggling;

static void toggle(void *arg)
{
	while (toggling) {
		reg1(&r, buf, BLOCKS * BLOCK);
		msleep(1);
		xsc_ring_unregister_buffers(&r);
	}
}

static void races(void)
{
	long before = pinned();
	int bad = 0, done = 0;
	struct thread t;
	__u64 a;

	for (int round = 0; round < 20; round++) {
		reg_blocks(&r);
		a = ring_data + 1;
		for (int i = 0; i < BLOCKS; i++)
			block(round & 1 ? SYS_pwrite64 : SYS_pread64, i);
		async_submit(&r);
		bad += xsc_ring_unregister_buffers(&r) != 0;
		for (int i = 0; i < BLOCKS; i++)
			bad += async_result(&r, a + i) != BLOCK;
	}
	tap_is(bad, 0, "unregister while a device has them");
	tap_ok(pinned_becomes(before), "nothing stays pinned");

	toggling = 1;
	thread_start(&t, toggle, NULL);
	for (int round = 0; round < 50; round++) {
		a = ring_data + 1;
		for (int i = 0; i < 32; i++)
			fixed(SYS_pread64, buf + i * BLOCK, BLOCK, i * BLOCK, 0);
		async_submit(&r);
		for (int i = 0; i < 32; i++) {
			long res = async_result(&r, a + i);

			bad += res != BLOCK && res != -EINVAL;
			done += res == BLOCK;
		}
	}
	toggling = 0;
	thread_join(&t);
	tap_is(bad, 0, "while another thread registers and unregisters: %d reads of 1600", done);
	tap_ok(pinned_becomes(before), "nothing stays pinned");
}

static void forks(void)
{
	int pid, bad = 0;
	__u64 a;

	reg_blocks(&r);
	memset(buf, 0, BLOCKS * BLOCK);
	pid = fork();
	if (!pid) {
		memset(buf, 99, BLOCKS * BLOCK);
		_exit(reg1(&r, buf, BLOCK) != -EPERM || xsc_ring_unregister_buffers(&r) != -EPERM || pinned() > 0);
	}
	a = ring_data + 1;
	for (int i = 0; i < BLOCKS; i++)
		fixed(SYS_pread64, buf + i * BLOCK, BLOCK, 0, i);
	async_submit(&r);
	for (int i = 0; i < BLOCKS; i++)
		bad += async_result(&r, a + i) != BLOCK || buf[i * BLOCK + 9] != 44;
	tap_is(wait_for(pid), 0, "a child has none of it");
	tap_is(bad, 0, "the parent has its own pages");
	xsc_ring_unregister_buffers(&r);
}

static void in_flight(void)
{
	async_make(&r, BLOCKS);
	if (reg_blocks(&r))
		_exit(98);
	for (int i = 0; i < BLOCKS; i++)
		block(SYS_pread64, i);
	if (async_submit(&r) != BLOCKS)
		_exit(99);
}

static void by_exit(void) { in_flight(); }
static void by_kill(void) { in_flight(); kill(getpid(), SIGKILL); msleep(10000); }
static void by_close(void) { in_flight(); xsc_ring_queue_exit(&r); _exit(!pinned_becomes(0)); }
static void by_unregister(void) { in_flight(); _exit(xsc_ring_unregister_buffers(&r)); }

static void by_exec(void)
{
	char *args[] = { "/proc/self/exe", "exec", NULL };

	in_flight();
	sys(SYS_execve, args[0], args, NULL);
	_exit(97);
}

/* the ring outlives its process in another descriptor table */
static void by_child(void)
{
	in_flight();
	if (!fork()) {
		msleep(100);
		_exit(0);
	}
}

/* --- the limit ---------------------------------------------------------------- */

static void limit(unsigned long bytes)
{
	struct rlimit64 { unsigned long cur, max; } lim = { bytes, bytes };

	sys(SYS_prlimit64, 0, 8 /* RLIMIT_MEMLOCK */, &lim, NULL);
}

static void nobody(void)
{
	sys(SYS_setresgid, NOBODY, NOBODY, NOBODY);
	sys(SYS_setresuid, NOBODY, NOBODY, NOBODY);
}

/* 16 pages; what was given back comes by a work item */
static int sixteen(void)
{
	int err = -ENOMEM;

	limit(16 * PAGE);
	nobody();
	async_make(&r, 8);
	for (int i = 0; i < 200 && err == -ENOMEM; i++) {
		err = reg1(&r, buf, 16 * PAGE);
		if (err)
			msleep(10);
	}
	return err;
}

static int limited(void)
{
	struct xsc_ring second;

	limit(16 * PAGE);
	nobody();
	async_make(&r, 8);
	async_make(&second, 8);
	if (reg1(&r, buf, 17 * PAGE) != -ENOMEM || pinned())
		return 1;
	if (reg1(&r, buf + PAGE - 1, 15 * PAGE + 2) != -ENOMEM)
		return 2;
	if (reg1(&r, buf, 16 * PAGE))
		return 3;
	if (reg1(&second, buf, 1) != -ENOMEM)
		return 4;
	xsc_ring_unregister_buffers(&r);
	if (reg1(&second, buf, 1) || pinned() != 4)
		return 5;
	if (reg1(&r, buf, 16 * PAGE) != -ENOMEM || reg1(&r, buf, 15 * PAGE))
		return 6;
	xsc_ring_queue_exit(&r);
	xsc_ring_queue_exit(&second);
	return !pinned_becomes(0);
}

static int unlimited(void)
{
	limit(0);
	async_make(&r, 8);
	return reg1(&r, buf, 16 * PAGE) || pinned() != 64;
}

static int killed(void)
{
	int err = sixteen();

	if (!err)
		kill(getpid(), SIGKILL);
	return 1;
}

/* --- controls ------------------------------------------------------------------ */

static int filter_registration(void)
{
	async_make(&r, 8);
	seccomp_filter(mini_xsc ? XSC_OP_RING_BUFFERS : SYS_ioctl, SECCOMP_RET_ERRNO | EXDEV);
	return reg1(&r, buf, BLOCK) != -EXDEV || pinned() || buffers_of(&r);
}

static int filter_op(void)
{
	async_make(&r, 8);
	if (reg_blocks(&r))
		return 1;
	seccomp_filter(SYS_pread64, SECCOMP_RET_ERRNO | EXDEV);
	if (fixed_result(SYS_pread64, buf, BLOCK, 0, 0) != -EXDEV)
		return 2;
	if (fixed_result(SYS_pwrite64, buf, BLOCK, 0, 0) != BLOCK)
		return 3;
	return fixed_result(SYS_pwrite64, buf, BLOCK, 0, 1) != -EFAULT;
}

static void in_child(int (*fn)(void), int want, const char *what)
{
	int pid = fork();

	if (!pid)
		_exit(fn());
	tap_is(wait_for(pid), want, "%s", what);
}

static void set_fixed(struct xsc_sqe *sqe)
{
	xsc_sqe_fixed_buffer(sqe, 0);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*fn)(void);
		int status;
	} ends[] = {
		{ "exit", by_exit, 0 }, { "SIGKILL", by_kill, SIGKILL }, { "close of the ring", by_close, 0 },
		{ "unregister and exit", by_unregister, 0 }, { "exec", by_exec, 0 },
		{ "a child that has the ring for a while", by_child, 0 },
	};
	long before;

	if (argc > 1)
		return pinned() != 0;
	RINGS_OR_SKIP();
	buf = map(BLOCKS * BLOCK);
	fd = open(NAME, O_CREAT | O_TRUNC | O_RDWR | O_DIRECT, 0666);
	if (fd < 0) {
		tap_skip("no direct I/O in /var/tmp");
		return tap_done();
	}
	before = number_in("/sys/module/xsc/refcnt", NULL);
	async_only(set_fixed);
	async_make(&r, BLOCKS);
	refusals();
	moves();
	parts();
	other_ways();
	unmapped();
	races();
	forks();
	tap_is(async_inflight(&r), 0, "none is left");
	xsc_ring_queue_exit(&r);
	tap_ok(pinned_becomes(0), "nothing is pinned");

	for (int i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		int pid = fork();

		if (!pid) {
			ends[i].fn();
			_exit(0);
		}
		tap_is(wait_for(pid), ends[i].status, "%s with %d under way", ends[i].name, BLOCKS);
	}
	in_child(limited, 0, "RLIMIT_MEMLOCK");
	in_child(sixteen, 0, "all of it is free again");
	in_child(killed, SIGKILL, "all of it, then SIGKILL");
	in_child(sixteen, 0, "all of it is free again");
	in_child(unlimited, 0, "CAP_IPC_LOCK");
	in_child(filter_registration, 0, "a filter sees the registration");
	in_child(filter_op, 0, "and the op");
	for (int i = 0; i < 100 && number_in("/sys/module/xsc/refcnt", NULL) != before; i++)
		msleep(50);
	tap_is(number_in("/sys/module/xsc/refcnt", NULL), before, "no ring is left");
	sys(SYS_unlink, NAME);
	return tap_done();
}

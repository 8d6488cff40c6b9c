// SPDX-License-Identifier: MIT
/*
 * ring-slow-disk.c - direct I/O under way in a disk that takes its time: what others may do meanwhile
 */
#include <sys/stat.h>

#include "slow-disk.h"

#define NAME	SLOW_DIR "/file"
#define BLOCKS	8

static struct xsc_ring r;
static char *buf;
static int fd, cached;
static volatile bool done;

static void fill(char byte)
{
	memset(buf, byte, SLOW_BLOCK);
}

/* the byte that is all over a block as @file has it, or -1 if there are several */
static int block_of(int file, long block)
{
	static char got[SLOW_BLOCK] __attribute__((aligned(SLOW_BLOCK)));

	memset(got, 0x7f, sizeof(got));
	if (pread(file, got, SLOW_BLOCK, block * SLOW_BLOCK) != SLOW_BLOCK || memcmp(got, got + 1, SLOW_BLOCK - 1))
		return -1;
	return got[0];
}

/* the file's blocks, the first one last: there the disk holds what it is told to */
static void write_all(char byte)
{
	fill(byte);
	for (int i = BLOCKS - 1; i >= 0; i--)
		pwrite(fd, buf, SLOW_BLOCK, i * SLOW_BLOCK);
}

static void hold(long op)
{
	slow->hold = op == SYS_pread64 ? NBD_CMD_READ : NBD_CMD_WRITE;
}

static const char *name_of(long op)
{
	return op == SYS_pread64 ? "read" : "write";
}

/* an op on block 0 that the disk holds; its name */
static __u64 begin(struct xsc_ring *ring, long op)
{
	__u64 a = ring_data + 1;

	hold(op);
	ring_add4(ring, op, fd, buf, SLOW_BLOCK, 0);
	async_submit(ring);
	tap_ok(slow_holds(), "a %s that the disk holds", name_of(op));
	return a;
}

static void cutter(void *arg)
{
	sys(SYS_ftruncate, fd, 0);
	done = true;
}

static void cut(__u64 a)
{
	struct thread t;
	struct stat st;

	done = false;
	thread_start(&t, cutter, NULL);
	msleep(100);
	tap_ok(!done, "the file is not cut while the disk has it");
	slow_release();
	tap_is(async_result(&r, a), SLOW_BLOCK, "it ends");
	thread_join(&t);
	fstat(fd, &st);
	tap_is(st.st_size, 0, "and the file is cut");
	write_all(1);
}

static void ends(const char *how, long op, void (*end)(void))
{
	long rings = module_refs();
	int pid;

	fill(9);
	pid = fork();
	if (!pid) {
		async_make(&r, 8);
		/* the second of a kind goes the short way */
		ring_add4(&r, op, fd, buf, SLOW_BLOCK, SLOW_BLOCK);
		async_submit(&r);
		async_result(&r, ring_data);
		hold(op);
		ring_add4(&r, op, fd, buf, SLOW_BLOCK, 0);
		async_submit(&r);
		if (!slow_holds())
			_exit(3);
		end();
		_exit(0);
	}
	tap_ok(wait_for(pid) != -1 && slow->held, "%s ends while the disk has its %s", how, name_of(op));
	slow_release();
	for (int i = 0; i < 100 && module_refs() > rings; i++)
		;
	tap_is(module_refs(), rings, "and its ring is gone when the disk has let go");
}

static void by_exit(void) { }
static void by_kill(void) { kill(getpid(), SIGKILL); }
static void by_close(void) { xsc_ring_queue_exit(&r); }
static void by_exec(void)
{
	char *args[] = { "true", NULL };

	execve("/bin/true", args, args + 1);
	_exit(4);
}

int main(int argc, char **argv)
{
	static const long ops[] = { SYS_pwrite64, SYS_pread64 };
	__u64 a, b;
	long res;

	RINGS_OR_SKIP();
	if (!slow_make())
		return tap_done();
	buf = mmap(NULL, SLOW_BLOCK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	fd = open(NAME, O_CREAT | O_RDWR | O_DIRECT, 0600);
	cached = open(NAME, O_RDWR);
	write_all(1);
	sys(SYS_fsync, fd);
	async_make(&r, 8);

	for (int i = 0; i < 2; i++) {
		fill(2 + i);
		a = begin(&r, SYS_pwrite64);
		tap_is(async_inflight(&r), 1, "in flight");
		tap_is(block_of(cached, 0), 1 + i, "another thread brings what was there into the cache");
		slow_release();
		tap_is(async_result(&r, a), SLOW_BLOCK, "it ends");
		tap_is(block_of(cached, 0), 2 + i, "and then the cache has it, too");
		sys(SYS_fadvise64, cached, 0, 0, POSIX_FADV_DONTNEED);
	}
	/* a cancel does not take it back */
	a = begin(&r, SYS_pwrite64);
	b = ring_data + 1;
	ring_add3(&r, XSC_OP_CANCEL, a, 0, 0);
	ring_add3(&r, XSC_OP_LIMIT, a, 1000000, 0);
	async_submit(&r);
	res = async_result(&r, b);
	tap_is(res, -EALREADY, "a cancel says that it is being done");
	tap_is(async_result(&r, b + 1), -EALREADY, "and a limit that it was cancelled");
	tap_is(async_inflight(&r), 1, "still in flight");
	slow_release();
	tap_is(async_result(&r, a), SLOW_BLOCK, "it ends as it would have");

	fill(4);
	cut(begin(&r, SYS_pwrite64));
	cut(begin(&r, SYS_pread64));

	/* a write into room without content: nobody sees what the disk has there */
	sys(SYS_ftruncate, fd, 0);
	tap_is(sys(SYS_fallocate, fd, 0, 0, BLOCKS * SLOW_BLOCK), 0, "room without content");
	fill(5);
	a = begin(&r, SYS_pwrite64);
	tap_is(block_of(cached, 0), 0, "reads as nothing while it is being written");
	slow_release();
	tap_is(async_result(&r, a), SLOW_BLOCK, "it ends");
	tap_is(block_of(cached, 0), 5, "and is there");
	tap_is(block_of(fd, 0), 5, "on the disk, too");
	tap_is(block_of(fd, 1), 0, "alone");
	write_all(6);
	xsc_ring_queue_exit(&r);

	for (int i = 0; i < 2; i++) {
		ends("a process", ops[i], by_exit);
		ends("one that is killed", ops[i], by_kill);
		ends("one that closes its ring", ops[i], by_close);
		ends("one that starts another program", ops[i], by_exec);
	}
	close(fd);
	close(cached);
	tap_is(slow_end(), 0, "the file system is nobody's then");
	return tap_done();
}

// SPDX-License-Identifier: MIT
/*
 * ring-async-overwrite.c - direct writes over what is there: who sees the CQE sees the data
 *
 * Such a write may end in an interrupt (patch 0016), unless its end has something to do:
 * pages that came into the cache meanwhile, blocks without content, a size, a flush.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "async.h"

#define NAME	"/var/tmp/xsc-ring-async-overwrite"
#define BLOCKS	64
#define BLOCK	4096
#define ROUNDS	150

static struct xsc_ring r;
static char *buf;
static int fd, cached;
static volatile bool stop;
static unsigned long looked;

/* @nr writes of @byte from block 0 on; how many failed */
static int writes(int file, int nr, char byte)
{
	__u64 a = ring_data + 1;
	int bad = 0;

	for (int i = 0; i < nr; i++) {
		memset(buf + i * BLOCK, byte, BLOCK);
		ring_add4(&r, SYS_pwrite64, file, buf + i * BLOCK, BLOCK, (long)i * BLOCK);
	}
	async_submit(&r);
	for (int i = 0; i < nr; i++)
		bad += async_result(&r, a + i) != BLOCK;
	return bad;
}

/* blocks whose content by @file is not @byte */
static int unlike(int file, int nr, char byte)
{
	static char got[BLOCK] __attribute__((aligned(BLOCK)));
	int bad = 0;

	for (int i = 0; i < nr; i++)
		bad += sys(SYS_pread64, file, got, BLOCK, (long)i * BLOCK) != BLOCK || got[0] != byte ||
		       got[BLOCK - 1] != byte;
	return bad;
}

/* brings pages into the cache again and again */
static void reader(void *arg)
{
	static char got[BLOCK];

	while (!stop)
		for (int i = 0; i < BLOCKS; i++)
			looked += sys(SYS_pread64, cached, got, BLOCK, (long)i * BLOCK) == BLOCK;
}

/* cuts the file and makes it long again, beside writes */
static void cutter(void *arg)
{
	while (!stop) {
		sys(SYS_ftruncate, fd, BLOCK);
		sys(SYS_ftruncate, fd, BLOCKS * BLOCK);
	}
}

int main(int argc, char **argv)
{
	struct stat st;
	struct thread t;
	int bad = 0, sync;

	RINGS_OR_SKIP();
	buf = mmap(NULL, BLOCKS * BLOCK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	fd = open(NAME, O_CREAT | O_TRUNC | O_RDWR | O_DIRECT, 0600);
	cached = open(NAME, O_RDWR);
	sync = open(NAME, O_RDWR | O_DIRECT | O_DSYNC);
	if (fd < 0) {
		tap_skip("no direct I/O in /var/tmp");
		return tap_done();
	}
	async_make(&r, BLOCKS);
	tap_is(writes(fd, BLOCKS, 1), 0, "%d blocks", BLOCKS);
	tap_is(writes(fd, BLOCKS, 2) + unlike(fd, BLOCKS, 2), 0, "other content");
	tap_is(unlike(cached, BLOCKS, 2), 0, "also by the cache");
	tap_is(writes(fd, BLOCKS, 3), 0, "over blocks that are in the cache");
	tap_is(unlike(cached, BLOCKS, 3), 0, "which has the new ones then");
	tap_is(writes(sync, BLOCKS, 4) + unlike(fd, BLOCKS, 4), 0, "with O_DSYNC");

	thread_start(&t, reader, NULL);
	while (!looked)
		msleep(1);
	for (int i = 0; i < ROUNDS; i++) {
		bad += writes(fd, 16, (char)(5 + i % 100));
		bad += unlike(cached, 16, (char)(5 + i % 100));
	}
	stop = true;
	thread_join(&t);
	tap_is(bad, 0, "%d times 16 writes, while another thread reads them into the cache", ROUNDS);

	/* blocks that have a place and no content: the end says that they have */
	tap_is(sys(SYS_ftruncate, fd, 0), 0, "all gone");
	tap_is(sys(SYS_fallocate, fd, 0, 0, BLOCKS * BLOCK), 0, "room for as much");
	tap_is(writes(fd, 16, 7) + unlike(fd, 16, 7), 0, "written into that");
	tap_is(unlike(fd, BLOCKS, 0), 16, "and nothing else");

	stop = false;
	bad = 0;
	thread_start(&t, cutter, NULL);
	for (int i = 0; i < ROUNDS; i++)
		bad += writes(fd, 16, (char)i);
	stop = true;
	thread_join(&t);
	sys(SYS_ftruncate, fd, BLOCKS * BLOCK);
	tap_is(bad, 0, "%d times 16 writes, while another thread makes the file shorter and longer", ROUNDS);
	fstat(fd, &st);
	tap_is(st.st_size, BLOCKS * BLOCK, "of the size that it was given last");
	tap_is(async_inflight(&r), 0, "none is left");
	xsc_ring_queue_exit(&r);
	sys(SYS_unlink, NAME);
	return tap_done();
}

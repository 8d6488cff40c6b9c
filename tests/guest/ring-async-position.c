// SPDX-License-Identifier: MIT
/*
 * ring-async-position.c - a read at the file's own position is one read: what another thread reads meanwhile is before it or
 * behind it, also when only a part of it was in memory
 */
#include "async.h"

#define PAGE	4096
#define PAGES	2048
#define PART	8

static struct xsc_ring r;
static int file;
static volatile bool over, torn;

/* pages in order, as many as were asked for? */
static bool in_order(const unsigned int *buf, long bytes)
{
	for (long i = 1; i < bytes / PAGE; i++)
		if (buf[i * PAGE / 4] != buf[0] + i)
			return false;
	return true;
}

static unsigned int mine[PART * PAGE / 4], others[2 * PAGE / 4];

static void other(void *unused)
{
	while (!over) {
		long n = read(file, others, sizeof(others));

		if (n > 0 && !in_order(others, n))
			torn = true;
	}
}

int main(int argc, char **argv)
{
	static unsigned int page[PAGE / 4];
	unsigned int wrong = 0, reads = 0;
	struct thread t;
	long n;

	RINGS_OR_SKIP();
	/* on a disk: a file system in memory has it all in memory */
	file = open("/var/tmp/ring-async-position", O_RDWR | O_CREAT | O_TRUNC, 0600);
	for (int i = 0; i < PAGES; i++) {
		page[0] = i;
		write(file, page, PAGE);
	}
	sys(SYS_fsync, file);
	async_make(&r, 16);
	sys(SYS_fadvise64, file, 0, 0, 1 /* POSIX_FADV_RANDOM */);
	thread_start(&t, other, NULL);
	for (int i = 0; i < 10; i++) {
		sys(SYS_fadvise64, file, 0, 0, 4 /* POSIX_FADV_DONTNEED */);
		/* every eighth page is there */
		for (int k = 0; k < PAGES; k += PART)
			sys(SYS_pread64, file, page, 4, k * PAGE);
		sys(SYS_lseek, file, 0, SEEK_SET);
		for (int k = 0; k < PAGES / PART; k++) {
			ring_add3(&r, SYS_read, file, mine, sizeof(mine));
			async_submit(&r);
			n = async_result(&r, ring_data);
			if (n <= 0)
				break;
			reads++;
			wrong += !in_order(mine, n);
		}
	}
	over = true;
	thread_join(&t);
	tap_ok(reads > 100, "%u reads", reads);
	tap_is(wrong, 0, "each has what stands together");
	tap_ok(!torn, "and so has the other thread's");
	sys(SYS_unlink, "/var/tmp/ring-async-position");
	return tap_done();
}

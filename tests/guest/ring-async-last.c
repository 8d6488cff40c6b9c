// SPDX-License-Identifier: MIT
/* ring-async-last.c - direct I/O as the last op of a chain whose earlier ops went to a worker */
#include <sys/stat.h>

#include "async.h"

#define NAME	"/var/tmp/xsc-ring-async-last"
#define BLOCK	4096L
#define ROUNDS	50

int main(int argc, char **argv)
{
	char *buf;
	int fd, synced, wrong = 0, lost = 0, foreign = 0, bad = 0;
	struct xsc_ring r;
	__u64 data;
	long res;

	RINGS_OR_SKIP();
	buf = mmap(NULL, 2 * BLOCK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	fd = open(NAME, O_RDWR | O_CREAT | O_TRUNC | O_DIRECT, 0600);
	synced = open(NAME, O_RDWR);
	if (fd < 0) {
		tap_skip("no direct I/O");
		return tap_done();
	}
	memset(buf, 'a', BLOCK);
	tap_is(write(fd, buf, BLOCK), BLOCK, "a file for direct I/O");
	sys(SYS_fsync, fd);
	async_make(&r, 16);
	ring_data = 1000;
	for (int i = 0; i < ROUNDS; i++) {
		bool out = i % 2;

		sys(SYS_pwrite64, synced, "b", 1, 8192);
		xsc_sqe_link(ring_add3(&r, SYS_fsync, synced, 0, 0));
		ring_add4(&r, out ? SYS_pwrite64 : SYS_pread64, fd, buf, BLOCK, 0);
		/* an op by itself, whose request is then there to be used again, with its flags */
		if (i % 5 == 0)
			ring_add3(&r, SYS_read, -1, buf, 1)->flags = XSC_SQE_QUIET | XSC_SQE_POLL_FIRST;
		async_submit(&r);
		for (int n = 0; n < (i % 5 ? 2 : 3); n++) {
			unsigned long end = now_ms() + 10000;

			while (!ring_take(&r, &res, &data) && now_ms() < end)
				async_enter(&r, 0, 1, 100);
			if (now_ms() >= end) {
				lost++;
				break;
			}
			foreign += data + 3 <= ring_data || data > ring_data;
			bad += res != 0 && res != BLOCK && res != -EBADF;
			wrong += res == BLOCK && buf[0] != 'a';
		}
	}
	tap_is(lost, 0, "each of %d chains has its CQEs", ROUNDS);
	tap_is(foreign, 0, "with their own user_data");
	tap_is(bad, 0, "and results");
	tap_is(wrong, 0, "and what stands in the file");
	xsc_ring_queue_exit(&r);
	sys(SYS_unlink, NAME);
	return tap_done();
}

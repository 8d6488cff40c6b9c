// SPDX-License-Identifier: MIT
/* batch-addend.c - a forwarded result is added to what the argument holds; TEST: xsc only */
#include "batch.h"

#define PAGE	4096L

static int fds[2];

/* a library's segments in one entry: reserve all, then place each in it */
static void segments(void)
{
	int fd = memfd_create("f", 0);
	char *at;

	ftruncate(fd, 4 * PAGE);
	for (int i = 0; i < 4; i++)
		pwrite(fd, &(char){ 'a' + i }, 1, i * PAGE);

	batch_start();
	batch_add(SYS_mmap, 0, 4 * PAGE, PROT_NONE, MAP_PRIVATE, fd, 0);
	for (int i = 1; i < 4; i++)
		xsc_sqe_forward(batch_add(SYS_mmap, i * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED,
					  fd, (4 - i) * PAGE), 0, i);
	tap_is(batch_run(), 4, "a reservation and three mappings in it");
	at = (char *)cqes[0].res;
	for (int i = 1; i < 4; i++) {
		tap_is(cqes[i].res, (long)at + i * PAGE, "mapping %d lies where it was to", i);
		tap_is(at[i * PAGE], 'a' + 4 - i, "and shows its page");
	}
	munmap(at, 4 * PAGE);
	close(fd);
}

/* the sum wraps; the addend alone is never used */
static void edges(void)
{
	int fd = dup(fds[0]);

	batch_start();
	batch_add(SYS_dup, fds[0]);
	xsc_sqe_forward(batch_add(SYS_close, -3), 0, 1);
	batch_add(SYS_dup, fds[0]);
	batch_run();
	tap_is(cqes[1].res, cqes[0].res >= 3 ? 0 : -EBADF, "a negative addend");
	close(cqes[0].res);
	close(cqes[2].res);

	batch_start();
	batch_add(SYS_openat, AT_FDCWD, "/none", O_RDONLY);
	xsc_sqe_forward(batch_add(SYS_close, fd), 0, 1);
	batch_run();
	tap_is(cqes[1].res, -ECANCELED, "a source that failed");
	tap_ok(fcntl(fd, F_GETFD) >= 0, "its addend was not taken for the argument");
	close(fd);
}

int main(int argc, char **argv)
{
	BATCH_XSC_ONLY();

	pipe(fds);
	segments();
	edges();
	return tap_done();
}

// SPDX-License-Identifier: MIT
/* batch-order.c - order, chains and forwards in a batch; TEST: xsc only */
#include "batch.h"

static int fds[2];

static void expect(int i, long want, const char *what)
{
	tap_is(cqes[i].res, want, "%s: cqe %d", what, i);
}

static void order(void)
{
	static const char text[] = "abcdefghijklmnopqrstuvwxyz";
	char got[32] = "";

	batch_start();
	for (int i = 0; i < 26; i++)
		batch_add(SYS_write, fds[1], &text[i], 1);
	tap_is(batch_run(), 26, "26 writes");
	read(fds[0], got, 26);
	tap_ok(!strcmp(got, text), "in order: %s", got);
}

static void links(void)
{
	batch_start();
	xsc_sqe_link(batch_add(SYS_openat, AT_FDCWD, "/none", O_RDONLY));
	xsc_sqe_link(batch_add(SYS_write, fds[1], "x", 1));
	batch_add(SYS_write, fds[1], "y", 1);
	batch_add(SYS_getpid);
	tap_is(batch_run(), 4, "a chain that fails at its first op");
	expect(0, -ENOENT, "failed");
	expect(1, -ECANCELED, "linked to it");
	expect(2, -ECANCELED, "the end of the chain");
	expect(3, getpid(), "behind the chain");
	tap_is(read(fds[0], &(char){ 0 }, 1), -1, "what was cancelled had no effect");

	batch_start();
	xsc_sqe_link(batch_add(SYS_getpid));
	xsc_sqe_link(batch_add(SYS_close, 999));
	batch_add(SYS_getpid);
	xsc_sqe_link(batch_add(SYS_getpid));
	batch_add(SYS_getpid);
	tap_is(batch_run(), 5, "a chain that fails in its middle");
	expect(0, getpid(), "before");
	expect(1, -EBADF, "failed");
	expect(2, -ECANCELED, "after");
	expect(3, getpid(), "the next chain");
	expect(4, getpid(), "its end");

	batch_start();
	xsc_sqe_link(batch_add(SYS_getpid));
	batch_add(SYS_close, 999);
	batch_add(SYS_getpid);
	batch_run();
	expect(1, -EBADF, "a failure at the end of a chain");
	expect(2, getpid(), "concerns nobody behind it");

	batch_start();
	batch_add(SYS_close, 999);
	batch_add(SYS_getpid);
	batch_run();
	expect(1, getpid(), "without links nothing is cancelled");

	/* an SQE in error fails its chain like an op that fails */
	batch_start();
	xsc_sqe_link(batch_add(60000));
	batch_add(SYS_getpid);
	batch_run();
	expect(0, -ENOSYS, "unknown op in a chain");
	expect(1, -ECANCELED, "the rest");
	batch_start();
	batch_add(SYS_getpid)->flags = XSC_SQE_LINK | 0x8000;
	batch_add(SYS_getpid);
	batch_run();
	expect(0, -EINVAL, "unknown flag in a chain");

	batch_start();
	xsc_sqe_link(batch_add(SYS_getpid));
	tap_is(batch_run(), 1, "a link with nothing behind it");
	expect(0, getpid(), "harmless");
}

static void forwards(void)
{
	char buf[16] = "";
	int fd = memfd_create("f", 0);
	long six[6];

	write(fd, "hello", 5);
	batch_start();
	batch_add(SYS_openat, AT_FDCWD, "/proc/self/comm", O_RDONLY);
	xsc_sqe_forward(batch_add(SYS_read, 0, buf, sizeof(buf)), 0, 1);
	xsc_sqe_forward(batch_add(SYS_close, 0), 0, 2);
	tap_is(batch_run(), 3, "open, read, close");
	tap_ok(cqes[0].res > 2, "opened: %ld", (long)cqes[0].res);
	expect(1, 12, "read by the forwarded descriptor");
	expect(2, 0, "closed by it");
	tap_ok(!strncmp(buf, "batch-order\n", 12), "what was read");
	tap_is(fcntl(cqes[0].res, F_GETFD), -1, "it is closed indeed");

	batch_start();
	batch_add(SYS_openat, AT_FDCWD, "/none", O_RDONLY);
	xsc_sqe_forward(batch_add(SYS_read, 0, buf, 1), 0, 1);
	xsc_sqe_forward(batch_add(SYS_close, 0), 0, 1);
	batch_run();
	expect(1, -ECANCELED, "forward from one that failed");
	expect(2, -ECANCELED, "and from one that was cancelled");

	/* each of the six arguments: pread and mmap have them in all places */
	for (int arg = 0; arg < 6; arg++) {
		long want, res;

		six[0] = 0;
		six[1] = 4096;
		six[2] = PROT_READ;
		six[3] = MAP_PRIVATE;
		six[4] = fd;
		six[5] = 0;
		want = arg == 0 ? 0x20000000 : six[arg];
		if (!arg)
			six[3] |= MAP_FIXED_NOREPLACE;
		six[arg] = 0;
		batch_start();
		/* lseek's result is any number that we like */
		batch_add(SYS_lseek, fd, want, SEEK_SET);
		xsc_sqe_forward(batch_add(SYS_mmap, six[0], six[1], six[2], six[3], six[4], six[5]), arg, 1);
		batch_run();
		res = cqes[1].res;
		tap_ok(res > 4096, "forward into argument %d", arg);
		if (res > 4096)
			munmap((void *)res, 4096);
	}

	batch_start();
	batch_add(SYS_getpid);
	xsc_sqe_forward(batch_add(SYS_close, 0), 0, 2);
	xsc_sqe_forward(batch_add(SYS_close, 0), 6, 1);
	xsc_sqe_forward(batch_add(SYS_close, 0), 255, 1);
	xsc_sqe_forward(batch_add(SYS_close, 0), 0, 0);
	batch_add(SYS_getpid)->fwd_from = 1;
	batch_add(SYS_getpid)->fwd_arg = 1;
	xsc_sqe_forward(batch_add(SYS_close, 0), 0, 255);
	tap_is(batch_run(), 8, "bad forwards");
	expect(1, -EINVAL, "from before the batch");
	expect(2, -EINVAL, "argument 6");
	expect(3, -EINVAL, "argument 255");
	expect(4, -EINVAL, "from itself");
	expect(5, -EINVAL, "fwd_from without the flag");
	expect(6, -EINVAL, "fwd_arg without the flag");
	expect(7, -EINVAL, "255 back in a batch of 8");
	tap_ok(fcntl(0, F_GETFD) >= 0, "descriptor 0 is still there");

	/* a link and a forward together, as open-read-close uses them */
	batch_start();
	xsc_sqe_link(batch_add(SYS_openat, AT_FDCWD, "/none", O_RDONLY));
	xsc_sqe_forward(batch_add(SYS_read, 0, buf, 1), 0, 1);
	sqes[1].flags |= XSC_SQE_LINK;
	xsc_sqe_forward(batch_add(SYS_close, 0), 0, 2);
	batch_add(SYS_getpid);
	batch_run();
	expect(1, -ECANCELED, "link and forward, failed");
	expect(2, -ECANCELED, "link and forward, failed");
	expect(3, getpid(), "behind them");
	close(fd);
}

/* from 255 places back, the most that fits */
static void far(void)
{
	static struct xsc_sqe s[257];
	static struct xsc_cqe c[257];
	int fd = dup(fds[0]);

	for (int i = 0; i < 257; i++)
		xsc_sqe_prep(&s[i], XSC_OP_NOP, 0, 0, 0, 0, 0, 0);
	xsc_sqe_prep(&s[1], SYS_dup, fd, 0, 0, 0, 0, 0);
	xsc_sqe_prep(&s[256], SYS_close, 0, 0, 0, 0, 0, 0);
	xsc_sqe_forward(&s[256], 0, 255);
	tap_is(xsc_batch(s, c, 257), 257, "a batch of 257");
	tap_is(c[256].res, 0, "a forward from 255 places back");
	tap_is(fcntl(c[1].res, F_GETFD), -1, "that was it");
	close(fd);
}

/* a batch that starts in the middle takes up the chain and the forwards */
static void middle(void)
{
	unsigned int start = 1;

	batch_start();
	batch_add(SYS_dup, fds[0]);
	xsc_sqe_forward(batch_add(SYS_close, 0), 0, 1);
	cqes[0].res = dup(fds[0]);
	tap_is(xsc_batch_from(sqes, cqes, 2, &start), 2, "start 1");
	tap_is(cqes[1].res, 0, "a forward from before the start");
	tap_is(start, 2, "the start register has moved on");

	batch_start();
	xsc_sqe_link(batch_add(SYS_getpid));
	batch_add(SYS_getpid);
	cqes[0].res = -ENOENT;
	start = 1;
	tap_is(xsc_batch_from(sqes, cqes, 2, &start), 2, "start 1, in a chain that failed");
	tap_is(cqes[1].res, -ECANCELED, "the rest of it is cancelled");
}

int main(int argc, char **argv)
{
	BATCH_XSC_ONLY();
	pipe2(fds, O_NONBLOCK);
	order();
	links();
	forwards();
	far();
	middle();
	return tap_done();
}

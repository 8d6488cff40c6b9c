// SPDX-License-Identifier: MIT
/*
 * batch-read.c - runs of reads keep the file's position and its errors
 *
 * A container looks a descriptor up once for a run of reads.  TEST: xsc only
 */
#include "batch.h"

static char buf[BATCH][16];
static int fd;

static void content(void)
{
	fd = open("/tmp/batch-read", O_CREAT | O_TRUNC | O_RDWR, 0600);
	write(fd, "0123456789abcdefghij", 20);
	lseek(fd, 0, SEEK_SET);
	memset(buf, 0, sizeof(buf));
}

/* what a reader of one descriptor sees, whoever else has the file */
static void positions(int other, const char *who)
{
	batch_start();
	batch_add(SYS_read, fd, buf[0], 4);
	batch_add(SYS_read, fd, buf[1], 4);
	batch_add(SYS_lseek, fd, 2, SEEK_CUR);
	batch_add(SYS_read, fd, buf[3], 4);
	batch_add(SYS_pread64, fd, buf[4], 4, 1);
	batch_add(SYS_read, other, buf[5], 4);
	batch_add(SYS_read, fd, buf[6], 16);
	batch_add(SYS_read, fd, buf[7], 16);
	tap_is(batch_run(), 8, "%s: eight ops", who);
	tap_ok(!memcmp(buf[0], "0123", 5) && !memcmp(buf[1], "4567", 5), "%s: one read goes on where the other ended", who);
	tap_ok(!memcmp(buf[3], "abcd", 5), "%s: lseek in between", who);
	tap_ok(!memcmp(buf[4], "1234", 5), "%s: pread in between", who);
	tap_ok(!memcmp(buf[5], "efgh", 5), "%s: which leaves the position alone", who);
	tap_is(cqes[6].res, 2, "%s: a short read at the end", who);
	tap_is(cqes[7].res, 0, "%s: the end", who);
	tap_is(lseek(fd, 0, SEEK_CUR), 20, "%s: the position is that of the last", who);
}

static volatile bool stop;

static void idle(void *arg)
{
	while (!stop)
		msleep(1);
}

int main(int argc, char **argv)
{
	struct thread t;
	unsigned long n;
	int p[2], e, d;

	BATCH_XSC_ONLY();
	content();
	positions(fd, "alone");
	content();
	d = dup(fd);
	positions(d, "two descriptors");
	close(d);
	content();
	tap_is(thread_start(&t, idle, NULL), 0, "a thread");
	positions(fd, "two threads");
	stop = true;
	thread_join(&t);

	/* a descriptor that means another file from one read to the next */
	content();
	d = open("/tmp/batch-read", O_RDONLY);
	batch_start();
	batch_add(SYS_read, d, buf[0], 4);
	batch_add(SYS_close, d);
	batch_add(SYS_read, d, buf[1], 4);
	batch_add(SYS_dup2, fd, d);
	batch_add(SYS_read, d, buf[2], 2);
	batch_add(SYS_read, fd, buf[3], 2);
	tap_is(batch_run(), 6, "a descriptor that comes and goes");
	tap_is(cqes[2].res, -EBADF, "after its close");
	tap_ok(!memcmp(buf[2], "01", 3) && !memcmp(buf[3], "23", 3), "as a copy of another");
	close(d);

	/* errors */
	d = open("/tmp/batch-read", O_WRONLY);
	e = open("/tmp", O_RDONLY);
	batch_start();
	batch_add(SYS_read, d, buf[0], 4);
	batch_add(SYS_read, e, buf[0], 4);
	batch_add(SYS_read, fd, 8, 4);
	batch_add(SYS_read, fd, -1L, 4);
	batch_add(SYS_read, 1000, buf[0], 4);
	batch_add(SYS_read, fd, buf[0], 0);
	batch_add(SYS_read, fd, buf[0], -1L);
	tap_is(batch_run(), 7, "errors");
	tap_is(cqes[0].res, -EBADF, "of a file that is open for writing");
	tap_is(cqes[1].res, -EISDIR, "a directory");
	tap_is(cqes[2].res, -EFAULT, "a bad buffer");
	tap_is(cqes[3].res, -EFAULT, "a buffer of the kernel's");
	tap_is(cqes[4].res, -EBADF, "no file");
	tap_is(cqes[5].res, 0, "no bytes");
	tap_is(cqes[6].res, xsc_call(SYS_read, fd, buf[0], -1L), "all bytes that there are");
	close(d);
	close(e);

	/* what has no position */
	pipe(p);
	write(p[1], "abcdef", 6);
	e = sys(SYS_eventfd2, 7, 0);
	batch_start();
	batch_add(SYS_read, p[0], buf[0], 2);
	batch_add(SYS_read, p[0], buf[1], 3);
	batch_add(SYS_close, p[1]);
	batch_add(SYS_read, p[0], buf[2], 3);
	batch_add(SYS_read, p[0], buf[3], 3);
	batch_add(SYS_read, e, &n, 8);
	batch_add(SYS_read, e, &n, 4);
	tap_is(batch_run(), 7, "a pipe and an eventfd");
	tap_ok(!memcmp(buf[0], "ab", 2) && !memcmp(buf[1], "cde", 3) && buf[2][0] == 'f', "what came by the pipe");
	tap_is(cqes[3].res, 1, "the last byte before its end");
	tap_is(cqes[4].res, 0, "its end");
	tap_ok(cqes[5].res == 8 && n == 7, "the eventfd's count");
	tap_is(cqes[6].res, -EINVAL, "too few bytes for it");
	unlink("/tmp/batch-read");
	return tap_done();
}

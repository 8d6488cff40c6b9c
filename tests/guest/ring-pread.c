// SPDX-License-Identifier: MIT
/*
 * ring-pread.c - runs of pread on one descriptor: results are those of the call, and the descriptor means what
 * it means now
 */
#include <sys/file.h>

#include "async.h"

static struct xsc_ring r;
static volatile int stop;
static int one, two, moving;

static void nothing(void *arg)
{
	while (!stop)
		msleep(10);
}

/* one descriptor means one file after the other */
static void mover(void *arg)
{
	for (int i = 0; !stop; i++)
		sys(SYS_dup3, i % 2 ? one : two, moving, 0);
}

static int file(const char *name, const char *text, int flags)
{
	int fd = open(name, O_CREAT | O_RDWR, 0600);

	write(fd, text, strlen(text));
	close(fd);
	return open(name, flags, 0);
}

static void results(const char *what)
{
	char buf[8] = "", *nowhere = (char *)8;
	int p[2], wo, path, dir;
	long want[] = { 1, 2, 0, -EINVAL, -EFAULT, 1, -EBADF, -EBADF, -EISDIR, -ESPIPE, -EBADF, 1 };

	pipe(p);
	wo = file("writeonly", "x", O_WRONLY);
	path = open("one", O_PATH, 0);
	dir = open(".", O_RDONLY, 0);
	ring_add4(&r, SYS_pread64, one, buf, 1, 0);
	ring_add4(&r, SYS_pread64, one, buf + 1, 5, 1);
	ring_add4(&r, SYS_pread64, one, buf, 5, 3);
	ring_add4(&r, SYS_pread64, one, buf, 5, -1);
	ring_add4(&r, SYS_pread64, one, nowhere, 1, 0);
	ring_add4(&r, SYS_pread64, one, buf + 3, 1, 0);
	ring_add4(&r, SYS_pread64, 999, buf, 1, 0);
	ring_add4(&r, SYS_pread64, wo, buf, 1, 0);
	ring_add4(&r, SYS_pread64, dir, buf, 1, 0);
	ring_add4(&r, SYS_pread64, p[0], buf, 1, 0);
	ring_add4(&r, SYS_pread64, path, buf, 1, 0);
	ring_add4(&r, SYS_pread64, two, buf + 4, 1, 0);
	ring_expect(&r, 12, want, what);
	tap_ok(!memcmp(buf, "111" "1" "2", 5), "%s: the bytes", what);
	close(wo);
	close(path);
	close(dir);
	close(p[0]);
	close(p[1]);
}

/* a descriptor that changes between two ops of a run, by an op */
static void changes(const char *what)
{
	char buf[4] = "";
	int fd = dup(one), lock = file("lock", "l", O_RDONLY), again = open("lock", O_RDONLY, 0);
	long want[] = { 1, fd, 1, 0, -EBADF, 1, 0, 0 };

	sys(SYS_flock, lock, LOCK_EX);
	async_drain(&r);
	ring_add4(&r, SYS_pread64, fd, buf, 1, 0);
	ring_add3(&r, SYS_dup3, two, fd, 0);
	ring_add4(&r, SYS_pread64, fd, buf + 1, 1, 0);
	ring_add3(&r, SYS_close, fd, 0, 0);
	ring_add4(&r, SYS_pread64, fd, buf + 2, 1, 0);
	/* a close behind a read really closes: the lock is free */
	ring_add4(&r, SYS_pread64, lock, buf + 3, 1, 0);
	ring_add3(&r, SYS_close, lock, 0, 0);
	ring_add3(&r, SYS_flock, again, LOCK_EX | LOCK_NB, 0);
	async_submit(&r);
	for (int i = 0; i < 8; i++)
		tap_is(async_result(&r, ring_data - 7 + i), want[i], "%s: a descriptor that changes, op %d", what, i);
	tap_ok(buf[0] == '1' && buf[1] == '2' && buf[3] == 'l', "%s: of the right files", what);
	close(again);
}

/* and by another thread: each op reads one or the other, and the last change is seen */
static void races(const char *what)
{
	static char buf[64];
	unsigned int bad = 0, seen[2] = { 0, 0 };
	struct thread t;
	long res;

	moving = dup(one);
	stop = 0;
	thread_start(&t, mover, NULL);
	for (int i = 0; i < 200; i++) {
		for (int k = 0; k < 32; k++)
			ring_add4(&r, SYS_pread64, moving, buf + k, 1, 0);
		async_submit(&r);
		for (int k = 0; k < 32 && ring_take(&r, &res, NULL); k++) {
			bad += res != 1 || (buf[k] != '1' && buf[k] != '2');
			seen[buf[k] == '2']++;
		}
	}
	stop = 1;
	thread_join(&t);
	tap_is(bad, 0, "%s: while another thread changes the descriptor", what);
	tap_is(seen[0] + seen[1], 6400, "%s: all were read (%u, %u)", what, seen[0], seen[1]);
	sys(SYS_dup3, two, moving, 0);
	ring_add4(&r, SYS_pread64, moving, buf, 1, 0);
	async_submit(&r);
	tap_ok(ring_take(&r, &res, NULL) && res == 1 && buf[0] == '2', "%s: what it was changed to last", what);
	close(moving);
}

int main(int argc, char **argv)
{
	struct thread t;

	RINGS_OR_SKIP();
	one = file("one", "111", O_RDONLY);
	two = file("two", "2", O_RDONLY);
	ring_make(&r, 64);
	results("alone");
	changes("alone");
	thread_start(&t, nothing, NULL);
	results("with a second thread");
	changes("with a second thread");
	stop = 1;
	thread_join(&t);
	races("plain");
	xsc_ring_queue_exit(&r);

	async_make(&r, 64);
	results("asynchronous");
	changes("asynchronous");
	races("asynchronous");
	return tap_done();
}

// SPDX-License-Identifier: MIT
/* ring-async-close-fd.c - an op keeps the file that it was submitted with */
#include <sys/stat.h>

#include "async.h"

static struct xsc_ring r;

int main(int argc, char **argv)
{
	int p[2], q[2], other, fd, bad = 0;
	struct stat st;
	char c = 0;
	__u64 a;

	RINGS_OR_SKIP();
	async_make(&r, 64);

	/* closed, and its number given to another file */
	pipe(p);
	other = memfd_create("other", 0);
	write(other, "no", 2);
	sys(SYS_lseek, other, 0, SEEK_SET);
	ring_add3(&r, SYS_read, p[0], &c, 1);
	a = ring_data;
	async_submit(&r);
	fd = p[0];
	sys(SYS_dup2, other, fd);
	write(p[1], "y", 1);
	tap_is(async_result(&r, a), 1, "the descriptor is another file's: the op goes on");
	tap_is(c, 'y', "with the file that it had");
	tap_is(sys(SYS_lseek, other, 0, SEEK_CUR), 0, "the other file was not read");
	close(fd);

	/* queued for a worker: closed before one takes it up */
	write_file("/proc/sys/kernel/xsc/workers_max", "2");
	pipe(q);
	for (int i = 0; i < 20; i++) {
		char name[16];
		int lock;

		/* the only worker that may block does so */
		snprintf(name, sizeof(name), "f%d", i);
		fd = open(name, O_CREAT | O_RDWR, 0600);
		lock = open("fifo", O_RDONLY | O_NONBLOCK);
		(void)lock;
		xsc_sqe_link(ring_add3(&r, SYS_read, q[0], &c, 1));
		ring_add0(&r, SYS_getpid);
		ring_add4(&r, SYS_fallocate, fd, 0, 0, 12345);
		a = ring_data;
		ring_add3(&r, SYS_close, fd, 0, 0);
		async_submit(&r);
		other = open("decoy", O_CREAT | O_RDWR | O_TRUNC, 0600);
		bad += other != fd;
		write(q[1], "x", 1);
		bad += async_result(&r, a) != 0;
		bad += sys(SYS_stat, name, &st) != 0 || st.st_size != 12345;
		bad += sys(SYS_fstat, other, &st) != 0 || st.st_size != 0;
		close(other);
	}
	write_file("/proc/sys/kernel/xsc/workers_max", "64");
	tap_is(bad, 0, "twenty times closed, with the number used again, before a worker began");

	/* a file that only the op holds */
	pipe(p);
	ring_add3(&r, SYS_read, p[0], &c, 1);
	a = ring_data;
	ring_add3(&r, SYS_close, p[0], 0, 0);
	async_submit(&r);
	tap_is(async_result(&r, a + 1), 0, "closed behind it in the ring");
	tap_is(write(p[1], "z", 1), 1, "somebody still reads the pipe");
	tap_is(async_result(&r, a), 1, "the op");
	signal(SIGPIPE, SIG_IGN);
	tap_is(sys(SYS_write, p[1], "z", 1), -EPIPE, "then nobody does");

	/* many ops on one file, of which some are tried again and some are in workers */
	for (int many = 1; many <= 4096; many *= 64) {
		struct xsc_ring big;
		int got = 0;
		long res = 0;

		pipe(p);
		async_make(&big, 4096);
		for (int i = 0; i < many; i++)
			ring_add3(&big, SYS_read, p[0], &c, 1)->flags = i % 2 ? XSC_SQE_UNORDERED : 0;
		tap_is(async_submit(&big), many, "%d in flight on one file", many);
		tap_is(async_inflight(&big), many, "%d: all of them", many);
		close(p[0]);
		write(p[1], "x", 1);
		for (int i = 0; i < 1000 && !ring_take(&big, &res, NULL); i++)
			async_enter(&big, 0, 1, 10);
		tap_is(res, 1, "%d: closed, and one has what was written", many);
		close(p[1]);
		for (int i = 0; i < 12000 && got < many - 1; i++) {
			async_enter(&big, 0, 1, 10);
			while (ring_take(&big, &res, NULL))
				got += res == 0;
		}
		tap_is(got, many - 1, "%d: the others see the end of the pipe", many);
		xsc_ring_queue_exit(&big);
	}

	/* close and use in one doorbell: the file is really closed in between */
	pipe(p);
	ring_add3(&r, SYS_close, p[1], 0, 0);
	ring_add3(&r, SYS_read, p[0], &c, 1);
	a = ring_data;
	async_submit(&r);
	tap_ok(async_has(&r, a) && async_got[a].res == 0, "the write end is closed, a read sees the end at once");
	xsc_ring_queue_exit(&r);
	return tap_done();
}

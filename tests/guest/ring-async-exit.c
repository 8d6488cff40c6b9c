// SPDX-License-Identifier: MIT
/*
 * ring-async-exit.c - the end of a process, a thread, a ring, with 1 to 4096 ops in flight
 *
 * Nothing hangs, and what would be left is seen in the module's reference
 * count (each ring's file holds one) and in the threads that remain.
 */
#include <poll.h>
#include <sys/resource.h>

#include "async.h"

static struct xsc_ring r;
static struct { long s, ns; } hour = { 3600, 0 };
static struct pollfd pf[2] = { { .events = POLLIN }, { .fd = -1 } };
static int p[2], q[2];
static char buf[8];
static char *self;
static int in_flight;

/* a ring with that many ops in flight: waiting, sleeping, queued, in workers */
static void fill(struct xsc_ring *ring, int nr)
{
	pipe(p);
	pipe(q);
	pf[0].fd = q[0];
	async_make(ring, nr < 8 ? 8 : nr);
	for (int i = 0; i < nr; i++) {
		switch (i % 8) {
		case 0: ring_add3(ring, SYS_read, p[0], buf, 1)->flags = XSC_SQE_UNORDERED; break;
		case 1: ring_add3(ring, SYS_nanosleep, &hour, 0, 0); break;
		case 2: ring_add3(ring, SYS_read, q[0], buf, 1); break;
		case 3: ring_add3(ring, SYS_poll, pf, 1, 3600000); break;
		case 7: if (i < 200) { ring_add3(ring, SYS_poll, pf, 2, -1); break; } /* fall through */
		default: ring_add3(ring, SYS_read, p[0], buf, 1); break;
		}
	}
	if (async_submit(ring) != nr || async_inflight(ring) != nr)
		_exit(99);
	if (nr > 7)
		msleep(20);
}

static void by_exit(void) { }
/* workers are threads, too, and end after it */
static void by_exit_of_thread(void) { sys(SYS_exit, 7); }
static void by_exit_op(void) { ring_add3(&r, SYS_exit_group, 0, 0, 0); async_submit(&r); }
static void by_sigkill(void) { kill(getpid(), SIGKILL); msleep(10000); }
static void by_wait_and_sigkill(void)
{
	if (!fork()) {
		msleep(100);
		kill(getppid(), SIGKILL);
		_exit(0);
	}
	async_enter(&r, 0, 1, -1);
}

static void by_exec(void)
{
	char *argv[] = { self, "again", NULL }, *envp[] = { NULL };

	sys(SYS_execve, "/proc/self/exe", argv, envp);
	_exit(98);
}

static void by_exec_in_thread(void)
{
	struct thread t;

	thread_start(&t, (void (*)(void *))by_exec, NULL);
	msleep(10000);
	_exit(97);
}

/* mappings hold the file: with the last of them the ring ends, and nobody reads the pipe any more */
static void by_close(void)
{
	xsc_ring_queue_exit(&r);
	msleep(100);
	write(p[1], "x", 1);
	if (read(p[0], buf, 1) != 1)
		_exit(95);
}

static void by_unmap(void)
{
	munmap(r.sr, r.sr_size);
	munmap(r.cr, r.cr_size);
	write(p[1], "12345678", 8);
	write(q[1], "12345678", 8);
	msleep(100);
}

static void submitter(void *arg)
{
	fill(&r, in_flight);
}

/* the thread that submitted is gone; its ops are cancelled, the ring goes on */
static void by_thread_end(void)
{
	struct xsc_ring mine;
	unsigned int n = 0;
	struct thread t;
	long res;

	xsc_ring_queue_exit(&r);
	thread_start(&t, submitter, NULL);
	thread_join(&t);
	for (int i = 0; i < 12000 && n < in_flight; i++) {
		while (ring_take(&r, &res, NULL)) {
			n++;
			if (res != -ECANCELED)
				_exit(94);
		}
		if (n < in_flight)
			msleep(20);
	}
	if (n != in_flight || async_inflight(&r))
		_exit(93);
	mine = r;
	ring_add0(&mine, SYS_getpid);
	if (async_enter(&mine, 1, 1, 1000) != 1)
		_exit(92);
}

static void by_fork(void)
{
	int pid = fork();
	long res;

	if (!pid) {
		/* nothing of it is ours */
		if (ring_enter(r.fd, 0, 0) != -EPERM)
			_exit(1);
		if (threads() != 1)
			_exit(2);
		close(r.fd);
		_exit(0);
	}
	res = wait_for(pid);
	if (res)
		_exit(91);
	if (async_inflight(&r) != in_flight)
		_exit(90);
}

/* five minutes: the debug kernel takes its time with 4096 ops */
static int ended(int pid)
{
	int status;

	for (int i = 0; i < 15000; i++) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return status;
		msleep(20);
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return -1;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*fn)(void);
		int status;
	} ends[] = {
		{ "exit", by_exit, 0 },
		{ "exit of the only thread", by_exit_of_thread, 7 << 8 },
		{ "exit_group as an op", by_exit_op, 0 },
		{ "SIGKILL", by_sigkill, SIGKILL },
		{ "SIGKILL while waiting", by_wait_and_sigkill, SIGKILL },
		{ "exec", by_exec, 7 << 8 },
		{ "exec by another thread", by_exec_in_thread, 7 << 8 },
		{ "close of the ring", by_close, 0 },
		{ "the regions are unmapped", by_unmap, 0 },
		{ "the submitter ends", by_thread_end, 0 },
		{ "fork", by_fork, 0 },
	};
	static const int counts[] = { 1, 64, 4096 };
	long before, left;

	if (argc > 1) {
		/* the program that exec made */
		_exit(threads() == 1 ? 7 : 8);
	}
	RINGS_OR_SKIP();
	self = argv[0];
	ring_make(&r, 8);
	xsc_ring_queue_exit(&r);
	before = module_refs();
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		for (size_t k = 0; k < 3; k++) {
			int pid, status;

			in_flight = counts[k];
			pid = fork();
			if (!pid) {
				fill(&r, in_flight);
				ends[i].fn();
				_exit(0);
			}
			status = ended(pid);
			tap_is(status, ends[i].status, "%s with %d in flight", ends[i].name, in_flight);
			left = module_refs();
			for (int n = 0; n < 20 && left != before; n++)
				left = module_refs();
			if (before >= 0)
				tap_is(left, before, "%s with %d: no reference is left", ends[i].name, in_flight);
		}
	return tap_done();
}

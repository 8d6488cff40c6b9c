// SPDX-License-Identifier: MIT
/* ring-poller-exit.c - the end of a process, a thread, a ring, while a poller runs its ops */
#include <poll.h>

#include "poller.h"

static struct xsc_ring r;
static int p[2], in_flight;
static char buf[8], *self;

/* the poller is awake, has taken so many ops that wait, and has more before it */
static void fill(void)
{
	pipe(p);
	poller_make(&r, 4096, 0, POLL_IDLE);
	if (!poller_wake(&r))
		_exit(99);
	for (int i = 0; i < in_flight; i++)
		ring_add3(&r, SYS_read, p[0], buf, 1)->flags = i % 2 ? XSC_SQE_UNORDERED : 0;
	/* on a slow machine it may have gone to sleep meanwhile */
	for (unsigned long end = now_ms() + 60000; xsc_ring_sq_ready(&r) && now_ms() < end;) {
		xsc_ring_flush(&r);
		if (xsc_ring_needs_doorbell(&r))
			async_submit(&r);
	}
	if (xsc_ring_sq_ready(&r) || async_inflight(&r) != in_flight)
		_exit(98);
	for (int i = 0; i < 64; i++)
		ring_add0(&r, SYS_getppid);
	xsc_ring_flush(&r);
}

static void by_exit(void) { }
static void by_sigkill(void) { kill(getpid(), SIGKILL); msleep(10000); }
static void by_exit_op(void) { ring_add3(&r, SYS_exit_group, 0, 0, 0); xsc_ring_flush(&r); msleep(20000); _exit(97); }

static void by_exec(void)
{
	char *argv[] = { self, "again", NULL }, *envp[] = { NULL };

	sys(SYS_execve, "/proc/self/exe", argv, envp);
	_exit(96);
}

static void by_close(void)
{
	xsc_ring_queue_exit(&r);
	msleep(100);
	write(p[1], "x", 1);
	if (read(p[0], buf, 1) != 1)
		_exit(95);
}

static void by_close_op(void)
{
	ring_add3(&r, SYS_close, r.fd, 0, 0);
	xsc_ring_flush(&r);
	msleep(200);
}

static void by_unmap(void)
{
	munmap(r.sr, r.sr_size);
	munmap(r.cr, r.cr_size);
	msleep(100);
}

static void by_fork(void)
{
	int pid = fork();

	if (!pid)
		_exit(threads() == 1 && ring_enter(r.fd, 0, 0) == -EPERM ? 0 : 1);
	if (wait_for(pid))
		_exit(94);
}

static void submitter(void *arg)
{
	fill();
}

/* its thread is gone: nobody else runs what it left, and the poller goes too */
static void by_thread_end(void)
{
	struct thread t;
	unsigned long end = now_ms() + 20000;

	thread_start(&t, submitter, NULL);
	thread_join(&t);
	while (threads() > 1 && now_ms() < end)
		msleep(20);
	if (threads() > 1)
		_exit(93);
	ring_add0(&r, SYS_getpid);
	async_submit(&r);
	if (async_result(&r, ring_data) != getpid())
		_exit(92);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*fn)(void);
		int status;
	} ends[] = {
		{ "exit", by_exit, 0 }, { "SIGKILL", by_sigkill, SIGKILL }, { "exit_group as an op", by_exit_op, 0 },
		{ "exec", by_exec, 7 << 8 }, { "close", by_close, 0 }, { "close as an op", by_close_op, 0 },
		{ "the regions are unmapped", by_unmap, 0 }, { "fork", by_fork, 0 }, { "the thread ends", by_thread_end, 0 },
	};
	static const int counts[] = { 1, 64, 4096 };
	long before;
	int pid;

	if (argc > 1)
		_exit(7);
	self = argv[0];
	POLLER_OR_SKIP();
	before = module_refs();
	for (int i = 0; i < 9; i++) {
		for (int k = 0; k < 3; k++) {
			in_flight = counts[k];
			pid = fork();
			if (!pid) {
				if (ends[i].fn != by_thread_end)
					fill();
				ends[i].fn();
				_exit(0);
			}
			tap_is(wait_for(pid), ends[i].status, "%s, %d in flight", ends[i].name, in_flight);
		}
	}
	tap_is(module_refs(), before, "no ring is left");
	return tap_done();
}

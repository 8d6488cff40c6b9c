// SPDX-License-Identifier: MIT
/* batch-exit.c - processes and threads that end inside a batch; TEST: xsc only */
#include "batch.h"
#include "witness.h"

static int fds[2];

static int run(void (*child)(void))
{
	int pid = fork();

	if (!pid) {
		child();
		sys(SYS_exit_group, 99);
	}
	return wait_for(pid);
}

static void exit_group_child(void)
{
	batch_start();
	batch_add(SYS_getpid);
	batch_add(SYS_exit_group, 21);
	batch_add(SYS_write, fds[1], "x", 1);
	batch_run();
}

static void exit_child(void)
{
	batch_start();
	batch_add(SYS_exit, 22);
	batch_add(SYS_write, fds[1], "x", 1);
	batch_run();
}

static void kill_child(void)
{
	batch_start();
	batch_add(SYS_kill, getpid(), SIGKILL);
	batch_add(SYS_write, fds[1], "x", 1);
	batch_run();
}

static void block_child(void)
{
	int p[2];
	char c;

	pipe(p);
	batch_start();
	batch_add(SYS_read, p[0], &c, 1);
	batch_run();
}

static void thread_exit(void *arg)
{
	struct xsc_sqe s[2];
	struct xsc_cqe c[2];

	xsc_sqe_prep(&s[0], SYS_exit, 0, 0, 0, 0, 0, 0);
	xsc_sqe_prep(&s[1], SYS_write, fds[1], (long)"x", 1, 0, 0, 0);
	xsc_batch(s, c, 2);
}

static volatile int looping;

static void thread_loop(void *arg)
{
	struct xsc_sqe s[32];
	struct xsc_cqe c[32];

	for (int i = 0; i < 32; i++)
		xsc_sqe_prep(&s[i], SYS_getppid, 0, 0, 0, 0, 0, 0);
	for (;;) {
		xsc_batch(s, c, 32);
		looping = 1;
	}
}

/* exit_group from one thread while others are in batches */
static void threads_child(void)
{
	struct thread t[4];

	for (int i = 0; i < 4; i++)
		thread_start(&t[i], thread_loop, NULL);
	while (!looping)
		msleep(1);
	sys(SYS_exit_group, 23);
}

int main(int argc, char **argv)
{
	struct thread t;
	char c;
	int pid, status;

	BATCH_XSC_ONLY();
	pipe2(fds, O_NONBLOCK);
	tap_is(run(exit_group_child), 21 << 8, "exit_group in a batch");
	tap_is(run(exit_child), 22 << 8, "exit in a batch");
	tap_is(run(kill_child), SIGKILL, "SIGKILL to itself in a batch");
	tap_is(run(threads_child), 23 << 8, "exit_group while threads are in batches");

	pid = fork();
	if (!pid)
		block_child();
	msleep(50);
	kill(pid, SIGKILL);
	status = wait_for(pid);
	tap_is(status, SIGKILL, "kill -9 while an op blocks");

	tap_is(thread_start(&t, thread_exit, NULL), 0, "a thread");
	thread_join(&t);
	tap_is(read(fds[0], &c, 1), -1, "it ends in a batch, and nothing behind that has run");

	/* state that an op changes stays changed, and the batch goes on */
	batch_start();
	batch_add(SYS_umask, 077);
	batch_add(SYS_umask, 022);
	batch_add(SYS_chdir, "/");
	batch_add(SYS_setrlimit, 0, 0);
	tap_is(batch_run(), 4, "ops that change the caller");
	tap_is(cqes[1].res, 077, "umask as the op before left it");

	/* a batch in a signal handler that interrupts a batch is not inside it */
	tap_is(xsc_call(SYS_getpid), getpid(), "life goes on");
	tap_is(proc_xsc(0, "traps", NULL), 0, "no traps");
	return tap_done();
}

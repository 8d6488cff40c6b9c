// SPDX-License-Identifier: MIT
/*
 * ring-exit.c - a process that ends inside a doorbell leaves nothing behind
 *
 * By exit and exit_group as ops, by a seccomp filter that kills, by SIGKILL.
 * What would be left is seen in the module's reference count: each ring's
 * file holds one.
 */

#include "rings.h"
#include "seccomp.h"

static struct xsc_ring r;

static void submit(unsigned int op, long arg)
{
	ring_make(&r, 8);
	ring_add3(&r, op, arg, 0, 0);
	ring_add0(&r, SYS_getppid);
	xsc_ring_submit(&r);
}

static void by_exit_group(void) { submit(SYS_exit_group, 0); }
static void by_exit(void) { submit(SYS_exit, 0); }
static void by_sigkill(void) { ring_make(&r, 8); ring_add3(&r, SYS_kill, getpid(), SIGKILL, 0); xsc_ring_submit(&r); }
static void by_filter(void) { seccomp_filter(SYS_getuid, SECCOMP_RET_KILL_PROCESS); submit(SYS_getuid, 0); }
static void by_thread_filter(void) { seccomp_filter(SYS_getuid, SECCOMP_RET_KILL_THREAD); submit(SYS_getuid, 0); }

static void in_thread(void *arg)
{
	((void (*)(void))arg)();
}

static void threaded(void (*fn)(void))
{
	struct thread t;

	thread_start(&t, in_thread, fn);
	thread_join(&t);
}

static void by_exit_in_thread(void) { threaded(by_exit); }
static void by_filter_in_thread(void) { threaded(by_thread_filter); }
static void by_strict_in_thread(void);

static void strict(void)
{
	ring_make(&r, 8);
	ring_add0(&r, SYS_getuid);
	xsc_ring_flush(&r);
	sys(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0);
	xsc_ring_enter(&r, 1);
}

static void by_strict_in_thread(void) { threaded(strict); }

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*fn)(void);
	} ends[] = {
		{ "SIGKILL by an op", by_sigkill },
		{ "exit_group as an op", by_exit_group },
		{ "exit as an op", by_exit },
		{ "exit as an op, in a thread", by_exit_in_thread },
		{ "a filter that kills the process", by_filter },
		{ "a filter that kills the thread", by_thread_filter },
		{ "a filter that kills one of two threads", by_filter_in_thread },
		{ "strict mode in one of two threads", by_strict_in_thread },
	};
	long before;

	RINGS_OR_SKIP();
	ring_make(&r, 8);
	xsc_ring_queue_exit(&r);
	before = module_refs();
	if (before < 0) {
		tap_skip("xsc is not a module here");
		return tap_done();
	}
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		int pid = fork();

		if (!pid) {
			ends[i].fn();
			_exit(0);
		}
		tap_ok(wait_for(pid) != -1, "%s: it ends", ends[i].name);
		tap_is(module_refs(), before, "%s: no reference is left", ends[i].name);
		before = module_refs();
	}
	return tap_done();
}

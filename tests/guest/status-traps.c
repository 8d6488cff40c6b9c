// SPDX-License-Identifier: MIT
/* status-traps.c - refused attempts are counted, by thread and process; TEST: xsc only */
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "mini.h"
#include "tap.h"
#include "witness.h"

static volatile int hits;

static void handler(int sig)
{
	__atomic_add_fetch(&hits, 1, __ATOMIC_RELAXED);
}

static void attempt(void)
{
	long ax = SYS_getpid;

	__asm__ volatile("syscall" : "+a" (ax) : : "rcx", "r11", "memory");
}

static void ten(void *arg)
{
	for (int i = 0; i < 10; i++)
		attempt();
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = handler };
	struct thread t[3];
	long before;
	int pid;

	if (!mini_xsc) {
		tap_skip("nothing is refused in a legacy process");
		return tap_done();
	}
	if (argc > 1)
		_exit(proc_xsc(0, "traps", NULL) == 0 ? 0 : 1);
	sigaction(SIGSYS, &sa, NULL);
	tap_is(proc_xsc(0, "traps", NULL), 0, "none so far");
	attempt();
	tap_is(proc_xsc(0, "traps", NULL), 1, "one");
	before = proc_xsc(0, "entries", NULL);
	ten(NULL);
	tap_is(proc_xsc(0, "traps", NULL), 11, "eleven");
	tap_is(hits, 11, "as many signals");
	/* ten sigreturns, two writes of TAP, and four ops for each reading */
	tap_is(proc_xsc(0, "entries", NULL) - before, 10 + 2 + 4 + 4, "a refused attempt is no entry; each sigreturn is");
	for (int i = 0; i < 3; i++)
		thread_start(&t[i], ten, NULL);
	for (int i = 0; i < 3; i++)
		thread_join(&t[i]);
	tap_is(proc_xsc(0, "traps", NULL), 41, "three dead threads' as well");

	pid = fork();
	if (!pid)
		_exit(proc_xsc(0, "traps", NULL) == 0 ? 0 : 1);
	tap_is(wait_for(pid), 0, "a child starts at 0");
	pid = fork();
	if (!pid) {
		char *args[] = { argv[0], "again", NULL };

		attempt();
		execve("/proc/self/exe", args, NULL);
		_exit(99);
	}
	tap_is(wait_for(pid), 0, "execve starts at 0");
	return tap_done();
}

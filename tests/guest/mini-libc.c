// SPDX-License-Identifier: MIT
/* mini-libc.c - what the tests rest on: start, signals, threads, fork, wait */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mini.h"
#include "tap.h"
#include "witness.h"

static volatile int hits, sum;

static void handler(int sig)
{
	hits++;
}

static void add(void *arg)
{
	for (int i = 0; i < 1000; i++) {
		__atomic_add_fetch(&sum, 1, __ATOMIC_RELAXED);
		if (!(i % 100))
			sys(SYS_sched_yield);
	}
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = handler };
	struct thread t[4];
	char buf[64];
	int pid;

	tap_is(argc, 1, "argc");
	tap_ok(strstr(argv[0], "mini-libc") != NULL, "argv[0]");
	/* the file name says what this process has to be */
	tap_is(mini_xsc, mini_has_gate && !strstr(argv[0], ".legacy"), "XSC exactly when stamped");
	if (mini_has_gate) {
		tap_is(prctl(PR_XSC, XSC_PR_GET, 0, 0, 0), mini_xsc ? XSC_ST_ACTIVE : 0, "prctl XSC_PR_GET");
		tap_is(proc_xsc(0, "xsc", NULL), mini_xsc, "/proc/self/xsc");
		tap_is(proc_xsc(0, "traps", NULL), 0, "no trap so far");
	} else {
		tap_is(prctl(PR_XSC, XSC_PR_GET, 0, 0, 0), -1, "prctl XSC_PR_GET without XSC");
		tap_is(errno, EINVAL, "EINVAL");
	}
	snprintf(buf, sizeof(buf), "%d|%5d|%-4s|%05x|%s|%ld|%.2s|%c", -3, 42, "ab", 0xbeef, "x", -5000000000L, "abc", 'z');
	tap_ok(!strcmp(buf, "-3|   42|ab  |0beef|x|-5000000000|ab|z"), "snprintf: %s", buf);

	sigaction(SIGUSR1, &sa, NULL);
	raise(SIGUSR1);
	raise(SIGUSR1);
	tap_is(hits, 2, "two signals, handled and returned from");

	for (int i = 0; i < 4; i++)
		tap_is(thread_start(&t[i], add, NULL), 0, "thread %d", i);
	for (int i = 0; i < 4; i++)
		thread_join(&t[i]);
	tap_is(sum, 4000, "threads have run");

	pid = fork();
	if (!pid)
		_exit(getppid() > 1 ? 33 : 34);
	tap_is(wait_for(pid), 33 << 8, "fork, wait");
	tap_is(open("/no/such/file", 0), -1, "open of what is not there");
	tap_is(errno, ENOENT, "errno");
	return tap_done();
}

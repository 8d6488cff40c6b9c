// SPDX-License-Identifier: GPL-2.0-only
/*
 * xsc-start.c - cost of starting and ending a process
 *
 *	xsc-start [-x] COUNT PROGRAM [ARG]...
 *
 * Executes PROGRAM COUNT times, one after the other, and prints the
 * nanoseconds of CLOCK_MONOTONIC per time, from vfork() to wait().  In a guest
 * whose clock counts instructions (xsc-vm --icount) they are instructions.
 * With -x each is an XSC process, as under xsc-run, without it a legacy one; the
 * prctl() that says so is a part of what is measured.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "xsc_uapi.h"

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void once(int xsc, char **argv)
{
	int status;
	pid_t pid = vfork();

	if (!pid) {
		if (prctl(PR_XSC, XSC_PR_INHERIT, xsc, 0, 0))
			_exit(126);
		execv(argv[0], argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status) {
		fprintf(stderr, "xsc-start: %s: wait status %x\n", argv[0],
			pid < 0 ? 0 : (unsigned int)status);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	int xsc = argc > 1 && !strcmp(argv[1], "-x");
	unsigned long i, n;
	uint64_t t0;

	argv += xsc;
	argc -= xsc;
	n = argc > 2 ? strtoul(argv[1], NULL, 10) : 0;
	if (!n) {
		fprintf(stderr, "usage: xsc-start [-x] COUNT PROGRAM [ARG]...\n");
		return 2;
	}
	/* page cache, and the key that the first XSC process turns on */
	for (i = 0; i < 5; i++)
		once(xsc, argv + 2);
	t0 = now();
	for (i = 0; i < n; i++)
		once(xsc, argv + 2);
	printf("%.0f\n", (double)(now() - t0) / (double)n);
	return 0;
}

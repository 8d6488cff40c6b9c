// SPDX-License-Identifier: MIT
/*
 * suite-exec.c - run one test, count how it entered the kernel, leave nothing
 *
 *   suite-exec SECONDS RESULT PROGRAM [ARG]...
 *
 * Runs PROGRAM in a session of its own and writes to RESULT one line:
 * exit status (128+n for signal n, 124 for a timeout), ops, trapped attempts,
 * whether processes were left behind (they are killed).  Ops are those of PROGRAM and all its
 * descendants; a legacy process has none.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../counters.h"

/* Kill what is a child of ours, until there is none; their children become ours. */
static int kill_children(void)
{
	int pid, killed = 0;
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	while ((pid = waitpid(-1, NULL, WNOHANG)) >= 0) {
		if (pid)
			continue;
		f = fopen(path, "re");
		if (!f)
			err(125, "%s", path);
		while (fscanf(f, "%d", &pid) == 1) {
			kill(pid, SIGKILL);
			killed = 1;
		}
		fclose(f);
		usleep(10000);
	}
	return killed;
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec * 1e-9;
}

int main(int argc, char **argv)
{
	int go[2], ops, traps, st, status = -1, left, pidfd;
	double end;
	char c = 0;
	pid_t root, pid;
	FILE *out;

	if (argc < 4)
		errx(125, "usage: suite-exec SECONDS RESULT PROGRAM [ARG]...");
	out = fopen(argv[2], "we");
	if (!out)
		err(125, "%s", argv[2]);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (pipe2(go, O_CLOEXEC))
		err(125, "pipe");
	root = fork();
	if (root < 0)
		err(125, "fork");
	if (!root) {
		setsid();
		close(go[1]);
		if (read(go[0], &c, 1) != 1)
			_exit(125);
		execvp(argv[3], argv + 3);
		warn("%s", argv[3]);
		_exit(127);
	}
	ops = open_counter("xsc/xsc_op", NULL, root);
	traps = open_counter("xsc/xsc_trap", NULL, root);
	pidfd = syscall(SYS_pidfd_open, root, 0);
	end = now() + atof(argv[1]);
	if (pidfd < 0 || write(go[1], "", 1) != 1)
		err(125, "start");

	while (status < 0) {
		struct pollfd p = { .fd = pidfd, .events = POLLIN };
		double rest = end - now();

		if (rest <= 0) {
			kill(-root, SIGKILL);
			kill(root, SIGKILL);
			waitpid(root, &st, 0);
			status = 124;
			break;
		}
		poll(&p, 1, rest < 1 ? (int)(rest * 1000) + 1 : 1000);
		while ((pid = waitpid(-1, &st, WNOHANG)) > 0)
			if (pid == root)
				status = WIFSIGNALED(st) ? 128 + WTERMSIG(st) : WEXITSTATUS(st);
	}
	left = kill_children();
	fprintf(out, "%d %ju %ju %d\n", status, (uintmax_t)read_counter(ops),
		(uintmax_t)read_counter(traps), left);
	return fclose(out) ? 125 : 0;
}

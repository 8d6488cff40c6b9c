// SPDX-License-Identifier: MIT
/*
 * count-entries.c - run a program, as legacy or as XSC, and count its kernel entries
 *
 *   count-entries [-x] -o FILE PROGRAM [ARG]...
 *
 * With -x as xsc-run does.  FILE gets, of PROGRAM and all its descendants: enter
 * (system calls by raw_syscalls:sys_enter), ops (xsc:xsc_op), final (calls that
 * xsc_op cannot see: exit, exit_group and unknown numbers) and trapped (xsc:xsc_trap).
 * As XSC enter is ops + final, or something made a legacy call.  Plain counters:
 * unlike the samples of tests/demo/xsc-count they stand any load.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../kernel/drivers/xsc/xsc_uapi.h"
#include "../../counters.h"

int main(int argc, char **argv)
{
	static const char *const names[] = { "enter", "final", "ops", "trapped" };
	int c, i, p[2], st, status = 0, fd[4];
	const char *out_name = NULL;
	int xsc = 0;
	pid_t root, pid;
	FILE *out;

	while ((c = getopt(argc, argv, "+xo:")) != -1) {
		if (c == 'x')
			xsc = 1;
		else if (c == 'o')
			out_name = optarg;
		else
			return 125;
	}
	if (optind == argc || !out_name)
		errx(125, "usage: count-entries [-x] -o FILE PROGRAM [ARG]...");
	out = fopen(out_name, "we");
	if (!out)
		err(125, "%s", out_name);
	/* daemons are waited for as well */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (pipe(p))
		err(125, "pipe");
	root = fork();
	if (root < 0)
		err(125, "fork");
	if (!root) {
		char go;

		close(p[1]);
		if (read(p[0], &go, 1) != 1)
			_exit(125);
		close(p[0]);
		if (xsc && prctl(PR_XSC, XSC_PR_INHERIT, 1, 0, 0))
			err(125, "prctl(PR_XSC)");
		execvp(argv[optind], argv + optind);
		warn("%s", argv[optind]);
		_exit(127);
	}
	fd[0] = open_counter("raw_syscalls/sys_enter", NULL, root);
	fd[1] = open_counter("raw_syscalls/sys_enter", "id==60 || id==231 || id>450", root);
	fd[2] = open_counter("xsc/xsc_op", NULL, root);
	fd[3] = open_counter("xsc/xsc_trap", NULL, root);
	if (write(p[1], "", 1) != 1)
		err(125, "start");
	close(p[0]);
	close(p[1]);
	while ((pid = wait(&st)) > 0 || errno == EINTR)
		if (pid == root)
			status = st;
	for (i = 0; i < 4; i++)
		fprintf(out, "%s=%ju\n", names[i], (uintmax_t)read_counter(fd[i]));
	if (fclose(out))
		err(125, "%s", out_name);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

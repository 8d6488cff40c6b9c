// SPDX-License-Identifier: MIT
/*
 * suite-env.c - env(1) for glibc's tests, which makes XSC processes of them
 *
 *   suite-env [-i] [-u NAME] [NAME=VALUE]... PROGRAM [ARG]...
 *
 * glibc's makefiles put $(test-wrapper-env) before the environment and the
 * command line of whatever runs with the library under test.  With SUITE_XSC
 * in the environment, PROGRAM and what it executes are XSC processes; the
 * shells and tools around them stay legacy, so that the ops which the runner
 * counts are the test's own.
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "../../../kernel/drivers/xsc/xsc_uapi.h"

extern char **environ;

int main(int argc, char **argv)
{
	int i = 1;

	(void)argc;
	if (getenv("SUITE_XSC") && prctl(PR_XSC, XSC_PR_INHERIT, 1, 0, 0))
		err(125, "prctl(PR_XSC)");
	unsetenv("SUITE_XSC");
	for (; argv[i]; i++) {
		if (!strcmp(argv[i], "-i"))
			environ = NULL;
		else if (!strcmp(argv[i], "-u") && argv[i + 1])
			unsetenv(argv[++i]);
		else if (strchr(argv[i], '=') && argv[i][0] != '/')
			putenv(argv[i]);
		else
			break;
	}
	if (!argv[i])
		errx(125, "no program");
	execvp(argv[i], argv + i);
	warn("%s", argv[i]);
	return errno == ENOENT ? 127 : 126;
}

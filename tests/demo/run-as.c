// SPDX-License-Identifier: MIT
/* run-as.c - run-as legacy|xsc PROGRAM [ARG]...: as xsc-run, but for either kind, so that both pay the same for it */
#include <err.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "xsc_uapi.h"

int main(int argc, char **argv)
{
	if (argc < 3 || (strcmp(argv[1], "legacy") && strcmp(argv[1], "xsc")))
		errx(125, "usage: run-as legacy|xsc PROGRAM [ARG]...");
	if (prctl(PR_XSC, XSC_PR_INHERIT, !strcmp(argv[1], "xsc"), 0, 0))
		err(125, "prctl(PR_XSC)");
	execvp(argv[2], argv + 2);
	err(127, "%s", argv[2]);
}

// SPDX-License-Identifier: MIT
/*
 * xsc-run.c - run a program, and all that it executes, as XSC processes
 *
 * The request is prctl(PR_XSC, XSC_PR_INHERIT, 1): the kernel then executes
 * dynamic native ELF files as XSC processes, with a note or without.
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "xsc_uapi.h"

/* as env(1) and timeout(1) have them */
enum {
	EXIT_RUN_FAILED		= 125,
	EXIT_CANNOT_INVOKE	= 126,
	EXIT_NOT_FOUND		= 127,
};

static const char usage[] =
"Usage: xsc-run [-v] PROGRAM [ARG]...\n"
"Run PROGRAM, and all that it executes, as XSC processes.\n"
"\n"
"  -v, --verbose   say what is done, on standard error\n"
"  -h, --help      print this and exit\n"
"  -V, --version   print the version and exit\n"
"\n"
"Dynamic programs run with the XSC libc.  A static program without an XSC\n"
"note, and a set-id program, runs as a legacy process.\n"
"\n"
"Exit status: that of PROGRAM; 125 if xsc-run itself failed (as on a kernel\n"
"without XSC), 126 if PROGRAM cannot be run, 127 if it is not found.\n";

int main(int argc, char **argv)
{
	static const struct option longopts[] = {
		{ "verbose",	no_argument,	NULL, 'v' },
		{ "help",	no_argument,	NULL, 'h' },
		{ "version",	no_argument,	NULL, 'V' },
		{ }
	};
	bool verbose = false;
	int c;

	while ((c = getopt_long(argc, argv, "+vhV", longopts, NULL)) != -1) {
		switch (c) {
		case 'v':
			verbose = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		case 'V':
			puts("xsc-run (XSC) " XSC_VERSION);
			return 0;
		default:
			fputs("Try 'xsc-run --help' for more.\n", stderr);
			return EXIT_RUN_FAILED;
		}
	}
	if (optind == argc) {
		warnx("no program given");
		fputs("Try 'xsc-run --help' for more.\n", stderr);
		return EXIT_RUN_FAILED;
	}
	if (prctl(PR_XSC, XSC_PR_INHERIT, 1, 0, 0)) {
		if (errno == EINVAL)
			warnx("this kernel has no XSC; boot an XSC kernel, for instance with ./xsc-vm");
		else
			warn("prctl(PR_XSC)");
		return EXIT_RUN_FAILED;
	}
	if (verbose)
		warnx("running %s with XSC_PR_INHERIT set", argv[optind]);
	execvp(argv[optind], argv + optind);
	warn("%s", argv[optind]);
	return errno == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_INVOKE;
}

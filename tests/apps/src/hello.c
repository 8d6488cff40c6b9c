// SPDX-License-Identifier: MIT
/* hello.c [PROGRAM] - is this process an XSC process?  Then executes PROGRAM */
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int state = prctl(0x585343 /* PR_XSC */, 0, 0, 0, 0);

	/* -1 where the kernel knows no XSC */
	puts(state >= 0 && state & 1 ? "XSC" : "legacy");
	if (argc < 2)
		return 0;
	fflush(stdout);
	execv(argv[1], argv + 1);
	perror(argv[1]);
	return 1;
}

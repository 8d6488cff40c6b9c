// SPDX-License-Identifier: MIT
/* hello.c - is this process an XSC process? */
#include <stdio.h>
#include <sys/prctl.h>

int main(void)
{
	int state = prctl(0x585343 /* PR_XSC */, 0, 0, 0, 0);

	/* -1 where the kernel knows no XSC */
	puts(state >= 0 && state & 1 ? "XSC" : "legacy");
	return 0;
}

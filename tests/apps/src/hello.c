// SPDX-License-Identifier: MIT
/* hello.c - is this process an XSC process? */
#include <stdio.h>
#include <sys/prctl.h>

int main(void)
{
	printf("%s\n", prctl(0x585343, 0, 0, 0, 0) & 1 ? "XSC" : "legacy");
	return 0;
}

// SPDX-License-Identifier: MIT
/*
 * batch-close.c - a file that an op closes is closed before the next op
 *
 * The kernel ends a file on the way back to user mode; ops of one container
 * are to see what separate calls would.
 */
#include "batch.h"

int main(int argc, char **argv)
{
	int p[2];
	char c;

	BATCH_XSC_ONLY();
	pipe(p);
	batch_start();
	batch_add(SYS_close, p[1]);
	batch_add(SYS_read, p[0], &c, 1);
	alarm(5);
	tap_is(batch_run(), 2, "close of a pipe's write end, and a read");
	tap_is(cqes[1].res, 0, "the read sees the end of the file");
	close(p[0]);

	signal(SIGPIPE, SIG_IGN);
	pipe(p);
	batch_start();
	batch_add(SYS_close, p[0]);
	batch_add(SYS_write, p[1], "x", 1);
	tap_is(batch_run(), 2, "close of its read end, and a write");
	tap_is(cqes[1].res, -EPIPE, "nobody reads");
	return tap_done();
}

// SPDX-License-Identifier: MIT
/* handler.c - for gdb: a call, a signal, a handler that calls on */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static volatile int depth;

__attribute__((noinline)) static void innermost(int sig)
{
	depth = sig;			/* break here */
}

static void on_signal(int sig)
{
	innermost(sig);
}

__attribute__((noinline)) static void outermost(void)
{
	raise(SIGUSR1);
	depth = 0;
}

int main(void)
{
	signal(SIGUSR1, on_signal);
	getppid();			/* step over the gate */
	outermost();
	printf("done %d\n", depth);
	return 0;
}

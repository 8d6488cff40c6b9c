/* SPDX-License-Identifier: MIT */
/* C++ exceptions and backtraces through a signal frame and through the gate. */
#include <csignal>
#include <cstdio>
#include <cstring>
#include <execinfo.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>
#include "test.h"

static void thrower(int sig)
{
	throw sig;
}

static void *frames[64];
static int nframes;

static void tracer(int)
{
	nframes = backtrace(frames, 64);
}

__attribute__((noinline)) static int fault(volatile int *p)
{
	try {
		*p = 1;
	} catch (int sig) {
		return sig;
	}
	return 0;
}

/* The signal comes while the thread is inside the gate. */
__attribute__((noinline)) static int in_call()
{
	pause();
	return 1;
}

int main()
{
	struct sigaction sa = {};
	volatile int got = 0;
	int *ro = (int *)mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	sa.sa_handler = thrower;
	sa.sa_flags = SA_NODEFER;
	CHECK(sigaction(SIGSEGV, &sa, nullptr) == 0);
	for (int i = 0; i < 100; i++)
		CHECK(fault(ro) == SIGSEGV);

	/* A throw out of pause: from the gate's frame on. */
	CHECK(sigaction(SIGALRM, &sa, nullptr) == 0);
	try {
		alarm(1);
		in_call();
	} catch (int sig) {
		got = sig;
	}
	CHECK(got == SIGALRM);

	/* handler, restorer, gate, pause, in_call, main, start */
	backtrace(frames, 1);	/* loads libgcc_s outside the handler */
	sa.sa_handler = tracer;
	CHECK(sigaction(SIGALRM, &sa, nullptr) == 0);
	alarm(1);
	CHECK(in_call() == 1);
	CHECK(nframes >= 6);
	bool found = false;
	for (int i = 0; i < nframes; i++)
		if ((char *)frames[i] > (char *)&in_call && (char *)frames[i] < (char *)&in_call + 64)
			found = true;
	CHECK(found);
	return 0;
}

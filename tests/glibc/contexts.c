/* SPDX-License-Identifier: MIT */
/* getcontext, makecontext, swapcontext and setcontext. */
#include <signal.h>
#include <ucontext.h>
#include "test.h"

static ucontext_t main_uc, a, b;
static char stack_a[65536], stack_b[65536];
static int trace[64], n;

static void body(int id, int rounds)
{
	for (int i = 0; i < rounds; i++) {
		trace[n++] = id;
		CHECK(swapcontext(id == 1 ? &a : &b, id == 1 ? &b : &a) == 0);
	}
}

int main(void)
{
	volatile int again = 0;
	sigset_t set, now;

	CHECK(getcontext(&a) == 0);
	a.uc_stack.ss_sp = stack_a;
	a.uc_stack.ss_size = sizeof(stack_a);
	a.uc_link = &main_uc;
	makecontext(&a, (void (*)(void))body, 2, 1, 5);
	CHECK(getcontext(&b) == 0);
	b.uc_stack.ss_sp = stack_b;
	b.uc_stack.ss_size = sizeof(stack_b);
	b.uc_link = &main_uc;
	makecontext(&b, (void (*)(void))body, 2, 2, 6);
	CHECK(swapcontext(&main_uc, &a) == 0);
	CHECK(n == 10);
	for (int i = 0; i < n; i++)
		CHECK(trace[i] == 1 + i % 2);

	/* The signal mask is part of a context. */
	CHECK(getcontext(&a) == 0);
	CHECK(sigprocmask(SIG_BLOCK, NULL, &now) == 0 && !sigismember(&now, SIGUSR1));
	if (!again++) {
		sigemptyset(&set);
		sigaddset(&set, SIGUSR1);
		CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
		CHECK(setcontext(&a) == 0);
	}
	CHECK(again == 2);
	return 0;
}

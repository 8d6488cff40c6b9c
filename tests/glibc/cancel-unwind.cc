/* SPDX-License-Identifier: MIT */
/* A cancel unwinds the stack as an exception does, out of every kind of call: destructors run, in order, and catch (...)
   may look at it and has to pass it on.  */
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "test.h"

static int p[2], depth;
static sem_t sem;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static volatile int ready, caught, wrong;

struct guard {
	int n;

	guard() : n(++depth) { }
	/* a destructor may make cancelable calls itself: the thread is on its way out */
	~guard()
	{
		if (n != depth--)
			wrong++;
		poll(nullptr, 0, 0);
		if (write(p[1], "", 0) != 0)
			wrong++;
	}
};

static void in_read() { char c; read(p[0], &c, 1); }
static void in_poll() { poll(nullptr, 0, -1); }
static void in_sleep() { sleep(1000); }
static void in_sem() { sem_wait(&sem); }
static void in_testcancel() { for (;;) pthread_testcancel(); }
static void in_stdio() { FILE *f = fdopen(dup(p[0]), "r"); fgetc(f); }

struct lock {
	lock() { pthread_mutex_lock(&mutex); }
	~lock() { if (pthread_mutex_unlock(&mutex)) wrong++; }
};

static void in_cond()
{
	lock l;

	for (;;)
		pthread_cond_wait(&cond, &mutex);
}

static void (*const calls[])() = { in_read, in_poll, in_sleep, in_sem, in_testcancel, in_stdio, in_cond };

__attribute__((noinline)) static void deeper(void (*f)(), int n)
{
	guard g;

	if (n)
		deeper(f, n - 1);
	else {
		ready = 1;
		f();
	}
	asm volatile("" ::: "memory");
}

static void *thread(void *arg)
{
	try {
		deeper(*(void (**)())arg, 3);
	} catch (...) {
		caught++;
		if (depth)
			wrong++;
		throw;
	}
	return nullptr;
}

/* with a handler's frame between the call and the destructors */
static void in_handler(int)
{
	guard g;

	ready = 1;
	in_read();
}

static void raises()
{
	raise(SIGUSR1);
}

int main()
{
	struct sigaction sa = {};
	static void (*const handled)() = raises;
	pthread_t t;
	void *ret;

	alarm(250);
	CHECK(!pipe(p) && !sem_init(&sem, 0, 0));
	sa.sa_handler = in_handler;
	CHECK(!sigaction(SIGUSR1, &sa, nullptr));
	for (unsigned int i = 0; i < 64; i++) {
		const unsigned int n = sizeof(calls) / sizeof(calls[0]);

		ready = caught = depth = 0;
		CHECK(!pthread_create(&t, nullptr, thread, i % (n + 1) < n ? (void *)&calls[i % (n + 1)] : (void *)&handled));
		while (!ready)
			sched_yield();
		if (i & 1)
			usleep(2000);
		CHECK(!pthread_cancel(t));
		CHECK(!pthread_join(t, &ret));
		if (ret != PTHREAD_CANCELED || caught != 1 || wrong)
			fprintf(stderr, "call %u: caught %d, wrong %d\n", i % (n + 1), caught, wrong);
		CHECK(ret == PTHREAD_CANCELED && caught == 1 && !wrong);
	}
	return 0;
}

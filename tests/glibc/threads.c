/* SPDX-License-Identifier: MIT */
/* Threads: clone3 and its exit, join, cancellation, robust mutexes. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <unistd.h>
#include "test.h"

static void *ret_arg(void *arg)
{
	return arg;
}

static int cleaned;

static void cleanup(void *arg)
{
	cleaned += *(int *)arg;
}

/* Cancelled in a system call: the unwinder starts inside the gate. */
static void *blocked_read(void *arg)
{
	int one = 1;
	char c;

	pthread_cleanup_push(cleanup, &one);
	read(*(int *)arg, &c, 1);
	pthread_cleanup_pop(0);
	return NULL;
}

static volatile int spinning;

static void *spin(void *arg)
{
	int one = 1;

	pthread_cleanup_push(cleanup, &one);
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	spinning = 1;
	for (;;)
		;
	pthread_cleanup_pop(0);
	return arg;
}

static void *die_with_lock(void *arg)
{
	CHECK(pthread_mutex_lock(arg) == 0);
	return NULL;
}

int main(void)
{
	pthread_t t[32], th;
	pthread_attr_t attr;
	pthread_mutexattr_t ma;
	pthread_mutex_t m;
	void *ret;
	int fd[2];

	for (int round = 0; round < 50; round++) {
		for (long i = 0; i < 32; i++)
			CHECK(pthread_create(&t[i], NULL, ret_arg, (void *)i) == 0);
		for (long i = 0; i < 32; i++) {
			CHECK(pthread_join(t[i], &ret) == 0);
			CHECK(ret == (void *)i);
		}
	}

	/* Detached threads leave their stacks behind. */
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, PTHREAD_STACK_MIN);
	for (int i = 0; i < 200; i++)
		CHECK(pthread_create(&th, &attr, ret_arg, NULL) == 0);

	CHECK(pipe(fd) == 0);
	CHECK(pthread_create(&th, NULL, blocked_read, &fd[0]) == 0);
	usleep(50000);
	CHECK(pthread_cancel(th) == 0);
	CHECK(pthread_join(th, &ret) == 0);
	CHECK(ret == PTHREAD_CANCELED && cleaned == 1);

	CHECK(pthread_create(&th, NULL, spin, NULL) == 0);
	while (!spinning)
		usleep(1000);
	CHECK(pthread_cancel(th) == 0);
	CHECK(pthread_join(th, &ret) == 0);
	CHECK(ret == PTHREAD_CANCELED && cleaned == 2);

	pthread_mutexattr_init(&ma);
	pthread_mutexattr_setrobust(&ma, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&m, &ma);
	CHECK(pthread_create(&th, NULL, die_with_lock, &m) == 0);
	CHECK(pthread_join(th, NULL) == 0);
	CHECK(pthread_mutex_lock(&m) == EOWNERDEAD);
	CHECK(pthread_mutex_consistent(&m) == 0);
	CHECK(pthread_mutex_unlock(&m) == 0);
	return 0;
}

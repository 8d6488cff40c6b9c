// SPDX-License-Identifier: MIT
/* threads.c - mutexes, condition variables, barriers, TLS, cancellation, many short threads */
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <unistd.h>

#include "check.h"

#define N	8
#define ROUNDS	500

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static int turn;
static atomic_int cleaned;
static __thread int mine;

static void *take_turns(void *arg)
{
	int me = (int)(long)arg, i;

	pthread_barrier_wait(&barrier);
	for (i = 0; i < ROUNDS / N; i++) {
		pthread_mutex_lock(&lock);
		while (turn % N != me)
			pthread_cond_wait(&cond, &lock);
		turn++;
		mine++;
		pthread_cond_broadcast(&cond);
		pthread_mutex_unlock(&lock);
	}
	return (void *)(long)mine;
}

static void cleanup(void *arg)
{
	(void)arg;
	cleaned++;
}

static void *blocked(void *arg)
{
	char c;

	pthread_cleanup_push(cleanup, NULL);
	if (read(*(int *)arg, &c, 1) < 0)
		perror("read");
	pthread_cleanup_pop(0);
	return NULL;
}

static void *shortlived(void *arg)
{
	return arg;
}

int main(void)
{
	pthread_t t[N];
	void *ret;
	int p[2];
	long i;

	CHECK(!pthread_barrier_init(&barrier, NULL, N));
	for (i = 0; i < N; i++)
		CHECK(!pthread_create(&t[i], NULL, take_turns, (void *)i));
	for (i = 0; i < N; i++) {
		CHECK(!pthread_join(t[i], &ret));
		CHECK((long)ret == ROUNDS / N);
	}
	CHECK(turn == ROUNDS / N * N);

	CHECK(!pipe(p));
	CHECK(!pthread_create(&t[0], NULL, blocked, &p[0]));
	usleep(20000);		/* into the read, most likely */
	CHECK(!pthread_cancel(t[0]));
	CHECK(!pthread_join(t[0], &ret));
	CHECK(ret == PTHREAD_CANCELED);
	CHECK(cleaned == 1);

	for (i = 0; i < 200; i++) {
		CHECK(!pthread_create(&t[0], NULL, shortlived, (void *)i));
		CHECK(!pthread_join(t[0], &ret));
		CHECK((long)ret == i);
	}
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* Robust mutexes whose owner is killed, priority inheritance, timed locks.  */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "test.h"

struct shared {
	pthread_mutex_t m;
	pthread_cond_t c;
	int count, locked;
};

static void init(struct shared *s, int protocol, int robust, int type)
{
	pthread_mutexattr_t a;
	pthread_condattr_t ca;

	memset(s, 0, sizeof(*s));
	CHECK(!pthread_mutexattr_init(&a));
	CHECK(!pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED));
	CHECK(!pthread_mutexattr_setprotocol(&a, protocol));
	CHECK(!pthread_mutexattr_setrobust(&a, robust));
	CHECK(!pthread_mutexattr_settype(&a, type));
	CHECK(!pthread_mutex_init(&s->m, &a));
	CHECK(!pthread_condattr_init(&ca));
	CHECK(!pthread_condattr_setpshared(&ca, PTHREAD_PROCESS_SHARED));
	CHECK(!pthread_cond_init(&s->c, &ca));
}

/* A process that dies by SIGKILL with the mutex held. */
static void killed_owner(struct shared *s, int protocol)
{
	pid_t pid;

	init(s, protocol, PTHREAD_MUTEX_ROBUST, PTHREAD_MUTEX_ERRORCHECK);
	pid = fork();
	if (!pid) {
		CHECK(!pthread_mutex_lock(&s->m));
		s->locked = 1;
		for (;;)
			pause();
	}
	while (!*(volatile int *)&s->locked)
		usleep(1000);
	CHECK(pthread_mutex_trylock(&s->m) == EBUSY);
	kill(pid, SIGKILL);
	/* maybe before, maybe after the kernel has walked its list */
	CHECK(pthread_mutex_lock(&s->m) == EOWNERDEAD);
	CHECK(pthread_mutex_lock(&s->m) == EDEADLK);
	CHECK(!pthread_mutex_consistent(&s->m));
	CHECK(!pthread_mutex_unlock(&s->m));
	CHECK(waitpid(pid, NULL, 0) == pid);

	/* left inconsistent it is of no use any more */
	pid = fork();
	if (!pid) {
		pthread_mutex_lock(&s->m);
		_exit(0);
	}
	CHECK(waitpid(pid, NULL, 0) == pid);
	CHECK(pthread_mutex_lock(&s->m) == EOWNERDEAD);
	CHECK(!pthread_mutex_unlock(&s->m));
	CHECK(pthread_mutex_lock(&s->m) == ENOTRECOVERABLE);
}

static struct shared *cur;

static void *counter(void *arg)
{
	for (int i = 0; i < 2000; i++) {
		CHECK(!pthread_mutex_lock(&cur->m));
		cur->count++;
		if (i % 64 == 0)
			pthread_cond_broadcast(&cur->c);
		CHECK(!pthread_mutex_unlock(&cur->m));
	}
	return arg;
}

static void *waiter(void *arg)
{
	CHECK(!pthread_mutex_lock(&cur->m));
	while (cur->count < 3000)
		CHECK(!pthread_cond_wait(&cur->c, &cur->m));
	CHECK(!pthread_mutex_unlock(&cur->m));
	return arg;
}

static void contended(struct shared *s, int protocol, int robust)
{
	pthread_t t[5];

	init(s, protocol, robust, PTHREAD_MUTEX_NORMAL);
	cur = s;
	for (int i = 0; i < 5; i++)
		CHECK(!pthread_create(&t[i], NULL, i ? counter : waiter, NULL));
	for (int i = 0; i < 5; i++)
		CHECK(!pthread_join(t[i], NULL));
	CHECK(s->count == 8000);
}

static void timed(struct shared *s, int protocol)
{
	struct timespec ts;
	pid_t pid;
	int st;

	init(s, protocol, PTHREAD_MUTEX_STALLED, PTHREAD_MUTEX_NORMAL);
	CHECK(!pthread_mutex_lock(&s->m));
	pid = fork();
	if (!pid) {
		clock_gettime(CLOCK_REALTIME, &ts);
		ts.tv_nsec += 20000000;
		ts.tv_sec += ts.tv_nsec / 1000000000;
		ts.tv_nsec %= 1000000000;
		_exit(pthread_mutex_timedlock(&s->m, &ts) == ETIMEDOUT ? 1 : 2);
	}
	CHECK(waitpid(pid, &st, 0) == pid && WIFEXITED(st) && WEXITSTATUS(st) == 1);
	CHECK(!pthread_mutex_unlock(&s->m));
}

int main(void)
{
	struct shared *s = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	static const int protocols[] = { PTHREAD_PRIO_NONE, PTHREAD_PRIO_INHERIT };

	CHECK(s != MAP_FAILED);
	alarm(200);
	for (int i = 0; i < 2; i++) {
		for (int round = 0; round < 10; round++)
			killed_owner(s, protocols[i]);
		contended(s, protocols[i], PTHREAD_MUTEX_STALLED);
		contended(s, protocols[i], PTHREAD_MUTEX_ROBUST);
		timed(s, protocols[i]);
	}
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* 1,000 threads at once, each with thread-local storage, a key, a signal and calls; and they all go.  */
#define _GNU_SOURCE
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "test.h"

#define THREADS	1000

static pthread_barrier_t all;
static pthread_key_t key;
static int signals, destroyed, wrong;
static __thread long mine;

static void handler(int sig)
{
	(void)sig;
	__atomic_fetch_add(&signals, 1, __ATOMIC_SEQ_CST);
}

static void destructor(void *arg)
{
	if (mine != (long)arg)
		__atomic_fetch_add(&wrong, 1, __ATOMIC_SEQ_CST);
	__atomic_fetch_add(&destroyed, 1, __ATOMIC_SEQ_CST);
}

static void *thread(void *arg)
{
	struct timespec a, b;

	mine = (long)arg;
	/* the clock, from the first moment of a thread */
	clock_gettime(CLOCK_MONOTONIC, &a);
	pthread_setspecific(key, arg);
	pthread_barrier_wait(&all);
	if (syscall(SYS_gettid) != gettid() || getpid() == gettid() || mine != (long)arg)
		__atomic_fetch_add(&wrong, 1, __ATOMIC_SEQ_CST);
	if (raise(SIGUSR1))
		__atomic_fetch_add(&wrong, 1, __ATOMIC_SEQ_CST);
	clock_gettime(CLOCK_MONOTONIC, &b);
	if (b.tv_sec < a.tv_sec || clock_gettime(CLOCK_THREAD_CPUTIME_ID, &b))
		__atomic_fetch_add(&wrong, 1, __ATOMIC_SEQ_CST);
	pthread_barrier_wait(&all);
	return arg;
}

static int tasks(void)
{
	DIR *d = opendir("/proc/self/task");
	int n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

int main(void)
{
	static pthread_t t[THREADS];
	pthread_attr_t attr;
	void *ret;
	pid_t pid;
	int st;

	alarm(250);
	signal(SIGUSR1, handler);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 * 1024);
	CHECK(!pthread_key_create(&key, destructor));
	CHECK(!pthread_barrier_init(&all, NULL, THREADS + 1));
	for (long i = 0; i < THREADS; i++)
		CHECK(!pthread_create(&t[i], &attr, thread, (void *)(i + 1)));
	CHECK(tasks() == THREADS + 1);
	/* fork among them: the child is one thread, and works */
	pid = fork();
	if (!pid)
		_exit(tasks() == 1 ? 6 : 7);
	CHECK(waitpid(pid, &st, 0) == pid && WIFEXITED(st) && WEXITSTATUS(st) == 6);
	pthread_barrier_wait(&all);
	pthread_barrier_wait(&all);
	for (long i = 0; i < THREADS; i++) {
		CHECK(!pthread_join(t[i], &ret));
		CHECK(ret == (void *)(i + 1));
	}
	CHECK(signals == THREADS && destroyed == THREADS && !wrong);
	for (int i = 0; i < 1000 && tasks() != 1; i++)
		usleep(1000);
	CHECK(tasks() == 1);
	return 0;
}

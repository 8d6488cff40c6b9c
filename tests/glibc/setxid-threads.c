/* SPDX-License-Identifier: MIT */
/* setuid and its kin change every thread, also those that are blocked in calls.  */
#define _GNU_SOURCE
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "test.h"

#define THREADS	16

static pthread_barrier_t ready, changed, over;
static int pipe_fd[2], bad;

static void *thread(void *arg)
{
	long i = (long)arg;
	gid_t groups[4];
	char c;

	pthread_barrier_wait(&ready);
	if (i % 2)	/* half of them wait in the kernel, undisturbed by the broadcast */
		__atomic_fetch_add(&bad, read(pipe_fd[0], &c, 1) != 1, __ATOMIC_SEQ_CST);
	pthread_barrier_wait(&changed);
	/* the kernel's word for this thread, not the library's */
	if (syscall(SYS_getuid) != 1001 || syscall(SYS_geteuid) != 1001 ||
	    syscall(SYS_getgid) != 1002 || syscall(SYS_getgroups, 4, groups) != 1 || groups[0] != 1003)
		__atomic_fetch_add(&bad, 1, __ATOMIC_SEQ_CST);
	pthread_barrier_wait(&over);
	return NULL;
}

int main(void)
{
	gid_t group = 1003;
	pthread_t t[THREADS];
	char c[THREADS] = "";

	if (geteuid())
		return SKIP;
	alarm(60);
	CHECK(!pipe(pipe_fd));
	CHECK(!pthread_barrier_init(&ready, NULL, THREADS + 1));
	CHECK(!pthread_barrier_init(&changed, NULL, THREADS + 1));
	CHECK(!pthread_barrier_init(&over, NULL, THREADS + 1));
	for (long i = 0; i < THREADS; i++)
		CHECK(!pthread_create(&t[i], NULL, thread, (void *)i));
	pthread_barrier_wait(&ready);
	usleep(50000);
	CHECK(!setgroups(1, &group));
	CHECK(!setresgid(1002, 1002, 1002));
	CHECK(!setresuid(1001, 1001, 1001));
	CHECK(write(pipe_fd[1], c, THREADS / 2) == THREADS / 2);
	pthread_barrier_wait(&changed);
	pthread_barrier_wait(&over);
	for (int i = 0; i < THREADS; i++)
		CHECK(!pthread_join(t[i], NULL));
	CHECK(!bad);
	errno = 0;
	CHECK(setuid(0) == -1 && errno == EPERM);
	return 0;
}

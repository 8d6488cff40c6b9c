// SPDX-License-Identifier: MIT
/*
 * churn.c - processes, threads and signals that get in each other's way
 *
 *   churn SECONDS
 *
 * The parent keeps a few children going, each with threads that fork, vfork and
 * execute, send signals to each other and are cancelled in the middle of calls;
 * now and then it kills one of the children.  Exit status 0 if every child that
 * was not killed ended well.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHILDREN	3
#define THREADS		4

#define CHECK(cond)							\
	do {								\
		if (!(cond)) {						\
			fprintf(stderr, "churn.c:%d: %s (errno %d)\n",	\
				__LINE__, #cond, errno);		\
			_exit(1);					\
		}							\
	} while (0)

extern char **environ;
static time_t deadline;

static time_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

static void handler(int sig)
{
	int saved = errno;

	/* a call inside a handler, maybe inside another call */
	CHECK(getppid() > 0 && sig == SIGUSR1);
	errno = saved;
}

static void ends_with(pid_t pid, int want)
{
	int st;
	pid_t r;

	do {
		r = waitpid(pid, &st, 0);
	} while (r < 0 && errno == EINTR);
	CHECK(r == pid && WIFEXITED(st) && WEXITSTATUS(st) == want);
}

static void one_round(unsigned int *seed)
{
	static char *const args[] = { "/bin/true", NULL };
	char page[4096];
	int fd[2];
	pid_t pid;
	void *p;

	switch (rand_r(seed) % 5) {
	case 0:
		pid = fork();
		CHECK(pid >= 0);
		if (!pid)
			_exit(3);
		ends_with(pid, 3);
		break;
	case 1:
		pid = vfork();
		if (!pid)
			_exit(4);
		CHECK(pid > 0);
		ends_with(pid, 4);
		break;
	case 2:
		CHECK(!posix_spawn(&pid, args[0], NULL, NULL, args, environ));
		ends_with(pid, 0);
		break;
	case 3:
		CHECK(!pipe(fd));
		CHECK(write(fd[1], page, sizeof(page)) == sizeof(page));
		CHECK(read(fd[0], page, sizeof(page)) == sizeof(page));
		close(fd[0]);
		close(fd[1]);
		break;
	case 4:
		p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		CHECK(p != MAP_FAILED);
		memset(p, 1, 1 << 20);
		CHECK(!munmap(p, 1 << 20));
		break;
	}
}

static void *worker(void *arg)
{
	unsigned int seed = getpid() * 31 + (long)arg;

	/* cancelled only where it owns nothing */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	for (;;) {
		one_round(&seed);
		pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
		usleep(rand_r(&seed) % 2000);
		pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	}
	return NULL;
}

static void child(void)
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = SA_RESTART };
	unsigned int seed = getpid();
	pthread_t t[THREADS];
	void *ret;
	long i;

	CHECK(!sigaction(SIGUSR1, &sa, NULL));
	for (i = 0; i < THREADS; i++)
		CHECK(!pthread_create(&t[i], NULL, worker, (void *)i));
	while (now() < deadline) {
		i = rand_r(&seed) % THREADS;
		pthread_kill(t[i], SIGUSR1);
		if (rand_r(&seed) % 8 == 0) {
			CHECK(!pthread_cancel(t[i]));
			CHECK(!pthread_join(t[i], &ret));
			CHECK(ret == PTHREAD_CANCELED);
			CHECK(!pthread_create(&t[i], NULL, worker, (void *)i));
		}
		usleep(3000);
	}
	/* the threads are in the middle of something */
	_exit(7);
}

int main(int argc, char **argv)
{
	pid_t kids[CHILDREN] = { 0 }, pid;
	unsigned int seed = getpid();
	int i, st, killed;

	deadline = now() + (argc > 1 ? atoi(argv[1]) : 5);
	while (now() < deadline) {
		for (i = 0; i < CHILDREN; i++) {
			if (kids[i])
				continue;
			kids[i] = fork();
			CHECK(kids[i] >= 0);
			if (!kids[i])
				child();
		}
		usleep(400000);
		i = rand_r(&seed) % CHILDREN;
		kill(kids[i], SIGKILL);
		pid = waitpid(kids[i], &st, 0);
		CHECK(pid == kids[i]);
		CHECK(WIFSIGNALED(st) || WEXITSTATUS(st) == 7);
		kids[i] = 0;
	}
	for (i = 0; i < CHILDREN; i++) {
		if (!kids[i])
			continue;
		killed = 0;
		CHECK(waitpid(kids[i], &st, 0) == kids[i]);
		CHECK(WIFEXITED(st) && WEXITSTATUS(st) == 7 && !killed);
	}
	return 0;
}

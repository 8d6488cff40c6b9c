/* SPDX-License-Identifier: MIT */
/* What a cancelled thread has done: nothing twice, and nothing that it was not told of.  Threads that are cancelled while
   they call without a pause, at times that differ from round to round; cancel-steps goes through the instructions.  */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "test.h"

#define ROUNDS	120
#define FULL	4000

static int fd, state;
static volatile int done, go, stop;

static void *writes(void *arg)
{
	pthread_setcancelstate(state, NULL);
	go = 1;
	while (!stop)
		if (write(fd, "x", 1) == 1)
			done++;
	return NULL;
}

static void *reads(void *arg)
{
	char c;

	pthread_setcancelstate(state, NULL);
	go = 1;
	while (!stop && done < FULL)
		if (read(fd, &c, 1) == 1)
			done++;
	return NULL;
}

static void *opens(void *arg)
{
	pthread_setcancelstate(state, NULL);
	go = 1;
	while (!stop && done < 400)
		if (open("/dev/null", O_RDONLY) >= 0)
			done++;
	return NULL;
}

/* Cancel F after a while that differs from round to round; with cancellation off stop it otherwise.  */
static void cut_short(void *(*f)(void *), int round)
{
	pthread_t t;
	void *ret;

	done = go = stop = 0;
	CHECK(!pthread_create(&t, NULL, f, NULL));
	while (!go)
		sched_yield();
	for (volatile int i = 0; i < round * 997 % 6000; i++)
		;
	CHECK(!pthread_cancel(t));
	if (state == PTHREAD_CANCEL_DISABLE)
		stop = 1;
	CHECK(!pthread_join(t, &ret));
	CHECK(ret == (state == PTHREAD_CANCEL_DISABLE ? NULL : PTHREAD_CANCELED) || done >= 400);
}

static int open_files(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	CHECK(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static int untold[3], cut;

/* EFFECT is what came of it */
static void told(int what, int effect)
{
	cut += effect > 0;
	if (effect != done && !untold[what])
		fprintf(stderr, "kind %d: %d calls returned, %d had an effect\n", what, done, effect);
	untold[what] += effect != done;
}

int main(void)
{
	static char full[FULL];
	int p[2], n, files;

	alarm(250);
	for (int i = 0; i < ROUNDS; i++) {
		state = i % 4 == 3 ? PTHREAD_CANCEL_DISABLE : PTHREAD_CANCEL_ENABLE;
		CHECK(!pipe(p));
		fd = p[1];
		/* a full pipe would hold up one that cannot be cancelled */
		CHECK(fcntl(p[1], F_SETPIPE_SZ, 1 << 20) > 0 && !fcntl(p[1], F_SETFL, O_NONBLOCK));
		cut_short(writes, i);
		CHECK(!ioctl(p[0], FIONREAD, &n));
		told(0, n);
		close(p[0]);
		close(p[1]);

		CHECK(!pipe(p));
		CHECK(write(p[1], full, FULL) == FULL && !fcntl(p[0], F_SETFL, O_NONBLOCK));
		fd = p[0];
		cut_short(reads, i);
		CHECK(!ioctl(p[0], FIONREAD, &n));
		told(1, FULL - n);
		close(p[0]);
		close(p[1]);

		files = open_files();
		cut_short(opens, i);
		n = open_files();
		told(2, n - files);
		CHECK(!close_range(3, 4096, 0));
	}
	fprintf(stderr, "effects untold: %d of write, %d of read, %d of open\n", untold[0], untold[1], untold[2]);
	CHECK(untold[0] == 0 && untold[1] == 0 && untold[2] == 0);
	/* most of them were cancelled at work */
	CHECK(cut > 2 * ROUNDS);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* fork at any moment: from handlers that interrupt threads wherever they are, and from another thread, while calls and
   batches run.  Parent and child go on, and every call of theirs has its right result.  */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../../kernel/drivers/xsc/xsc_uapi.h"
#include "test.h"


#define WORKERS		3
#define IN_HANDLERS	240
#define IN_THREAD	60

static int memfd, xsc;
static pid_t self;
static volatile int stop, forked, continued;
static volatile long rounds[WORKERS];
static __thread int number;

/* One round of calls, direct ones and a batch; nothing that a copied lock could hold up.  */
static void calls(void)
{
	char a[4], b[4];
	struct xsc_sqe sqes[3] = {
		{ .op = SYS_pread64, .args = { memfd, (uintptr_t)a, 4, 3 } },
		{ .op = SYS_dup, .args = { memfd } },
		{ .op = SYS_close, .flags = XSC_SQE_FORWARD, .fwd_from = 1 },
	};
	struct xsc_cqe cqes[3];
	long n = 0, done;
	void *p;

	if (xsc) {
		while (n < 3) {
			done = syscall(XSC_OP_BATCH, sqes, cqes, 3, n, 0);
			CHECK(done > n);	/* a signal may end it early, but not before it begins */
			n = done;
		}
		CHECK(cqes[0].res == 4 && !memcmp(a, "3456", 4) && cqes[1].res > memfd && cqes[2].res == 0);
	}
	CHECK(pread(memfd, b, 4, 6) == 4 && !memcmp(b, "6789", 4));
	p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, memfd, 0);
	CHECK(p != MAP_FAILED && *(char *)p == '0' && !munmap(p, 4096));
	CHECK(close(-1) == -1 && errno == EBADF);
}

static void count(int sig)
{
	continued++;
}

static void handler(int sig)
{
	int err = errno, st;
	pid_t pid = _Fork();

	CHECK(pid >= 0);
	if (!pid) {
		CHECK(getpid() != self && getppid() == self && gettid() == getpid());
		calls();
		continued = 0;
		signal(SIGUSR2, count);
		raise(SIGUSR2);
		CHECK(continued == 1);
		/* back to where the parent was interrupted, and on from there */
		errno = err;
		return;
	}
	while (waitpid(pid, &st, 0) != pid)
		CHECK(errno == EINTR);
	if (st)
		fprintf(stderr, "the child of a handler: wait status %x\n", st);
	CHECK(!st);
	forked++;
	errno = err;
}

static void *worker(void *arg)
{
	long round = 0;

	number = (long)arg;
	while (!stop) {
		calls();
		rounds[number]++;
		/* two whole rounds for a child that the handler has made in the middle of one */
		if (getpid() != self && ++round == 2)
			_exit(0);
	}
	return NULL;
}

static void *nothing(void *arg)
{
	return (char *)arg + 1;
}

static void whole_child(void)
{
	FILE *f = fopen("/dev/null", "w");
	pthread_t t;
	void *ret, *p;

	CHECK(f && fprintf(f, "%d\n", getpid()) > 0 && !fclose(f));
	for (int i = 1; i < 50; i++) {
		p = malloc(i * 100);
		CHECK(p);
		free(p);
	}
	CHECK(!pthread_create(&t, NULL, nothing, NULL) && !pthread_join(t, &ret) && ret == (void *)1);
	calls();
	_exit(0);
}

static void ends(pid_t pid, int want)
{
	int st;

	CHECK(pid > 0);
	while (waitpid(pid, &st, 0) != pid)
		CHECK(errno == EINTR);
	CHECK(st == want << 8);
}

/* fork, vfork and posix_spawn from a thread that no signal goes to */
static void *forker(void *arg)
{
	extern char **environ;
	char *argv[] = { "sh", "-c", "exit 4", NULL };
	pid_t pid;

	for (int i = 0; i < IN_THREAD; i++) {
		pid = fork();
		if (!pid)
			whole_child();
		ends(pid, 0);
		pid = vfork();
		if (!pid)
			_exit(3);
		ends(pid, 3);
		if (i % 8 == 0) {
			CHECK(!posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, environ));
			ends(pid, 4);
		}
	}
	return NULL;
}

int main(void)
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = SA_RESTART };
	pthread_t t[WORKERS], f;
	sigset_t set;
	int was;

	alarm(280);
	xsc = IS_XSC(prctl(PR_XSC, 0, 0, 0, 0));
	self = getpid();
	memfd = memfd_create("fork", 0);
	CHECK(memfd >= 0 && write(memfd, "0123456789", 10) == 10);
	CHECK(!sigaction(SIGUSR1, &sa, NULL));
	for (long i = 0; i < WORKERS; i++)
		CHECK(!pthread_create(&t[i], NULL, worker, (void *)i));
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	CHECK(!pthread_sigmask(SIG_BLOCK, &set, NULL));
	CHECK(!pthread_create(&f, NULL, forker, NULL));
	for (int i = 0; i < IN_HANDLERS; i++) {
		was = forked;
		CHECK(!pthread_kill(t[i % WORKERS], SIGUSR1));
		while (forked == was)
			sched_yield();
	}
	CHECK(!pthread_join(f, NULL));
	stop = 1;
	for (int i = 0; i < WORKERS; i++) {
		CHECK(!pthread_join(t[i], NULL));
		CHECK(rounds[i] > 0);
	}
	CHECK(forked == IN_HANDLERS && wait(NULL) == -1 && errno == ECHILD);
	return 0;
}

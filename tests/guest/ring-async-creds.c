// SPDX-License-Identifier: MIT
/* ring-async-creds.c - credentials are those of the submission; signals and stops in workers */
#include <poll.h>
#include <sys/stat.h>
#include <sys/time.h>

#include "async.h"

static struct xsc_ring r;
static volatile int hits;

static void tick(int sig)
{
	hits++;
}

int main(int argc, char **argv)
{
	struct itimerval it = { { 0, 0 }, { 0, 50000 } };
	struct pollfd pf[2] = { { .events = POLLIN }, { .fd = -1 } };
	struct sigaction sa = { .sa_handler = tick };
	struct stat st;
	int p[2], q[2], pid;
	__u64 a;
	char c;

	RINGS_OR_SKIP();
	async_make(&r, 16);
	pipe(p);
	pipe(q);
	sys(SYS_mkdir, "mine", 0700);
	sys(SYS_chmod, ".", 0777);

	/* one worker may block, and does: what is behind it begins later */
	write_file("/proc/sys/kernel/xsc/workers_max", "2");
	pf[0].fd = q[0];
	ring_add3(&r, SYS_poll, pf, 2, -1);
	a = ring_data;
	async_submit(&r);
	msleep(100);
	ring_add4(&r, SYS_openat, AT_FDCWD, "mine/file", O_CREAT | O_RDWR, 0600);
	async_submit(&r);
	sys(SYS_setresuid, -1, 1000, -1);
	ring_add4(&r, SYS_openat, AT_FDCWD, "mine/other", O_CREAT | O_RDWR, 0600);
	ring_add4(&r, SYS_openat, AT_FDCWD, "theirs", O_CREAT | O_RDWR, 0600);
	async_submit(&r);
	tap_ok(!async_has(&r, a + 1), "queued as root, before the change of user");
	sys(SYS_setresuid, -1, 0, -1);
	write(q[1], "x", 1);
	tap_ok(async_result(&r, a + 1) >= 0, "done as root: %ld", async_got[a + 1].res);
	tap_is(async_result(&r, a + 2), -EACCES, "submitted as user 1000: EACCES");
	tap_ok(async_result(&r, a + 3) >= 0, "where the user may");
	tap_is(sys(SYS_stat, "theirs", &st), 0, "it is there");
	tap_is(st.st_uid, 1000, "and the user's");
	write_file("/proc/sys/kernel/xsc/workers_max", "64");
	read(q[0], &c, 1);

	/* a signal to the process is the program's, not a worker's */
	sigaction(SIGALRM, &sa, NULL);
	ring_add3(&r, SYS_poll, pf, 2, -1);
	a = ring_data;
	async_submit(&r);
	setitimer(ITIMER_REAL, &it, NULL);
	msleep(200);
	tap_is(hits, 1, "a signal while a worker waits: the handler ran");
	tap_ok(!async_has(&r, a), "the worker was not disturbed");

	/* stop and continue */
	pid = fork();
	if (!pid) {
		msleep(100);
		kill(getppid(), SIGSTOP);
		msleep(200);
		kill(getppid(), SIGCONT);
		_exit(0);
	}
	msleep(150);
	tap_is(wait_for(pid), 0, "stopped and continued");
	msleep(50);
	tap_ok(!async_has(&r, a), "the worker goes on waiting");
	write(q[1], "x", 1);
	tap_is(async_result(&r, a), 1, "and ends");
	xsc_ring_queue_exit(&r);
	return tap_done();
}

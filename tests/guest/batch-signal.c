// SPDX-License-Identifier: MIT
/*
 * batch-signal.c - a signal while an op of a batch blocks; TEST: xsc only
 *
 * With SA_RESTART the batch goes on at that op; without, the op says -EINTR
 * and the start register says where.  Nothing runs twice.
 */
#include <poll.h>
#include <sys/epoll.h>
#include <sys/time.h>
#include <time.h>

#include "batch.h"

static volatile int hits;
static int fds[2], count[2];

static void feed(int sig)
{
	hits++;
	sys(SYS_write, fds[1], "f", 1);
}

static void tick(int sig)
{
	hits++;
}

static void on_alarm(void (*handler)(int), int flags)
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = flags };

	sigaction(SIGALRM, &sa, NULL);
	hits = 0;
}

static void alarm_in(int ms)
{
	struct itimerval it = { { 0, 0 }, { 0, ms * 1000 } };

	setitimer(ITIMER_REAL, &it, NULL);
}

/* how many ops of the batch have written to the counting pipe */
static long counted(void)
{
	char buf[64];

	return read(count[0], buf, sizeof(buf));
}

static void restart(void)
{
	static char got;

	on_alarm(feed, SA_RESTART);
	batch_start();
	batch_add(SYS_write, count[1], "1", 1);
	batch_add(SYS_read, fds[0], &got, 1);
	batch_add(SYS_write, count[1], "2", 1);
	alarm_in(50);
	tap_is(batch_run(), 3, "SA_RESTART: the batch completes");
	tap_is(hits, 1, "SA_RESTART: the handler ran");
	tap_is(cqes[0].res, 1, "SA_RESTART: the op before");
	tap_is(cqes[1].res, 1, "SA_RESTART: the op that was interrupted");
	tap_ok(got == 'f', "SA_RESTART: it read what the handler wrote");
	tap_is(cqes[2].res, 1, "SA_RESTART: the op after");
	tap_is(counted(), 2, "SA_RESTART: nothing ran twice");
}

static void restart_in_chain(void)
{
	static char got;

	on_alarm(feed, SA_RESTART);
	batch_start();
	xsc_sqe_link(batch_add(SYS_dup, fds[0]));
	xsc_sqe_forward(batch_add(SYS_read, 0, &got, 1), 0, 1);
	sqes[1].flags |= XSC_SQE_LINK;
	xsc_sqe_forward(batch_add(SYS_close, 0), 0, 2);
	alarm_in(50);
	tap_is(batch_run(), 3, "restart in a chain with forwards");
	tap_is(cqes[1].res, 1, "the op that was interrupted");
	tap_is(cqes[2].res, 0, "the op after");
}

static void eintr(void)
{
	static char got;
	unsigned int start = 0;
	long n;

	on_alarm(tick, 0);
	batch_start();
	batch_add(SYS_write, count[1], "1", 1);
	batch_add(SYS_read, fds[0], &got, 1);
	batch_add(SYS_write, count[1], "2", 1);
	alarm_in(50);
	n = xsc_batch_from(sqes, cqes, 3, &start);
	tap_is(n, -EINTR, "no SA_RESTART: -EINTR");
	tap_is(start, 1, "no SA_RESTART: the start register says where");
	tap_is(cqes[0].res, 1, "no SA_RESTART: the op before");
	tap_is(cqes[1].res, -EINTR, "no SA_RESTART: the op that was interrupted");
	tap_is(cqes[2].res, -9999, "no SA_RESTART: the op after has not run");
	write(fds[1], "g", 1);
	tap_is(xsc_batch_from(sqes, cqes, 3, &start), 3, "going on from there");
	tap_is(cqes[1].res, 1, "the op that was interrupted");
	tap_is(counted(), 2, "nothing ran twice");

	batch_start();
	batch_add(SYS_read, fds[0], &got, 1);
	alarm_in(50);
	tap_is(batch_run(), -EINTR, "xsc_batch(), interrupted in the first op");
	batch_start();
	batch_add(SYS_getpid);
	batch_add(SYS_read, fds[0], &got, 1);
	alarm_in(50);
	tap_is(batch_run(), 1, "xsc_batch(), interrupted in the second op: a short count");
}

/* ops that a handler always interrupts, SA_RESTART or not */
static void never(void)
{
	struct timespec ts = { 5, 0 }, rem = { 0, 0 };
	struct pollfd pfd = { .fd = fds[0], .events = POLLIN };
	struct epoll_event ev;
	static const char *const names[] = { "nanosleep", "clock_nanosleep", "poll", "pause", "epoll_wait" };
	long ep = sys(SYS_epoll_create1, 0);
	unsigned long t0;

	for (int flags = 0; flags <= SA_RESTART; flags += SA_RESTART)
		for (int i = 0; i < 5; i++) {
			unsigned int start = 0;
			long n;

			on_alarm(tick, flags);
			batch_start();
			batch_add(SYS_write, count[1], "1", 1);
			switch (i) {
			case 0: batch_add(SYS_nanosleep, &ts, &rem); break;
			case 1: batch_add(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &ts, &rem); break;
			case 2: batch_add(SYS_poll, &pfd, 1, 5000); break;
			case 3: batch_add(SYS_pause); break;
			case 4: batch_add(SYS_epoll_wait, ep, &ev, 1, 5000); break;
			}
			batch_add(SYS_write, count[1], "2", 1);
			t0 = now_ms();
			alarm_in(50);
			n = xsc_batch_from(sqes, cqes, 3, &start);
			/* epoll_wait says EINTR itself: an ordinary result */
			if (i == 4)
				tap_is(n, 2, "%s (flags %x): completed with an error", names[i], flags);
			else
				tap_is(n, -EINTR, "%s (flags %x)", names[i], flags);
			tap_is(cqes[1].res, -EINTR, "%s (flags %x): its result", names[i], flags);
			tap_is(cqes[2].res, -9999, "%s (flags %x): the op after has not run", names[i], flags);
			tap_is(hits, 1, "%s (flags %x): the handler ran", names[i], flags);
			tap_ok(now_ms() - t0 < 4000, "%s (flags %x): at once", names[i], flags);
			tap_is(counted(), 1, "%s (flags %x): the op before ran once", names[i], flags);
		}
}

/* a signal that an op of the batch sends: handled between ops */
static void own(void)
{
	struct sigaction sa = { .sa_handler = tick };

	sigaction(SIGUSR1, &sa, NULL);
	hits = 0;
	batch_start();
	batch_add(SYS_getpid);
	batch_add(SYS_kill, getpid(), SIGUSR1);
	batch_add(SYS_getpid);
	batch_add(SYS_getpid);
	tap_is(batch_run(), 2, "a signal from inside: a short count");
	tap_is(hits, 1, "the handler ran");
	tap_is(cqes[1].res, 0, "kill's result");
	tap_is(cqes[2].res, -9999, "the op after has not run");
}

/* stop and continue: no handler, so nobody must notice */
static void stopped(void)
{
	static char got;
	int pid = getpid(), child;

	child = fork();
	if (!child) {
		msleep(50);
		kill(pid, SIGSTOP);
		msleep(50);
		kill(pid, SIGCONT);
		msleep(50);
		write(fds[1], "z", 1);
		_exit(0);
	}
	batch_start();
	batch_add(SYS_write, count[1], "1", 1);
	batch_add(SYS_read, fds[0], &got, 1);
	batch_add(SYS_write, count[1], "2", 1);
	tap_is(batch_run(), 3, "SIGSTOP and SIGCONT: the batch completes");
	tap_ok(got == 'z' && cqes[1].res == 1, "the op was restarted");
	tap_is(counted(), 2, "nothing ran twice");
	wait_for(child);
}

/* every point in a batch of quick ops is hit by a signal some time */
static void storm(void)
{
	struct itimerval it = { { 0, 1000 }, { 0, 1000 } }, off = { { 0, 0 }, { 0, 0 } };
	unsigned long end, done = 0, wrong = 0, cut = 0;
	struct timespec zero = { 0, 1000 };
	char junk[4096];

	on_alarm(tick, SA_RESTART);
	while (read(count[0], junk, sizeof(junk)) > 0)
		;
	setitimer(ITIMER_REAL, &it, NULL);
	end = now_ms() + 2000;
	while (now_ms() < end) {
		unsigned int start = 0;
		long n, wrote;

		batch_start();
		for (int i = 0; i < 8; i++) {
			batch_add(SYS_write, count[1], "x", 1);
			batch_add(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &zero, NULL);
		}
		for (;;) {
			n = xsc_batch_from(sqes, cqes, 16, &start);
			if (n == 16)
				break;
			cut++;
			if (n != -EINTR) {
				if (n < 0 || n > 16) {
					wrong++;
					break;
				}
				start = n;
			}
		}
		wrote = 0;
		do {
			n = read(count[0], junk, sizeof(junk));
			if (n > 0)
				wrote += n;
		} while (n > 0 || (n < 0 && errno == EINTR));
		wrong += wrote != 8;
		done++;
	}
	setitimer(ITIMER_REAL, &off, NULL);
	tap_is(wrong, 0, "%lu batches in a storm of signals, cut short %lu times: each op ran once", done, cut);
	tap_ok(cut > 10 && hits > 10, "there were signals enough (%d)", hits);
}

int main(int argc, char **argv)
{
	BATCH_XSC_ONLY();
	pipe2(fds, 0);
	pipe2(count, O_NONBLOCK);
	restart();
	restart_in_chain();
	eintr();
	never();
	own();
	stopped();
	storm();
	return tap_done();
}

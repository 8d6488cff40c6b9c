// SPDX-License-Identifier: MIT
/* ring-async-signalfd.c - a signalfd shows the signals of the thread that asks: also those that only this thread has */
#include <poll.h>
#include <sys/signalfd.h>

#include "poller.h"

static struct xsc_ring r;
static int sfd;
static struct signalfd_siginfo info;

static void to_itself(void)
{
	int tid = sys(SYS_gettid);

	sys(SYS_tgkill, getpid(), tid, SIGUSR1);
}

static long result(bool polled)
{
	return polled ? poller_result(&r, ring_data) : async_result(&r, ring_data);
}

static void hand_over(bool polled)
{
	if (polled)
		xsc_ring_flush(&r);
	else
		async_submit(&r);
}

static void signals(bool polled, const char *what)
{
	struct pollfd pf = { sfd, POLLIN, 0 };
	int p[2];

	if (polled)
		poller_wake(&r);
	to_itself();
	ring_add3(&r, SYS_read, sfd, &info, sizeof(info));
	hand_over(polled);
	tap_is(result(polled), sizeof(info), "%s: read of a signal that is there", what);
	tap_is(info.ssi_signo, SIGUSR1, "%s: it is that", what);

	if (polled)
		poller_wake(&r);
	ring_add3(&r, SYS_read, sfd, &info, sizeof(info));
	hand_over(polled);
	msleep(50);
	to_itself();
	tap_is(result(polled), sizeof(info), "%s: of one that comes", what);

	if (polled)
		poller_wake(&r);
	ring_add3(&r, SYS_poll, &pf, 1, -1);
	hand_over(polled);
	msleep(50);
	to_itself();
	tap_is(result(polled), 1, "%s: poll", what);
	tap_is(pf.revents, POLLIN, "%s: says what there is", what);
	tap_is(sys(SYS_read, sfd, &info, sizeof(info)), sizeof(info), "%s: and has left it there", what);

	/* behind what waits, in a chain */
	pipe(p);
	if (polled)
		poller_wake(&r);
	xsc_sqe_link(ring_add3(&r, SYS_read, sfd, &info, sizeof(info)));
	ring_add3(&r, SYS_write, p[1], "x", 1);
	hand_over(polled);
	msleep(50);
	to_itself();
	tap_is(result(polled), 1, "%s: in a chain", what);
	tap_is(async_got[ring_data - 1].res, sizeof(info), "%s: the signal", what);
	close(p[0]);
	close(p[1]);

	/* the process's own, by whoever */
	if (polled)
		poller_wake(&r);
	ring_add3(&r, SYS_read, sfd, &info, sizeof(info));
	hand_over(polled);
	kill(getpid(), SIGUSR1);
	tap_is(result(polled), sizeof(info), "%s: a signal to the process", what);
}

int main(int argc, char **argv)
{
	unsigned long mask = 1UL << (SIGUSR1 - 1);

	RINGS_OR_SKIP();
	sys(SYS_rt_sigprocmask, SIG_BLOCK, &mask, NULL, 8);
	sfd = sys(SYS_signalfd4, -1, &mask, 8, 0);
	async_make(&r, 16);
	signals(false, "a ring");
	xsc_ring_queue_exit(&r);
	if (poller_cpus() > 1) {
		poller_make(&r, 16, 0, POLL_IDLE);
		signals(true, "a polled ring");
	}
	return tap_done();
}

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
	struct { long s, ns; } soon = { 0, 50000000 };
	char c[1];
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

	/* what comes behind it waits without the thread */
	pipe(p);
	if (polled)
		poller_wake(&r);
	xsc_sqe_link(ring_add3(&r, SYS_read, sfd, &info, sizeof(info)));
	ring_add3(&r, SYS_read, p[0], c, 1);
	hand_over(polled);
	msleep(50);
	to_itself();
	write(p[1], "x", 1);
	tap_is(result(polled), 1, "%s: a read behind it, of what the thread writes", what);
	close(p[0]);
	close(p[1]);

	/* what has nothing to do with signals, or a time of its own */
	if (polled)
		poller_wake(&r);
	ring_add3(&r, SYS_fsync, sfd, 0, 0);
	hand_over(polled);
	tap_is(result(polled), -EINVAL, "%s: fsync", what);
	if (polled)
		poller_wake(&r);
	ring_add6(&r, SYS_ppoll, (long)&pf, 1, (long)&soon, 0, 0, 0);
	hand_over(polled);
	tap_is(result(polled), 0, "%s: ppoll until it is too late", what);
	sys(SYS_fcntl, sfd, F_SETFL, O_NONBLOCK);
	if (polled)
		poller_wake(&r);
	ring_add3(&r, SYS_read, sfd, &info, sizeof(info));
	hand_over(polled);
	tap_is(result(polled), -EAGAIN, "%s: without waiting", what);
	sys(SYS_fcntl, sfd, F_SETFL, 0);

	/* the process's own, by whoever */
	if (polled)
		poller_wake(&r);
	ring_add3(&r, SYS_read, sfd, &info, sizeof(info));
	hand_over(polled);
	kill(getpid(), SIGUSR1);
	tap_is(result(polled), sizeof(info), "%s: a signal to the process", what);
}

#define SIGNALS	300

struct reader {
	struct xsc_ring	r;
	struct signalfd_siginfo info;
	int		got;
	unsigned int	turns;
	bool		ready;
};

static bool over;

/* a ring with a read in flight all the time, and a thread that is in user mode all the time */
static void reader(void *arg)
{
	struct reader *me = arg;
	struct xsc_sqe *sqe;
	long res;

	async_make(&me->r, 8);
	while (!__atomic_load_n(&over, __ATOMIC_ACQUIRE)) {
		sqe = xsc_ring_get_sqe(&me->r);
		xsc_sqe_prep(sqe, SYS_read, sfd, (long)&me->info, sizeof(me->info), 0, 0, 0);
		async_submit(&me->r);
		while (!ring_take(&me->r, &res, NULL) && !__atomic_load_n(&over, __ATOMIC_ACQUIRE)) {
			__atomic_add_fetch(&me->turns, 1, __ATOMIC_RELAXED);
			__atomic_store_n(&me->ready, true, __ATOMIC_RELEASE);
		}
		if (!over)
			__atomic_add_fetch(&me->got, res == sizeof(me->info), __ATOMIC_RELEASE);
	}
	xsc_ring_queue_exit(&me->r);
}

/* of two that wait for one signal, the one that does not get it is not held up */
static void two_readers(void)
{
	static struct reader a, b;
	struct thread ta, tb;
	int stuck = 0, lost = 0;

	thread_start(&ta, reader, &a);
	thread_start(&tb, reader, &b);
	while (!__atomic_load_n(&a.ready, __ATOMIC_ACQUIRE) || !__atomic_load_n(&b.ready, __ATOMIC_ACQUIRE))
		msleep(1);
	for (int i = 1; i <= SIGNALS && !stuck && !lost; i++) {
		unsigned long end = now_ms() + 5000;
		unsigned int at = a.turns, bt = b.turns;

		kill(getpid(), SIGUSR1);
		while (a.got + b.got < i && now_ms() < end)
			;
		lost = a.got + b.got < i;
		while ((a.turns == at || b.turns == bt) && now_ms() < end)
			msleep(1);
		stuck = a.turns == at || b.turns == bt;
	}
	tap_is(lost, 0, "two readers: each signal is read");
	tap_is(stuck, 0, "and neither sticks");
	over = true;
	/* who did stick */
	kill(getpid(), SIGUSR1);
	thread_join(&ta);
	thread_join(&tb);
}

int main(int argc, char **argv)
{
	unsigned long mask = 1UL << (SIGUSR1 - 1);

	RINGS_OR_SKIP();
	sys(SYS_rt_sigprocmask, SIG_BLOCK, &mask, NULL, 8);
	sfd = sys(SYS_signalfd4, -1, &mask, 8, 0);
	async_make(&r, 16);
	alarm(100);
	signals(false, "a ring");
	xsc_ring_queue_exit(&r);
	two_readers();
	if (poller_cpus() > 1) {
		poller_make(&r, 16, 0, POLL_IDLE);
		signals(true, "a polled ring");
	}
	return tap_done();
}

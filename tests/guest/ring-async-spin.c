// SPDX-License-Identifier: MIT
/* ring-async-spin.c - XSC_RING_SPIN: who waits looks for CQEs before sleeping, as long as that pays */
#include <sys/resource.h>
#include <signal.h>

#include "poller.h"

#define ROUNDS	300

static struct xsc_ring r;
static int to[2], from[2];
static char byte;

static long make(unsigned int flags, unsigned int us)
{
	struct xsc_ring_params params = { .sq_entries = 8, .flags = flags, .poll_idle = us };
	long ret = xsc_ring_queue_init_params(&params, &r);

	return ret ? ret : params.poll_idle;
}

static long refused(unsigned int flags, unsigned int us)
{
	long ret = make(flags, us);

	if (ret >= 0)
		xsc_ring_queue_exit(&r);
	return ret;
}

static long switches(void)
{
	struct rusage ru;

	sys(SYS_getrusage, 1, &ru);	/* RUSAGE_THREAD */
	return ru.ru_nvcsw;
}

static long cpu_us(void)
{
	struct rusage ru;

	sys(SYS_getrusage, 1, &ru);
	return (ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) * 1000000 + ru.ru_utime.tv_usec + ru.ru_stime.tv_usec;
}

/* who answers at once, on a CPU of its own: nobody spins where the answer would have to run */
static void peer(void *arg)
{
	poller_pin(1);
	while (read(to[0], &byte, 1) == 1)
		write(from[1], &byte, 1);
}

/* how often the thread slept while it asked ROUNDS times */
static long slept(unsigned int flags)
{
	bool bad = false;
	long before;

	make(XSC_RING_ASYNC | flags, flags ? 100000 : 0);
	for (int i = -50; i < ROUNDS; i++) {
		if (!i)
			before = switches();
		ring_add3(&r, SYS_read, from[0], &byte, 1);
		async_submit(&r);
		write(to[1], "x", 1);
		bad |= async_enter(&r, 0, 1, 20000) || xsc_ring_cq_ready(&r) != 1;
		async_drain(&r);
	}
	before = switches() - before;
	xsc_ring_queue_exit(&r);
	return bad ? -1 : before;
}

static void nothing(int sig) { }

static void alarm_soon(void *arg)
{
	msleep(100);
	kill(getpid(), SIGUSR1);
}

/* in the middle of a long spin */
static void killed(void)
{
	make(XSC_RING_ASYNC | XSC_RING_SPIN, 100000);
	pipe(from);
	ring_add3(&r, SYS_read, from[0], &byte, 1);
	async_submit(&r);
	for (;;)
		async_enter(&r, 0, 1, 50);
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = nothing };
	long with, without, used, start, late = 0;
	struct thread t;
	int pid;

	RINGS_OR_SKIP();
	tap_is(refused(XSC_RING_SPIN, 0), -EINVAL, "not without XSC_RING_ASYNC");
	tap_is(refused(XSC_RING_SPIN | XSC_RING_ASYNC | XSC_RING_POLL, 0), -EINVAL, "not with a poller");
	tap_is(refused(XSC_RING_ASYNC, 10), -EINVAL, "a time needs the flag");
	tap_is(refused(XSC_RING_ASYNC | XSC_RING_SPIN, XSC_POLL_IDLE_MAX + 1), -EINVAL, "no more than XSC_POLL_IDLE_MAX");
	tap_is(refused(XSC_RING_ASYNC | XSC_RING_SPIN, 0), XSC_POLL_IDLE, "by default XSC_POLL_IDLE");
	tap_is(refused(XSC_RING_ASYNC | XSC_RING_SPIN | XSC_RING_DEFER, 77), 77, "else what was asked for");

	pipe(to);
	pipe(from);
	thread_start(&t, peer, NULL);
	poller_pin(0);
	without = slept(0);
	with = slept(XSC_RING_SPIN);
	poller_pin(-1);
	tap_ok(without >= ROUNDS / 4, "an answer takes a while: %ld sleeps in %d waits", without, ROUNDS);
	if (poller_cpus() < 2)
		tap_ok(with >= 0, "with one CPU nobody spins in the way of the answer: %ld sleeps", with);
	else
		tap_ok(with >= 0 && with < without / 2, "with XSC_RING_SPIN it is waited for without sleeping: %ld sleeps", with);

	/* what takes longer than that is slept for: the first wait may spin, and learns */
	make(XSC_RING_ASYNC | XSC_RING_SPIN, 10000);
	ring_add3(&r, SYS_read, from[0], &byte, 1);
	async_submit(&r);
	async_enter(&r, 0, 1, 20);
	used = cpu_us();
	start = now_ms();
	for (int i = 0; i < 20; i++)
		late += async_enter(&r, 0, 1, 20) == -ETIME;
	used = cpu_us() - used;
	tap_is(late, 20, "twenty waits in vain");
	tap_ok(used < (now_ms() - start) * 1000 / 4, "are slept for: %ld us of CPU time", used);

	sigaction(SIGUSR1, &sa, NULL);
	thread_start(&t, alarm_soon, NULL);
	tap_is(async_enter(&r, 0, 1, 20000), -EINTR, "a signal ends the wait");
	xsc_ring_queue_exit(&r);

	pid = fork();
	if (!pid)
		killed();
	msleep(200);
	kill(pid, SIGKILL);
	tap_is(wait_for(pid), SIGKILL, "and SIGKILL the process");
	return tap_done();
}

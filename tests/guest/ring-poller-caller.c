// SPDX-License-Identifier: MIT
/*
 * ring-poller-caller.c - what a poller may not run, the thread itself runs, without being asked
 *
 * The ops are handed over while the poller is awake, and no doorbell is rung.
 */
#include <poll.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "poller.h"
#include "seccomp.h"

static struct xsc_ring r;
static int slow_ms;

/* a filter that came after the poller woke */
static int filtered(void)
{
	poller_make(&r, 16, 0, POLL_IDLE);
	if (!poller_wake(&r))
		return 1;
	seccomp_filter(SYS_getppid, SECCOMP_RET_ERRNO | 77);
	ring_add0(&r, SYS_getppid);
	return poller_result(&r, ring_data) == -77 ? poller_asleep << 4 : 2;
}

/* credentials that changed after the poller woke */
static int other_user(void)
{
	poller_make(&r, 16, 0, POLL_IDLE);
	if (!poller_wake(&r))
		return 1;
	sys(SYS_setresuid, 1000, 1000, 1000);
	ring_add4(&r, SYS_openat, AT_FDCWD, "mine/file", O_CREAT | O_RDWR, 0600);
	if (poller_result(&r, ring_data) != -EACCES)
		return 2;
	/* and it is polled again, as that user */
	if (!poller_wake(&r))
		return 3;
	ring_add4(&r, SYS_openat, AT_FDCWD, "mine/file", O_CREAT | O_RDWR, 0600);
	return poller_result(&r, ring_data) == -EACCES ? poller_asleep << 4 : 4;
}

#define SLOW_PARTS	512
#define SLOW_BYTES	(1 << 20)
static struct iovec slow_from[SLOW_PARTS], slow_to[SLOW_PARTS];
static char slow_in[SLOW_BYTES], slow_out[2][SLOW_BYTES];

/* an op that the poller runs itself and that takes it a while; what follows is a chain's */
static void slow(void)
{
	unsigned long t = now_ms();
	int parts;

	for (int i = 0; i < SLOW_PARTS; i++) {
		slow_from[i] = (struct iovec){ slow_in, SLOW_BYTES };
		slow_to[i] = (struct iovec){ slow_out[0], SLOW_BYTES };
	}
	memset(slow_in, 1, sizeof(slow_in));
	/* as long on any kernel */
	sys(SYS_process_vm_readv, getpid(), slow_to, 8, slow_from, 8, 0);
	t = now_ms() - t + 1;
	parts = 8 * slow_ms / t;
	parts = parts < 8 ? 8 : parts > SLOW_PARTS ? SLOW_PARTS : parts;
	slow_to[parts - 1].iov_base = slow_out[1];
	slow_out[0][0] = 0;
	xsc_sqe_link(ring_add6(&r, SYS_process_vm_readv, getpid(), (long)slow_to, parts, (long)slow_from, parts, 0));
}

/* is the poller inside it? */
static bool slow_runs(void)
{
	unsigned long end = now_ms() + 5000;

	xsc_ring_flush(&r);
	while (!__atomic_load_n(&slow_out[0][0], __ATOMIC_ACQUIRE) && now_ms() < end)
		;
	return slow_out[0][0];
}

/* and was it still, when what the thread has done by now was done? */
static bool slow_still(void)
{
	return !__atomic_load_n(&slow_out[1][0], __ATOMIC_ACQUIRE);
}

/* the same in the middle of a chain */
static int other_user_in_chain(void)
{
	poller_make(&r, 16, 0, POLL_IDLE);
	if (!poller_wake(&r))
		return 1;
	slow();
	ring_add4(&r, SYS_openat, AT_FDCWD, "mine/file", O_CREAT | O_RDWR, 0600);
	if (!slow_runs())
		return 1 << 4;
	sys(SYS_setresuid, 1000, 1000, 1000);
	if (!slow_still())
		return 1 << 4;
	return poller_result(&r, ring_data) == -EACCES ? poller_asleep << 4 : 2;
}

static int filtered_in_chain(void)
{
	poller_make(&r, 16, 0, POLL_IDLE);
	if (!poller_wake(&r))
		return 1;
	slow();
	ring_add0(&r, SYS_getppid);
	if (!slow_runs())
		return 1 << 4;
	seccomp_filter(SYS_getppid, SECCOMP_RET_ERRNO | 77);
	if (!slow_still())
		return 1 << 4;
	return poller_result(&r, ring_data) == -77 ? poller_asleep << 4 : 2;
}

/* a filter of all threads: it must not find the op in the poller, and kill that */
static int filtered_all(void)
{
	poller_make(&r, 16, 0, POLL_IDLE);
	if (!poller_wake(&r))
		return 1;
	slow();
	ring_add0(&r, SYS_getppid);
	if (!slow_runs())
		return 1 << 4;
	if (seccomp_filter_flags(SYS_getppid, SECCOMP_RET_KILL_THREAD, SECCOMP_FILTER_FLAG_TSYNC))
		return 2;
	if (!slow_still())
		return 1 << 4;
	poller_result(&r, ring_data);
	/* the thread itself made the call, and is not here any more */
	return 3;
}

/* of the only thread that is not the kernel's */
static int ends(void)
{
	poller_make(&r, 16, 0, POLL_IDLE);
	if (!poller_wake(&r))
		return 1;
	return sys(SYS_exit, 7);
}

/* the thread is blocked in a call of its own meanwhile */
static int blocked(void)
{
	int p[2];
	char c = 0;

	pipe(p);
	poller_make(&r, 16, 0, POLL_IDLE);
	if (!poller_wake(&r))
		return 1;
	/* only the caller may run the first; the second ends the read */
	ring_add0(&r, SYS_gettid);
	ring_add3(&r, SYS_write, p[1], "x", 1);
	xsc_ring_flush(&r);
	if (read(p[0], &c, 1) != 1 || c != 'x')
		return 2;
	return async_result(&r, ring_data - 1) == sys(SYS_gettid) ? 0 : 3;
}

/* 0 if it is as it should be, with the poller awake all the time or, after ten tries, not */
static int in_child(int (*fn)(void))
{
	int pid, status = -1;

	slow_ms = 300;
	for (int i = 0; i < 10; i++) {
		pid = fork();
		if (!pid)
			_exit(fn());
		status = wait_for(pid);
		if (!status || (status >> 8 & 15) || status & 127)
			return status;
		dprintf(1, "# the poller slept, or was too quick; again\n");
		if (slow_ms < 4000)
			slow_ms *= 2;
	}
	return status & 0xff;
}

static unsigned long mask = ~0UL;

int main(int argc, char **argv)
{
	struct { long s, ns; } ms = { 0, 1000000 };
	struct pollfd pf = { .events = POLLIN };
	int p[2], status;
	__u64 a;

	POLLER_OR_SKIP();
	sys(SYS_mkdir, "mine", 0700);
	pipe(p);
	pf.fd = p[0];

	poller_make(&r, 32, 0, POLL_IDLE);
	tap_ok(poller_wake(&r), "the poller is awake");
	ring_add0(&r, SYS_gettid);
	tap_is(poller_result(&r, ring_data), sys(SYS_gettid), "gettid is that of the thread");
	poller_wake(&r);
	ring_add3(&r, SYS_umask, 022, 0, 0);
	tap_ok(poller_result(&r, ring_data) >= 0, "umask");
	tap_is(sys(SYS_umask, 0), 022, "is the thread's");
	poller_wake(&r);
	ring_add6(&r, SYS_ppoll, (long)&pf, 1, (long)&ms, (long)&mask, 8, 0);
	tap_is(poller_result(&r, ring_data), 0, "ppoll with a mask");

	/* in its place in the order, alone and in a chain */
	poller_wake(&r);
	a = ring_data + 1;
	ring_add0(&r, SYS_getpid);
	ring_add0(&r, SYS_gettid);
	ring_add0(&r, SYS_getppid);
	xsc_sqe_link(ring_add0(&r, SYS_getpid));
	xsc_sqe_link(ring_add0(&r, SYS_gettid));
	xsc_sqe_link(ring_add3(&r, SYS_fsync, -1, 0, 0));
	ring_add0(&r, SYS_getpid);
	tap_is(poller_result(&r, a + 6), -ECANCELED, "behind what failed in a chain with an op for the caller");
	tap_is(async_got[a].res, getpid(), "before it");
	tap_is(async_got[a + 1].res, sys(SYS_gettid), "an op for the caller");
	tap_is(async_got[a + 2].res, getppid(), "behind it");
	tap_is(async_got[a + 4].res, sys(SYS_gettid), "one in a chain");
	for (int i = 0; i < 6; i++)
		tap_ok(async_got[a + i].place < async_got[a + i + 1].place || i == 5, "in order: %d", i);

	tap_is(in_child(filtered), 0, "a filter that came later sees the op");
	tap_is(in_child(other_user), 0, "credentials that came later hold");
	tap_is(in_child(other_user_in_chain), 0, "credentials that came in the middle of a chain hold");
	tap_is(in_child(filtered_in_chain), 0, "a filter that came there sees the op");
	status = in_child(filtered_all);
	if (status)
		tap_is(status, SIGSYS, "one of all threads kills the thread itself");
	else
		tap_skip("the poller was never met in a chain");
	tap_is(in_child(ends), 7 << 8, "the code of the process is not the poller's, which ends last");
	tap_is(in_child(blocked), 0, "while the thread is blocked in a call");
	return tap_done();
}

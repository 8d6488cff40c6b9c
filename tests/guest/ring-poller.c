// SPDX-License-Identifier: MIT
/* ring-poller.c - a polled ring: no doorbell while the poller is awake, no CPU time while it sleeps */
#include <sys/stat.h>

#include "poller.h"

static struct xsc_ring r, r2;

static void setup(void)
{
	static const struct {
		struct xsc_ring_params p;
		const char *what;
	} bad[] = {
		{ { .sq_entries = 8, .flags = XSC_RING_POLL }, "POLL without ASYNC" },
		{ { .sq_entries = 8, .flags = XSC_RING_ASYNC | XSC_RING_ADAPT }, "ADAPT without POLL" },
		{ { .sq_entries = 8, .flags = XSC_RING_ASYNC, .poll_idle = 10 }, "poll_idle without POLL" },
		{ { .sq_entries = 8, .flags = XSC_RING_ASYNC | XSC_RING_POLL, .poll_idle = XSC_POLL_IDLE_MAX + 1 }, "too long" },
	};
	struct xsc_ring_params p = { .sq_entries = 8, .flags = XSC_RING_ASYNC | XSC_RING_POLL };
	long fd;

	for (int i = 0; i < 4; i++) {
		struct xsc_ring_params q = bad[i].p;

		tap_is(ring_setup(&q), -EINVAL, "%s", bad[i].what);
	}
	write_file("/proc/sys/kernel/xsc/poller", "0");
	tap_is(ring_setup(&p), -EPERM, "kernel.xsc.poller = 0: EPERM");
	write_file("/proc/sys/kernel/xsc/poller", "1");
	fd = ring_setup(&p);
	tap_ok(fd >= 0, "allowed again");
	tap_is(p.poll_idle, XSC_POLL_IDLE, "the default idle time");
	close(fd);
}

/* state letter and CPU ticks of a thread */
static char state(int tid, unsigned long *ticks)
{
	char path[64], text[512], *at;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	if (read_file(path, text, sizeof(text)) < 0)
		return 0;
	at = strstr(text, ") ") + 2;
	path[0] = *at;
	for (int i = 0; i < 11; i++)
		at = strchr(at, ' ') + 1;
	*ticks = strtoul(at, &at, 10);
	*ticks += strtoul(at + 1, NULL, 10);
	return path[0];
}

int main(int argc, char **argv)
{
	unsigned long ticks, later, end;
	char buf[16] = "", path[16] = "file";
	int p[2], fd, tid;
	long entries, looking, got[3];
	__u64 a;

	POLLER_OR_SKIP();
	setup();

	poller_make(&r, 16, 0, POLL_IDLE);
	tap_ok(!poller_awake(&r), "a new ring has to be rung");
	tap_is(poller_tid(), 0, "and has no thread yet");
	tap_ok(poller_wake(&r), "after a doorbell the poller looks");
	tid = poller_tid();
	tap_ok(tid, "it is a thread of the process");

	/* no doorbell; nothing else enters the kernel in between */
	entries = mini_xsc ? proc_xsc(0, "entries", NULL) : 0;
	looking = mini_xsc ? proc_xsc(0, "entries", NULL) - entries : 0;
	entries += looking;
	poller_looks = 0;
	for (int i = 0; i < 3; i++) {
		static const unsigned int ops[] = { SYS_getpid, XSC_OP_NOP, 0xffff };

		ring_add0(&r, ops[i]);
		got[i] = poller_result(&r, ring_data);
	}
	if (mini_xsc)
		entries = proc_xsc(0, "entries", NULL) - entries - looking - poller_looks;
	tap_is(got[0], getpid(), "an op without a doorbell");
	tap_is(got[1], 0, "a nop");
	tap_is(got[2], -ENOSYS, "an unknown op");
	if (mini_xsc)
		tap_is(entries, poller_asleep, "no kernel entry, but for a doorbell where it had fallen asleep");

	/* what blocks goes on by itself */
	pipe(p);
	ring_add3(&r, SYS_read, p[0], buf, 4);
	a = ring_data;
	tap_ok(poller_takes(&r), "a read that would block is taken");
	ring_add3(&r, SYS_write, p[1], "abcd", 4);
	tap_is(poller_result(&r, a + 1), 4, "a write behind it");
	tap_is(async_result(&r, a), 4, "ends the read");
	tap_ok(!memcmp(buf, "abcd", 4), "the bytes");

	/* a chain with forwards */
	poller_wake(&r);
	ring_add4(&r, SYS_openat, AT_FDCWD, path, O_CREAT | O_RDWR, 0600)->flags = XSC_SQE_LINK;
	a = ring_data;
	xsc_sqe_forward(ring_add3(&r, SYS_write, 0, "0123456789", 10), 0, 1);
	xsc_sqe_link(&r.sqes[(r.sqe_tail - 1) & r.sq_mask]);
	xsc_sqe_forward(ring_add3(&r, SYS_close, 0, 0, 0), 0, 2);
	tap_ok(async_result(&r, a) >= 0, "a chain: open");
	tap_is(async_result(&r, a + 1), 10, "write to what it returned");
	tap_is(async_result(&r, a + 2), 0, "close");

	/* order on one file */
	fd = open(path, O_RDONLY, 0);
	poller_wake(&r);
	memset(buf, 0, sizeof(buf));
	for (int i = 0; i < 10; i++)
		ring_add3(&r, SYS_read, fd, buf + i, 1);
	tap_is(async_result(&r, ring_data), 1, "ten reads of a byte");
	tap_is(memcmp(buf, "0123456789", 10), 0, "in order");

	/* one poller for two rings */
	poller_make(&r2, 8, 0, POLL_IDLE);
	poller_wake(&r);
	tap_ok(poller_wake(&r2), "a second ring is polled");
	tap_is(poller_tid(), tid, "by the same thread");
	poller_wake(&r);
	ring_add0(&r2, SYS_getppid);
	a = ring_data;
	ring_add0(&r, SYS_getpid);
	tap_is(poller_result(&r, ring_data), getpid(), "the first");
	tap_is(poller_result(&r2, a), getppid(), "and the second");

	/* asleep */
	end = now_ms() + 20000;
	while ((poller_awake(&r) || poller_awake(&r2)) && now_ms() < end)
		msleep(20);
	tap_ok(!poller_awake(&r) && !poller_awake(&r2), "without work it says that it sleeps");
	msleep(50);
	tap_is(state(tid, &ticks), 'S', "and does");
	msleep(500);
	state(tid, &later);
	tap_is(later - ticks, 0, "it takes no CPU time");
	ring_add0(&r, SYS_getpid);
	a = ring_data;
	xsc_ring_flush(&r);
	msleep(100);
	tap_ok(!async_has(&r, a), "an SQE without the doorbell waits");
	tap_is(async_submit(&r), 1, "the doorbell takes it");
	tap_is(async_result(&r, a), getpid(), "in the caller");

	/* forbidden later: the ring goes on by doorbells */
	end = now_ms() + 20000;
	while (poller_awake(&r) && now_ms() < end)
		msleep(20);
	write_file("/proc/sys/kernel/xsc/poller", "0");
	tap_ok(!poller_wake(&r), "forbidden meanwhile: no poller, and the op has run");
	write_file("/proc/sys/kernel/xsc/poller", "1");
	return tap_done();
}

// SPDX-License-Identifier: MIT
/* ring-async-sleep.c - sleeps need no thread */
#include <time.h>

#include "async.h"

static struct xsc_ring r;

int main(int argc, char **argv)
{
	struct ts { long s, ns; } t[200], now, bad = { 0, -1 };
	unsigned long start, took;
	long wrong = 0;
	__u64 a;

	RINGS_OR_SKIP();
	async_make(&r, 256);
	for (int i = 0; i < 200; i++)
		t[i] = (struct ts) { 0, (300 - i) * 1000000 };
	a = ring_data + 1;
	start = now_ms();
	for (int i = 0; i < 200; i++)
		ring_add3(&r, SYS_nanosleep, &t[i], 0, 0);
	tap_is(async_enter(&r, 200, 200, 10000), 200, "200 sleeps of 101 to 300 ms");
	took = now_ms() - start;
	tap_ok(took >= 299, "all over after %lu ms", took);
	tap_ok(threads() <= 2, "%ld threads", threads());
	async_drain(&r);
	for (int i = 0; i < 200; i++)
		wrong += async_got[a + i].res != 0 || async_got[a + i].times != 1;
	tap_is(wrong, 0, "each with result 0");
	tap_ok(async_got[a + 199].place < async_got[a].place, "the shortest first");

	sys(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
	now.ns += 200000000;
	if (now.ns >= 1000000000) {
		now.s++;
		now.ns -= 1000000000;
	}
	start = now_ms();
	ring_add4(&r, SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &now, 0);
	async_submit(&r);
	tap_is(async_result(&r, ring_data), 0, "until a time");
	took = now_ms() - start;
	tap_ok(took >= 190 && took < 5000, "%lu ms", took);
	async_submit(&r);
	ring_add4(&r, SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &now, 0);
	async_submit(&r);
	tap_is(async_result(&r, ring_data), 0, "until a time that is past");
	t[0] = (struct ts) { 0, 50000000 };
	for (int clock = 0; clock <= 11; clock++) {
		static const char *const what[] = { [CLOCK_REALTIME] = "realtime", [CLOCK_MONOTONIC] = "monotonic",
			[CLOCK_BOOTTIME] = "boottime", [CLOCK_TAI] = "tai" };

		if (!what[clock])
			continue;
		start = now_ms();
		ring_add4(&r, SYS_clock_nanosleep, clock, 0, &t[0], 0);
		async_submit(&r);
		tap_ok(async_result(&r, ring_data) == 0 && now_ms() - start >= 49, "clock %s", what[clock]);
	}
	ring_add3(&r, SYS_nanosleep, &bad, 0, 0);
	ring_add3(&r, SYS_nanosleep, 8, 0, 0);
	ring_add4(&r, SYS_clock_nanosleep, 77, 0, &t[0], 0);
	ring_add4(&r, SYS_clock_nanosleep, CLOCK_THREAD_CPUTIME_ID, 0, &t[0], 0);
	async_submit(&r);
	tap_is(async_result(&r, ring_data - 3), -EINVAL, "a time that is none");
	tap_is(async_result(&r, ring_data - 2), -EFAULT, "an address that is none");
	tap_is(async_result(&r, ring_data - 1), -EINVAL, "a clock that is none");
	tap_ok(async_result(&r, ring_data) < 0, "a thread's CPU time: %ld", async_got[ring_data].res);
	xsc_ring_queue_exit(&r);
	return tap_done();
}

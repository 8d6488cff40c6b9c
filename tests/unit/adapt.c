// SPDX-License-Identifier: MIT
/*
 * adapt.c - XSC_RING_ADAPT keeps to the better way, also beside others
 *
 * A thread makes one op after the other, by doorbells or by a poller as
 * xsc_adapt.h says, in a time of our own.
 */
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef uint64_t u64;

#define NSEC_PER_MSEC		1000000ULL
#define div64_u64(a, b)		((a) / (b))
#define max_t(t, a, b)		((t)(a) > (t)(b) ? (t)(a) : (t)(b))
#define min_t(t, a, b)		((t)(a) < (t)(b) ? (t)(a) : (t)(b))

#include "xsc_adapt.h"
#include "sim-cpu.h"
#include "tap.h"

/* what the machine is like; nanoseconds */
struct load {
	const char	*name;
	u64		doorbell, polled;	/* of an op */
	u64		runs, away;		/* as in struct sim_cpu */
};

/* an op has been consumed: who consumes the next one? */
static bool step(struct xsc_adapt *a, bool polling, u64 now)
{
	if (polling) {
		if (xsc_adapt_polled(a, now, 1))
			return true;
		xsc_adapt_window(a, now);
	} else if (!xsc_adapt_skips(a, 1) && xsc_adapt_doorbell(a, now, 1)) {
		xsc_adapt_start(a, now);
		return true;
	}
	return false;
}

/* the share of time that ops by the poller take, in @ms milliseconds, after @before */
static double polled_share(const struct load *l, u64 before, u64 ms)
{
	u64 by_poller = 0, all = 0, op, end;
	struct sim_cpu cpu;
	struct xsc_adapt a;
	bool polling = false;

	memset(&a, 0, sizeof(a));
	xsc_adapt_init(&a);
	sim_cpu_start(&cpu, l->runs, l->away);
	before = cpu.now + before * MS;
	end = before + ms * MS;
	while (cpu.now < end) {
		op = polling ? l->polled : l->doorbell;
		if (cpu.now > before) {
			all += op;
			by_poller += polling ? op : 0;
		}
		sim_pass(&cpu, op);
		polling = step(&a, polling, cpu.now);
	}
	return (double)by_poller / (double)all;
}

static void test_share(const struct load *l, double least, double most)
{
	double share = polled_share(l, 1000, 20000);

	tap_ok(share >= least && share <= most, "%s: %.4f of the time by the poller, %.2f to %.2f", l->name, share, least,
	       most);
}

/* one op each @period: the share of time that the poller looks, which gives up after a millisecond */
static void test_seldom(u64 period)
{
	u64 now = 1000 * MS, looked = 0;
	const u64 end = now + 60000 * MS;
	struct xsc_adapt a;
	bool polling = false;

	memset(&a, 0, sizeof(a));
	xsc_adapt_init(&a);
	while (now < end) {
		if (polling && period > MS) {
			xsc_adapt_idle(&a);
			looked += MS;
			polling = false;
			xsc_adapt_window(&a, now + MS);
		} else if (polling) {
			looked += period;
		}
		now += period;
		polling = step(&a, polling, now);
	}
	tap_ok((double)looked / (60000 * MS) < 0.03, "an op each %.1f ms: the poller looks for %.4f of the time",
	       (double)period / MS, (double)looked / (60000 * MS));
}

/* what is better changes: both ways */
static void test_change(void)
{
	const struct load slow = { .doorbell = 2000, .polled = 6000 }, fast = { .doorbell = 6000, .polled = 2000 };
	struct xsc_adapt a;
	u64 now = 1000 * MS, until;
	bool polling = false;

	memset(&a, 0, sizeof(a));
	xsc_adapt_init(&a);
	for (until = now + 5000 * MS; now < until || polling; polling = step(&a, polling, now))
		now += polling ? slow.polled : slow.doorbell;
	for (until = now + 2500 * MS; now < until && !polling; polling = step(&a, polling, now))
		now += fast.doorbell;
	tap_ok(polling, "the poller is found to be better within 2.5 s of its becoming so");
}

int main(void)
{
	static const struct load loads[] = {
		{ "a poller that is slower", 2000, 6000, 0, 0 },
		{ "that is a little slower", 2000, 2050, 0, 0 },
		{ "slower, others have the CPU half of the time", 2000, 6000, 4 * MS, 4 * MS },
		{ "slower, others have it most of the time", 2000, 6000, 3 * MS, 6 * MS },
		{ "slower, in small slices", 2000, 6000, 2 * MS, MS },
	};
	static const struct load better[] = {
		{ "a poller that is quicker", 6000, 2000, 0, 0 },
		{ "quicker, others have the CPU half of the time", 6000, 2000, 4 * MS, 4 * MS },
		{ "quicker, others have it most of the time", 6000, 2000, 3 * MS, 6 * MS },
		{ "quicker, in small slices", 6000, 2000, 2 * MS, MS },
	};
	unsigned int i;

	for (i = 0; i < sizeof(loads) / sizeof(loads[0]); i++)
		test_share(&loads[i], 0, 0.03);
	for (i = 0; i < sizeof(better) / sizeof(better[0]); i++)
		test_share(&better[i], 0.85, 1);
	test_seldom(5 * MS);
	test_seldom(20 * MS);
	test_seldom(MS / 2);
	test_change();
	return tap_done();
}

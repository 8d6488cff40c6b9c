// SPDX-License-Identifier: MIT
/*
 * ring-call.c - xsc_ring_call() keeps to the better way, also beside others
 *
 * The kernel, its poller and the clock are played here.
 */
#include <time.h>

static int sim_ioctl(int fd, unsigned long cmd, void *arg);
static int sim_clock(struct timespec *ts);
static long sim_gate(void);
static void sim_relax(void);

#include <sys/ioctl.h>
#include <xsc/barrier.h>
#include <xsc/gate.h>

#define ioctl(fd, cmd, arg)		sim_ioctl(fd, cmd, arg)
#define clock_gettime(clock, ts)	sim_clock(ts)
#define xsc_call6(...)			sim_gate()
#undef xsc_cpu_relax
#define xsc_cpu_relax()			sim_relax()
#include <xsc/ring.h>
#include "ring-sim.h"
#include "sim-cpu.h"
#include "tap.h"

/* what the machine is like; nanoseconds */
static const struct load {
	const char		*name;
	unsigned long long	gate, polled;	/* of an op */
	unsigned long long	runs, away;	/* the thread has its CPU, and has not, in turn */
	int			poller;		/* is better */
} loads[] = {
	{ "a poller that is slower", 500, 1500, 0, 0, 0 },
	{ "that is a little slower", 1000, 1020, 0, 0, 0 },
	{ "slower, others have the CPU half of the time", 500, 1500, 4 * MS, 4 * MS, 0 },
	{ "slower, others have it most of the time", 500, 1500, 3 * MS, 6 * MS, 0 },
	{ "slower, in small slices", 500, 1500, 2 * MS, MS, 0 },
	{ "a poller that is quicker", 1500, 500, 0, 0, 1 },
	{ "quicker, others have the CPU half of the time", 1500, 500, 4 * MS, 4 * MS, 1 },
	{ "quicker, others have it most of the time", 1500, 500, 3 * MS, 6 * MS, 1 },
	{ "quicker, in small slices", 1500, 500, 2 * MS, MS, 1 },
};
static const struct load *load;
static struct xsc_ring ring;
static struct sim_cpu cpu;
static unsigned long long by_gate, by_poller;

static int sim_ioctl(int fd, unsigned long cmd, void *arg)
{
	struct xsc_ring_enter *enter = arg;

	(void)fd;
	if (cmd != XSC_IOC_ENTER)
		return -1;
	sim_pass(&cpu, load->gate);
	ring.cr->need_wakeup = 0;
	return (int)sim_doorbell(&ring, enter->to_submit);
}

static int sim_clock(struct timespec *ts)
{
	ts->tv_sec = (time_t)(cpu.now / 1000000000);
	ts->tv_nsec = (long)(cpu.now % 1000000000);
	return 0;
}

static long sim_gate(void)
{
	sim_pass(&cpu, load->gate);
	by_gate += load->gate;
	return 42;
}

static void sim_relax(void)
{
	if (sim_doorbell(&ring, 1)) {
		sim_pass(&cpu, load->polled);
		by_poller += load->polled;
	}
}

static void run(unsigned long long ms)
{
	unsigned long long end = cpu.now + ms * MS;
	long wrong = 0;

	while (cpu.now < end)
		wrong += xsc_ring_call(&ring, 39, 42, 0, 0, 0, 0, 0) != 42;
	if (wrong)
		tap_ok(false, "%s: %ld wrong results", load->name, wrong);
}

int main(void)
{
	unsigned int i;
	double share;

	for (i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
		load = &loads[i];
		sim_init(&ring, 8, 8, 0);
		ring.spin = 1000;
		ring.cr->need_wakeup = 1;
		xsc_ring_meter_init(&ring.meter);
		sim_cpu_start(&cpu, load->runs, load->away);
		run(1000);
		by_gate = by_poller = 0;
		run(10000);
		share = (double)by_poller / (double)(by_gate + by_poller);
		tap_ok(load->poller ? share > 0.85 : share < 0.03, "%s: %.4f of the time by the poller", load->name, share);
		sim_free(&ring);
	}
	return tap_done();
}

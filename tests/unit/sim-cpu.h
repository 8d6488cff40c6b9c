/* SPDX-License-Identifier: MIT */
/*
 * sim-cpu.h - a clock, and a CPU that others have in turn
 */
#ifndef XSC_SIM_CPU_H
#define XSC_SIM_CPU_H

#define MS	1000000ULL

/* nanoseconds: the thread has its CPU, and has not, in turn */
struct sim_cpu {
	unsigned long long	runs, away;
	unsigned long long	now, next;
	unsigned int		turn;
};

static void sim_cpu_start(struct sim_cpu *cpu, unsigned long long runs, unsigned long long away)
{
	*cpu = (struct sim_cpu){ .runs = runs, .away = away, .now = 1000 * MS, .next = 1000 * MS + runs };
}

/* Something takes the thread @ns; the turns differ, the same way each time. */
static void sim_pass(struct sim_cpu *cpu, unsigned long long ns)
{
	cpu->now += ns;
	if (cpu->away && cpu->now > cpu->next) {
		cpu->now += cpu->away;
		cpu->next = cpu->now + cpu->runs / 8 * (5 + cpu->turn++ % 7 % 4);
	}
}

#endif /* XSC_SIM_CPU_H */

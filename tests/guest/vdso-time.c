// SPDX-License-Identifier: MIT
/*
 * vdso-time.c - the vDSO's own functions, also where they enter the kernel
 *
 * CPU-time clocks and clocks that cannot be read in user mode come from the
 * kernel: through the gate, in an XSC process.
 */
#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

#include "mini.h"
#include "tap.h"
#include "witness.h"

/* the address of a dynamic symbol of the vDSO, or NULL */
static void *vdso_sym(const char *name)
{
	char *base = (char *)getauxval(AT_SYSINFO_EHDR);
	Elf64_Ehdr *eh = (Elf64_Ehdr *)base;
	Elf64_Phdr *ph = (Elf64_Phdr *)(base + eh->e_phoff);
	Elf64_Dyn *dyn = NULL;
	Elf64_Sym *sym = NULL;
	const char *str = NULL;
	unsigned int *hash = NULL, *gnu = NULL, nr = 0;

	if (!base)
		return NULL;
	for (int i = 0; i < eh->e_phnum; i++)
		if (ph[i].p_type == PT_DYNAMIC)
			dyn = (Elf64_Dyn *)(base + ph[i].p_offset);
	for (; dyn && dyn->d_tag; dyn++) {
		if (dyn->d_tag == DT_SYMTAB)
			sym = (Elf64_Sym *)(base + dyn->d_un.d_ptr);
		else if (dyn->d_tag == DT_STRTAB)
			str = base + dyn->d_un.d_ptr;
		else if (dyn->d_tag == DT_HASH)
			hash = (unsigned int *)(base + dyn->d_un.d_ptr);
		else if (dyn->d_tag == DT_GNU_HASH)
			gnu = (unsigned int *)(base + dyn->d_un.d_ptr);
	}
	if (hash)
		nr = hash[1];
	else if (gnu && (char *)str > (char *)sym)
		nr = (str - (char *)sym) / sizeof(*sym);
	for (unsigned int i = 0; sym && str && i < nr; i++)
		if (!strcmp(str + sym[i].st_name, name) && sym[i].st_value)
			return base + sym[i].st_value;
	return NULL;
}

static long ns(const struct timespec *t)
{
	return t->tv_sec * 1000000000L + t->tv_nsec;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int id;
	} clocks[] = {
		{ "REALTIME", CLOCK_REALTIME }, { "MONOTONIC", CLOCK_MONOTONIC },
		{ "PROCESS_CPUTIME_ID", CLOCK_PROCESS_CPUTIME_ID }, { "THREAD_CPUTIME_ID", CLOCK_THREAD_CPUTIME_ID },
		{ "MONOTONIC_RAW", CLOCK_MONOTONIC_RAW }, { "REALTIME_COARSE", CLOCK_REALTIME_COARSE },
		{ "MONOTONIC_COARSE", CLOCK_MONOTONIC_COARSE }, { "BOOTTIME", CLOCK_BOOTTIME }, { "TAI", CLOCK_TAI },
	};
	static const struct {
		const char *name;
		unsigned int off;
	} sites[] = {
		{ "__vdso_xsc_enter", XSC_GATE_ENTER }, { "__vdso_xsc_batch", XSC_GATE_BATCH },
		{ "__vdso_xsc_vfork", XSC_GATE_VFORK }, { "__restore_rt", XSC_GATE_SIGRETURN },
	};
	long (*gettime)(int, struct timespec *) = vdso_sym("__vdso_clock_gettime");
	long (*getres)(int, struct timespec *) = vdso_sym("__vdso_clock_getres");
	long (*gtod)(struct timeval *, void *) = vdso_sym("__vdso_gettimeofday");
	long (*vtime)(long *) = vdso_sym("__vdso_time");
	long (*getcpu)(unsigned int *, unsigned int *, void *) = vdso_sym("__vdso_getcpu");
	unsigned int cpu = 999;
	struct timespec a, b, c;
	struct timeval tv;
	long timer;

	tap_ok(gettime && getres && gtod && vtime && getcpu, "the vDSO's functions are there");
	if (!gettime || !getres || !gtod || !vtime || !getcpu)
		return tap_done();
	if (mini_has_gate)
		for (int i = 0; i < 4; i++)
			tap_is((long)vdso_sym(sites[i].name), xsc_gate() + sites[i].off, "%s is the gate's", sites[i].name);

	for (size_t i = 0; i < sizeof(clocks) / sizeof(*clocks); i++) {
		long err = sys(SYS_clock_gettime, clocks[i].id, &a);

		tap_is(gettime(clocks[i].id, &b), err, "%s", clocks[i].name);
		sys(SYS_clock_gettime, clocks[i].id, &c);
		tap_ok(ns(&a) <= ns(&b) && ns(&b) <= ns(&c), "%s: between two readings by op", clocks[i].name);
		tap_is(getres(clocks[i].id, &b), sys(SYS_clock_getres, clocks[i].id, &a), "%s: resolution", clocks[i].name);
		tap_is(ns(&b), ns(&a), "%s: the same", clocks[i].name);
	}
	timer = proc_xsc(0, "direct", "timer");
	gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	gettime(CLOCK_THREAD_CPUTIME_ID, &a);
	if (mini_xsc)
		tap_is(proc_xsc(0, "direct", "timer") - timer, 2, "CPU-time clocks are ops of the direct way");
	tap_is(gettime(77, &a), -EINVAL, "an unknown clock");
	tap_is(gettime(-2, &a), sys(SYS_clock_gettime, -2, &c), "the clock of a process");
	tap_is(getres(77, &a), -EINVAL, "an unknown clock's resolution");
	/* by the red zone: nothing below the stack pointer of a leaf is lost */
	for (int i = 0; i < 1000; i++)
		if (gettime(CLOCK_THREAD_CPUTIME_ID, &b) || ns(&b) <= 0)
			tap_ok(false, "round %d", i);
	tap_is(gtod(&tv, NULL), 0, "gettimeofday");
	sys(SYS_clock_gettime, CLOCK_REALTIME, &a);
	tap_ok(a.tv_sec - tv.tv_sec <= 1, "its seconds");
	tap_ok(a.tv_sec - vtime(NULL) <= 1, "time");
	tap_is(getcpu(&cpu, NULL, NULL), 0, "getcpu");
	tap_ok(cpu < 64, "a CPU: %u", cpu);
	if (mini_has_gate)
		tap_is(proc_xsc(0, "traps", NULL), 0, "no trap");
	return tap_done();
}

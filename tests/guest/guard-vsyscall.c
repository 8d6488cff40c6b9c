// SPDX-License-Identifier: MIT
/* guard-vsyscall.c - calls into the vsyscall page: gettimeofday, time, getcpu */
#include "guard.h"

#define VSYSCALL	0xffffffffff600000UL

static long vsyscall(int n, void *a, void *b)
{
	return ((long (*)(void *, void *, void *))(VSYSCALL + n * 1024))(a, b, NULL);
}

/* The result shows whether the call was made. */
static void tell(int fd, bool made)
{
	if (made)
		sys(SYS_write, fd, "x", 1);
}

static void try_gettimeofday(int fd)
{
	struct { long sec, usec; } tv = { 0, 0 };

	vsyscall(0, &tv, NULL);
	tell(fd, tv.sec);
}

static void try_time(int fd)
{
	long t = 0;

	vsyscall(1, &t, NULL);
	tell(fd, t);
}

static void try_getcpu(int fd)
{
	unsigned int cpu = 12345;

	vsyscall(2, &cpu, NULL);
	tell(fd, cpu != 12345);
}

int main(int argc, char **argv)
{
	static const struct door doors[] = {
		{ "vsyscall gettimeofday", try_gettimeofday, "vsyscall", SYS_gettimeofday, AUDIT_ARCH_X86_64, false, true },
		{ "vsyscall time", try_time, "vsyscall", SYS_time, AUDIT_ARCH_X86_64, false, true },
		{ "vsyscall getcpu", try_getcpu, "vsyscall", SYS_getcpu, AUDIT_ARCH_X86_64, false, true },
	};
	char maps[16384];

	read_file("/proc/self/maps", maps, sizeof(maps));
	if (!strstr(maps, "[vsyscall]")) {
		tap_skip("this kernel has no vsyscall page");
		return tap_done();
	}
	for (int i = 0; i < 3; i++)
		guard_door(&doors[i]);
	return tap_done();
}

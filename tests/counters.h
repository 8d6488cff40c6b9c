/* SPDX-License-Identifier: MIT */
/*
 * counters.h - the kernel's count of a tracepoint, for programs that run another one
 *
 * Each function ends the program with status 125 when the kernel cannot do it.
 */
#ifndef XSC_COUNTERS_H
#define XSC_COUNTERS_H

#include <err.h>
#include <linux/perf_event.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The number of the tracepoint @name, which is "SYSTEM/EVENT". */
static inline uint64_t tracepoint_id(const char *name)
{
	unsigned long long id;
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "/sys/kernel/tracing/events/%s/id", name);
	f = fopen(path, "re");
	if (!f || fscanf(f, "%llu", &id) != 1)
		errx(125, "no tracepoint %s in this kernel", name);
	fclose(f);
	return id;
}

static inline int event_open(struct perf_event_attr *attr, pid_t pid, int cpu)
{
	return (int)syscall(SYS_perf_event_open, attr, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
}

/*
 * A counter of @name, where @filter (or NULL) holds, in @pid and all its descendants, from its
 * next execve on.
 */
static inline int open_counter(const char *name, const char *filter, pid_t pid)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.config = tracepoint_id(name),
		.disabled = 1,
		.inherit = 1,
		.enable_on_exec = 1,
	};
	int fd = event_open(&attr, pid, -1);

	if (fd < 0)
		err(125, "perf_event_open %s", name);
	if (filter && ioctl(fd, PERF_EVENT_IOC_SET_FILTER, filter))
		err(125, "filter %s", filter);
	return fd;
}

static inline uint64_t read_counter(int fd)
{
	uint64_t n;

	if (read(fd, &n, sizeof(n)) != sizeof(n))
		err(125, "read of a counter");
	return n;
}

#endif /* XSC_COUNTERS_H */

// SPDX-License-Identifier: MIT
/*
 * xsc-count.c - run a program and let the kernel count how it was entered
 *
 *   xsc-count [-r] -o FILE PROGRAM [ARG]...
 *
 * Counts for PROGRAM and all its descendants, from its execve to the last exit:
 *
 *  A. each raw_syscalls:sys_enter, the stock kernel's own tracepoint of every
 *     system call, as a sample with the user's instruction pointer.  One whose
 *     pointer lies in the gate inside the process's [vdso] came by the gate; any
 *     other is a legacy system call.  Where the [vdso] of a process lies is what
 *     the kernel says in its mmap records.
 *  B. xsc:xsc_op by way in, xsc:xsc_container, xsc:xsc_trap, and the number of
 *     sys_enter as a plain counter.
 *
 * Ops are what xsc_op has seen, and those that came by the gate and that it
 * cannot see since they never return (exit, exit_group) or have an unknown
 * number.  If more than these came by the gate, the rest are system calls of
 * legacy processes: there the vDSO's own functions use it, for clocks that they
 * cannot read.  They count as legacy.  A run in which samples were lost, or
 * fewer came by the gate than xsc_op has seen, is reported as inconsistent.
 *
 * With -r PROGRAM is xsc-run: a legacy process until its execve.  What it calls
 * up to and with that execve is counted apart, as "runner".
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../kernel/drivers/xsc/xsc_uapi.h"
#include "../counters.h"

#define RING_PAGES	4096		/* per CPU: 16 MiB */
#define GATE_SIZE	0x40
#define MAX_CPUS	64
#define REG_IP		8		/* PERF_REG_X86_IP */
#define NR_LEGACY	8		/* different legacy calls to name */

static const char * const counter_names[] = {
	"op_direct", "op_batch", "op_ring", "container", "trap",
};

enum { OP_DIRECT, OP_BATCH, OP_RING, CONTAINER, TRAP, NR_COUNTERS };

/* One record of the kernel's, cut down to what is needed. */
struct record {
	uint64_t time;
	uint64_t ip;		/* sample: user ip; mapping: address */
	uint32_t seq;
	uint32_t pid;
	uint32_t arg;		/* sample: number; fork: parent; mapping: size */
	enum { SAMPLE, FORK, EXEC, VDSO } what;
};

struct cpu_ring {
	int fd;
	struct perf_event_mmap_page *page;
	unsigned char *data;
	uint64_t size;
};

static struct cpu_ring rings[MAX_CPUS];
static int nr_cpus;
static struct record *records;
static size_t nr_records, room;
static uint64_t lost;

static void open_ring(struct cpu_ring *r, pid_t pid, int cpu)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.config = tracepoint_id("raw_syscalls/sys_enter"),
		.sample_period = 1,
		.sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME |
			       PERF_SAMPLE_RAW | PERF_SAMPLE_REGS_USER,
		.sample_regs_user = 1ULL << REG_IP,
		.sample_id_all = 1,
		.disabled = 1,
		.inherit = 1,
		.enable_on_exec = 1,
		.mmap = 1,
		.comm = 1,
		.comm_exec = 1,
		.task = 1,
		.watermark = 1,
		.wakeup_watermark = RING_PAGES * 4096 / 4,
	};
	long page = sysconf(_SC_PAGESIZE);

	r->fd = event_open(&attr, pid, cpu);
	if (r->fd < 0)
		err(125, "perf_event_open raw_syscalls:sys_enter");
	r->page = mmap(NULL, (RING_PAGES + 1) * page, PROT_READ | PROT_WRITE,
		       MAP_SHARED, r->fd, 0);
	if (r->page == MAP_FAILED)
		err(125, "mmap of the perf buffer");
	r->data = (unsigned char *)r->page + page;
	r->size = RING_PAGES * page;
}

static struct record *new_record(void)
{
	if (nr_records == room) {
		room = room ? 2 * room : 1 << 16;
		records = realloc(records, room * sizeof(*records));
		if (!records)
			err(125, "memory for the samples");
	}
	records[nr_records] = (struct record){ .seq = nr_records };
	return &records[nr_records++];
}

/* Fields behind the header, in the order of perf_event_open(2). */
static void take_sample(const unsigned char *p)
{
	struct record *r = new_record();
	uint32_t raw_size;
	uint64_t abi, nr;

	r->what = SAMPLE;
	memcpy(&r->pid, p, 4);
	memcpy(&r->time, p + 8, 8);
	memcpy(&raw_size, p + 16, 4);
	memcpy(&nr, p + 20 + 8, 8);	/* behind the common fields: long id */
	r->arg = nr;
	p += 20 + raw_size;
	memcpy(&abi, p, 8);
	if (abi)
		memcpy(&r->ip, p + 8, 8);
}

/* The time that sample_id_all puts at the end: { pid, tid; time } */
static uint64_t tail_time(const struct perf_event_header *h)
{
	uint64_t t;

	memcpy(&t, (const unsigned char *)h + h->size - 8, 8);
	return t;
}

static void take(const struct perf_event_header *h)
{
	const unsigned char *p = (const unsigned char *)(h + 1);
	uint64_t u64;
	struct record *r;

	switch (h->type) {
	case PERF_RECORD_SAMPLE:
		take_sample(p);
		break;
	case PERF_RECORD_LOST:
		memcpy(&u64, p + 8, 8);
		lost += u64;
		break;
	case PERF_RECORD_FORK:
		r = new_record();
		r->what = FORK;
		r->time = tail_time(h);
		memcpy(&r->pid, p, 4);
		memcpy(&r->arg, p + 4, 4);
		break;
	case PERF_RECORD_COMM:
		if (!(h->misc & PERF_RECORD_MISC_COMM_EXEC))
			break;
		r = new_record();
		r->what = EXEC;
		r->time = tail_time(h);
		memcpy(&r->pid, p, 4);
		break;
	case PERF_RECORD_MMAP:
		if (strcmp((const char *)p + 32, "[vdso]"))
			break;
		r = new_record();
		r->what = VDSO;
		r->time = tail_time(h);
		memcpy(&r->pid, p, 4);
		memcpy(&r->ip, p + 8, 8);
		memcpy(&u64, p + 16, 8);
		r->arg = u64;
		break;
	}
}

static void drain(struct cpu_ring *r)
{
	uint64_t head = __atomic_load_n(&r->page->data_head, __ATOMIC_ACQUIRE);
	uint64_t tail = r->page->data_tail;
	static unsigned char copy[65536];

	while (tail < head) {
		uint64_t at = tail % r->size;
		struct perf_event_header *h = (void *)(r->data + at);
		uint16_t size = h->size;

		if (at + size > r->size) {	/* it wraps around */
			memcpy(copy, h, r->size - at);
			memcpy(copy + r->size - at, r->data,
			       size - (r->size - at));
			h = (void *)copy;
		}
		take(h);
		tail += size;
	}
	__atomic_store_n(&r->page->data_tail, tail, __ATOMIC_RELEASE);
}

static int by_time(const void *a, const void *b)
{
	const struct record *x = a, *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return x->seq < y->seq ? -1 : 1;
}

/* Where the [vdso] of each process is; PIDs are small here. */
static uint64_t *vdso_of;
static unsigned int pid_max;

static void read_pid_max(void)
{
	FILE *f = fopen("/proc/sys/kernel/pid_max", "r");

	if (!f || fscanf(f, "%u", &pid_max) != 1)
		errx(125, "cannot read /proc/sys/kernel/pid_max");
	fclose(f);
	vdso_of = calloc(pid_max + 1, sizeof(*vdso_of));
	if (!vdso_of)
		err(125, "memory");
}

struct legacy {
	uint32_t nr;
	uint64_t count;
};

static void count(FILE *out, uint32_t root, bool runner_first,
		  uint64_t total, const uint64_t *counters)
{
	uint64_t gate_off = getauxval(AT_XSC) - getauxval(AT_SYSINFO_EHDR);
	uint64_t runner = 0, gate = 0, legacy = 0, exits = 0, odd = 0, samples = 0;
	uint64_t ops, entries;
	struct legacy named[NR_LEGACY] = {};
	unsigned int execs = 0, i;
	bool consistent;
	size_t n;

	if (!getauxval(AT_XSC))
		errx(125, "this kernel has no gate");
	qsort(records, nr_records, sizeof(*records), by_time);
	for (n = 0; n < nr_records; n++) {
		struct record *r = &records[n];

		if (r->pid > pid_max)
			errx(125, "a record with process ID %u", r->pid);
		switch (r->what) {
		case FORK:
			if (r->arg <= pid_max && r->arg != r->pid)
				vdso_of[r->pid] = vdso_of[r->arg];
			continue;
		case EXEC:
			vdso_of[r->pid] = 0;
			execs += r->pid == root;
			continue;
		case VDSO:
			vdso_of[r->pid] = r->ip;
			continue;
		case SAMPLE:
			break;
		}
		samples++;
		if (vdso_of[r->pid] &&
		    r->ip - (vdso_of[r->pid] + gate_off) < GATE_SIZE) {
			gate++;
			if (r->arg == SYS_exit || r->arg == SYS_exit_group)
				exits++;
			else if (r->arg > 450)	/* beyond 6.1's table */
				odd++;
			continue;
		}
		if (runner_first && r->pid == root && execs < 2) {
			runner++;
			continue;
		}
		legacy++;
		for (i = 0; i < NR_LEGACY; i++) {
			if (!named[i].count || named[i].nr == r->arg) {
				named[i].nr = r->arg;
				named[i].count++;
				break;
			}
		}
	}

	ops = counters[OP_DIRECT] + counters[OP_BATCH] + counters[OP_RING] +
	      exits + odd;
	/* a batch or a doorbell is one entry for all its ops */
	consistent = !lost && samples == total && gate >= ops;
	if (gate > ops)
		legacy += gate - ops;
	entries = counters[OP_DIRECT] + exits + odd + counters[CONTAINER] +
		  legacy;

	fprintf(out, "sys_enter=%ju\nsamples=%ju\nlost=%ju\n", (uintmax_t)total,
		(uintmax_t)samples, (uintmax_t)lost);
	fprintf(out, "runner=%ju\ngate=%ju\nlegacy=%ju\nexits=%ju\nodd=%ju\n",
		(uintmax_t)runner, (uintmax_t)gate, (uintmax_t)legacy,
		(uintmax_t)exits, (uintmax_t)odd);
	for (i = 0; i < NR_COUNTERS; i++)
		fprintf(out, "%s=%ju\n", counter_names[i],
			(uintmax_t)counters[i]);
	fprintf(out, "ops=%ju\nentries=%ju\n", (uintmax_t)ops,
		(uintmax_t)entries);
	fputs("legacy_calls=", out);
	for (i = 0; i < NR_LEGACY && named[i].count; i++)
		fprintf(out, "%s%u:%ju", i ? "," : "", named[i].nr,
			(uintmax_t)named[i].count);
	fprintf(out, "\nconsistent=%d\n", consistent);
}

static pid_t start(char **argv, int *go)
{
	int p[2];
	char c;
	pid_t pid;

	if (pipe2(p, O_CLOEXEC))
		err(125, "pipe");
	pid = fork();
	if (pid < 0)
		err(125, "fork");
	if (!pid) {
		close(p[1]);
		if (read(p[0], &c, 1) != 1)
			_exit(125);
		execvp(argv[0], argv);
		warn("%s", argv[0]);
		_exit(errno == ENOENT ? 127 : 126);
	}
	close(p[0]);
	*go = p[1];
	return pid;
}

int main(int argc, char **argv)
{
	struct pollfd pfd[MAX_CPUS];
	int c, i, go, status = 0, st, fds[NR_COUNTERS], total_fd;
	uint64_t counters[NR_COUNTERS], total;
	bool runner_first = false, alive = true;
	const char *out_name = NULL;
	FILE *out;
	pid_t root, pid;

	while ((c = getopt(argc, argv, "+ro:")) != -1) {
		if (c == 'r')
			runner_first = true;
		else if (c == 'o')
			out_name = optarg;
		else
			return 125;
	}
	if (optind == argc || !out_name)
		errx(125, "usage: xsc-count [-r] -o FILE PROGRAM [ARG]...");
	out = fopen(out_name, "we");
	if (!out)
		err(125, "%s", out_name);
	read_pid_max();
	/* what PROGRAM leaves behind is waited for as well */
	prctl(PR_SET_CHILD_SUBREAPER, 1);

	root = start(argv + optind, &go);
	nr_cpus = sysconf(_SC_NPROCESSORS_CONF);
	if (nr_cpus > MAX_CPUS)
		errx(125, "more than %d CPUs", MAX_CPUS);
	for (i = 0; i < nr_cpus; i++) {
		open_ring(&rings[i], root, i);
		pfd[i] = (struct pollfd){ .fd = rings[i].fd, .events = POLLIN };
	}
	total_fd = open_counter("raw_syscalls/sys_enter", NULL, root);
	fds[OP_DIRECT] = open_counter("xsc/xsc_op", "way==0", root);
	fds[OP_BATCH] = open_counter("xsc/xsc_op", "way==1", root);
	fds[OP_RING] = open_counter("xsc/xsc_op", "way==2", root);
	fds[CONTAINER] = open_counter("xsc/xsc_container", NULL, root);
	fds[TRAP] = open_counter("xsc/xsc_trap", NULL, root);
	if (write(go, "", 1) != 1)
		err(125, "start");

	while (alive) {
		poll(pfd, nr_cpus, 20);
		for (i = 0; i < nr_cpus; i++)
			drain(&rings[i]);
		while ((pid = waitpid(-1, &st, WNOHANG)) > 0)
			if (pid == root)
				status = st;
		alive = pid == 0;
	}
	for (i = 0; i < nr_cpus; i++)
		drain(&rings[i]);

	total = read_counter(total_fd);
	for (i = 0; i < NR_COUNTERS; i++)
		counters[i] = read_counter(fds[i]);
	count(out, root, runner_first, total, counters);
	if (fclose(out))
		err(125, "%s", out_name);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
				     WEXITSTATUS(status);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * xsc-bench.c - cost of one op by each way into the kernel
 *
 *	xsc-bench WAY OP DEPTH COUNT [DIR FILES ROUNDS]
 *
 * WAY is plain, direct, batch, ring, async (a ring with XSC_RING_ASYNC) or
 * io_uring; OP is null, pread16, pread4k, statx (of one after the other of
 * FILES files) or file (open, read and close of one after the other, linked;
 * three ops); DEPTH is how many ops go into one submission (1 for plain and
 * direct).  The files are made in DIR, or taken from there if they are there
 * already; without it 1,000 in a new directory.  Runs COUNT ops, 20 or ROUNDS times, takes the fastest time (a round without
 * a timer interrupt) and prints, separated by tabs,
 *
 *	WAY OP DEPTH NS_PER_OP ENTRIES_PER_OP
 *
 * The nanoseconds are those of CLOCK_MONOTONIC.  In a guest whose clock counts
 * instructions (xsc-vm --icount) they are instructions.  Entries come from
 * /proc/self/xsc in an XSC process.  A legacy one has them counted by the
 * kernel's raw_syscalls:sys_enter event in a second round, so that the
 * counting costs the first round nothing.
 *
 * It is built twice: with cc, for plain and io_uring, and with xsc-cc
 * (-DXSC_PROCESS -mno-red-zone), for direct, batch and ring.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifdef XSC_PROCESS
#include <xsc/gate.h>
#include <xsc/ring.h>
#else
#include <liburing.h>
#endif

#define DEPTH_MAX	1024
#define BUF_SIZE	4096

enum op { OP_NULL, OP_PREAD16, OP_PREAD4K, OP_STATX, OP_FILE };

static const char * const op_names[] = {
	"null", "pread16", "pread4k", "statx", "file"
};

static char buf[BUF_SIZE];
static int fd = -1;
static enum op op;
static unsigned int depth;

static void die(const char *what, long err)
{
	fprintf(stderr, "xsc-bench: %s: %s\n", what, strerror((int)err));
	exit(1);
}

static size_t op_size(void)
{
	return op == OP_PREAD16 ? 16 : BUF_SIZE;
}

static char (*names)[16];
static unsigned int nr_names = 1000, next_name;
static struct statx stx;

/* The next file, relative to the working directory. */
static const char *name(void)
{
	if (++next_name == nr_names)
		next_name = 0;
	return names[next_name];
}

/* Is that the result of an op, the first, second or third of a file's? */
static int op_wrong(unsigned int place, long res)
{
	if (op == OP_FILE)
		return place % 3 == 0 ? res < 0 :
		       place % 3 == 1 ? res != 16 : res != 0;
	return res != (op == OP_PREAD16 || op == OP_PREAD4K ?
		       (long)op_size() : 0);
}

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

#ifdef XSC_PROCESS

static struct xsc_sqe sqes[DEPTH_MAX];
static struct xsc_cqe cqes[DEPTH_MAX];
static struct xsc_ring ring;

/* Open, read or close, whichever stands at that place. */
static void prep_file(struct xsc_sqe *sqe, unsigned int place)
{
	switch (place % 3) {
	case 0:
		xsc_sqe_prep(sqe, __NR_openat, AT_FDCWD, (long)name(),
			     O_RDONLY, 0, 0, 0);
		xsc_sqe_link(sqe);
		break;
	case 1:
		xsc_sqe_prep(sqe, __NR_read, 0, (long)buf, 16, 0, 0, 0);
		xsc_sqe_forward(sqe, 0, 1);
		xsc_sqe_link(sqe);
		break;
	default:
		xsc_sqe_prep(sqe, __NR_close, 0, 0, 0, 0, 0, 0);
		xsc_sqe_forward(sqe, 0, 2);
	}
}

/* in line, as uring_prep() comes out */
static inline __attribute__((always_inline)) void prep(struct xsc_sqe *sqe, int null, unsigned int place)
{
	switch (op) {
	case OP_NULL:
		xsc_sqe_prep(sqe, (unsigned int)null, 0, 0, 0, 0, 0, 0);
		break;
	case OP_STATX:
		xsc_sqe_prep(sqe, __NR_statx, AT_FDCWD, (long)name(), 0,
			     STATX_BASIC_STATS, (long)&stx, 0);
		break;
	case OP_FILE:
		prep_file(sqe, place);
		break;
	default:
		xsc_sqe_prep(sqe, __NR_pread64, fd, (long)buf,
			     (long)op_size(), 0, 0, 0);
	}
}

static unsigned long gate;

/*
 * As the C library enters: an indirect call.  It writes below the stack
 * pointer, so this file is compiled without a red zone.
 */
static long direct4(long nr, long a, long b, long c, long d)
{
	register long r10 __asm__("r10") = d;
	long ret;

	__asm__ volatile("call *%[gate]"
			 : "=a" (ret)
			 : "0" (nr), "D" (a), "S" (b), "d" (c), "r" (r10),
			   [gate] "m" (gate)
			 : "rcx", "r11", "memory");
	return ret;
}

static void run_direct(uint64_t n)
{
	gate = xsc_gate() + XSC_GATE_ENTER;
	if (op == OP_NULL)
		while (n--)
			direct4(__NR_getppid, 0, 0, 0, 0);
	else if (op == OP_PREAD16 || op == OP_PREAD4K)
		while (n--)
			direct4(__NR_pread64, fd, (long)buf, (long)op_size(),
				0);
	else
		die("direct", EINVAL);
}

static void run_batch(uint64_t n)
{
	unsigned int i;

	for (; n; n -= depth) {
		long ret;

		/* names change; the rest is as it was */
		for (i = 0; op >= OP_STATX && i < depth; i++)
			prep(&sqes[i], XSC_OP_NOP, i);
		ret = xsc_batch(sqes, cqes, depth);
		if (ret != (long)depth)
			die("batch", -ret);
	}
	if (op_wrong(depth - 1, cqes[depth - 1].res))
		die("batched op", -cqes[depth - 1].res);
}

static void run_ring(uint64_t n)
{
	struct xsc_cqe *cqe;
	unsigned int i, head, seen;
	int ret;

	for (; n; n -= depth) {
		for (i = 0; i < depth; i++)
			prep(xsc_ring_get_sqe(&ring), XSC_OP_NOP, i);
		ret = xsc_ring_submit_and_wait(&ring, depth);
		if (ret != (int)depth)
			die("doorbell", -ret);
		seen = 0;
		xsc_ring_for_each_cqe(&ring, head, cqe) {
			if (op_wrong(seen, cqe->res))
				die("completion", EIO);
			seen++;
		}
		xsc_ring_cq_advance(&ring, seen);
	}
}

static uint64_t entries(void)
{
	FILE *f = fopen("/proc/self/xsc", "r");
	uint64_t n = 0;
	char line[256];

	if (!f)
		die("/proc/self/xsc", errno);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "entries: %" SCNu64, &n) == 1)
			break;
	fclose(f);
	return n;
}

static double count_entries(void (*run)(uint64_t), uint64_t n)
{
	uint64_t none, before, after;

	entries();
	before = entries();
	none = entries() - before;	/* what looking costs */
	before = entries();
	run(n);
	after = entries();
	return (double)(after - before - none) / (double)n;
}

static void (*prepare(const char *way))(uint64_t)
{
	unsigned int i;
	int ret;

	for (i = 0; i < depth; i++)
		prep(&sqes[i], XSC_OP_NOP, i);
	if (!strcmp(way, "direct"))
		return run_direct;
	if (!strcmp(way, "batch"))
		return run_batch;
	if (!strcmp(way, "async"))
		ret = xsc_ring_queue_init_async(depth, &ring);
	else if (!strcmp(way, "ring"))
		ret = xsc_ring_queue_init(depth, &ring);
	else
		die(way, EINVAL);
	if (ret)
		die("xsc_ring_queue_init", -ret);
	return run_ring;
}

#else /* legacy */

static struct io_uring uring;

static long plain4(long nr, long a, long b, long c, long d)
{
	register long r10 __asm__("r10") = d;
	long ret;

	__asm__ volatile("syscall"
			 : "=a" (ret)
			 : "0" (nr), "D" (a), "S" (b), "d" (c), "r" (r10)
			 : "rcx", "r11", "memory");
	return ret;
}

static void run_plain(uint64_t n)
{
	long res;

	switch (op) {
	case OP_NULL:
		while (n--)
			plain4(__NR_getppid, 0, 0, 0, 0);
		break;
	case OP_STATX:
		while (n--)
			if (statx(AT_FDCWD, name(), 0, STATX_BASIC_STATS, &stx))
				die("statx", errno);
		break;
	case OP_FILE:
		for (; n; n -= 3) {
			res = plain4(__NR_openat, AT_FDCWD, (long)name(),
				     O_RDONLY, 0);
			if (op_wrong(0, res) ||
			    op_wrong(1, plain4(__NR_read, res, (long)buf, 16,
					       0)) ||
			    op_wrong(2, plain4(__NR_close, res, 0, 0, 0)))
				die("file", EIO);
		}
		break;
	default:
		while (n--)
			plain4(__NR_pread64, fd, (long)buf, (long)op_size(),
			       0);
	}
}

/* With a file of the ring's own table, for io_uring has no forwards. */
static void uring_prep(struct io_uring_sqe *sqe, unsigned int place)
{
	switch (op) {
	case OP_NULL:
		io_uring_prep_nop(sqe);
		break;
	case OP_STATX:
		io_uring_prep_statx(sqe, AT_FDCWD, name(), 0,
				    STATX_BASIC_STATS, &stx);
		break;
	case OP_FILE:
		if (place % 3 == 0)
			io_uring_prep_openat_direct(sqe, AT_FDCWD, name(),
						    O_RDONLY, 0, place / 3);
		else if (place % 3 == 1)
			io_uring_prep_read(sqe, (int)place / 3, buf, 16, 0);
		else
			io_uring_prep_close_direct(sqe, place / 3);
		if (place % 3 == 1)
			sqe->flags |= IOSQE_FIXED_FILE;
		if (place % 3 != 2)
			sqe->flags |= IOSQE_IO_LINK;
		break;
	default:
		io_uring_prep_read(sqe, fd, buf, (unsigned int)op_size(), 0);
	}
}

static void run_uring(uint64_t n)
{
	struct io_uring_cqe *cqe;
	struct io_uring_sqe *sqe;
	unsigned int i, head, seen;
	int ret;

	for (; n; n -= depth) {
		for (i = 0; i < depth; i++) {
			sqe = io_uring_get_sqe(&uring);
			uring_prep(sqe, i);
			sqe->user_data = i;
		}
		ret = io_uring_submit_and_wait(&uring, depth);
		if (ret != (int)depth)
			die("io_uring_submit_and_wait", -ret);
		seen = 0;
		io_uring_for_each_cqe(&uring, head, cqe) {
			if (op_wrong((unsigned int)cqe->user_data, cqe->res))
				die("completion", EIO);
			seen++;
		}
		io_uring_cq_advance(&uring, seen);
	}
}

/* Entries by the kernel's own count of system calls. */
static double count_entries(void (*run)(uint64_t), uint64_t n)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.disabled = 1,
	};
	uint64_t count = 0;
	FILE *f = fopen("/sys/kernel/tracing/events/raw_syscalls/sys_enter/id",
			"r");
	int ev, ok;

	if (!f)
		return -1;
	ok = fscanf(f, "%llu", (unsigned long long *)&attr.config);
	fclose(f);
	if (ok != 1)
		return -1;
	ev = (int)syscall(__NR_perf_event_open, &attr, 0, -1, -1, 0);
	if (ev < 0)
		return -1;
	ioctl(ev, PERF_EVENT_IOC_ENABLE, 0);
	run(n);
	ioctl(ev, PERF_EVENT_IOC_DISABLE, 0);
	if (read(ev, &count, sizeof(count)) != sizeof(count))
		return -1;
	close(ev);
	/* the ioctl that stops it is in the count */
	return (double)(count - 1) / (double)n;
}

static void (*prepare(const char *way))(uint64_t)
{
	int ret;

	if (!strcmp(way, "plain"))
		return run_plain;
	if (strcmp(way, "io_uring"))
		die(way, EINVAL);
	ret = io_uring_queue_init(depth, &uring, 0);
	if (ret)
		die("io_uring_queue_init", -ret);
	if (op == OP_FILE) {
		ret = io_uring_register_files_sparse(&uring, depth / 3 + 1);
		if (ret)
			die("io_uring_register_files_sparse", -ret);
	}
	return run_uring;
}

#endif

static void open_file(void)
{
	char path[] = "/tmp/xsc-bench-XXXXXX";

	fd = mkstemp(path);
	if (fd < 0 || write(fd, buf, sizeof(buf)) != sizeof(buf))
		die(path, errno);
	unlink(path);
}

/* Files of 16 bytes, in @dir or a new directory; they are left behind. */
static void make_files(const char *dir)
{
	char fresh[] = "/tmp/xsc-bench-XXXXXX";
	unsigned int i;
	int file;

	names = calloc(nr_names, sizeof(*names));
	if (!names)
		die("memory", errno);
	if (!dir)
		dir = mkdtemp(fresh);
	else if (mkdir(dir, 0700) && errno != EEXIST)
		die(dir, errno);
	if (!dir || chdir(dir))
		die("directory", errno);
	for (i = 0; i < nr_names; i++) {
		snprintf(names[i], sizeof(names[i]), "f%u", i);
		if (!access(names[i], R_OK))
			continue;
		file = open(names[i], O_CREAT | O_WRONLY, 0600);
		if (file < 0 || write(file, buf, 16) != 16)
			die(names[i], errno);
		close(file);
	}
}

int main(int argc, char **argv)
{
	void (*run)(uint64_t);
	uint64_t n, t0, t1, best = UINT64_MAX;
	unsigned int rounds = 20, i;

	if (argc != 5 && argc != 8) {
		fprintf(stderr, "usage: xsc-bench WAY OP DEPTH COUNT [DIR FILES ROUNDS]\n");
		return 2;
	}
	if (argc == 8) {
		nr_names = (unsigned int)strtoul(argv[6], NULL, 10);
		rounds = (unsigned int)strtoul(argv[7], NULL, 10);
		if (!nr_names || !rounds)
			die("arguments", EINVAL);
	}
	for (op = OP_NULL; op <= OP_FILE; op++)
		if (!strcmp(argv[2], op_names[op]))
			break;
	depth = (unsigned int)strtoul(argv[3], NULL, 10);
	n = strtoull(argv[4], NULL, 10);
	if (op > OP_FILE || !depth || depth > DEPTH_MAX || n < depth)
		die("arguments", EINVAL);
	if (op == OP_FILE)
		depth = depth < 3 ? 3 : depth - depth % 3;
	n -= n % depth;
	if (op >= OP_STATX)
		make_files(argc == 8 ? argv[5] : NULL);
	else if (op != OP_NULL)
		open_file();

	run = prepare(argv[1]);
	/* warm: page faults, caches, keys, and all the files */
	run(op >= OP_STATX && n > depth * 16 ? n : depth * 16);
	for (i = 0; i < rounds; i++) {
		t0 = now();
		run(n);
		t1 = now();
		if (t1 - t0 < best)
			best = t1 - t0;
	}
	printf("%s\t%s\t%u\t%.2f\t%.4f\n", argv[1], argv[2], depth,
	       (double)best / (double)n, count_entries(run, depth * 64));
	return 0;
}

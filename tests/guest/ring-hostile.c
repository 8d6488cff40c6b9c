// SPDX-License-Identifier: MIT
/*
 * ring-hostile.c - rings in other hands, buffers that go away, and a memory cgroup that kills
 */
#include <poll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "poller.h"

#define CGROUP	"/sys/fs/cgroup/xsc-ring-test"

static struct xsc_ring r;
static int p[2];
static char c;

/* over a socket to another process */
static void passed(void)
{
	int s[2], pid, fd, status;
	__u64 a;

	socketpair(AF_UNIX, SOCK_STREAM, 0, s);
	pid = fork();
	if (!pid) {
		fd = receive_fd(s[1], 0);
		if (fd < 0)
			_exit(1);
		if (ring_enter(fd, 1, 0) != -EPERM)
			_exit(2);
		if (sys(SYS_mmap, 0, 4096, PROT_READ, MAP_SHARED, fd, XSC_OFF_CR) != -EPERM)
			_exit(3);
		/* it holds the file, and then lets go */
		msleep(300);
		_exit(0);
	}
	async_make(&r, 16);
	ring_add3(&r, SYS_read, p[0], &c, 1);
	a = ring_data;
	async_submit(&r);
	send_fd(s[0], r.fd, 0);
	tap_is(async_inflight(&r), 1, "an op in flight in a ring that was passed on");
	write(p[1], "x", 1);
	tap_is(async_result(&r, a), 1, "goes on");
	status = wait_for(pid);
	tap_is(status, 0, "who got it may neither ring nor map it");

	/* a ring on its way in a socket that nobody reads: the kernel's own garbage */
	send_fd(s[0], s[0], 0);
	send_fd(s[0], r.fd, 0);
	xsc_ring_queue_exit(&r);
	close(s[0]);
	close(s[1]);
}

/* buffers that go away while the op waits */
static void unmapped(void)
{
	char *buf = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int s[2];
	__u64 a;

	socketpair(AF_UNIX, SOCK_STREAM, 0, s);
	async_make(&r, 16);
	ring_add3(&r, SYS_read, p[0], buf, 1);
	a = ring_data;
	ring_add6(&r, SYS_recvfrom, s[0], (long)buf, 1, 0, 0, 0);
	ring_add3(&r, SYS_nanosleep, buf, 0, 0);
	async_submit(&r);
	munmap(buf, 4096);
	write(p[1], "x", 1);
	write(s[1], "x", 1);
	tap_is(async_result(&r, a), -EFAULT, "a read whose buffer is gone");
	tap_is(async_result(&r, a + 1), -EFAULT, "and a recv");
	tap_is(async_result(&r, a + 2), 0, "a sleep has read its time before");
	xsc_ring_queue_exit(&r);
	close(s[0]);
	close(s[1]);
}

/* a signalfd, whose wait queue is that of the signal handlers of the process, which exec and exit end */
static int signals(void)
{
	unsigned long mask = 1UL << (SIGUSR1 - 1);
	static char info[128];
	struct pollfd pf = { .events = POLLIN }, two[2] = { pf, { .fd = -1 } };
	int fd;

	sys(SYS_rt_sigprocmask, 0, &mask, 0, 8);
	fd = sys(SYS_signalfd4, -1, &mask, 8, 0);
	async_make(&r, 16);
	pf.fd = two[0].fd = fd;
	ring_add3(&r, SYS_read, fd, info, sizeof(info));
	ring_add3(&r, SYS_read, fd, info, sizeof(info));
	ring_add3(&r, SYS_poll, &pf, 1, -1);
	ring_add3(&r, SYS_poll, two, 2, -1);
	async_submit(&r);
	return async_inflight(&r);
}

static void signalfds(const char *self)
{
	char *argv[] = { (char *)self, "again", NULL }, *envp[] = { NULL };
	int pid = fork();

	if (!pid)
		_exit(signals());
	tap_is(wait_for(pid), 4 << 8, "exit with a signalfd being waited for");
	pid = fork();
	if (!pid) {
		if (signals() == 4)
			sys(SYS_execve, "/proc/self/exe", argv, envp);
		_exit(1);
	}
	tap_is(wait_for(pid), 7 << 8, "exec");
}

/* the kernel's own out-of-memory killer, for a cgroup; @fixed: with registered buffers as well */
static void killed(int want, unsigned int flags, bool fixed, const char *what)
{
	int pid, in_flight = 0;
	char text[32];

	if (sys(SYS_mkdir, CGROUP, 0755) && access_dev() == 0 && sys(SYS_access, CGROUP, 0)) {
		tap_skip("no cgroup");
		return;
	}
	if (write_file(CGROUP "/memory.max", "16777216")) {
		tap_skip("no memory cgroup");
		sys(SYS_rmdir, CGROUP);
		return;
	}
	pid = fork();
	if (!pid) {
		struct xsc_ring_params params = { .sq_entries = want, .flags = XSC_RING_ASYNC | flags };
		struct iovec iov = { NULL, 1 << 20 };
		char *m;

		write_file(CGROUP "/cgroup.procs", "0");
		pipe(p);
		if (xsc_ring_queue_init_params(&params, &r))
			_exit(1);
		if (fixed) {
			iov.iov_base = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
			if (xsc_ring_register_buffers(&r, &iov, 1))
				_exit(4);
		}
		for (; in_flight < want; in_flight++)
			ring_add3(&r, SYS_read, p[0], &c, 1)->flags = XSC_SQE_UNORDERED;
		if (async_submit(&r) != want || async_inflight(&r) != want)
			_exit(1);
		/* the poller, if there is one, is at work */
		for (int i = 0; i < 64 && flags; i++)
			ring_add0(&r, SYS_getpid);
		xsc_ring_flush(&r);
		for (int i = 0; i < 64; i++) {
			m = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
			if (m == MAP_FAILED)
				_exit(2);
			for (int k = 0; k < 1 << 20; k += 4096)
				m[k] = 1;
		}
		_exit(3);
	}
	tap_is(wait_for(pid), SIGKILL, "%d in flight, %s, and the memory cgroup kills", want, what);
	/* what it was charged for is given back: an empty group can be removed */
	for (int i = 0; i < 100 && number_in(CGROUP "/pids.current", NULL) > 0; i++)
		msleep(50);
	snprintf(text, sizeof(text), "%ld", number_in(CGROUP "/cgroup.events", "populated "));
	tap_ok(!strcmp(text, "0"), "%s: nobody is left in it (%s)", what, text);
	tap_is(sys(SYS_rmdir, CGROUP), 0, "%s: it can be removed", what);
}

/* rings until no more can be made: an error, and all is given back */
static int many(void)
{
	struct rlimit lim = { 200, 200 };
	struct xsc_ring_params params;
	long fd, n = 0;

	sys(SYS_prlimit64, 0, RLIMIT_NOFILE, &lim, NULL);
	do {
		params = (struct xsc_ring_params) { .sq_entries = 64, .flags = XSC_RING_ASYNC };
		fd = ring_setup(&params);
		n += fd >= 0;
	} while (fd >= 0);
	return fd == -EMFILE && n > 100 ? 0 : 1;
}

int main(int argc, char **argv)
{
	long before;
	int pid;

	if (argc > 1)
		_exit(7);
	RINGS_OR_SKIP();
	pipe(p);
	before = module_refs();
	passed();
	unmapped();
	signalfds(argv[0]);
	killed(1, 0, false, "asynchronous");
	killed(256, 0, true, "with registered buffers");
	killed(4096, 0, false, "asynchronous");
	if (poller_cpus() > 1)
		killed(4096, XSC_RING_POLL, true, "polled, with registered buffers");
	pid = fork();
	if (!pid)
		_exit(many());
	tap_is(wait_for(pid), 0, "rings until there are no more descriptors");
	tap_is(module_refs(), before, "no ring is left");
	return tap_done();
}

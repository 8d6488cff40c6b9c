// SPDX-License-Identifier: MIT
/*
 * ring-async-watched.c - an asynchronous ring stays one while a filter or a
 * tracer looks at the thread: what waits does not block the doorbell, and is
 * seen when it runs
 */
#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/user.h>

#include "async.h"
#include "seccomp.h"

#define BIG	(1 << 20)

static struct xsc_ring r;
static int p[2], q[2];
static char c[4], big[BIG], back[BIG];

static void read_of(int fd, void *to, long n)
{
	ring_add3(&r, SYS_read, fd, to, n);
}

/* until it is there, without a doorbell */
static bool spin(__u64 data)
{
	unsigned long end = now_ms() + 10000;

	while (!async_has(&r, data) && now_ms() < end)
		;
	return async_has(&r, data);
}

static int later(void)
{
	read_of(p[0], c, 1);
	if (async_submit(&r) != 1 || async_has(&r, ring_data) || async_inflight(&r) != 1)
		return 1;
	write(p[1], "x", 1);
	return async_result(&r, ring_data) != 1 || c[0] != 'x';
}

static int without_doorbell(void)
{
	read_of(p[0], c, 1);
	async_submit(&r);
	write(p[1], "y", 1);
	return !spin(ring_data) || async_got[ring_data].res != 1 || c[0] != 'y';
}

/* another process writes while the thread is blocked in a call */
static int in_a_call(void)
{
	int pid;
	char d;

	read_of(p[0], c, 1);
	async_submit(&r);
	pid = fork();
	if (!pid) {
		msleep(100);
		write(p[1], "z", 1);
		msleep(300);
		write(q[1], "q", 1);
		_exit(0);
	}
	if (read(q[0], &d, 1) != 1 || d != 'q')
		return 1;
	wait_for(pid);
	return !spin(ring_data) || async_got[ring_data].res != 1 || c[0] != 'z';
}

static int sleeps(void)
{
	struct { long s, ns; } ts = { 0, 50000000 };

	ring_add3(&r, SYS_nanosleep, &ts, NULL, 0);
	ring_add0(&r, SYS_getppid);
	if (async_submit(&r) != 2 || async_has(&r, ring_data - 1))
		return 1;
	return async_result(&r, ring_data) != getppid() || async_result(&r, ring_data - 1) != 0;
}

/* more than @from holds, written by the first op, and its reader behind it in the same ring */
static int big_op(int from)
{
	long got = 0, n;

	for (int i = 0; i < BIG; i++)
		big[i] = i * 7 + (i >> 8);
	if (async_submit(&r) != 1)
		return 1;
	while (got < BIG) {
		read_of(from, back + got, BIG - got);
		async_submit(&r);
		n = async_result(&r, ring_data);
		if (n <= 0)
			return 2;
		got += n;
	}
	for (int i = 0; i < BIG; i++)
		if (back[i] != big[i])
			return 3;
	for (__u64 d = 1; d < ring_data; d++)
		if (!async_has(&r, d))
			async_result(&r, d);
	return async_got[1].res == BIG ? 0 : 4;
}

static struct iovec parts[3] = { { big, 5 }, { big + 5, BIG / 2 }, { big + 5 + BIG / 2, BIG - BIG / 2 - 5 } };

static int big_write(void)
{
	ring_add3(&r, SYS_write, p[1], big, BIG);
	return big_op(p[0]);
}

static int big_vector(void)
{
	ring_add3(&r, SYS_writev, p[1], parts, 3);
	return big_op(p[0]);
}

static int big_message(void)
{
	struct msghdr m = { .msg_iov = parts, .msg_iovlen = 3 };
	int sv[2];

	socketpair(AF_UNIX, SOCK_STREAM, 0, sv);
	ring_add3(&r, SYS_sendmsg, sv[1], &m, 0);
	return big_op(sv[0]);
}

static int polls(void)
{
	struct pollfd pf = { p[0], POLLIN, 0 };
	struct epoll_event ev = { .events = EPOLLIN, .data.u64 = 9 }, got = {};
	int ep = sys(SYS_epoll_create1, 0);
	unsigned long t = now_ms();
	__u64 a = ring_data + 1;

	sys(SYS_epoll_ctl, ep, EPOLL_CTL_ADD, p[0], &ev);
	/* first until it is too late, then until there is something */
	ring_add3(&r, SYS_poll, &pf, 1, 50);
	ring_add4(&r, SYS_epoll_wait, ep, &got, 1, 50);
	if (async_submit(&r) != 2)
		return 1;
	if (async_result(&r, a) || async_result(&r, a + 1) || now_ms() - t < 50)
		return 2;
	ring_add3(&r, SYS_poll, &pf, 1, 20000);
	ring_add4(&r, SYS_epoll_wait, ep, &got, 1, -1);
	if (async_submit(&r) != 2 || async_inflight(&r) != 2)
		return 3;
	write(p[1], "x", 1);
	if (async_result(&r, a + 2) != 1 || pf.revents != POLLIN)
		return 4;
	return async_result(&r, a + 3) != 1 || got.data.u64 != 9;
}

/* what fails at once does not wait for a file that is not ready */
static int fails(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int l = socket(AF_INET, SOCK_STREAM, 0);
	struct epoll_event got;
	__u64 a = ring_data + 1;

	bind(l, (struct sockaddr *)&in, sizeof(in));
	sys(SYS_listen, l, 4);
	ring_add4(&r, SYS_epoll_wait, p[0], &got, 1, -1);
	ring_add6(&r, SYS_recvfrom, l, (long)c, 1, 0, 0, 0);
	ring_add3(&r, SYS_connect, l, &in, sizeof(in));
	if (async_submit(&r) != 3 || async_inflight(&r))
		return 1;
	return async_result(&r, a) != -EINVAL || async_result(&r, a + 1) != -ENOTCONN || async_result(&r, a + 2) != -EISCONN;
}

static int connects(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int l = socket(AF_INET, SOCK_STREAM, 0), s = socket(AF_INET, SOCK_STREAM, 0);
	unsigned int len = sizeof(in);

	bind(l, (struct sockaddr *)&in, sizeof(in));
	sys(SYS_getsockname, l, &in, &len);
	ring_add3(&r, SYS_connect, s, &in, sizeof(in));
	async_submit(&r);
	if (async_result(&r, ring_data) != -ECONNREFUSED)
		return 1;
	sys(SYS_listen, l, 4);
	ring_add3(&r, SYS_connect, s, &in, sizeof(in));
	async_submit(&r);
	return async_result(&r, ring_data) != 0;
}

static int chain(void)
{
	xsc_sqe_link(ring_add3(&r, SYS_read, p[0], c, 3));
	xsc_sqe_forward(ring_add3(&r, SYS_write, q[1], c, 0), 2, 1);
	if (async_submit(&r) != 2 || async_has(&r, ring_data - 1))
		return 1;
	write(p[1], "abc", 3);
	if (async_result(&r, ring_data) != 3 || async_result(&r, ring_data - 1) != 3)
		return 2;
	return read(q[0], back, 4) != 3 || back[2] != 'c';
}

static int order(void)
{
	read_of(p[0], c, 1);
	read_of(p[0], c + 1, 1);
	async_submit(&r);
	write(p[1], "12", 2);
	if (async_result(&r, ring_data) != 1 || async_result(&r, ring_data - 1) != 1)
		return 1;
	return c[0] != '1' || c[1] != '2';
}

static int cancel(void)
{
	struct xsc_sqe *sqe;
	__u64 a;

	read_of(p[0], c, 1);
	a = ring_data;
	async_submit(&r);
	sqe = ring_add0(&r, XSC_OP_CANCEL);
	sqe->args[0] = a;
	async_submit(&r);
	return async_result(&r, ring_data) != 0 || async_result(&r, a) != -ECANCELED || async_inflight(&r);
}

static int closed(void)
{
	int fd = dup(p[0]);

	read_of(fd, c, 1);
	async_submit(&r);
	close(fd);
	write(p[1], "k", 1);
	return async_result(&r, ring_data) != 1 || c[0] != 'k';
}

static int exits(void)
{
	read_of(p[0], c, 1);
	async_submit(&r);
	return 0;
}

/* one filter more: it refuses what is in flight when it runs */
static int refused(void)
{
	read_of(p[0], c, 1);
	async_submit(&r);
	seccomp_filter(SYS_read, SECCOMP_RET_ERRNO | 77);
	write(p[1], "x", 1);
	return async_result(&r, ring_data) != -77;
}

/* what is refused does not wait */
static int refused_at_once(void)
{
	seccomp_filter(SYS_read, SECCOMP_RET_ERRNO | 77);
	read_of(p[0], c, 1);
	async_submit(&r);
	return !async_has(&r, ring_data) || async_got[ring_data].res != -77;
}

static int killed(void)
{
	read_of(p[0], c, 1);
	async_submit(&r);
	seccomp_filter(SYS_read, SECCOMP_RET_KILL_PROCESS);
	write(p[1], "x", 1);
	spin(ring_data);
	return 0;
}

/* a doorbell of three that the effect of each interrupts, and which waits for all */
static int cut_short(void)
{
	unsigned long t = now_ms();
	int o[2];

	pipe(o);
	read_of(p[0], c, 1);
	read_of(q[0], c + 1, 1);
	read_of(o[0], c + 2, 1);
	async_submit(&r);
	ring_add3(&r, SYS_write, p[1], "x", 1);
	ring_add3(&r, SYS_write, q[1], "y", 1);
	ring_add3(&r, SYS_write, o[1], "z", 1);
	if (async_enter(&r, 3, 6, 5000) != 3 || now_ms() - t > 4000)
		return 1;
	async_drain(&r);
	return c[0] != 'x' || c[1] != 'y' || c[2] != 'z' || async_inflight(&r);
}

/* what the thread runs while it waits is not interrupted by the word of it */
static int served_whole(void)
{
	struct { long s, ns; } ts = { 0, 50000000 };

	xsc_sqe_link(ring_add3(&r, SYS_read, p[0], c, 1));
	ring_add3(&r, SYS_nanosleep, &ts, NULL, 0);
	async_submit(&r);
	ring_add3(&r, SYS_write, p[1], "x", 1);
	if (async_enter(&r, 1, 3, 5000) != 1)
		return 1;
	return async_result(&r, ring_data - 1) == 0 ? 0 : 2;
}

static void sleeper(void *unused)
{
	for (;;)
		msleep(1000);
}

/* a filter kills an op in the middle of a chain: nothing behind it is asked about, and all of the process ends */
static int killed_in_chain(void)
{
	struct thread other;

	xsc_sqe_link(ring_add3(&r, SYS_read, p[0], c, 1));
	xsc_sqe_link(ring_add0(&r, SYS_getppid));
	xsc_sqe_link(ring_add0(&r, SYS_getpid));
	ring_add3(&r, SYS_write, q[1], "z", 1);
	thread_start(&other, sleeper, NULL);
	seccomp_filter(SYS_getppid, SECCOMP_RET_KILL_PROCESS);
	async_submit(&r);
	write(p[1], "x", 1);
	async_enter(&r, 0, 4, 5000);
	return 0;
}

/* the same of one of two that are ready */
static int killed_of_two(void)
{
	struct thread other;

	thread_start(&other, sleeper, NULL);
	read_of(p[0], c, 1);
	read_of(q[0], c + 1, 1);
	async_submit(&r);
	seccomp_filter(SYS_read, SECCOMP_RET_KILL_PROCESS);
	if (!fork()) {
		msleep(100);
		write(p[1], "x", 1);
		write(q[1], "y", 1);
		_exit(0);
	}
	async_enter(&r, 0, 2, 9000);
	return 0;
}

static int killed_while_it_waits(void)
{
	read_of(p[0], c, 1);
	async_submit(&r);
	seccomp_filter(SYS_read, SECCOMP_RET_KILL_PROCESS);
	if (!fork()) {
		msleep(200);
		write(p[1], "x", 1);
		_exit(0);
	}
	async_enter(&r, 0, 1, 9000);
	return 0;
}

/* accept, then recv and send by turns, while another connection is silent */
static int server(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "\0xsc-watched" };
	int s = socket(AF_UNIX, SOCK_STREAM, 0), one, two, peer[2];

	a.sun_path[12] = '0' + getpid() % 10;
	if (bind(s, (struct sockaddr *)&a, sizeof(a)) || sys(SYS_listen, s, 4))
		return 1;
	for (int i = 0; i < 2; i++) {
		ring_add3(&r, SYS_accept, s, NULL, NULL);
		async_submit(&r);
		peer[i] = socket(AF_UNIX, SOCK_STREAM, 0);
		if (sys(SYS_connect, peer[i], &a, sizeof(a)))
			return 2;
	}
	one = async_result(&r, ring_data - 1);
	two = async_result(&r, ring_data);
	if (one < 0 || two < 0)
		return 3;
	ring_add6(&r, SYS_recvfrom, one, (long)back, 1, 0, 0, 0);
	for (int i = 0; i < 20; i++) {
		ring_add6(&r, SYS_recvfrom, two, (long)c, 1, 0, 0, 0);
		if (async_submit(&r) < 1)
			return 4;
		sys(SYS_sendto, peer[1], "m", 1, 0, NULL, 0);
		if (async_result(&r, ring_data) != 1 || c[0] != 'm')
			return 5;
		ring_add6(&r, SYS_sendto, two, (long)"n", 1, 0, 0, 0);
		async_submit(&r);
		if (async_result(&r, ring_data) != 1 || sys(SYS_recvfrom, peer[1], c, 1, 0, NULL, NULL) != 1)
			return 6;
	}
	return async_inflight(&r) != 1;
}

static const struct {
	int (*run)(void);
	int want;
	const char *name;
} cases[] = {
	{ later, 0, "a read that waits does not block the doorbell" },
	{ without_doorbell, 0, "it ends without another doorbell" },
	{ in_a_call, 0, "and while its thread is blocked in a call" },
	{ sleeps, 0, "a sleep does not block the doorbell" },
	{ big_write, 0, "a write that a pipe does not hold, and reads of it" },
	{ big_vector, 0, "a writev" },
	{ big_message, 0, "a sendmsg to a socket" },
	{ polls, 0, "poll and epoll_wait do not block the doorbell" },
	{ connects, 0, "connect" },
	{ fails, 0, "errors come at once" },
	{ chain, 0, "a chain waits as a whole" },
	{ order, 0, "two reads of one pipe keep their order" },
	{ cancel, 0, "what waits can be cancelled" },
	{ closed, 0, "the file is that of the submission" },
	{ server, 0, "a server with a silent connection" },
	{ exits, 0, "its thread ends" },
	{ refused, 0, "a filter that comes later refuses it" },
	{ refused_at_once, 0, "a filter refuses what would wait, at once" },
	{ killed, SIGSYS, "or kills" },
	{ cut_short, 0, "a doorbell that one of its ops interrupts takes the others, and then waits" },
	{ served_whole, 0, "what runs while the thread waits is not interrupted" },
	{ killed_in_chain, SIGSYS, "or kills in the middle of a chain" },
	{ killed_of_two, SIGSYS, "or kills one of two" },
	{ killed_while_it_waits, SIGSYS, "or kills a thread that waits for it" },
};

static int child(int i, bool filter, bool defer)
{
	struct xsc_ring_params params = { .sq_entries = 64, .flags = XSC_RING_ASYNC | (defer ? XSC_RING_DEFER : 0) };

	/* it looks at every call, and lets them pass */
	if (filter)
		seccomp_filter(SYS_fsync, SECCOMP_RET_ERRNO | 77);
	ring_data = 0;
	if (pipe(p) || pipe(q) || xsc_ring_queue_init_params(&params, &r))
		return 99;
	return cases[i].run();
}

static void idle(void *unused)
{
	msleep(500);
}

/*
 * The filter kills at submission, while the kernel holds the file of the op:
 * does the other end of the pipe see that nobody has it any more?
 */
static bool killed_at_once(bool thread)
{
	bool *survived = shared(sizeof(*survived));
	struct thread other;
	long n = 0;
	int pid;

	pipe(p);
	pid = fork();
	if (!pid) {
		close(p[1]);
		async_make(&r, 8);
		/* with another thread the kernel takes references to files, and the one that is killed dies at once */
		if (thread)
			thread_start(&other, idle, NULL);
		seccomp_filter(SYS_read, SECCOMP_RET_KILL_THREAD);
		read_of(p[0], c, 1);
		async_submit(&r);
		*survived = true;
		_exit(0);
	}
	close(p[0]);
	wait_for(pid);
	/* what the process had ends a little later */
	for (int i = 0; i < 50 && n != -EPIPE; i++) {
		msleep(20);
		n = sys(SYS_write, p[1], "x", 1);
	}
	close(p[1]);
	return !*survived && n == -EPIPE;
}

/* run a case as a tracer's child; how often a read into c[] was seen to end */
static int traced(int i, int *status, int *restarts)
{
	struct user_regs_struct regs;
	int seen = 0, pid = fork();

	*restarts = 0;
	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		kill(getpid(), SIGSTOP);
		_exit(child(i, false, false));
	}
	waitpid(pid, status, 0);
	ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)(long)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL));
	while (!ptrace(PTRACE_SYSCALL, pid, NULL, NULL) && waitpid(pid, status, 0) == pid && (*status & 0xff) == 0x7f) {
		if (*status >> 8 != (SIGTRAP | 0x80))
			continue;
		ptrace(PTRACE_GETREGS, pid, NULL, &regs);
		/* at its end */
		if ((long)regs.rax == -ENOSYS || regs.orig_rax != SYS_read || (char *)regs.rsi != c)
			continue;
		if ((long)regs.rax == -512)	/* ERESTARTSYS */
			++*restarts;
		else
			seen++;
	}
	return seen;
}

int main(int argc, char **argv)
{
	int pid, status, seen, restarts;
	long refs;

	RINGS_OR_SKIP();
	refs = module_refs();
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		for (int defer = 0; defer < 2; defer++) {
			/* these look for what comes without a doorbell */
			if (defer && (cases[i].run == without_doorbell || cases[i].run == in_a_call ||
				      cases[i].run == killed))
				continue;
			pid = fork();
			if (!pid)
				_exit(child(i, true, defer));
			tap_is(wait_for(pid), cases[i].want, "filter%s: %s", defer ? ", deferred" : "", cases[i].name);
		}
		if (cases[i].want)
			continue;
		seen = traced(i, &status, &restarts);
		tap_is(status, 0, "tracer: %s", cases[i].name);
		if (cases[i].run == later || cases[i].run == without_doorbell)
			tap_ok(seen == 1 && restarts == 1, "which sees the read at submission, and when it is made: %d, %d", restarts, seen);
	}
	signal(SIGPIPE, SIG_IGN);
	tap_ok(killed_at_once(false), "a filter that kills at submission: the file is given back");
	tap_ok(killed_at_once(true), "with another thread");
	tap_is(module_refs(), refs, "all rings are gone");
	return tap_done();
}

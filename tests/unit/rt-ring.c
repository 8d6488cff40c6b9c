// SPDX-License-Identifier: MIT
/*
 * rt-ring.c - what libxsc-rt makes of the kernel's answers; preparing, walking
 *
 * The kernel is played by an ioctl() of our own, and so is the clock.
 */
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <time.h>

static int sim_ioctl(int fd, unsigned long cmd, void *arg);
static int sim_clock(struct timespec *ts);
static void sim_relax(void);

#include <xsc/barrier.h>

#define ioctl(fd, cmd, arg)		sim_ioctl(fd, cmd, arg)
#define clock_gettime(clock, ts)	sim_clock(ts)
#undef xsc_cpu_relax
#define xsc_cpu_relax()			sim_relax()
#include <xsc/prep.h>
#include <xsc/ring.h>
#undef ioctl
#undef clock_gettime
#include "ring-sim.h"
#include "tap.h"

static struct xsc_ring ring;

#define MS	1000000LL

/* what the next doorbells answer, and what they were asked */
static struct answer {
	int		ret;		/* negative: that errno; else consume so many */
	unsigned int	extra;		/* CQEs of what was in flight */
} answers[4];
static unsigned int nr_answers, asked;
static long long takes;			/* the first of them, nanoseconds */
static struct xsc_ring_enter last;
static long long last_ns;		/* its timeout */

static long long now_ns = 1000 * MS;
static unsigned int polled;		/* SQEs that the poller takes in the next look at the CQ */

static struct xsc_ring_buffers buffers;

static int sim_ioctl(int fd, unsigned long cmd, void *arg)
{
	struct answer *a = &answers[asked++];

	if (fd == ring.fd && cmd == XSC_IOC_BUFFERS && asked <= nr_answers) {
		buffers = *(struct xsc_ring_buffers *)arg;
		errno = -a->ret;
		return a->ret ? -1 : 0;
	}
	last = *(struct xsc_ring_enter *)arg;
	last_ns = -1;
	if (last.timeout) {
		struct __kernel_timespec *ts = (void *)(unsigned long)last.timeout;

		last_ns = ts->tv_sec > 86400 ? LLONG_MAX : ts->tv_sec * 1000 * MS + ts->tv_nsec;
	}
	if (fd != ring.fd || cmd != XSC_IOC_ENTER || asked > nr_answers) {
		tap_ok(false, "a doorbell that nobody expects");
		return 0;
	}
	now_ns += takes;
	takes = 0;
	for (unsigned int i = 0; i < a->extra; i++) {
		ring.cqes[ring.cr->cq_tail & ring.cq_mask].res = 4711;
		ring.cr->cq_tail++;
	}
	if (a->ret < 0) {
		errno = -a->ret;
		return -1;
	}
	/* consumed and gone on */
	ring.cr->sq_head += a->ret;
	return a->ret;
}

static int sim_clock(struct timespec *ts)
{
	ts->tv_sec = now_ns / (1000 * MS);
	ts->tv_nsec = now_ns % (1000 * MS);
	return 0;
}

/* a microsecond in which the poller may take SQEs */
static void sim_relax(void)
{
	now_ns += 1000;
	sim_doorbell(&ring, polled);
	polled = 0;
}

static void expect(unsigned int nr, const struct answer *a)
{
	memcpy(answers, a, nr * sizeof(*a));
	nr_answers = nr;
	asked = 0;
}

#define EXPECT(...)	expect(sizeof((struct answer []) { __VA_ARGS__ }) / sizeof(struct answer), \
			       (struct answer []) { __VA_ARGS__ })

static void add(void)
{
	xsc_prep_nop(xsc_ring_get_sqe(&ring));
}

static void waits(void)
{
	struct __kernel_timespec ts = { 1, 0 };
	struct xsc_cqe *cqe;

	add();
	EXPECT({ 1, 1 });
	tap_ok(!xsc_ring_wait_cqe(&ring, &cqe) && cqe && cqe->res == 4711, "wait: submits and has its CQE");
	tap_ok(last.to_submit == 1 && last.min_complete == 1 && !last.timeout && !last.flags, "in one doorbell");
	EXPECT({ 0, 0 });
	tap_ok(!xsc_ring_wait_cqe(&ring, &cqe) && !asked, "wait: a CQE is there, no doorbell");
	xsc_ring_cqe_seen(&ring, cqe);

	EXPECT({ -EINTR, 0 });
	tap_ok(xsc_ring_wait_cqe(&ring, &cqe) == -EINTR && !cqe, "wait: EINTR");
	EXPECT({ 0, 0 });
	tap_ok(xsc_ring_wait_cqe(&ring, &cqe) == -EAGAIN && !cqe, "wait: nothing in flight: EAGAIN");
	EXPECT({ -ETIME, 0 });
	tap_ok(xsc_ring_wait_cqe_timeout(&ring, &cqe, &ts) == -ETIME, "wait: ETIME");
	tap_ok(last.timeout == (__u64)(unsigned long)&ts, "the timeout was handed over");
	EXPECT({ -EBUSY, 1 });
	add();
	tap_ok(!xsc_ring_wait_cqe(&ring, &cqe), "wait: EBUSY, but there is a CQE");
	xsc_ring_cqe_seen(&ring, cqe);
	EXPECT({ -EBUSY, 0 }, { 0, 1 });
	tap_ok(!xsc_ring_wait_cqe(&ring, &cqe) && asked == 2 && !last.to_submit && last.min_complete == 1,
	       "wait: EBUSY for what is in flight: waits for that");
	xsc_ring_cqe_seen(&ring, cqe);
	errno = 4711;
	EXPECT({ -EPERM, 0 });
	tap_ok(xsc_ring_wait_cqes(&ring, &cqe, 2, NULL) == -EPERM && !cqe, "wait: another error");
	tap_ok(errno == 4711, "errno is not touched");
	EXPECT({ 1, 2 });
	tap_ok(xsc_ring_submit_and_wait(&ring, 2) == 1 && last.min_complete == 2, "submit_and_wait");
	EXPECT({ 0, 0 });
	tap_ok(xsc_ring_submit_and_wait(&ring, 2) == 0 && !asked, "submit_and_wait: nothing to do, no doorbell");
	tap_ok(xsc_ring_submit(&ring) == 0 && !asked, "submit: nothing to do, no doorbell");
	xsc_ring_cq_advance(&ring, 2);
}

/*
 * SQEs were consumed, and there are fewer CQEs than were waited for.  The
 * second doorbell says whether anything is in flight.
 */
static void ends(void)
{
	struct __kernel_timespec hour = { 3600, 0 }, never = { LLONG_MAX, 0 };
	struct xsc_cqe *cqe;

	add();
	takes = 5 * MS;
	EXPECT({ 1, 0 }, { -ETIME, 0 });
	tap_ok(xsc_ring_wait_cqe(&ring, &cqe) == -EINTR && !cqe, "submitted, then a signal: EINTR");
	tap_ok(asked == 2 && !last.to_submit && last.min_complete == 1 && !last_ns, "the second doorbell does not wait");
	add();
	takes = 5 * MS;
	EXPECT({ 1, 0 }, { -ETIME, 0 });
	tap_ok(xsc_ring_wait_cqe_timeout(&ring, &cqe, &hour) == -EINTR && !cqe, "the same with an hour");
	add();
	takes = 5 * MS;
	EXPECT({ 1, 0 }, { -ETIME, 0 });
	tap_ok(xsc_ring_wait_cqe_timeout(&ring, &cqe, &never) == -EINTR && !cqe, "and with more than 64 bits hold");
	add();
	takes = 5 * MS;
	EXPECT({ 1, 0 }, { -EINTR, 0 });
	tap_ok(xsc_ring_wait_cqe(&ring, &cqe) == -EINTR && !cqe, "and another signal: EINTR");
	add();
	add();
	takes = 5 * MS;
	EXPECT({ 1, 0 }, { 0, 0 });
	tap_ok(xsc_ring_wait_cqe(&ring, &cqe) == -EINTR && !cqe && xsc_ring_sq_ready(&ring) == 1,
	       "a signal before all were submitted: EINTR");
	EXPECT({ 1, 0 }, { 0, 1 });
	tap_ok(!xsc_ring_wait_cqe(&ring, &cqe) && asked == 2, "submitted, and the CQE came right behind the signal");
	xsc_ring_cqe_seen(&ring, cqe);

	add();
	EXPECT({ 1, 0 }, { 0, 0 });
	tap_ok(xsc_ring_wait_cqe(&ring, &cqe) == -EAGAIN && !cqe, "a quiet op has succeeded: EAGAIN");
	add();
	EXPECT({ 1, 0 }, { 0, 0 });
	tap_ok(xsc_ring_wait_cqe_timeout(&ring, &cqe, &hour) == -EAGAIN && !cqe, "the same with an hour");

	add();
	takes = 3600 * 1000 * MS;
	EXPECT({ 1, 0 });
	tap_ok(xsc_ring_wait_cqe_timeout(&ring, &cqe, &hour) == -ETIME && !cqe, "the hour is over: ETIME");
	add();
	takes = 3600 * 1000 * MS;
	EXPECT({ 1, 1 });
	tap_ok(!xsc_ring_wait_cqes(&ring, &cqe, 2, &hour) && cqe, "over, but there is one of two");
	xsc_ring_cqe_seen(&ring, cqe);
}

/* The poller is awake; it may have other things to do. */
static void polls(void)
{
	struct __kernel_timespec ms = { 0, 1 * MS }, s = { 1, 0 }, bad = { 0, 1000 * MS };
	long long since;
	struct xsc_cqe *cqe;

	ring.spin = 100000;
	add();
	polled = 1;
	EXPECT({ 0, 0 });
	tap_ok(!xsc_ring_wait_cqe_timeout(&ring, &cqe, &ms) && !asked, "polled: no doorbell");
	xsc_ring_cqe_seen(&ring, cqe);

	since = now_ns;
	add();
	EXPECT({ 1, 0 });
	tap_ok(xsc_ring_wait_cqe_timeout(&ring, &cqe, &ms) == -ETIME, "polled: a millisecond is over");
	tap_ok(now_ns - since >= 1 * MS && now_ns - since < 2 * MS, "it took %lld us", (now_ns - since) / 1000);
	tap_ok(asked == 1 && last.to_submit == 1 && !last_ns, "the doorbell has no time left");

	since = now_ns;
	add();
	EXPECT({ 0, 1 });
	tap_ok(!xsc_ring_wait_cqe_timeout(&ring, &cqe, &s), "polled: within a second");
	tap_ok(last_ns == 1000 * MS - (now_ns - since) && now_ns - since >= 100 * MS,
	       "the doorbell has %lld us of it", last_ns / 1000);
	xsc_ring_cqe_seen(&ring, cqe);
	ring.cr->sq_head++;

	EXPECT({ 0, 0 });
	tap_ok(xsc_ring_wait_cqe_timeout(&ring, &cqe, &bad) == -EINVAL && !cqe && !asked, "a second of nanoseconds");
	ring.spin = 0;
}

static void walk(void)
{
	struct xsc_cqe *cqe;
	unsigned int head, n = 0;

	xsc_ring_cq_advance(&ring, xsc_ring_cq_ready(&ring));
	for (unsigned int i = 0; i < 5; i++) {
		cqe = &ring.cqes[ring.cr->cq_tail++ & ring.cq_mask];
		cqe->user_data = i;
	}
	xsc_ring_for_each_cqe(&ring, head, cqe)
		n += cqe->user_data == n;
	tap_ok(n == 5 && xsc_ring_cq_ready(&ring) == 5, "for_each: five, and they stay");
	xsc_ring_cq_advance(&ring, n);
	n = 0;
	xsc_ring_for_each_cqe(&ring, head, cqe)
		n++;
	tap_ok(n == 0, "for_each: none");
}

static void registers(void)
{
	struct iovec iov[3] = { { NULL, 0 } };
	struct xsc_sqe sqe;

	EXPECT({ 0, 0 });
	tap_ok(!xsc_ring_register_buffers(&ring, iov, 3) && buffers.iov == (__u64)(unsigned long)iov && buffers.nr == 3 &&
	       !buffers.resv, "register_buffers");
	errno = 4711;
	EXPECT({ -EBUSY, 0 });
	tap_ok(xsc_ring_register_buffers(&ring, iov, 3) == -EBUSY && errno == 4711, "register_buffers: an error");
	EXPECT({ 0, 0 });
	tap_ok(!xsc_ring_unregister_buffers(&ring) && !buffers.iov && !buffers.nr, "unregister_buffers");
	EXPECT({ -ENXIO, 0 });
	tap_ok(xsc_ring_unregister_buffers(&ring) == -ENXIO, "unregister_buffers: an error");
	xsc_prep_pread(&sqe, 3, iov, 8, 1);
	xsc_sqe_link(&sqe);
	xsc_sqe_fixed_buffer(&sqe, 5);
	tap_ok(sqe.flags == (XSC_SQE_LINK | XSC_SQE_FIXED_BUFFER) && sqe.args[4] == 5 && sqe.args[3] == 1 && !sqe.args[5],
	       "fixed_buffer");
}

#define IS(nr, ...)	is(&sqe, nr, (long []) { __VA_ARGS__, 0, 0, 0, 0, 0, 0 }, #nr)

static void is(const struct xsc_sqe *sqe, unsigned int op, const long *args, const char *name)
{
	tap_ok(sqe->op == op && !sqe->flags && !sqe->fwd_arg && !sqe->fwd_from && !sqe->user_data &&
	       !memcmp(sqe->args, args, sizeof(sqe->args)), "prep: %s", name);
}

static void preps(void)
{
	struct __kernel_timespec ts;
	struct xsc_sqe sqe;
	struct pollfd pf;
	char b[8];

	memset(&sqe, 0xff, sizeof(sqe));
	xsc_prep_nop(&sqe);
	IS(XSC_OP_NOP, 0);
	xsc_prep_cancel(&sqe, 0xfedcba9876543210, XSC_CANCEL_ALL);
	IS(XSC_OP_CANCEL, 0xfedcba9876543210, XSC_CANCEL_ALL);
	xsc_prep_limit(&sqe, 0xfedcba9876543210, 1ULL << 40, XSC_LIMIT_MAYBE);
	IS(XSC_OP_LIMIT, 0xfedcba9876543210, 1L << 40, XSC_LIMIT_MAYBE);
	xsc_prep_read(&sqe, 3, b, 8);
	IS(__NR_read, 3, (long)b, 8);
	xsc_prep_write(&sqe, 3, b, 8);
	IS(__NR_write, 3, (long)b, 8);
	xsc_prep_pread(&sqe, 3, b, 8, 1ULL << 40);
	IS(__NR_pread64, 3, (long)b, 8, 1L << 40);
	xsc_prep_pwrite(&sqe, 3, b, 8, 1ULL << 40);
	IS(__NR_pwrite64, 3, (long)b, 8, 1L << 40);
	xsc_prep_readv(&sqe, 3, (void *)b, 2);
	IS(__NR_readv, 3, (long)b, 2);
	xsc_prep_writev(&sqe, 3, (void *)b, 2);
	IS(__NR_writev, 3, (long)b, 2);
	xsc_prep_openat(&sqe, AT_FDCWD, b, O_RDWR, 0640);
	IS(__NR_openat, AT_FDCWD, (long)b, O_RDWR, 0640);
	xsc_prep_close(&sqe, 3);
	IS(__NR_close, 3);
	xsc_prep_statx(&sqe, 3, b, 1, 2, b);
	IS(__NR_statx, 3, (long)b, 1, 2, (long)b);
	xsc_prep_unlinkat(&sqe, 3, b, 1);
	IS(__NR_unlinkat, 3, (long)b, 1);
	xsc_prep_mkdirat(&sqe, 3, b, 0750);
	IS(__NR_mkdirat, 3, (long)b, 0750);
	xsc_prep_renameat(&sqe, 3, b, 4, b + 1, 1);
	IS(__NR_renameat2, 3, (long)b, 4, (long)b + 1, 1);
	xsc_prep_fsync(&sqe, 3);
	IS(__NR_fsync, 3);
	xsc_prep_fdatasync(&sqe, 3);
	IS(__NR_fdatasync, 3);
	xsc_prep_fallocate(&sqe, 3, 1, 2, 1ULL << 40);
	IS(__NR_fallocate, 3, 1, 2, 1L << 40);
	xsc_prep_accept(&sqe, 3, (void *)b, b, 1);
	IS(__NR_accept4, 3, (long)b, (long)b, 1);
	xsc_prep_connect(&sqe, 3, (void *)b, 16);
	IS(__NR_connect, 3, (long)b, 16);
	xsc_prep_recv(&sqe, 3, b, 8, 1);
	IS(__NR_recvfrom, 3, (long)b, 8, 1);
	xsc_prep_send(&sqe, 3, b, 8, 1);
	IS(__NR_sendto, 3, (long)b, 8, 1);
	xsc_prep_recvmsg(&sqe, 3, (void *)b, 1);
	IS(__NR_recvmsg, 3, (long)b, 1);
	xsc_prep_sendmsg(&sqe, 3, (void *)b, 1);
	IS(__NR_sendmsg, 3, (long)b, 1);
	xsc_prep_shutdown(&sqe, 3, 1);
	IS(__NR_shutdown, 3, 1);
	xsc_prep_poll(&sqe, &pf, 1, -1);
	IS(__NR_poll, (long)&pf, 1, -1);
	xsc_prep_sleep(&sqe, &ts);
	IS(__NR_nanosleep, (long)&ts);
	xsc_prep_sleep_until(&sqe, 1, &ts);
	IS(__NR_clock_nanosleep, 1, 1, (long)&ts);
	xsc_sqe_set_data(&sqe, b);
	tap_ok(sqe.user_data == (__u64)(unsigned long)b, "set_data");
}

int main(void)
{
	sim_init(&ring, 8, 16, 0xfffffffc);
	waits();
	ends();
	polls();
	walk();
	registers();
	preps();
	sim_free(&ring);
	return tap_done();
}

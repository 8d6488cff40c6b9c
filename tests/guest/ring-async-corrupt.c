// SPDX-License-Identifier: MIT
/*
 * ring-async-corrupt.c - indices that make no sense, SQEs that change under the kernel, and a header written over, in
 * asynchronous and in polled rings
 */
#include <poll.h>
#include <sys/uio.h>

#include "poller.h"
#include "scribble.h"

#define ENTRIES	8
#define PAGE	4096UL

static struct xsc_ring r;
static int p[2], file;
static char *buf;	/* a page for all that ops read and write, and nothing behind it */
static struct times { long s, ns; } *soon, *hour;
static struct pollfd *pf;

static void corrupt(__u32 tail, __u32 head, long want, const char *what)
{
	__u32 t = r.sr->sq_tail, h = r.sr->cq_head;
	__u64 done = r.cr->sqes_done;

	r.sr->cq_head = head;
	r.sr->sq_tail = tail;
	tap_is(ring_enter(r.fd, ENTRIES, 0), want, "%s", what);
	tap_is(r.cr->flags, want < 0 ? XSC_CR_SQ_BROKEN : 0, "%s: flags", what);
	tap_is(r.cr->sqes_done, done, "%s: nothing has run", what);
	r.sr->sq_tail = t;
	r.sr->cq_head = h;
}

/* with two ops in flight, whose places in the CQ are theirs whatever happens */
static void indices(void)
{
	__u64 first;

	async_make(&r, ENTRIES);
	ring_add3(&r, SYS_read, p[0], buf, 1);
	ring_add3(&r, SYS_read, p[0], buf, 1);
	first = ring_data - 1;
	tap_is(async_submit(&r), 2, "two ops go on");
	corrupt(2 + ENTRIES + 1, 0, -EINVAL, "sq_tail 9 ahead in a ring of 8");
	corrupt(1, 0, -EINVAL, "sq_tail has gone backwards");
	corrupt(0x80000002, 0, -EINVAL, "sq_tail 2^31 ahead");
	corrupt(2, 1, -EINVAL, "cq_head ahead of cq_tail");
	corrupt(2, 0x80000000, -EINVAL, "cq_head 2^31 ahead");
	corrupt(2, -17, -EINVAL, "cq_head too far behind");
	corrupt(2, -16, 0, "as far behind as the CQ is long, with two ops in flight");
	corrupt(2, 0, 0, "and back");
	write(p[1], "ab", 2);
	tap_is(async_result(&r, first), 1, "the first op");
	tap_is(async_result(&r, first + 1), 1, "the second");
	xsc_ring_queue_exit(&r);

	/* a poller meets the same, and leaves it to the doorbell, which says so */
	if (poller_cpus() < 2) {
		tap_skip("a poller wants a second CPU");
		return;
	}
	poller_make(&r, ENTRIES, 0, POLL_IDLE);
	tap_ok(poller_wake(&r), "the poller is awake");
	__atomic_store_n(&r.sr->sq_tail, r.sqe_tail + ENTRIES + 1, __ATOMIC_RELEASE);
	for (int i = 0; i < 1000 && poller_awake(&r); i++)
		msleep(10);
	tap_ok(!poller_awake(&r), "sq_tail 9 ahead: it does not go on with the ring");
	tap_is(r.cr->flags, XSC_CR_SQ_BROKEN, "and says why");
	tap_is(ring_enter(r.fd, ENTRIES, 0), -EINVAL, "as the doorbell does");
	r.sr->sq_tail = r.sqe_tail;
	tap_ok(poller_wake(&r), "back, and it polls again");
	xsc_ring_queue_exit(&r);
}

/* ops that wait, sleep, use workers and registered buffers, cancel and limit: each field is written by itself */
static void rewrite(void *arg)
{
	const struct xsc_sqe kinds[] = {
		{ .op = SYS_getppid },
		{ .op = SYS_read, .args = { p[0], (long)buf, 1 } },
		{ .op = SYS_pread64, .args = { file, (long)buf, 512, 0, 0 } },
		{ .op = SYS_nanosleep, .args = { (long)soon, 0 } },
		{ .op = SYS_nanosleep, .args = { (long)hour, 0 } },
		{ .op = SYS_poll, .args = { (long)pf, 1, -1L } },
		{ .op = XSC_OP_CANCEL, .args = { 0, XSC_CANCEL_ALL | XSC_CANCEL_ANY } },
		{ .op = XSC_OP_LIMIT, .args = { 0, 1000 } },
		{ .op = SYS_fsync, .args = { file } },
		{ .op = XSC_OP_NOP },
		{ .op = SYS_fork },
		{ .op = 0xffffffff, .flags = 0xffff, .fwd_from = 255 },
	};
	volatile struct xsc_sqe *s = r.sqes;

	for (unsigned int n = 1; !scribble_stop; n++) {
		const struct xsc_sqe *k = &kinds[n % 12];
		volatile struct xsc_sqe *to = &s[n * 5 % ENTRIES];
		unsigned int flags = n >> 3 & XSC_SQE_F_ALL;

		to->op = k->op;
		to->flags = n % 3 ? 0 : k->flags ?: flags;
		to->fwd_arg = !(n % 3) && flags & XSC_SQE_FORWARD ? 5 : 0;
		to->fwd_from = !(n % 3) && flags & XSC_SQE_FORWARD ? 1 : 0;
		for (int i = 0; i < 6; i++)
			to->args[i] = k->args[i];
	}
}

/* doorbells, or sq_tail alone, while @fn writes over the ring; what comes of it is an errno or a result */
static void under(void (*fn)(void *), bool polled, const char *what)
{
	struct iovec iov = { buf, PAGE };
	unsigned long end, rounds = 0, bad = 0, taken = 0, woken = 0;
	struct thread t;
	long res, before = module_refs();
	__u64 done;

	if (polled) {
		poller_make(&r, ENTRIES, 0, POLL_IDLE);
		poller_wake(&r);
	} else {
		async_make(&r, ENTRIES);
	}
	tap_is(xsc_ring_register_buffers(&r, &iov, 1), 0, "%s: a registered buffer", what);
	done = r.cr->sqes_done;
	scribble_stop = false;
	tap_is(thread_start(&t, fn, &r), 0, "%s: a thread", what);
	end = now_ms() + 2000;
	for (; now_ms() < end; rounds++) {
		if (fn == rewrite)
			__atomic_store_n(&r.sr->sq_tail, r.cr->sq_head + ENTRIES, __ATOMIC_SEQ_CST);
		if (!polled || !poller_awake(&r)) {
			res = ring_enter(r.fd, ENTRIES, 0);
			bad += res < -4095 || res > ENTRIES;
		} else {
			woken++;
		}
		while (fn == rewrite && ring_take(&r, &res, NULL)) {
			taken++;
			bad += res < -4095 || (res > (long)PAGE && res != getppid());
		}
		if (rounds % 64 == 0)
			write(p[1], "x", 1);
	}
	scribble_stop = true;
	thread_join(&t);
	tap_is(bad, 0, "%s: %lu rounds, %lu of them without a doorbell: legal results", what, rounds, woken);
	if (fn == rewrite)
		tap_ok(taken > 100 && r.cr->sqes_done - done >= taken, "%s: %lu CQEs, no more than SQEs (%lu)", what, taken,
		       (unsigned long)(r.cr->sqes_done - done));
	tap_is(waitpid(-1, NULL, WNOHANG), -1, "%s: no child has come of it", what);
	xsc_ring_queue_exit(&r);
	for (int i = 0; i < 20 && module_refs() != before; i++)
		;
	if (before >= 0)
		tap_is(module_refs(), before, "%s: the ring has ended with all that was in flight", what);
}

int main(int argc, char **argv)
{
	RINGS_OR_SKIP();
	file = open("/var/tmp/xsc-ring-async-corrupt", O_RDWR | O_CREAT | O_TRUNC | O_DIRECT, 0600);
	if (file < 0)
		file = open("ring-async-corrupt", O_RDWR | O_CREAT | O_TRUNC, 0600);
	buf = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(buf + PAGE, PAGE);
	soon = (void *)(buf + 1024);
	hour = soon + 1;
	pf = (void *)(hour + 1);
	*soon = (struct times) { 0, 1000000 };
	*hour = (struct times) { 3600, 0 };
	write(file, buf, PAGE);
	pipe(p);
	sys(SYS_fcntl, p[1], F_SETFL, O_NONBLOCK);
	*pf = (struct pollfd) { .fd = p[0], .events = POLLIN };
	indices();
	under(rewrite, false, "SQEs change, asynchronous");
	under(scribble, false, "SR changes, asynchronous");
	if (poller_cpus() > 1) {
		under(rewrite, true, "SQEs change, polled");
		under(scribble, true, "SR changes, polled");
	}
	sys(SYS_unlink, "/var/tmp/xsc-ring-async-corrupt");

	/* nobody else is hurt */
	ring_make(&r, 8);
	ring_add0(&r, SYS_getpid);
	ring_expect(&r, 1, (long []) { getpid() }, "another ring works");
	return tap_done();
}

// SPDX-License-Identifier: MIT
/*
 * ring-remap.c - another thread takes a ring's regions and the buffers of its ops away and puts others there, again and
 * again, while doorbells and a poller work: the kernel has its own way to the ring, and each op has its result
 */
#include "poller.h"

#define ENTRIES	64
#define PAGE	4096UL

static struct xsc_ring r;	/* what the other thread remaps */
static struct xsc_ring mine;	/* the same ring, mapped a second time */
static char *area;
static volatile bool stop;
static unsigned long remaps;
static int p[2], file;

static void *map(void *at, unsigned long size, int prot, int flags, int fd, unsigned long off)
{
	return mmap(at, size, prot, flags, fd, off);
}

static void remap(void *arg)
{
	const int rw = PROT_READ | PROT_WRITE, anon = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
	char *aside = map(NULL, r.sr_size, rw, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	while (!stop) {
		/* something else in their place */
		map(r.sr, r.sr_size, rw, anon, -1, 0);
		map(r.cr, r.cr_size, rw, anon, -1, 0);
		memset(r.sr, 0x55, r.sr_size);
		memset(r.cr, 0x55, r.cr_size);
		/* the regions again, changed over and the right way round */
		map(r.cr, r.cr_size, PROT_READ, MAP_SHARED | MAP_FIXED, r.fd, XSC_OFF_CR);
		map(r.sr, r.sr_size, rw, MAP_SHARED | MAP_FIXED, r.fd, XSC_OFF_SR);
		/* moved, not readable, gone */
		sys(SYS_mremap, r.sr, r.sr_size, r.sr_size, MREMAP_MAYMOVE | MREMAP_FIXED, aside);
		sys(SYS_mremap, aside, r.sr_size, r.sr_size, MREMAP_MAYMOVE | MREMAP_FIXED, r.sr);
		sys(SYS_mprotect, r.cr, r.cr_size, PROT_NONE);
		munmap(r.cr, r.cr_size);
		sys(SYS_madvise, r.sr, r.sr_size, MADV_DONTNEED);
		/* and the memory that ops read into */
		munmap(area, PAGE);
		map(area, PAGE, rw, anon, -1, 0);
		remaps++;
	}
}

/* three of four ops use memory that comes and goes */
static void under(bool polled, unsigned int flags, const char *what)
{
	struct xsc_ring_params params = { .sq_entries = ENTRIES, .flags = flags };
	unsigned long end, rounds = 0, bad = 0, gone = 0, alone = 0;
	long res, before = module_refs();
	struct thread t;
	char c;

	if (polled) {
		poller_make(&r, ENTRIES, 0, POLL_IDLE);
	} else if (xsc_ring_queue_init_params(&params, &r)) {
		tap_ok(false, "%s: no ring", what);
		return;
	}
	mine = r;
	mine.sr = map(NULL, r.sr_size, PROT_READ | PROT_WRITE, MAP_SHARED, r.fd, XSC_OFF_SR);
	mine.cr = map(NULL, r.cr_size, PROT_READ, MAP_SHARED, r.fd, XSC_OFF_CR);
	mine.sqes = (void *)((char *)mine.sr + ((char *)r.sqes - (char *)r.sr));
	mine.cqes = (void *)((char *)mine.cr + ((char *)r.cqes - (char *)r.cr));
	if (polled)
		tap_ok(poller_wake(&mine), "%s: the poller is awake", what);
	stop = false;
	remaps = 0;
	tap_is(thread_start(&t, remap, NULL), 0, "%s: a thread that remaps", what);
	end = now_ms() + 3000;
	for (; now_ms() < end; rounds++) {
		__u64 first = ring_data + 1;

		write(p[1], "1234", 4);
		ring_add0(&mine, SYS_getpid);
		ring_add4(&mine, SYS_pread64, file, area, 512, 0);
		ring_add3(&mine, SYS_read, p[0], area, 4);
		ring_add3(&mine, SYS_write, file, area, 16);
		if (polled && poller_awake(&mine))
			alone += poller_takes(&mine);
		else
			async_submit(&mine);
		bad += async_result(&mine, first) != getpid();
		for (int i = 1; i < 4; i++) {
			res = async_result(&mine, first + i);
			gone += res == -EFAULT;
			/* or the part that was still there */
			bad += res != -EFAULT && (res < 1 || res > (long []) { 0, 512, 4, 16 }[i]);
		}
		/* what a read that failed has left */
		while (sys(SYS_read, p[0], &c, 1) == 1)
			;
		/* user_data would come round to what was there before */
		if (ring_data > ASYNC_MAX - 16) {
			memset(async_got, 0, sizeof(async_got));
			ring_data = 0;
		}
	}
	stop = true;
	thread_join(&t);
	tap_is(bad, 0, "%s: %lu rounds while the regions were remapped %lu times, EFAULT %lu times", what, rounds, remaps, gone);
	tap_ok(rounds > 10 && remaps > 10 && (alone > 10 || !polled), "%s: both sides got on, %lu times without a doorbell",
	       what, alone);
	munmap(r.sr, r.sr_size);
	xsc_ring_queue_exit(&mine);
	for (int i = 0; i < 20 && module_refs() != before; i++)
		;
	if (before >= 0)
		tap_is(module_refs(), before, "%s: the ring has ended", what);
}

int main(int argc, char **argv)
{
	char zero[512] = { 0 };

	RINGS_OR_SKIP();
	file = open("ring-remap", O_RDWR | O_CREAT | O_TRUNC, 0600);
	write(file, zero, sizeof(zero));
	pipe(p);
	sys(SYS_fcntl, p[0], F_SETFL, O_NONBLOCK);
	area = map(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	under(false, 0, "plain");
	under(false, XSC_RING_ASYNC, "asynchronous");
	if (poller_cpus() > 1)
		under(true, 0, "polled");
	return tap_done();
}

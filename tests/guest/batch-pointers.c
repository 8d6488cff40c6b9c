// SPDX-License-Identifier: MIT
/* batch-pointers.c - arrays that are not there, or only in part; TEST: xsc only */
#include "batch.h"

#define PAGE	4096L

static char *two_pages(void)
{
	char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	munmap(p + PAGE, PAGE);
	return p;
}

static void nops(struct xsc_sqe *s, int n)
{
	for (int i = 0; i < n; i++)
		xsc_sqe_prep(&s[i], SYS_getppid, 0, 0, 0, 0, 0, 0);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		unsigned long addr;
	} bad[] = {
		{ "NULL", 0 },
		{ "a low address", 64 },
		{ "an address of the kernel", 0xffffffff81000000UL },
		{ "the vsyscall page", 0xffffffffff600000UL },
		{ "the last byte of user memory", 0x7fffffffefffUL },
		{ "the end of user memory", 0x7ffffffff000UL },
		{ "no canonical address", 0x800000000000UL },
		{ "the end of all", 0xfffffffffffffff0UL },
	};
	char *p, saved[64], *none;
	struct xsc_sqe *s;
	struct xsc_cqe *c;

	BATCH_XSC_ONLY();
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		batch_start();
		batch_add(SYS_getppid);
		tap_is(xsc_batch((void *)bad[i].addr, cqes, 1), -EFAULT, "sqes: %s", bad[i].name);
		tap_is(cqes[0].res, -9999, "sqes: %s: no result", bad[i].name);
		tap_is(xsc_batch(sqes, (void *)bad[i].addr, 1), -EFAULT, "cqes: %s", bad[i].name);
	}

	/* four SQEs that are there, and one of which only half is */
	p = two_pages();
	s = (struct xsc_sqe *)(p + PAGE - 4 * 64 - 32);
	nops(s, 4);
	batch_start();
	tap_is(xsc_batch(s, cqes, 8), 4, "sqes that end at a hole: those before it run");
	tap_is(cqes[3].res, getppid(), "the last one before it");
	tap_is(cqes[4].res, -9999, "the one in it has no result");
	unsigned int start = 4;
	tap_is(xsc_batch_from(s, cqes, 8, &start), -EFAULT, "going on there: EFAULT");

	p = two_pages();
	c = (struct xsc_cqe *)(p + PAGE - 4 * 16 - 8);
	nops(sqes, 8);
	tap_is(xsc_batch(sqes, c, 8), 4, "cqes that end at a hole: those before it count");
	tap_is(c[3].res, getppid(), "the last one before it");

	none = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	tap_is(xsc_batch(sqes, (void *)none, 1), -EFAULT, "cqes in read-only memory");
	memcpy(saved, (void *)xsc_gate(), 64);
	tap_is(xsc_batch(sqes, (void *)xsc_gate(), 1), -EFAULT, "cqes in the gate");
	tap_ok(!memcmp(saved, (void *)xsc_gate(), 64), "the gate is what it was");
	mprotect(none, PAGE, PROT_NONE);
	tap_is(xsc_batch((void *)none, cqes, 1), -EFAULT, "sqes in memory without access");

	/* sqes may be read-only */
	s = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	nops(s, 4);
	mprotect(s, PAGE, PROT_READ);
	batch_start();
	tap_is(xsc_batch(s, cqes, 4), 4, "sqes in read-only memory");
	tap_is(cqes[3].res, getppid(), "they run");

	/* any alignment will do */
	char odd[4 * 64 + 1], odd_c[4 * 16 + 3];

	batch_start();
	nops(sqes, 4);
	memcpy(odd + 1, sqes, 4 * 64);
	tap_is(xsc_batch((void *)(odd + 1), (void *)(odd_c + 3), 4), 4, "odd addresses");
	memcpy(cqes, odd_c + 3, 4 * 16);
	tap_is(cqes[3].res, getppid(), "they run");

	/* results on top of what is still to be run: errors, but no harm */
	char both[8 * 64];

	nops((void *)both, 8);
	long n = xsc_batch((void *)both, (void *)both, 8);

	tap_is(n, 8, "sqes and cqes in one place");
	tap_is(((struct xsc_cqe *)both)[0].res, getppid(), "the first result is right");
	tap_is(xsc_call(SYS_getppid), getppid(), "and life goes on");

	/* an op that takes the arrays away */
	s = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	nops(s, 8);
	xsc_sqe_prep(&s[3], SYS_munmap, (long)s, PAGE, 0, 0, 0, 0);
	batch_start();
	tap_is(xsc_batch(s, cqes, 8), 4, "an op unmaps the sqes: those behind it are not run");
	tap_is(cqes[3].res, 0, "it did");
	c = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	batch_start();
	nops(sqes, 8);
	xsc_sqe_prep(&sqes[3], SYS_munmap, (long)c, PAGE, 0, 0, 0, 0);
	n = xsc_batch(sqes, c, 8);
	tap_is(n, 3, "an op unmaps the cqes: it has nowhere to report");

	/* forwards read the result array */
	batch_start();
	c = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	nops(sqes, 1);
	xsc_sqe_prep(&sqes[1], SYS_mprotect, (long)c, PAGE, PROT_NONE, 0, 0, 0);
	start = 2;
	xsc_sqe_prep(&sqes[2], SYS_close, 0, 0, 0, 0, 0, 0);
	xsc_sqe_forward(&sqes[2], 0, 1);
	mprotect(c, PAGE, PROT_NONE);
	tap_is(xsc_batch_from(sqes, c, 3, &start), -EFAULT, "a batch that goes on without its results");
	return tap_done();
}

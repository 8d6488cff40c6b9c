// SPDX-License-Identifier: MIT
/*
 * batch-rewrite.c - another thread rewrites SQEs while the batch runs
 *
 * Each word of an SQE is read once, so whatever comes of the race, it is one
 * that the checks have seen: every result is that of one of the forms.
 * TEST: xsc only
 */
#include "batch.h"
#include "witness.h"

static volatile bool stop;
static unsigned long writes;

/* forms that an SQE takes turns in */
static const struct {
	unsigned int op;
	unsigned short flags;
	unsigned char arg, from;
} forms[] = {
	{ SYS_getppid, 0, 0, 0 },
	{ 0xffffffff, 0, 0, 0 },
	{ SYS_fork, 0, 0, 0 },
	{ SYS_getppid, 0xffff, 0, 0 },
	{ SYS_getppid, XSC_SQE_FORWARD, 0, 1 },
	{ SYS_getppid, XSC_SQE_FORWARD, 255, 255 },
	{ SYS_getppid, XSC_SQE_LINK, 0, 0 },
	{ XSC_OP_BATCH, XSC_SQE_LINK, 0, 0 },
	{ 0x7fffffff, 0, 77, 77 },
	{ XSC_OP_NOP, 0, 0, 0 },
};

static void rewrite(void *arg)
{
	unsigned int n = 0;

	while (!stop) {
		struct xsc_sqe *s = &sqes[n % 16];
		int i = n++ % (sizeof(forms) / sizeof(*forms));

		*(volatile __u32 *)&s->op = forms[i].op;
		*(volatile __u16 *)&s->flags = forms[i].flags;
		*(volatile __u8 *)&s->fwd_arg = forms[i].arg;
		*(volatile __u8 *)&s->fwd_from = forms[i].from;
		writes++;
	}
}

int main(int argc, char **argv)
{
	unsigned long end, rounds = 0, bad = 0, seen[5] = { 0 };
	struct thread t;
	long ppid;

	BATCH_XSC_ONLY();
	ppid = getppid();
	batch_start();
	for (int i = 0; i < 16; i++)
		batch_add(SYS_getppid);
	tap_is(thread_start(&t, rewrite, NULL), 0, "a thread that rewrites");
	end = now_ms() + 3000;
	while (now_ms() < end) {
		long n;

		for (int i = 0; i < 16; i++)
			cqes[i].res = -9999;
		n = xsc_batch(sqes, cqes, 16);
		bad += n != 16;
		for (int i = 0; i < 16; i++) {
			long res = cqes[i].res;

			if (res == ppid)
				seen[0]++;
			else if (res == -EINVAL)
				seen[1]++;
			else if (res == -ENOSYS)
				seen[2]++;
			else if (res == -ECANCELED)
				seen[3]++;
			else if (res == 0)
				seen[4]++;
			else if (!bad++)
				dprintf(1, "# result %ld\n", res);
		}
		rounds++;
	}
	stop = true;
	thread_join(&t);
	tap_is(bad, 0, "%lu batches under %lu rewrites: each result is a legal one", rounds, writes);
	tap_ok(seen[0] && seen[1] && seen[2] && seen[3], "of each kind there were some (%lu %lu %lu %lu %lu)",
	       seen[0], seen[1], seen[2], seen[3], seen[4]);
	tap_is(waitpid(-1, NULL, WNOHANG), -1, "no child has come of it");
	tap_is(proc_xsc(0, "traps", NULL), 0, "and no trap");
	return tap_done();
}

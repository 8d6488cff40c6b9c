// SPDX-License-Identifier: MIT
/* batch-invalid.c - what no batch may hold, and what no batch may be */
#include "batch.h"
#include "witness.h"

static long raw(long s, long c, long nr, long start, long zero)
{
	return xsc_op(XSC_OP_BATCH, s, c, nr, start, zero);
}

static const struct {
	const char	*name;
	unsigned int	op;
	long		want;
} ops[] = {
	{ "number behind the last one", 451, -ENOSYS },
	{ "number 1000", 1000, -ENOSYS },
	{ "number 0xffff", 0xffff, -ENOSYS },
	{ "batch", XSC_OP_BATCH, -EINVAL },
	{ "ring_setup", XSC_OP_RING_SETUP, -EINVAL },
	{ "ring_enter", XSC_OP_RING_ENTER, -EINVAL },
	{ "ring_buffers", XSC_OP_RING_BUFFERS, -EINVAL },
	{ "limit", XSC_OP_LIMIT, -EINVAL },
	{ "number behind XSC's last one", XSC_OP_END, -ENOSYS },
	{ "x32 getpid", 0x40000000 | SYS_getpid, -ENOSYS },
	{ "0x7fffffff", 0x7fffffff, -ENOSYS },
	{ "0x80000000", 0x80000000, -ENOSYS },
	{ "0xffffffff", 0xffffffff, -ENOSYS },
	{ "fork", SYS_fork, -EINVAL },
	{ "vfork", SYS_vfork, -EINVAL },
	{ "clone", SYS_clone, -EINVAL },
	{ "clone3", SYS_clone3, -EINVAL },
	{ "execve", SYS_execve, -EINVAL },
	{ "execveat", SYS_execveat, -EINVAL },
	{ "rt_sigreturn", SYS_rt_sigreturn, -EINVAL },
	{ "restart_syscall", SYS_restart_syscall, -EINVAL },
};

int main(int argc, char **argv)
{
	if (!mini_has_gate) {
		tap_skip("this kernel has no gate");
		return tap_done();
	}
	if (!mini_xsc) {
		batch_start();
		batch_add(SYS_getpid);
		tap_is(batch_run(), -ENOSYS, "unstamped: ENOSYS from the batch site");
		tap_is(cqes[0].res, -9999, "unstamped: no result");
		tap_is(xsc_op(XSC_OP_NOP), -ENOSYS, "unstamped: nop");
		tap_is(xsc_call(SYS_getpid), sys(SYS_getpid), "unstamped: native numbers work through the gate");
		return tap_done();
	}

	for (size_t i = 0; i < sizeof(ops) / sizeof(*ops); i++) {
		batch_start();
		batch_add(ops[i].op, 17, 0, 0, 0, 0, 0);
		batch_add(SYS_getpid);
		tap_is(batch_run(), 2, "%s: the batch goes on", ops[i].name);
		tap_is(cqes[0].res, ops[i].want, "%s: its result", ops[i].name);
		tap_is(cqes[0].user_data, 0x1000, "%s: its user_data", ops[i].name);
		tap_is(cqes[1].res, getpid(), "%s: the next op", ops[i].name);
	}
	tap_is(waitpid(-1, NULL, WNOHANG), -1, "no child has come of that");
	tap_is(errno, ECHILD, "ECHILD");

	for (int bit = 2; bit < 16; bit++) {
		batch_start();
		batch_add(SYS_getpid)->flags = 1 << bit;
		tap_is(batch_one(), -EINVAL, "flag 0x%x", 1 << bit);
	}

	batch_start();
	batch_add(SYS_getpid);
	tap_is(raw((long)sqes, (long)cqes, XSC_BATCH_MAX + 1, 0, 0), -EINVAL, "one more than XSC_BATCH_MAX");
	tap_is(raw((long)sqes, (long)cqes, 0xffffffff, 0, 0), -EINVAL, "2^32 - 1 SQEs");
	tap_is(raw((long)sqes, (long)cqes, 1, 2, 0), -EINVAL, "start behind the end");
	tap_is(raw((long)sqes, (long)cqes, 1, 0xffffffff, 0), -EINVAL, "start 2^32 - 1");
	tap_is(raw((long)sqes, (long)cqes, 1, 0, 1), -EINVAL, "fifth argument 1");
	tap_is(raw((long)sqes, (long)cqes, 1, 0, 1L << 40), -EINVAL, "fifth argument 2^40");
	tap_is(cqes[0].res, -9999, "nothing has run");
	tap_is(raw((long)sqes, (long)cqes, 0, 0, 0), 0, "an empty batch");
	tap_is(raw((long)sqes, (long)cqes, 1, 1, 0), 1, "start at the end");
	tap_is(raw(0, 0, 0, 0, 0), 0, "an empty batch without arrays");
	tap_is(cqes[0].res, -9999, "nothing has run");

	/* the most that fits */
	struct xsc_sqe *s = mmap(NULL, XSC_BATCH_MAX * sizeof(*s), PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct xsc_cqe *c = mmap(NULL, XSC_BATCH_MAX * sizeof(*c), PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long before;

	for (int i = 0; i < XSC_BATCH_MAX; i++)
		xsc_sqe_prep(&s[i], SYS_getppid, 0, 0, 0, 0, 0, 0);
	before = proc_xsc(0, "batch", "proc");
	tap_is(xsc_batch(s, c, XSC_BATCH_MAX), XSC_BATCH_MAX, "XSC_BATCH_MAX ops");
	tap_is(proc_xsc(0, "batch", "proc") - before, XSC_BATCH_MAX, "as many are counted");
	tap_is(c[XSC_BATCH_MAX - 1].res, getppid(), "the last result");
	tap_is(proc_xsc(0, "traps", NULL), 0, "none of this is a trap");
	return tap_done();
}

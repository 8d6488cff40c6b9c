// SPDX-License-Identifier: MIT
/* ring-tracer.c - a tracer sees a ring being made and buffers being registered, and what it changes holds; TEST: xsc only */
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>

#include "rings.h"

static struct xsc_ring_params params = { .sq_entries = 8, .flags = XSC_RING_ASYNC };
static struct iovec iov;

/* run on to the next system-call stop; false when there is none */
static bool next(int pid, struct user_regs_struct *regs)
{
	int status;

	sys(SYS_ptrace, PTRACE_SYSCALL, pid, 0, 0);
	return sys(SYS_wait4, pid, &status, 0, 0) == pid && WIFSTOPPED(status) &&
	       WSTOPSIG(status) == (SIGTRAP | 0x80) && !sys(SYS_ptrace, PTRACE_GETREGS, pid, 0, regs);
}

/* what the child says is bad, the tracer makes good; and the other way round */
static int child(void)
{
	long fd;

	sys(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0);
	raise(SIGSTOP);
	fd = xsc_op(XSC_OP_RING_SETUP, 8);
	if (fd < 0)
		return 1;
	if (xsc_op(XSC_OP_RING_SETUP, &params) != -EFAULT)
		return 2;
	if (xsc_op(XSC_OP_RING_SETUP, &params) != -ENOSYS)
		return 3;
	if (xsc_op(XSC_OP_RING_SETUP, &params) != -77)
		return 4;
	if (xsc_op(XSC_OP_RING_BUFFERS, fd, 8, 1))
		return 5;
	if (xsc_op(XSC_OP_RING_BUFFERS, fd, NULL, 0) || xsc_op(XSC_OP_RING_BUFFERS, fd, NULL, 0) != -EFAULT)
		return 6;
	return 42;
}

int main(int argc, char **argv)
{
	static const long want[] = { XSC_OP_RING_SETUP, XSC_OP_RING_SETUP, XSC_OP_RING_SETUP, XSC_OP_RING_SETUP,
				     XSC_OP_RING_BUFFERS, XSC_OP_RING_BUFFERS, XSC_OP_RING_BUFFERS };
	struct user_regs_struct in, out;
	int pid, status;

	RINGS_OR_SKIP();
	iov.iov_base = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	iov.iov_len = 4096;
	pid = fork();
	if (!pid)
		sys(SYS_exit_group, child());
	sys(SYS_wait4, pid, &status, 0, 0);
	sys(SYS_ptrace, PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
	for (unsigned int i = 0; i < sizeof(want) / sizeof(*want); i++) {
		tap_ok(next(pid, &in), "op %u: a stop at its entry", i);
		if (!tap_is(in.orig_rax, want[i], "op %u: its number", i))
			break;
		switch (i) {
		case 0:
			in.rdi = (long)&params;
			break;
		case 1:
			in.rdi = 8;
			break;
		case 2:
			in.orig_rax = -1;
			break;
		case 4:
			in.rsi = (long)&iov;
			break;
		case 6:
			in.rsi = 8;
			in.rdx = 1;
			break;
		}
		sys(SYS_ptrace, PTRACE_SETREGS, pid, 0, &in);
		tap_ok(next(pid, &out), "op %u: a stop at its exit", i);
		if (i == 3) {
			tap_ok((long)out.rax >= 0, "op %u: its result", i);
			out.rax = -77;
			sys(SYS_ptrace, PTRACE_SETREGS, pid, 0, &out);
		}
	}
	sys(SYS_ptrace, PTRACE_CONT, pid, 0, 0);
	sys(SYS_wait4, pid, &status, 0, 0);
	tap_is(status, 42 << 8, "the child got what the tracer wrote");
	return tap_done();
}

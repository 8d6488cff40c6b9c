// SPDX-License-Identifier: MIT
/*
 * ring-async-controls.c - while a filter or a tracer looks at the thread, its
 * ops run in itself, and are seen
 */
#include <sys/ptrace.h>
#include <sys/user.h>

#include "async.h"
#include "seccomp.h"

static struct xsc_ring r;
static int p[2];
static char c;

/* a filter refuses fsync, which a worker would run */
static int filtered(void)
{
	int bad = 0;

	seccomp_filter(SYS_fsync, SECCOMP_RET_ERRNO | 77);
	ring_add3(&r, SYS_fsync, 1, 0, 0);
	ring_add3(&r, SYS_fdatasync, p[0], 0, 0);
	xsc_sqe_link(ring_add0(&r, SYS_getpid));
	ring_add3(&r, SYS_fsync, 1, 0, 0);
	async_submit(&r);
	bad |= !async_has(&r, ring_data - 3) || async_got[ring_data - 3].res != -77;
	bad |= async_got[ring_data - 2].res != -EINVAL;
	bad |= async_got[ring_data].res != -77;
	bad |= async_inflight(&r) != 0;
	return bad;
}

/* an op that was in flight before the filter goes on */
static int filtered_later(void)
{
	__u64 a;

	ring_add3(&r, SYS_read, p[0], &c, 1);
	a = ring_data;
	async_submit(&r);
	seccomp_filter(SYS_read, SECCOMP_RET_ERRNO | 77);
	write(p[1], "x", 1);
	if (async_result(&r, a) != 1)
		return 1;
	ring_add3(&r, SYS_read, p[0], &c, 1);
	async_submit(&r);
	return async_result(&r, a + 1) != -77;
}

static void killer(void)
{
	seccomp_filter(SYS_fsync, SECCOMP_RET_KILL_PROCESS);
	ring_add3(&r, SYS_fsync, 1, 0, 0);
	async_submit(&r);
}

/* how often a tracer sees a call of that number entered */
static int traced(int want)
{
	struct user_regs_struct regs;
	int status, seen = 0, pid = fork();
	bool entry = false;

	if (!pid) {
		async_make(&r, 16);
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		kill(getpid(), SIGSTOP);
		ring_add3(&r, SYS_fsync, 1, 0, 0);
		write(p[1], "x", 1);
		ring_add3(&r, SYS_read, p[0], &c, 1);
		async_submit(&r);
		_exit(async_has(&r, ring_data) ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)(long)PTRACE_O_TRACESYSGOOD);
	while (!ptrace(PTRACE_SYSCALL, pid, NULL, NULL) && waitpid(pid, &status, 0) == pid && (status & 0xff) == 0x7f) {
		if (status >> 8 != (SIGTRAP | 0x80))
			continue;
		ptrace(PTRACE_GETREGS, pid, NULL, &regs);
		entry = !entry;
		seen += regs.orig_rax == want && regs.rax == -ENOSYS;
	}
	return status ? -1 : seen;
}

int main(int argc, char **argv)
{
	int (*const in_child[])(void) = { filtered, filtered_later };
	const char *const names[] = { "a filter sees what a worker would run", "what was in flight before the filter goes on" };
	int pid;

	RINGS_OR_SKIP();
	pipe(p);
	for (int i = 0; i < 2; i++) {
		pid = fork();
		if (!pid) {
			async_make(&r, 16);
			_exit(in_child[i]());
		}
		tap_is(wait_for(pid), 0, "%s", names[i]);
	}
	pid = fork();
	if (!pid) {
		async_make(&r, 16);
		killer();
		_exit(0);
	}
	tap_is(wait_for(pid), SIGSYS, "a filter that kills");

	tap_is(traced(SYS_fsync), 1, "a tracer sees an op that a worker would run");
	tap_is(traced(SYS_read), 1, "and one that would be tried");
	return tap_done();
}

// SPDX-License-Identifier: MIT
/*
 * seal-tracer.c - another process cannot write to the gate either
 *
 * ptrace(POKETEXT), /proc/PID/mem and process_vm_writev, by a parent that
 * traces its child.  Unstamped, a debugger can, as ever.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mini.h"
#include "tap.h"

int main(int argc, char **argv)
{
	struct { void *base; unsigned long len; } l, r;
	unsigned long gate = xsc_gate(), word = 0x9090909090909090UL, now = 0;
	char path[64];
	int pid, status, fd;
	long got;

	if (!mini_has_gate) {
		tap_skip("this kernel has no gate");
		return tap_done();
	}
	pid = fork();
	if (!pid) {
		sys(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		_exit(xsc_call(SYS_getppid) == sys(SYS_getppid) ? 5 : 6);
	}
	waitpid(pid, &status, 0);
	tap_ok(WIFSTOPPED(status), "the child is stopped");

	got = sys(SYS_ptrace, PTRACE_PEEKTEXT, pid, gate, &now);
	tap_ok(!got && (now & 0xffffff) == 0xc3050f, "PEEKTEXT reads the gate");
	got = sys(SYS_ptrace, PTRACE_POKETEXT, pid, gate + 0x18, word);
	tap_is(got, mini_xsc ? -EIO : 0, "POKETEXT");
	got = sys(SYS_ptrace, PTRACE_POKEDATA, pid, gate + 0x18, word);
	tap_is(got, mini_xsc ? -EIO : 0, "POKEDATA");

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDWR);
	tap_ok(fd >= 0, "/proc/PID/mem opens");
	got = sys(SYS_pwrite64, fd, &word, 8, gate + 0x18);
	tap_is(got, mini_xsc ? -EIO : 8, "a write to /proc/PID/mem");
	close(fd);

	l.base = &word;
	r.base = (void *)(gate + 0x18);
	l.len = r.len = 8;
	tap_is(sys(SYS_process_vm_writev, pid, &l, 1, &r, 1, 0), -EFAULT, "process_vm_writev");

	got = sys(SYS_ptrace, PTRACE_PEEKTEXT, pid, gate + 0x18, &now);
	tap_ok(mini_xsc ? now == 0xccccccccccccccccUL : now == word, "the bytes %s",
	       mini_xsc ? "are what they were" : "are the debugger's");
	sys(SYS_ptrace, PTRACE_CONT, pid, 0, 0);
	tap_is(wait_for(pid), 5 << 8, "the child's gate works");
	return tap_done();
}

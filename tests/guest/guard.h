/* SPDX-License-Identifier: MIT */
/*
 * guard.h - what each way into the kernel must come to in an XSC process
 *
 * A door is a function that writes one byte to a pipe, or does what else can
 * be seen, by its own way of entering the kernel.  Stamped, that is SIGSYS,
 * and nothing else happens; unstamped, the byte is there.
 */
#ifndef XSC_GUARD_H
#define XSC_GUARD_H

#include <fcntl.h>
#include <linux/audit.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>

#include "mini.h"
#include "tap.h"
#include "witness.h"

/**
 * struct door - a way into the kernel
 * @name:	for people
 * @try:	take it; writes a byte to @fd if the kernel lets it in
 * @trace:	what the tracepoint and the audit record call it
 * @nr:		the number that it asks for
 * @arch:	AUDIT_ARCH_* that the signal is to say
 * @back:	a handler may return to behind the attempt
 * @legacy:	does it get in when unstamped?
 */
struct door {
	const char	*name;
	void		(*try)(int fd);
	const char	*trace;
	int		nr;
	unsigned int	arch;
	bool		back;
	bool		legacy;
};

/* what the SIGSYS handler of the child saw */
struct seen {
	int		hits;
	int		code;
	int		sysno;
	unsigned int	arch;
	unsigned long	traps;
	unsigned long	addr;
	unsigned long	ip;
	unsigned long	ax;
	bool		returned;
};

static struct seen *seen;
static bool guard_return;

static void guard_handler(int sig, siginfo_t *info, void *uc)
{
	greg_t *regs = ((ucontext_t *)uc)->uc_mcontext.gregs;

	seen->code = info->si_code;
	seen->sysno = info->si_syscall;
	seen->arch = info->si_arch;
	seen->addr = (unsigned long)info->si_call_addr;
	seen->ip = regs[REG_RIP];
	seen->ax = regs[REG_RAX];
	seen->traps = proc_xsc(0, "traps", NULL);
	seen->hits++;
	if (!guard_return)
		_exit(7);
}

enum guard_mode { GUARD_HANDLED, GUARD_DEFAULT, GUARD_IGNORED, GUARD_BLOCKED };

/*
 * Take the door in a child.  Returns its wait status; @pid gets its number,
 * @bytes how much the kernel wrote.
 */
static int guard_child(const struct door *d, enum guard_mode mode, int *pid, long *bytes)
{
	struct sigaction sa;
	char buf[16];
	int fds[2], status;

	pipe2(fds, O_NONBLOCK | O_CLOEXEC);
	memset(seen, 0, sizeof(*seen));
	*pid = fork();
	if (!*pid) {
		memset(&sa, 0, sizeof(sa));
		if (mode == GUARD_HANDLED) {
			sa.sa_sigaction = guard_handler;
			sa.sa_flags = SA_SIGINFO;
			sigaction(SIGSYS, &sa, NULL);
		} else if (mode == GUARD_IGNORED) {
			sa.sa_handler = SIG_IGN;
			sigaction(SIGSYS, &sa, NULL);
		} else if (mode == GUARD_BLOCKED) {
			sigset_t set;

			sigemptyset(&set);
			sigaddset(&set, SIGSYS);
			sigprocmask(SIG_BLOCK, &set, NULL);
		}
		d->try(fds[1]);
		seen->returned = true;
		_exit(0);
	}
	status = wait_for(*pid);
	close(fds[1]);
	*bytes = read(fds[0], buf, sizeof(buf));
	close(fds[0]);
	return status;
}

static void guard_legacy(const struct door *d)
{
	struct trace trace;
	int pid, status;
	long bytes;

	trace_start(&trace, "xsc/xsc_trap");
	status = guard_child(d, GUARD_HANDLED, &pid, &bytes);
	if (d->legacy) {
		tap_is(status, 0, "%s, unstamped: goes on", d->name);
		tap_is(bytes, 1, "%s, unstamped: the call is made", d->name);
	} else {
		tap_ok(status != 0 || !seen->hits, "%s, unstamped: no SIGSYS", d->name);
	}
	tap_is(seen->hits, 0, "%s, unstamped: no SIGSYS", d->name);
	if (mini_has_gate)
		tap_is(trace_count(&trace, pid, "xsc_trap"), 0, "%s, unstamped: no trace", d->name);
	trace_end(&trace);
}

static void guard_xsc(const struct door *d)
{
	char who[32], nr[32], reason[32];
	const char *words[] = { "key=\"xsc\"", "xsc=trap", who, nr, reason };
	char want[64];
	struct trace trace;
	struct audit audit;
	int pid, status;
	long bytes;

	tap_ok(!trace_start(&trace, "xsc/xsc_trap"), "%s: tracing xsc_trap", d->name);
	tap_ok(!audit_start(&audit), "%s: auditing", d->name);

	status = guard_child(d, GUARD_HANDLED, &pid, &bytes);
	tap_is(status, 7 << 8, "%s: the handler of SIGSYS runs", d->name);
	tap_is(bytes, 0, "%s: nothing is written", d->name);
	tap_is(seen->code, SYS_XSC, "%s: si_code", d->name);
	tap_is(seen->sysno, d->nr, "%s: si_syscall", d->name);
	tap_is(seen->arch, d->arch, "%s: si_arch", d->name);
	tap_is(seen->traps, 1, "%s: counted in /proc/self/xsc", d->name);

	snprintf(want, sizeof(want), "xsc_trap: door=%s nr=%d ip=0x%lx", d->trace, d->nr, seen->addr);
	tap_is(trace_count(&trace, pid, want), 1, "%s: traced, \"%s\"", d->name, want);
	snprintf(who, sizeof(who), " pid=%d ", pid);
	snprintf(nr, sizeof(nr), " syscall=%d ", d->nr);
	snprintf(reason, sizeof(reason), " reason=%s ", d->trace);
	tap_ok(audit_find(&audit, words, 5, 3000), "%s: audited", d->name);

	status = guard_child(d, GUARD_DEFAULT, &pid, &bytes);
	tap_is(status & 0x7f, SIGSYS, "%s: without a handler, killed by SIGSYS", d->name);
	tap_is(bytes, 0, "%s: nothing is written", d->name);
	status = guard_child(d, GUARD_IGNORED, &pid, &bytes);
	tap_is(status & 0x7f, SIGSYS, "%s: SIGSYS cannot be ignored", d->name);
	status = guard_child(d, GUARD_BLOCKED, &pid, &bytes);
	tap_is(status & 0x7f, SIGSYS, "%s: SIGSYS cannot be blocked", d->name);

	if (d->back) {
		guard_return = true;
		status = guard_child(d, GUARD_HANDLED, &pid, &bytes);
		guard_return = false;
		tap_is(status, 0, "%s: a handler may return", d->name);
		tap_is(seen->hits, 1, "%s: it ran once, nothing is tried again", d->name);
		tap_is(bytes, 0, "%s: nothing is written", d->name);
	}
	audit_end(&audit);
	trace_end(&trace);
}

/* guard_door() - try one door, stamped or unstamped as this process is */
static void __attribute__((unused)) guard_door(const struct door *d)
{
	if (!seen)
		seen = shared(4096);
	if (mini_xsc)
		guard_xsc(d);
	else
		guard_legacy(d);
}

#endif /* XSC_GUARD_H */

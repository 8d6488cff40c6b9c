// SPDX-License-Identifier: MIT
/* status-counts.c - /proc/PID/xsc counts ops by family and way, exactly; TEST: xsc only */
#include "batch.h"
#include "rings.h"
#include "witness.h"

static const char *const families[] = {
	"other", "fs", "net", "timer", "sync", "exec", "mm", "signal", "proc", "sec", "ipc", "sys",
};
#define FAMILIES	12

struct counts {
	long entries, traps;
	long ops[3][FAMILIES];
};

/* all numbers from one reading of /proc/PID/xsc */
static void parse(int pid, struct counts *c)
{
	static const char *const ways[] = { "direct:\t", "batch:\t", "ring:\t" };
	char path[64], text[2048], word[32], *p;

	memset(c, 0xff, sizeof(*c));
	snprintf(path, sizeof(path), "/proc/%d/xsc", pid);
	if (witness_read(path, text, sizeof(text)) < 0)
		return;
	p = strstr(text, "entries:\t");
	c->entries = p ? strtoul(p + 9, NULL, 10) : -1;
	p = strstr(text, "traps:\t");
	c->traps = p ? strtoul(p + 7, NULL, 10) : -1;
	for (int w = 0; w < 3; w++)
		for (int f = 0; f < FAMILIES; f++) {
			p = strstr(text, ways[w]);
			snprintf(word, sizeof(word), "%s=", families[f]);
			p = p ? strstr(p, word) : NULL;
			c->ops[w][f] = p ? (long)strtoul(p + strlen(word), NULL, 10) : -1;
		}
}

/* what one reading itself costs: open, read, read, close */
static struct counts self, before, after;

static void calibrate(void)
{
	parse(getpid(), &before);
	parse(getpid(), &after);
	for (int w = 0; w < 3; w++)
		for (int f = 0; f < FAMILIES; f++)
			self.ops[w][f] = after.ops[w][f] - before.ops[w][f];
	self.entries = after.entries - before.entries;
	/* parse() asks for getpid() as well */
	tap_is(self.ops[0][1], 4, "reading it: four ops of fs");
	tap_is(self.entries, 5, "five entries, with getpid");
}

static void expect(const char *what, const long want[3][FAMILIES], long entries)
{
	bool exact = true;

	parse(getpid(), &after);
	for (int w = 0; w < 3; w++)
		for (int f = 0; f < FAMILIES; f++) {
			long got = after.ops[w][f] - before.ops[w][f] - self.ops[w][f];

			if (got != want[w][f]) {
				dprintf(1, "# %s: way %d, %s: got %ld, want %ld\n", what, w, families[f], got, want[w][f]);
				exact = false;
			}
		}
	tap_ok(exact, "%s: counted by way and family", what);
	tap_is(after.entries - before.entries - self.entries, entries, "%s: kernel entries", what);
}

enum { OTHER, FS, NET, TIMER, SYNC, EXEC, MM, SIGNAL, PROC, SEC, IPC, SYS };

static void work(void *arg)
{
	for (int i = 0; i < 100; i++)
		sys(SYS_sysinfo, NULL);
}

static volatile bool leave;

static void work_and_stay(void *arg)
{
	work(arg);
	__atomic_store_n((int *)arg, 1, __ATOMIC_RELEASE);
	while (!leave)
		;
}

int main(int argc, char **argv)
{
	struct thread t[4];
	struct xsc_ring r;
	char buf[64];
	int stay = 0;

	BATCH_XSC_ONLY();
	if (argc > 1) {
		/* executed anew: what came before does not count */
		parse(getpid(), &before);
		if (before.ops[1][OTHER] || before.ops[2][OTHER] || before.traps || before.ops[0][SYS] ||
		    before.entries > 20)
			_exit(1);
		_exit(0);
	}

	calibrate();

	parse(getpid(), &before);
	sys(SYS_getppid);
	sys(SYS_getppid);
	sys(SYS_openat, AT_FDCWD, "/none", 0);
	sys(SYS_socket, 99, 99, 99);
	sys(SYS_clock_gettime, 0, NULL);
	sys(SYS_futex, NULL, 0x7f);
	sys(SYS_wait4, -1, NULL, WNOHANG, NULL);
	sys(SYS_munmap, 1, 0);
	sys(SYS_kill, 0, 0);
	sys(SYS_getrandom, NULL, 0, 0);
	sys(SYS_semget, 1, 0, 0);
	sys(SYS_uname, NULL);
	sys(SYS_uname, NULL);
	expect("direct ops", (const long [3][FAMILIES]) {
		{ [FS] = 1, [NET] = 1, [TIMER] = 1, [SYNC] = 1, [EXEC] = 1, [MM] = 1, [SIGNAL] = 1,
		  [PROC] = 2, [SEC] = 1, [IPC] = 1, [SYS] = 2 } }, 13);

	parse(getpid(), &before);
	xsc_call(100000);
	expect("an unknown number", (const long [3][FAMILIES]) { { 0 } }, 0);

	batch_start();
	batch_add(XSC_OP_NOP);
	batch_add(XSC_OP_NOP);
	batch_add(XSC_OP_NOP);
	batch_add(SYS_getppid);
	batch_add(SYS_openat, AT_FDCWD, "/none", 0);
	batch_add(SYS_openat, AT_FDCWD, "/none", 0);
	batch_add(60000);
	batch_add(SYS_fork);
	parse(getpid(), &before);
	batch_run();
	expect("a batch", (const long [3][FAMILIES]) { { 0 }, { [OTHER] = 3, [PROC] = 1, [FS] = 2 } }, 1);

	parse(getpid(), &before);
	xsc_op(XSC_OP_NOP);
	expect("a nop: an op and an entry", (const long [3][FAMILIES]) { { [OTHER] = 1 } }, 1);

	ring_make(&r, 8);
	ring_add0(&r, XSC_OP_NOP);
	ring_add0(&r, SYS_getppid);
	ring_add0(&r, SYS_getppid);
	ring_add3(&r, SYS_close, 999, 0, 0);
	parse(getpid(), &before);
	xsc_ring_submit(&r);
	expect("a doorbell", (const long [3][FAMILIES]) { { 0 }, { 0 }, { [OTHER] = 1, [PROC] = 2, [FS] = 1 } }, 1);

	/* threads, dead and alive */
	parse(getpid(), &before);
	for (int i = 0; i < 3; i++)
		thread_start(&t[i], work, NULL);
	for (int i = 0; i < 3; i++)
		thread_join(&t[i]);
	thread_start(&t[3], work_and_stay, &stay);
	while (!__atomic_load_n(&stay, __ATOMIC_ACQUIRE))
		;
	parse(getpid(), &after);
	tap_is(after.ops[0][SYS] - before.ops[0][SYS], 400, "three dead threads and a living one: their sum");
	leave = true;
	thread_join(&t[3]);
	parse(getpid(), &after);
	tap_is(after.ops[0][SYS] - before.ops[0][SYS], 400, "and the same when it has ended");

	/* a child starts at 0, and the parent has nothing of it */
	int other, pid = fork();

	if (!pid) {
		parse(getpid(), &before);
		if (before.ops[1][OTHER] || before.ops[2][OTHER] || before.ops[0][SYS] || before.ops[0][FS] > 2)
			_exit(1);
		work(NULL);
		_exit(0);
	}
	tap_is(wait_for(pid), 0, "a child starts at 0");
	parse(getpid(), &before);
	tap_is(before.ops[0][SYS], after.ops[0][SYS], "its parent has nothing of it");

	/* one process reads another's */
	pid = fork();
	if (!pid) {
		work(NULL);
		for (;;)
			msleep(1000);
	}
	msleep(200);
	parse(pid, &after);
	tap_is(after.ops[0][SYS], 100, "seen from another process");
	/* it may not tell a stranger when somebody types */
	snprintf(buf, sizeof(buf), "/proc/%d/xsc", pid);
	other = fork();
	if (!other) {
		int fd;

		if (sys(SYS_setgroups, 0, NULL) || sys(SYS_setresgid, 65534, 65534, 65534) ||
		    sys(SYS_setresuid, 65534, 65534, 65534))
			_exit(98);
		fd = open(buf, O_RDONLY);
		_exit(fd >= 0 && read(fd, buf, 1) == 1);
	}
	tap_is(wait_for(other), 0, "not by a stranger");
	kill(pid, SIGKILL);
	wait_for(pid);
	snprintf(buf, sizeof(buf), "/proc/%d/xsc", pid);
	tap_is(open(buf, O_RDONLY), -1, "nothing of one that is gone");

	/* execve starts again */
	pid = fork();
	if (!pid) {
		char *args[] = { argv[0], "again", NULL };

		work(NULL);
		batch_run();
		execve("/proc/self/exe", args, NULL);
		_exit(99);
	}
	tap_is(wait_for(pid), 0, "execve starts at 0");
	return tap_done();
}

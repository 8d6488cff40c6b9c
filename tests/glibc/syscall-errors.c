/* SPDX-License-Identifier: MIT */
/* syscall(2) for every number with arguments that are no good: the errors are those of a legacy
   process with the stock library.  Nothing crashes, and nothing is trapped.

   As "syscall-errors table" it prints them; otherwise it compares its own with those of
   syscall-errors.stock beside it, run as a legacy process.  */
#define _GNU_SOURCE
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../../kernel/drivers/xsc/xsc_uapi.h"
#include "test.h"

#define LAST		470

struct results {
	short r[LAST + 2][4];
};

static const long values[4] = { 0, -1, 8, (long)0xffff888000000000UL };

/* what would end or hold up the child itself, or has no arguments to be wrong */
static int skipped(long nr, long value)
{
	switch (nr) {
	case SYS_exit: case SYS_exit_group: case SYS_rt_sigreturn: case SYS_pause:
	case SYS_fork: case SYS_vfork: case SYS_clone:
	case SYS_sync: case SYS_vhangup: case SYS_restart_syscall:
		return 1;
	case SYS_seccomp:	/* strict mode */
	case SYS_munmap: case SYS_mremap: case SYS_brk:
		return value == 0;
	case SYS_reboot:
		return 1;
	}
	return 0;
}

/* one number with one value, in a child that can be spoilt */
static void one(struct results *res, long nr, int v)
{
	long a = values[v];
	pid_t pid;
	int st;

	res->r[nr][v] = SHRT_MIN;
	pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		struct rlimit core = { 0, 0 };
		long r;

		setrlimit(RLIMIT_CORE, &core);
		close(0);
		close(1);
		alarm(1);
		errno = 0;
		r = syscall(nr, a, a, a, a, a, a);
		res->r[nr][v] = r == -1 ? errno : 0;
		kill(getpid(), SIGKILL);
	}
	CHECK(waitpid(pid, &st, __WALL) == pid);
	/* a signal instead of an answer, and which */
	if (res->r[nr][v] == SHRT_MIN)
		res->r[nr][v] = WIFSIGNALED(st) ? -WTERMSIG(st) : -100;
}

static int table(void)
{
	struct results *res = mmap(NULL, sizeof(*res), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;
	int st;

	CHECK(res != MAP_FAILED);
	/* what they do is done to nobody else */
	CHECK(!unshare(CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNS | CLONE_NEWNET));
	pid = fork();
	if (!pid) {
		/* process 1 of its own world */
		for (long nr = 0; nr <= LAST; nr++)
			for (int v = 0; v < 4; v++)
				if (!skipped(nr, values[v]))
					one(res, nr, v);
		_exit(0);
	}
	CHECK(waitpid(pid, &st, 0) == pid && st == 0);
	for (long nr = 0; nr <= LAST; nr++)
		printf("%ld: %d %d %d %d\n", nr, res->r[nr][0], res->r[nr][1], res->r[nr][2], res->r[nr][3]);
	return 0;
}

/* the table of PROGRAM, which runs as legacy or as we do */
static char *table_of(const char *program, int legacy)
{
	static char buf[2][LAST * 40];
	char *at = buf[legacy];
	int p[2], st;
	ssize_t n;
	pid_t pid;

	CHECK(!pipe(p));
	pid = fork();
	if (!pid) {
		if (legacy)
			prctl(PR_XSC, 1, 0, 0, 0);
		dup2(p[1], 1);
		close(p[0]);
		execl(program, program, "table", NULL);
		_exit(127);
	}
	close(p[1]);
	while ((n = read(p[0], at, buf[legacy] + sizeof(buf[0]) - 1 - at)) > 0)
		at += n;
	close(p[0]);
	CHECK(waitpid(pid, &st, 0) == pid && st == 0);
	CHECK(at > buf[legacy] + 1000);
	return buf[legacy];
}

int main(int argc, char **argv)
{
	char self[PATH_MAX] = "", stock[PATH_MAX + 16], *a, *b, *dot;
	int bad = 0;

	if (argc > 1 && !strcmp(argv[1], "table"))
		return table();
	if (geteuid())
		return SKIP;
	/* argv[0], since /proc/self/exe is the loader where that was run by hand */
	snprintf(self, sizeof(self), "%s", argv[0]);
	snprintf(stock, sizeof(stock), "%s", self);
	dot = strrchr(stock, '.');
	CHECK(dot);
	strcpy(dot, ".stock");
	a = table_of(stock, 1);
	b = table_of(self, 0);
	while (*a && *b) {
		size_t n = strcspn(a, "\n"), m = strcspn(b, "\n");

		if (n != m || memcmp(a, b, n)) {
			fprintf(stderr, "legacy %.*s\nXSC    %.*s\n", (int)n, a, (int)m, b);
			bad = 1;
		}
		a += n + !!a[n];
		b += m + !!b[m];
	}
	return bad || *a || *b;
}

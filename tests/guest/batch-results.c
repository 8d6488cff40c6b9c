// SPDX-License-Identifier: MIT
/* batch-results.c - an op in a batch returns what it returns alone; TEST: xsc only */
#include <linux/futex.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <time.h>

#include "batch.h"

static char buf1[4096], buf2[4096];
static int file, sv[2];

/* what an op writes goes to @buf */
static const struct op {
	const char	*name;
	unsigned int	nr;
	long		a[6];
	int		out;		/* argument that is to be a buffer, or -1 */
	bool		fd;		/* returns a new descriptor */
} ops[] = {
	{ "getpid", SYS_getpid, {}, -1, false },
	{ "getppid", SYS_getppid, {}, -1, false },
	{ "gettid", SYS_gettid, {}, -1, false },
	{ "getuid", SYS_getuid, {}, -1, false },
	{ "getegid", SYS_getegid, {}, -1, false },
	{ "uname", SYS_uname, {}, 0, false },
	{ "getcwd", SYS_getcwd, { 0, 4096 }, 0, false },
	{ "pread64", SYS_pread64, { 100, 0, 16, 3 }, 1, false },
	{ "pread64 at the end", SYS_pread64, { 100, 0, 16, 1 << 20 }, 1, false },
	{ "fstat", SYS_fstat, { 100 }, 1, false },
	{ "newfstatat", SYS_newfstatat, { AT_FDCWD, (long)"/etc/passwd", 0, 0 }, 2, false },
	{ "statx", SYS_statx, { AT_FDCWD, (long)"/etc", 0, 0x1fff }, 4, false },
	{ "readlinkat", SYS_readlinkat, { AT_FDCWD, (long)"/proc/self/exe", 0, 4096 }, 2, false },
	{ "lseek", SYS_lseek, { 100, 7, SEEK_SET }, -1, false },
	{ "openat", SYS_openat, { AT_FDCWD, (long)"/dev/null", O_RDONLY }, -1, true },
	{ "openat, ENOENT", SYS_openat, { AT_FDCWD, (long)"/none", O_RDONLY }, -1, false },
	{ "openat, EFAULT", SYS_openat, { AT_FDCWD, 8, O_RDONLY }, -1, false },
	{ "dup", SYS_dup, { 100 }, -1, true },
	{ "dup, EBADF", SYS_dup, { -1 }, -1, false },
	{ "close, EBADF", SYS_close, { 999 }, -1, false },
	{ "fcntl F_GETFL", SYS_fcntl, { 100, F_GETFL }, -1, false },
	{ "ioctl, ENOTTY", SYS_ioctl, { 100, 0x5401, (long)buf1 }, -1, false },
	{ "mmap, EINVAL", SYS_mmap, { 1, 0, 0, 0, -1, 0 }, -1, false },
	{ "mprotect, EINVAL", SYS_mprotect, { 1, 4096, 0 }, -1, false },
	{ "clock_getres", SYS_clock_getres, { CLOCK_MONOTONIC }, 1, false },
	{ "futex wake", SYS_futex, { (long)buf1, FUTEX_WAKE, 1 }, -1, false },
	{ "getpriority", SYS_getpriority, { 0, 0 }, -1, false },
	{ "socket", SYS_socket, { 1, 1, 0 }, -1, true },
	{ "sendto", SYS_sendto, { 101, (long)"abc", 3, 0, 0, 0 }, -1, false },
	{ "getsockname", SYS_getsockname, { 101, (long)buf1, 8 }, -1, false },
	{ "getrandom, EINVAL", SYS_getrandom, { (long)buf1, 1, 0xff }, -1, false },
	{ "kill, no signal", SYS_kill, { 0, 0 }, -1, false },
	{ "wait4, ECHILD", SYS_wait4, { -1, 0, WNOHANG, 0 }, -1, false },
	{ "prctl GET_DUMPABLE", SYS_prctl, { 3 }, -1, false },
	{ "semget, ENOENT", SYS_semget, { 12345, 0, 0 }, -1, false },
	{ "umask", SYS_umask, { 022 }, -1, false },
	{ "sched_yield", SYS_sched_yield, {}, -1, false },
};

#define NR	((int)(sizeof(ops) / sizeof(*ops)))

static long direct[NR];

/* the same op twice, with nothing but the way in between */
int main(int argc, char **argv)
{
	BATCH_XSC_ONLY();

	sys(SYS_umask, 022);
	file = memfd_create("data", 0);
	write(file, "0123456789abcdefghijklmnopqrstuvwxyz", 36);
	dup2(file, 100);
	socketpair(1, 2, 0, sv);
	dup2(sv[0], 101);
	*(long *)buf1 = 0;

	for (int i = 0; i < NR; i++) {
		long a[6], alone, in_batch;

		memcpy(a, ops[i].a, sizeof(a));
		memset(buf1, 0, sizeof(buf1));
		memset(buf2, 0, sizeof(buf2));
		if (ops[i].out >= 0)
			a[ops[i].out] = (long)buf1;
		alone = xsc_call6(ops[i].nr, a[0], a[1], a[2], a[3], a[4], a[5]);
		if (ops[i].fd && alone >= 0)
			close(alone);
		batch_start();
		if (ops[i].out >= 0)
			a[ops[i].out] = (long)buf2;
		batch_add6(ops[i].nr, a[0], a[1], a[2], a[3], a[4], a[5]);
		tap_is(batch_run(), 1, "%s: one op completed", ops[i].name);
		in_batch = cqes[0].res;
		if (ops[i].fd && in_batch >= 0)
			close(in_batch);
		tap_is(in_batch, alone, "%s: the result", ops[i].name);
		tap_is(cqes[0].user_data, 0x1000, "%s: user_data", ops[i].name);
		tap_ok(ops[i].out < 0 || !memcmp(buf1, buf2, sizeof(buf1)), "%s: what it wrote", ops[i].name);
		direct[i] = alone;
	}

	/* all of them in one entry */
	batch_start();
	memset(buf1, 0, sizeof(buf1));
	for (int i = 0; i < NR; i++) {
		long a[6];

		memcpy(a, ops[i].a, sizeof(a));
		if (ops[i].out >= 0)
			a[ops[i].out] = (long)buf2;
		batch_add6(ops[i].nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	}
	tap_is(batch_run(), NR, "all in one batch");
	for (int i = 0; i < NR; i++) {
		if (ops[i].fd)
			tap_ok(cqes[i].res >= direct[i], "%s, among others: a descriptor", ops[i].name);
		else
			tap_is(cqes[i].res, direct[i], "%s, among others: the result", ops[i].name);
		tap_is(cqes[i].user_data, 0x1000 + i, "%s, among others: user_data", ops[i].name);
	}
	tap_is(cqes[NR].res, -9999, "nothing is written behind the last CQE");

	batch_start();
	for (int i = 0; i < BATCH; i++)
		batch_add(XSC_OP_NOP);
	tap_is(batch_run(), BATCH, "64 nops");
	tap_is(cqes[BATCH - 1].res, 0, "the last one returns 0");
	return tap_done();
}

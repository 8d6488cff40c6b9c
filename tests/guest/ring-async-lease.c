// SPDX-License-Identifier: MIT
/* ring-async-lease.c - who has a lease, sits behind a FIFO or feeds a device does not hold up a doorbell */
#include <sys/stat.h>

#include "async.h"

static struct xsc_ring r;

struct handle {
	unsigned int	bytes;
	int		type;
	char		f[128];
};

/* a process that does not give its lease back; its pid */
static int leaseholder(const char *name, int p[2])
{
	int pid = fork(), fd;
	char c;

	if (!pid) {
		signal(SIGIO, SIG_IGN);
		fd = open(name, O_RDWR);
		c = !sys(SYS_fcntl, fd, F_SETLEASE, F_WRLCK);
		write(p[1], &c, 1);
		for (;;)
			msleep(1000);
	}
	return read(p[0], &c, 1) == 1 && c ? pid : (kill(pid, SIGKILL), wait_for(pid), 0);
}

/* the doorbell comes back while the op waits for the holder, and another op goes through */
static void meanwhile(const char *what, int pid)
{
	__u64 a = ring_data;
	long n = async_submit(&r);

	/* it had nothing to wait for: so it did in the doorbell */
	tap_ok(n == 1 && !async_has(&r, a), "%s does not hold up the doorbell", what);
	ring_add0(&r, SYS_getppid);
	async_submit(&r);
	tap_is(async_result(&r, a + 1), getppid(), "%s: nor what comes after", what);
	tap_ok(!async_has(&r, a), "%s: it waits", what);
	if (pid) {
		kill(pid, SIGKILL);
		wait_for(pid);
	}
}

static void leases(void)
{
	int p[2], pid, fd = open("lease", O_RDWR | O_CREAT | O_TRUNC, 0600);
	struct stat st;

	close(fd);
	pipe(p);
	for (int i = 0; i < 2; i++) {
		pid = leaseholder("lease", p);
		if (!pid) {
			tap_skip("no leases here");
			return;
		}
		sys(SYS_stat, "lease", &st);
		if (i)
			ring_add3(&r, SYS_truncate, "lease", 0, 0);
		else
			ring_add3(&r, SYS_openat, AT_FDCWD, "lease", O_RDONLY);
		meanwhile(i ? "truncate" : "an open", pid);
		fd = async_result(&r, ring_data - 1);
		if (i) {
			tap_is(fd, 0, "truncate: then it is done");
		} else {
			tap_ok(fd >= 0, "an open: then it is done (%d)", fd);
			tap_is(sys(SYS_fcntl, fd, F_GETFL, 0) & O_NONBLOCK, 0, "and the file waits as it was asked to");
			close(fd);
		}
	}
	sys(SYS_stat, "lease", &st);
	ring_add3(&r, SYS_openat, AT_FDCWD, "/proc/self", O_RDONLY | O_NONBLOCK | O_DIRECTORY);
	async_submit(&r);
	fd = async_result(&r, ring_data);
	tap_ok(fd >= 0, "a directory of a file system that is asked: %d", fd);
	close(fd);
	ring_add3(&r, SYS_openat, AT_FDCWD, "lease", O_RDONLY | O_NONBLOCK);
	async_submit(&r);
	fd = async_result(&r, ring_data);
	tap_is(sys(SYS_fcntl, fd, F_GETFL, 0) & O_NONBLOCK, O_NONBLOCK, "with O_NONBLOCK: as well");
	close(fd);
}

/* opened by handle, a FIFO waits for its other end all the same */
static void fifo(void)
{
	static struct handle h;
	int dir = open(".", O_RDONLY | O_DIRECTORY), fd, mount;

	h.bytes = sizeof(h.f);
	sys(SYS_mknod, "fifo", S_IFIFO | 0600, 0);
	if (sys(SYS_name_to_handle_at, AT_FDCWD, "fifo", &h, &mount, 0)) {
		tap_skip("no handles here");
		return;
	}
	ring_add3(&r, SYS_open_by_handle_at, dir, &h, O_RDONLY);
	meanwhile("open_by_handle_at of a FIFO", 0);
	fd = open("fifo", O_WRONLY);
	tap_ok(async_result(&r, ring_data - 1) >= 0, "until it comes");
	close(fd);
}

/* a device with positions that waits for more */
static void kmsg(void)
{
	static char line[1024];
	int fd = open("/dev/kmsg", O_RDWR);
	long n;

	if (fd < 0 || sys(SYS_lseek, fd, 0, SEEK_END)) {
		tap_skip("no /dev/kmsg");
		return;
	}
	ring_add4(&r, SYS_pread64, fd, line, sizeof(line), 1);
	meanwhile("pread of /dev/kmsg", 0);
	n = write(fd, "ring-async-lease\n", 17);
	tap_is(n, 17, "a message");
	n = async_result(&r, ring_data - 1);
	tap_ok(n > 0, "until there is a message (%ld)", n);
	close(fd);
	/* it never says that it can be written to */
	fd = open("/dev/kmsg", O_RDWR);
	ring_add4(&r, SYS_pwrite64, fd, "ring-async-lease\n", 17, 0);
	async_submit(&r);
	tap_is(async_result(&r, ring_data), 17, "pwrite of /dev/kmsg");
	close(fd);
	/* where there is nothing to wait for, it is as ever */
	fd = open("/dev/zero", O_RDONLY);
	ring_add4(&r, SYS_pread64, fd, line, 8, 1);
	ring_add4(&r, SYS_pread64, r.fd, line, 8, 1);
	async_submit(&r);
	tap_is(async_result(&r, ring_data - 1), 8, "pread of /dev/zero");
	tap_ok(async_result(&r, ring_data) < 0, "pread of what has no positions");
	close(fd);
}

int main(int argc, char **argv)
{
	RINGS_OR_SKIP();
	async_make(&r, 16);
	alarm(60);
	leases();
	fifo();
	kmsg();
	return tap_done();
}

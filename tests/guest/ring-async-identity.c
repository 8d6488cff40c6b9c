// SPDX-License-Identifier: MIT
/* ring-async-identity.c - what an op does to the thread that calls it does not happen to a worker or the poller */
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/keyctl.h>
#include <poll.h>
#include <sys/stat.h>

#include "poller.h"

static struct xsc_ring r;
static int file;

/* other credentials than those that a worker or the poller began with, to the same effect */
static void new_creds(void)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2];

	sys(SYS_capget, &h, d);
	sys(SYS_capset, &h, d);
}

/* an fsync, for a worker, with something to write; what follows is a chain's */
static void for_worker(void)
{
	sys(SYS_pwrite64, file, "x", 1, 0);
	xsc_sqe_link(ring_add3(&r, SYS_fsync, file, 0, 0));
}

static long result(bool polled)
{
	return polled ? poller_result(&r, ring_data) : (async_submit(&r), async_result(&r, ring_data));
}

static void add_key(bool polled, const char *what)
{
	long key, res;

	/* a worker and the poller are there before the credentials change */
	for_worker();
	ring_add0(&r, SYS_getpid);
	result(polled);
	new_creds();
	if (!polled)
		for_worker();
	ring_add6(&r, SYS_add_key, (long)"user", (long)what, (long)"1", 1, KEY_SPEC_THREAD_KEYRING, 0);
	key = result(polled);
	if (key == -ENOSYS) {
		tap_skip("no keys");
		return;
	}
	tap_ok(key > 0, "%s: a key for the thread's keyring (%ld)", what, key);
	res = sys(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_THREAD_KEYRING, "user", what, 0);
	tap_is(res, key, "%s: which is that of the thread", what);
}

static void close_range_unshare(bool polled, const char *what)
{
	struct stat st;
	long fd;

	if (!polled)
		for_worker();
	ring_add3(&r, SYS_close_range, 1000, 1001, CLOSE_RANGE_UNSHARE);
	tap_is(result(polled), 0, "%s: close_range with a table of one's own", what);
	/* who runs it next has the process's */
	if (!polled)
		for_worker();
	ring_add3(&r, SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY);
	fd = result(polled);
	tap_ok(fd >= 0, "%s: then an open", what);
	tap_is(sys(SYS_fstat, fd, &st), 0, "%s: whose descriptor is the process's", what);
	close(fd);
	if (!polled)
		for_worker();
	ring_add3(&r, SYS_close_range, 1000, 1001, 0);
	tap_is(result(polled), 0, "%s: a close_range that only closes", what);
}

/* a mask that a forward has put there; it is nobody else's to wear */
static void forwarded_mask(bool polled, const char *what)
{
	static unsigned long mask = ~0UL;
	static struct { long s, ns; } no_time;
	struct xsc_sqe *sqe;
	long res;

	/* a read of no bytes adds nothing */
	xsc_sqe_link(ring_add4(&r, SYS_pread64, file, (long)&no_time, 0, 0));
	sqe = ring_add6(&r, SYS_ppoll, 0, 0, (long)&no_time, (long)&mask, 8, 0);
	xsc_sqe_forward(sqe, 3, 1);
	res = result(polled);
	tap_ok(res == 0 || res == -EINVAL, "%s: ppoll with a mask by a forward: %ld", what, res);
	for_worker();
	ring_add0(&r, SYS_getpid);
	tap_is(result(polled), getpid(), "%s: and the next op", what);
}

/* who is to have word of a lease or of a directory */
static void owner(void)
{
	long fd = open("ring-async-lease", O_RDONLY | O_CREAT, 0600);

	for_worker();
	ring_add3(&r, SYS_fcntl, fd, F_SETLEASE, F_RDLCK);
	tap_is(result(false), 0, "a worker: a lease");
	tap_is(sys(SYS_fcntl, fd, F_GETOWN, 0), getpid(), "which is its process's");
	close(fd);
	fd = open(".", O_RDONLY | O_DIRECTORY);
	for_worker();
	ring_add3(&r, SYS_fcntl, fd, F_NOTIFY, 1);
	if (result(false) == -EINVAL)
		tap_skip("no dnotify");
	else
		tap_is(sys(SYS_fcntl, fd, F_GETOWN, 0), getpid(), "F_NOTIFY: likewise");
	close(fd);
}

int main(int argc, char **argv)
{
	RINGS_OR_SKIP();
	file = open("ring-async-identity", O_RDWR | O_CREAT | O_TRUNC, 0600);
	async_make(&r, 16);
	add_key(false, "a worker");
	close_range_unshare(false, "a worker");
	sys(SYS_close, file);
	file = open("ring-async-identity", O_RDWR);
	owner();
	xsc_ring_queue_exit(&r);
	if (poller_cpus() > 1) {
		poller_make(&r, 16, 0, POLL_IDLE);
		poller_wake(&r);
		add_key(true, "the poller");
		poller_wake(&r);
		close_range_unshare(true, "the poller");
		poller_wake(&r);
		forwarded_mask(true, "the poller");
		xsc_ring_queue_exit(&r);
	}
	return tap_done();
}

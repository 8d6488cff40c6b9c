// SPDX-License-Identifier: MIT
/* ring-async-vector.c - reads and writes by vector, and openat2, without a worker where a plain one needs none */
#include <linux/openat2.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "async.h"

#define BIG	(300 * 1024)

static struct xsc_ring r;
static char one[BIG], two[BIG], out[2 * BIG];

/* does the op that was added last end with its doorbell? */
static bool at_once(void)
{
	async_submit(&r);
	return async_has(&r, ring_data);
}

/* the result of what was added last */
static long result(void)
{
	async_submit(&r);
	return async_result(&r, ring_data);
}

/* the file is in the page cache */
static void files(const char *path, const char *what)
{
	struct iovec in[2] = { { one, 5 }, { two, 100 } }, from[2] = { { "01234", 5 }, { "56789", 5 } };
	int fd = open(path, O_CREAT | O_TRUNC | O_RDWR, 0600);

	ring_add3(&r, SYS_writev, fd, from, 2);
	tap_ok(at_once(), "%s: writev ends at once", what);
	tap_is(result(), 10, "%s: all of it", what);
	ring_add4(&r, SYS_pwritev, fd, from, 2, 10);
	tap_ok(at_once(), "%s: pwritev ends at once", what);
	ring_add6(&r, SYS_pwritev2, fd, (long)from, 1, -1, 0, 0);
	tap_ok(at_once(), "%s: pwritev2 at the file's position", what);
	tap_is(lseek(fd, 0, SEEK_CUR), 15, "%s: which only writev moves, and pwritev2 without a place", what);

	ring_add4(&r, SYS_preadv, fd, in, 2, 3);
	tap_ok(at_once(), "%s: preadv ends at once", what);
	tap_is(result(), 17, "%s: it is short at the end of the file", what);
	tap_ok(!memcmp(one, "34567", 5) && !memcmp(two, "890123456789", 12), "%s: what it read", what);
	ring_add4(&r, SYS_preadv, fd, in, 2, 1000);
	tap_is(result(), 0, "%s: preadv behind the end", what);
	ring_add4(&r, SYS_preadv, fd, in, 2, -1);
	tap_is(result(), -EINVAL, "%s: preadv before the beginning", what);

	lseek(fd, 0, SEEK_SET);
	in[1].iov_len = 3;
	ring_add3(&r, SYS_readv, fd, in, 2);
	ring_add6(&r, SYS_preadv2, fd, (long)&in[1], 1, -1, 0, 0);
	tap_ok(at_once(), "%s: readv and preadv2 end at once", what);
	tap_is(async_result(&r, ring_data - 1), 8, "%s: readv", what);
	tap_is(result(), 3, "%s: preadv2", what);
	tap_ok(!memcmp(one, "01234", 5) && !memcmp(two, "890", 3), "%s: one after the other", what);
	tap_is(lseek(fd, 0, SEEK_CUR), 11, "%s: the position is behind both", what);
	close(fd);
	unlink(path);
}

/* what becomes of a vector of which a part has gone */
static void parts(int p[2])
{
	struct iovec v[2] = { { one, 5 }, { two, BIG - 5 } };
	int many[20][2], wrong = 0, fd;
	long was, n, res;
	__u64 a = ring_data + 1;

	was = threads();
	for (int i = 0; i < 20; i++) {
		pipe(many[i]);
		ring_add3(&r, SYS_writev, many[i][1], v, 2);
	}
	async_submit(&r);
	msleep(50);
	tap_is(async_inflight(&r), 20, "writev of 300 KiB to 20 pipes");
	tap_ok(threads() <= was, "no thread waits for any: %ld threads", threads());
	for (int i = 0; i < 20; i++) {
		for (n = 0; n < BIG; n += res) {
			res = read(many[i][0], out + n, BIG);
			if (res <= 0)
				break;
			async_enter(&r, 0, 0, 0);
		}
		wrong += async_result(&r, a + i) != BIG || n != BIG || memcmp(out, one, 5) || memcmp(out + 5, two, BIG - 5);
		close(many[i][0]);
		close(many[i][1]);
	}
	tap_is(wrong, 0, "each ends with all of it, in order");

	signal(SIGPIPE, SIG_IGN);
	/* cancelled, and the reader gone: what has gone counts */
	for (int i = 0; i < 2; i++) {
		pipe(many[0]);
		ring_add3(&r, SYS_writev, many[0][1], v, 2);
		a = ring_data;
		async_submit(&r);
		if (i) {
			close(many[0][0]);
		} else {
			ring_add3(&r, XSC_OP_CANCEL, a, 0, 0);
			async_submit(&r);
		}
		tap_is(async_result(&r, a), 65536, i ? "no reader any more" : "a cancel: what went into the pipe");
		if (!i)
			close(many[0][0]);
		close(many[0][1]);
	}

	/* in a chain a worker goes on with it */
	pipe(many[0]);
	fd = open("/dev/null", O_WRONLY);
	ring_add3(&r, SYS_writev, many[0][1], v, 2)->flags = XSC_SQE_LINK;
	a = ring_data;
	ring_add3(&r, SYS_write, fd, one, 7);
	async_submit(&r);
	for (n = 0; n < BIG; n += res) {
		res = read(many[0][0], out + n, BIG);
		if (res <= 0)
			break;
	}
	tap_is(async_result(&r, a), BIG, "in a chain: all of it");
	tap_is(async_result(&r, a + 1), 7, "and the op after it");
	tap_ok(n == BIG && !memcmp(out, one, 5) && !memcmp(out + 5, two, BIG - 5), "in order");
	close(many[0][0]);
	close(many[0][1]);
	close(fd);

	/* the vector is gone when its turn comes again */
	pipe(many[0]);
	ring_add3(&r, SYS_writev, many[0][1], v, 2);
	async_submit(&r);
	v[1].iov_len = 60000;
	v[0].iov_len = 0;
	res = read(many[0][0], out, BIG);
	tap_is(async_result(&r, ring_data), 65536, "made shorter meanwhile: what has gone, and no more");
	close(many[0][0]);
	close(many[0][1]);
}

int main(int argc, char **argv)
{
	struct open_how how = { .flags = O_RDONLY };
	struct iovec v[2] = { { one, 3 }, { two, 3 } }, bad = { (void *)8, 4 };
	long n = 0, fd, wrong = 0;
	int p[2], many[20][2];
	__u64 a;

	RINGS_OR_SKIP();
	async_make(&r, 64);
	pipe(p);

	/* pipes: no thread waits for any */
	a = ring_data;
	for (int i = 0; i < 20; i++) {
		pipe(many[i]);
		ring_add3(&r, SYS_readv, many[i][0], v, 2);
	}
	tap_is(async_submit(&r), 20, "readv of 20 empty pipes");
	msleep(50);
	tap_is(async_inflight(&r), 20, "they are in flight");
	tap_ok(threads() <= 2, "one worker at most, which stands by: %ld threads", threads());
	for (int i = 0; i < 20; i++) {
		memset(one, 0, 4);
		memset(two, 0, 4);
		write(many[i][1], "abcde", 5);
		wrong += async_result(&r, a + 1 + i) != 5 || memcmp(one, "abc", 4) || memcmp(two, "de", 3);
		close(many[i][0]);
		close(many[i][1]);
	}
	tap_is(wrong, 0, "each ends with what came, in both parts");

	files("/tmp/vector", "tmpfs");
	files("/var/tmp/vector", "a disk");

	/* a vector that is no good */
	ring_add3(&r, SYS_readv, p[0], 8, 2);
	tap_ok(at_once(), "a bad pointer: at once");
	tap_is(result(), -EFAULT, "a bad pointer");
	ring_add3(&r, SYS_readv, p[0], v, 1025);
	tap_is(result(), -EINVAL, "too many parts");
	ring_add3(&r, SYS_readv, p[0], v, 0);
	tap_is(result(), 0, "no part");
	ring_add3(&r, SYS_readv, p[1], v, 2);
	tap_is(result(), -EBADF, "a file for writing");
	write(p[1], "xyz", 3);
	ring_add3(&r, SYS_readv, p[0], &bad, 1);
	tap_is(result(), -EFAULT, "a part with a bad pointer");
	read(p[0], two, 3);

	/* more than a pipe holds, and a slow reader */
	for (int i = 0; i < BIG; i++) {
		one[i] = i * 7 + i / 255;
		two[i] = i * 3 + i / 251;
	}
	v[0].iov_len = v[1].iov_len = BIG;
	ring_add3(&r, SYS_writev, p[1], v, 2);
	tap_ok(!at_once(), "writev of 600 KiB to a pipe goes on");
	while (n < 2 * BIG) {
		long got = read(p[0], out + n, 7000);

		if (got <= 0)
			break;
		n += got;
	}
	tap_is(result(), 2 * BIG, "its result is all of it");
	tap_ok(!memcmp(out, one, BIG) && !memcmp(out + BIG, two, BIG), "in order");

	parts(p);

	/* openat2, of what is in the dentry cache */
	close(open("/etc/passwd", O_RDONLY));
	ring_add4(&r, SYS_openat2, AT_FDCWD, "/etc/passwd", &how, sizeof(how));
	tap_ok(at_once(), "openat2 of a file ends at once");
	fd = result();
	tap_ok(fd >= 0 && fcntl(fd, F_GETFD) >= 0, "with a descriptor");
	close(fd);
	ring_add4(&r, SYS_openat2, AT_FDCWD, "/etc/passwd", &how, 8);
	tap_is(result(), -EINVAL, "openat2: too small a struct");
	ring_add4(&r, SYS_openat2, AT_FDCWD, "/etc/passwd", 8, sizeof(how));
	tap_is(result(), -EFAULT, "openat2: a bad pointer");
	how.resolve = RESOLVE_BENEATH;
	ring_add4(&r, SYS_openat2, AT_FDCWD, "/etc/passwd", &how, sizeof(how));
	tap_is(result(), -EXDEV, "openat2: an absolute path with RESOLVE_BENEATH");
	how.resolve = 0;
	sys(SYS_mknod, "/tmp/vector-fifo", S_IFIFO | 0600, 0);
	ring_add4(&r, SYS_openat2, AT_FDCWD, "/tmp/vector-fifo", &how, sizeof(how));
	tap_ok(!at_once(), "openat2 of a FIFO goes on");
	a = ring_data;
	fd = open("/tmp/vector-fifo", O_WRONLY);
	tap_ok(async_result(&r, a) >= 0, "until there is another side");
	close(fd);
	close(async_got[a].res);
	unlink("/tmp/vector-fifo");
	return tap_done();
}

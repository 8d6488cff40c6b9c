/* SPDX-License-Identifier: MIT */
/*
 * slow-disk.h - a file system on a disk of the test's own, that holds a read or a write until told
 *
 * Processes beside the test are the disk, by nbd.
 * Protocol: https://github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md
 */
#ifndef XSC_TEST_SLOW_DISK_H
#define XSC_TEST_SLOW_DISK_H

#include <fcntl.h>
#include <linux/nbd.h>
#include <poll.h>
#include <sys/mount.h>

#include "async.h"

#define SLOW_DEV	"/dev/nbd0"
#define SLOW_DIR	"/run/xsc-slow-disk"
#define SLOW_SIZE	(24UL << 20)
#define SLOW_BLOCK	4096
#define SLOW_REQUEST	(1UL << 20)

/* shared with the disk */
struct slow_disk {
	/* of the last block written with one byte all over that is not 0: where it went, or is going to */
	volatile unsigned long	where;
	volatile int		hold;	/* NBD_CMD_* of that place to hold, or -1 */
	volatile int		held;
	char			data[SLOW_SIZE];
	char			payload[SLOW_REQUEST], kept[SLOW_REQUEST];
};

static struct slow_disk *slow;
static int slow_go[2];

static bool slow_all(int fd, char *buf, unsigned long n, bool out)
{
	for (long did; n; buf += did, n -= did) {
		did = out ? sys(SYS_sendto, fd, buf, n, MSG_NOSIGNAL, NULL, 0) : read(fd, buf, n);
		if (did <= 0)
			return false;
	}
	return true;
}

static bool slow_answer(int sock, const struct nbd_request *q, const char *payload)
{
	struct nbd_reply reply = { .magic = __builtin_bswap32(NBD_REPLY_MAGIC) };
	unsigned long from = __builtin_bswap64(q->from);
	unsigned int len = __builtin_bswap32(q->len), type = __builtin_bswap32(q->type) & 0xff;

	memcpy(reply.handle, q->handle, sizeof(reply.handle));
	if (type == NBD_CMD_WRITE)
		memcpy(slow->data + from, payload, len);
	return slow_all(sock, (char *)&reply, sizeof(reply), true) &&
	       (type != NBD_CMD_READ || slow_all(sock, slow->data + from, len, true));
}

static bool slow_is_ours(unsigned int len)
{
	return len == SLOW_BLOCK && slow->payload[0] && !memcmp(slow->payload, slow->payload + 1, len - 1);
}

/* the disk, until who uses it has gone */
static void slow_serve(int sock)
{
	struct pollfd p[2] = { { .fd = sock, .events = POLLIN }, { .fd = slow_go[0], .events = POLLIN } };
	struct nbd_request q, held;
	char c;

	while (poll(p, 2, -1) > 0) {
		unsigned int len, type;
		bool ours = true;

		if (p[1].revents) {
			read(slow_go[0], &c, 1);
			slow->held = false;
			if (!slow_answer(sock, &held, slow->kept))
				return;
			continue;
		}
		if (!slow_all(sock, (char *)&q, sizeof(q), false))
			return;
		len = __builtin_bswap32(q.len);
		type = __builtin_bswap32(q.type) & 0xff;
		if (q.magic != __builtin_bswap32(NBD_REQUEST_MAGIC) || type == NBD_CMD_DISC || len > SLOW_REQUEST)
			return;
		if (type == NBD_CMD_WRITE) {
			if (!slow_all(sock, slow->payload, len, false))
				return;
			ours = slow_is_ours(len);
			if (ours)
				slow->where = __builtin_bswap64(q.from);
		}
		if (ours && type == (unsigned int)slow->hold && __builtin_bswap64(q.from) == slow->where) {
			held = q;
			memcpy(slow->kept, slow->payload, len);
			slow->hold = -1;
			slow->held = true;
		} else if (!slow_answer(sock, &q, slow->payload)) {
			return;
		}
	}
}

static int slow_run(const char *path, char **args)
{
	char *env[] = { NULL };
	int pid = fork();

	if (!pid) {
		int null = open("/dev/null", O_WRONLY);

		dup2(null, 1);
		execve(path, args, env);
		_exit(127);
	}
	return wait_for(pid);
}

/* false if this kernel has none, and then that is said */
static bool slow_make(void)
{
	char *probe[] = { "modprobe", "nbd", "nbds_max=1", "max_part=0", NULL };
	char *mkfs[] = { "mkfs.ext4", "-q", "-F", "-b", "4096", "-E", "nodiscard", SLOW_DEV, NULL };
	int sock[2], dev;

	if (slow_run("/sbin/modprobe", probe)) {
		tap_skip("no nbd");
		return false;
	}
	dev = open(SLOW_DEV, O_RDWR);
	slow = shared(sizeof(*slow));
	slow->hold = -1;
	pipe(slow_go);
	if (dev < 0) {
		tap_ok(false, "%s: error %d", SLOW_DEV, dev);
		return false;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sock) || sys(SYS_ioctl, dev, NBD_SET_BLKSIZE, SLOW_BLOCK) ||
	    sys(SYS_ioctl, dev, NBD_SET_SIZE, SLOW_SIZE) || sys(SYS_ioctl, dev, NBD_SET_FLAGS, NBD_FLAG_HAS_FLAGS) ||
	    sys(SYS_ioctl, dev, NBD_SET_SOCK, sock[0])) {
		tap_ok(false, "%s: set up", SLOW_DEV);
		return false;
	}
	if (!fork()) {
		close(sock[0]);
		slow_serve(sock[1]);
		_exit(0);
	}
	if (!fork()) {
		close(sock[1]);
		sys(SYS_ioctl, dev, NBD_DO_IT);
		sys(SYS_ioctl, dev, NBD_CLEAR_SOCK);
		_exit(0);
	}
	close(sock[0]);
	close(sock[1]);
	close(dev);
	mkdir(SLOW_DIR, 0700);
	if (slow_run("/sbin/mkfs.ext4", mkfs) || sys(SYS_mount, SLOW_DEV, SLOW_DIR, "ext4", MS_NOATIME, NULL)) {
		tap_ok(false, "%s: a file system", SLOW_DEV);
		return false;
	}
	return true;
}

/* what it was asked for has been there, and was held */
static bool slow_holds(void)
{
	unsigned long end = now_ms() + 10000;

	while (!slow->held && now_ms() < end)
		msleep(1);
	return slow->held;
}

static void slow_release(void)
{
	slow->hold = -1;
	if (slow->held)
		write(slow_go[1], "g", 1);
}

/* status of the unmount, which says whether the file system is still in use */
static long slow_end(void)
{
	long ret = sys(SYS_umount2, SLOW_DIR, 0);
	int dev = open(SLOW_DEV, O_RDWR);

	sys(SYS_ioctl, dev, NBD_DISCONNECT);
	close(dev);
	while (waitpid(-1, NULL, 0) > 0)
		;
	rmdir(SLOW_DIR);
	return ret;
}

#endif /* XSC_TEST_SLOW_DISK_H */

// SPDX-License-Identifier: MIT
/* ring-fork.c - a ring serves the process that made it, and no other */
#include "rings.h"

static struct xsc_ring r;

/* exit status of a child: bit mask of what held */
static int child(void)
{
	char maps[32768];
	int ok = 0;

	ok |= ring_enter(r.fd, 1, 0) == -EPERM;
	ok |= (sys(SYS_mmap, 0, r.cr_size, PROT_READ, MAP_SHARED, r.fd, XSC_OFF_CR) == -EPERM) << 1;
	ok |= (sys(SYS_mmap, 0, r.sr_size, PROT_READ, MAP_SHARED, r.fd, XSC_OFF_SR) == -EPERM) << 2;
	/* the regions are not there; their addresses are free */
	ok |= (sys(SYS_madvise, r.sr, 4096, MADV_NORMAL) == -ENOMEM) << 3;
	ok |= (sys(SYS_madvise, r.cr, 4096, MADV_NORMAL) == -ENOMEM) << 4;
	read_file("/proc/self/maps", maps, sizeof(maps));
	ok |= (!strstr(maps, "[xsc]") && !strstr(maps, "/dev/xsc")) << 5;
	return ok;
}

/* a child makes a ring of its own */
static int own(void)
{
	struct xsc_ring mine;
	long res;

	if (xsc_ring_queue_init(4, &mine))
		return 1;
	ring_add0(&mine, SYS_getpid);
	if (xsc_ring_submit(&mine) != 1 || !ring_take(&mine, &res, NULL) || res != getpid())
		return 2;
	return 0;
}

int main(int argc, char **argv)
{
	long res;
	int pid, sv[2];

	RINGS_OR_SKIP();
	socketpair(AF_UNIX, SOCK_DGRAM, 0, sv);
	ring_make(&r, 8);
	ring_add0(&r, SYS_getpid);
	xsc_ring_flush(&r);

	pid = fork();
	if (!pid)
		_exit(child());
	tap_is(wait_for(pid), 0x3f << 8, "in a child: EPERM, and no regions");
	tap_is(xsc_ring_sq_ready(&r), 1, "the child has run nothing of the parent's");
	tap_is(ring_enter(r.fd, 1, 0), 1, "the parent does");
	tap_ok(ring_take(&r, &res, NULL) && res == getpid(), "as itself");

	pid = fork();
	if (!pid)
		_exit(own());
	tap_is(wait_for(pid), 0, "a child can have a ring of its own");

	/* a ring that came over a socket: from the child, which is gone or not */
	pid = fork();
	if (!pid) {
		struct xsc_ring mine;

		if (xsc_ring_queue_init(4, &mine))
			_exit(1);
		ring_add0(&mine, SYS_getpid);
		xsc_ring_flush(&mine);
		send_fd(sv[1], mine.fd, 0);
		msleep(300);
		/* nobody else has rung */
		_exit(xsc_ring_sq_ready(&mine) == 1 && ring_enter(mine.fd, 1, 0) == 1 ? 0 : 2);
	}
	int fd = receive_fd(sv[0], 0);

	tap_ok(fd >= 0, "a ring comes over a socket");
	tap_is(ring_enter(fd, 1, 0), -EPERM, "ringing it: EPERM");
	tap_is(sys(SYS_mmap, 0, 4096, PROT_READ, MAP_SHARED, fd, XSC_OFF_CR), -EPERM, "mapping it: EPERM");
	tap_is(wait_for(pid), 0, "its owner was not disturbed");
	tap_is(ring_enter(fd, 1, 0), -EPERM, "the owner is gone: EPERM");
	tap_is(sys(SYS_mmap, 0, 4096, PROT_READ, MAP_SHARED, fd, XSC_OFF_CR), -EPERM, "the owner is gone: EPERM");
	close(fd);

	/* it ends with execve: close-on-exec, and the new program has other memory */
	xsc_ring_queue_exit(&r);
	return tap_done();
}

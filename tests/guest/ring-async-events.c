// SPDX-License-Identifier: MIT
/* ring-async-events.c - a read that makes descriptors, as of fanotify: they are the process's, whoever reads */
#include <linux/fanotify.h>
#include <sys/stat.h>

#include "async.h"

int main(int argc, char **argv)
{
	union { struct fanotify_event_metadata m; char room[4096]; } e;
	int fan, fd, wrong = 0, foreign = 0, zero = 0;
	struct stat want, st;
	struct xsc_ring r;
	long res = 0;

	RINGS_OR_SKIP();
	fan = sys(SYS_fanotify_init, FAN_CLASS_NOTIF | FAN_CLOEXEC, O_RDONLY);
	if (fan < 0) {
		tap_skip("no fanotify");
		return tap_done();
	}
	close(open("watched", O_CREAT | O_RDWR, 0600));
	sys(SYS_stat, "watched", &want);
	tap_is(sys(SYS_fanotify_mark, fan, FAN_MARK_ADD, FAN_CLOSE_WRITE, AT_FDCWD, "watched"), 0, "a mark");
	async_make(&r, 16);
	for (int i = 0; i < 20; i++) {
		/* it waits, and is for a worker */
		ring_add3(&r, SYS_read, fan, &e, sizeof(e));
		async_submit(&r);
		fd = open("watched", O_RDWR);
		close(fd);
		res = async_result(&r, ring_data);
		wrong += res != sizeof(e.m) || e.m.mask != FAN_CLOSE_WRITE;
		zero += e.m.fd == 0;
		foreign += sys(SYS_fstat, e.m.fd, &st) != 0 || st.st_ino != want.st_ino;
		if (e.m.fd > 2)
			close(e.m.fd);
	}
	tap_is(wrong, 0, "twenty events are read (%ld bytes)", res);
	tap_is(zero, 0, "their descriptors are not those of a worker");
	tap_is(foreign, 0, "they are of the file");
	/* nothing has kept it open */
	sys(SYS_unlink, "watched");
	close(fan);
	xsc_ring_queue_exit(&r);
	return tap_done();
}

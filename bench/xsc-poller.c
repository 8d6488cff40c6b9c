// SPDX-License-Identifier: GPL-2.0-only
/*
 * xsc-poller.c - one op at a time: by the gate, by a doorbell, by a poller, and adaptively
 *
 *	xsc-poller OP MILLISECONDS ROUNDS [WAY]
 *
 * OP is null or pread4k.  In each round each way, or WAY alone, runs for that long, in turns of
 * 20 ms, so that whoever else has a CPU is in the way of all of them; a line each of
 *
 *	ROUND WAY NS_PER_OP
 *
 * separated by tabs.  The ways are
 *
 *	gate		the direct way, xsc_call6()
 *	doorbell	a ring with XSC_RING_ASYNC, rung for each op
 *	poller		a ring with XSC_RING_POLL
 *	adaptive ring	the same with XSC_RING_ADAPT
 *	adaptive call	xsc_ring_call()
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <xsc/ring.h>

#define TURN_MS	20

static char buf[4096];
static int fd, null;
static struct xsc_ring rings[4];

enum way { GATE, DOORBELL, POLLER, ADAPTIVE_RING, ADAPTIVE_CALL, WAYS };

static const char * const names[] = { "gate", "doorbell", "poller", "adaptive ring", "adaptive call" };

static void die(const char *what, long err)
{
	fprintf(stderr, "xsc-poller: %s: %s\n", what, strerror((int)err));
	exit(1);
}

static unsigned long long now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (unsigned long long)ts.tv_sec * 1000000000 + (unsigned long long)ts.tv_nsec;
}

static long by_ring(struct xsc_ring *ring)
{
	struct xsc_sqe *sqe = xsc_ring_get_sqe(ring);
	struct xsc_cqe *cqe;
	long res;

	if (null)
		xsc_sqe_prep(sqe, __NR_getppid, 0, 0, 0, 0, 0, 0);
	else
		xsc_sqe_prep(sqe, __NR_pread64, fd, (long)buf, sizeof(buf), 0, 0, 0);
	res = xsc_ring_submit_and_wait(ring, 1);
	while (xsc_ring_peek_cqe(ring, &cqe)) {
		if (res < 0 && res != -EINTR)
			die("submit", -res);
		res = xsc_ring_submit_and_wait(ring, 1);
	}
	res = (long)cqe->res;
	xsc_ring_cqe_seen(ring, cqe);
	return res;
}

static long once(enum way way)
{
	switch (way) {
	case GATE:
		return null ? xsc_call0(__NR_getppid) : xsc_call4(__NR_pread64, fd, (long)buf, sizeof(buf), 0);
	case ADAPTIVE_CALL:
		return null ? xsc_ring_call(&rings[3], __NR_getppid, 0, 0, 0, 0, 0, 0) :
			      xsc_ring_call(&rings[3], __NR_pread64, fd, (long)buf, sizeof(buf), 0, 0, 0);
	default:
		return by_ring(&rings[way - 1]);
	}
}

/* one way's turn: its time and ops */
static void turn(enum way way, unsigned long long *ns, unsigned long long *ops)
{
	unsigned long long start = now(), end = start + TURN_MS * 1000000ULL, t;
	long want = null ? (long)getppid() : (long)sizeof(buf), res;

	do {
		for (int i = 0; i < 64; i++) {
			res = once(way);
			if (res != want)
				die(names[way], res < 0 ? -res : EIO);
		}
		*ops += 64;
		t = now();
	} while (t < end);
	*ns += t - start;
}

static void round_of(unsigned int nr, unsigned int ms, const char *only)
{
	unsigned long long ns[WAYS] = { 0 }, ops[WAYS] = { 0 };
	int way, i;

	/* there and back: the scheduler remembers what the one before it took */
	for (unsigned int t = 0; t * TURN_MS < ms; t++)
		for (i = 0; i < WAYS; i++) {
			way = t % 2 ? WAYS - 1 - i : i;
			if (!only || !strcmp(only, names[way]))
				turn((enum way)way, &ns[way], &ops[way]);
		}
	for (way = 0; way < WAYS; way++)
		if (ops[way])
			printf("%u\t%s\t%.1f\n", nr, names[way], (double)ns[way] / (double)ops[way]);
}

int main(int argc, char **argv)
{
	unsigned int ms, rounds, i;
	char path[] = "/tmp/xsc-poller-XXXXXX";
	int err = 0;

	if (argc != 4 && argc != 5) {
		fprintf(stderr, "usage: xsc-poller null|pread4k MILLISECONDS ROUNDS [WAY]\n");
		return 2;
	}
	null = !strcmp(argv[1], "null");
	ms = (unsigned int)strtoul(argv[2], NULL, 10);
	rounds = (unsigned int)strtoul(argv[3], NULL, 10);
	fd = mkstemp(path);
	if (fd < 0 || write(fd, buf, sizeof(buf)) != sizeof(buf))
		die(path, errno);
	unlink(path);
	err = xsc_ring_queue_init_async(8, &rings[0]);
	if (!err)
		err = xsc_ring_queue_init_poll(8, 0, &rings[1]);
	if (!err)
		err = xsc_ring_queue_init_poll(8, XSC_RING_ADAPT, &rings[2]);
	if (!err)
		err = xsc_ring_queue_init_poll(8, 0, &rings[3]);
	if (err)
		die("a ring", -err);
	for (i = 0; i < rounds; i++)
		round_of(i, ms, argv[4]);
	return 0;
}

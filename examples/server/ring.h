/* SPDX-License-Identifier: MIT */
/*
 * ring.h - what the two engines by XSC rings share
 *
 * user_data of an op is its connection's address with the kind of op in the low bits, or
 * below all addresses one of the server's own.
 */
#ifndef SERVER_RING_H
#define SERVER_RING_H

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <xsc/rt.h>

#include "server.h"

#define OP_MASK		7UL
/* below all addresses: ops of the server itself; those of one engine begin with OWN */
enum { ACCEPT = OP_MASK + 1, IGNORE, OWN };

/* A file of a connection, while it is opened: errno of openat2, and what statx said. */
struct opening {
	int		why;
	struct statx	stx;
};

/* The ring could not be made: say so; returns @ret. */
static inline int ring_failed(int ret)
{
	warnx("cannot make a ring: %s%s", strerror(-ret),
	      ret == -ENOSYS ? "; is this a kernel with XSC, and 'modprobe xsc' done?" : "");
	return ret;
}

/*
 * Of a ring with so many SQEs: a place for each op that can be under way or whose completion has
 * not been looked at, four of a connection (a recv, open and statx, a close) and the server's own.
 * So the CQ is never full, and a doorbell can be rung in the middle of looking.
 */
static inline unsigned int ring_cq_entries(const struct server *s, unsigned int sq_entries)
{
	unsigned int nr = 4 * s->max_conns + 64;

	return nr > sq_entries ? nr : sq_entries;
}

/* What a doorbell returned: nothing but a signal, after which it is rung again, may keep it from working. */
static inline int ring_rung(int ret)
{
	if (ret < 0 && ret != -EINTR)
		errx(1, "doorbell: %s", strerror(-ret));
	return ret;
}

/* Room for @nr SQEs in one doorbell: a chain must not be cut. */
static inline void ring_room(struct xsc_ring *ring, unsigned int nr)
{
	while (xsc_ring_sq_space_left(ring) < nr)
		ring_rung(xsc_ring_submit(ring));
}

static inline struct xsc_sqe *ring_sqe(struct xsc_ring *ring)
{
	ring_room(ring, 1);
	return xsc_ring_get_sqe(ring);
}

/* Take a completion; returns whether there was one. */
static inline bool ring_next(struct xsc_ring *ring, uint64_t *data, long *res)
{
	struct xsc_cqe *cqe;

	if (xsc_ring_peek_cqe(ring, &cqe))
		return false;
	*data = cqe->user_data;
	*res = (long)cqe->res;
	xsc_ring_cqe_seen(ring, cqe);
	return true;
}

static inline void ring_close(struct xsc_ring *ring, int fd)
{
	struct xsc_sqe *sqe = ring_sqe(ring);

	xsc_prep_close(sqe, fd);
	xsc_sqe_set_data64(sqe, IGNORE);
}

/*
 * The file that a connection wants and what it is, in one chain: statx gets the descriptor
 * that openat2 returns.  The user_data of both is for the caller to set.
 */
static inline void ring_open(struct xsc_ring *ring, const struct server *s, const struct conn *c,
			     struct opening *o, struct xsc_sqe *sqes[2])
{
	ring_room(ring, 2);
	sqes[0] = xsc_ring_get_sqe(ring);
	xsc_sqe_prep(sqes[0], __NR_openat2, s->root, (long)c->path, (long)&server_open_how,
		     sizeof(server_open_how), 0, 0);
	xsc_sqe_link(sqes[0]);
	sqes[1] = xsc_ring_get_sqe(ring);
	xsc_prep_statx(sqes[1], 0, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &o->stx);
	xsc_sqe_forward(sqes[1], 0, 1);
}

/* Their completions, in this order. */
static inline void ring_opened(struct conn *c, struct opening *o, long res)
{
	c->file = res < 0 ? -1 : (int)res;
	o->why = res < 0 ? (int)-res : 0;
}

static inline void ring_stated(struct xsc_ring *ring, const struct server *s, struct conn *c,
			       const struct opening *o, long res)
{
	c->path = NULL;
	if (res < 0 && c->file >= 0) {
		ring_close(ring, c->file);
		c->file = -1;
	}
	/* If openat2 failed, statx has ECANCELED. */
	s->service->file_opened(c, o->why ? o->why : (int)-res, &o->stx);
}

/* A receive behind what the connection's input holds. */
static inline void ring_prep_recv(struct xsc_sqe *sqe, const struct server *s, const struct conn *c)
{
	xsc_prep_recv(sqe, c->fd, c->in + c->in_len, s->service->in_size - c->in_len, 0);
}

#endif /* SERVER_RING_H */

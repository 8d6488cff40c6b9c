// SPDX-License-Identifier: MIT
/*
 * engine-xsc-poll.c - a server by a plain ring: what epoll has found ready, many in a doorbell
 *
 * Nothing blocks but epoll_wait, which is the last op of a doorbell: one doorbell sends all
 * replies and waits for what is ready next, another receives from all that is.  Sockets are
 * non-blocking and watched edge-triggered, in both directions and once for all, so that no
 * epoll_ctl is needed later.
 *
 * With --spin the last doorbell only looks, and what waits is a ring of its own: an
 * asynchronous one, where a wait may spin (XSC_RING_SPIN).
 *
 * A plain ring runs its ops in order and an op has ended when the doorbell has: a connection's
 * memory is in use until the end of the doorbell that holds its last op.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "ring.h"

/* user_data: the connection's address, and in its low bits which op of it */
enum { RECV, SEND, OPEN, STAT, BODY };
enum { WAIT = OWN };

#define EVENTS		512
#define ACCEPTS		8		/* tried at once */
#define TURN		(1 << 20)	/* of a file in one op */

/* From one tick, not from when it was due: the next is never closer than that. */
static const struct itimerspec every = { .it_value.tv_sec = IDLE_TICK };

struct pconn {
	struct conn	c;
	unsigned int	flight;		/* ops without a completion */
	bool		recving;
	bool		busy;		/* with an op of the output, or blocked */
	bool		blocked;	/* the socket was full: EPOLLOUT will come */
	bool		readable;	/* a recv may have something */
	bool		hup;		/* ... and at last says that no more will come */
	bool		eof;
	bool		gone;
	struct pconn	*dead;		/* the next one to be freed */
	struct opening	opening;
};

struct loop {
	struct server	*s;
	struct xsc_ring	ring;
	struct xsc_ring	idle;		/* with --spin: for waiting */
	int		epoll, timer;
	bool		more;		/* what is queued will make more work by itself */
	bool		waited;		/* the last doorbell looked for events */
	bool		listening;
	unsigned int	accepts;	/* in flight */
	struct pconn	*dead;
	struct epoll_event events[EVENTS];
};

/* An op of a connection; @more: it ends with something to be done at once. */
static void give(struct loop *l, struct pconn *x, struct xsc_sqe *sqe, unsigned int op, bool more)
{
	xsc_sqe_set_data64(sqe, (uintptr_t)x | op);
	x->flight++;
	l->more |= more;
}

static void forget(struct xsc_sqe *sqe)
{
	xsc_sqe_set_data64(sqe, IGNORE);
}

static void watch(struct loop *l, int op, int fd, struct epoll_event *ev)
{
	struct xsc_sqe *sqe = ring_sqe(&l->ring);

	xsc_sqe_prep(sqe, __NR_epoll_ctl, l->epoll, op, fd, (long)ev, 0, 0);
	forget(sqe);
}

static void post_recv(struct loop *l, struct pconn *x)
{
	struct xsc_sqe *sqe = ring_sqe(&l->ring);

	ring_prep_recv(sqe, l->s, &x->c);
	give(l, x, sqe, RECV, true);
	x->recving = true;
}

static void post_open(struct loop *l, struct pconn *x)
{
	struct xsc_sqe *sqes[2];

	ring_open(&l->ring, l->s, &x->c, &x->opening, sqes);
	give(l, x, sqes[0], OPEN, true);
	give(l, x, sqes[1], STAT, true);
}

/* The next op of the output, if there is one. */
static bool post_output(struct loop *l, struct pconn *x)
{
	struct conn *c = &x->c;
	struct xsc_sqe *sqe;

	if (c->path) {
		post_open(l, x);
	} else if (c->out_len) {
		sqe = ring_sqe(&l->ring);
		xsc_prep_send(sqe, c->fd, c->out + c->sent, c->out_len - c->sent,
			      MSG_NOSIGNAL | (c->file_left ? MSG_MORE : 0));
		/* When a reply is out, that was all, unless something stands behind it. */
		give(l, x, sqe, SEND, c->file >= 0 || c->in_len || c->ending || x->eof || x->readable);
	} else if (c->file_left) {
		sqe = ring_sqe(&l->ring);
		xsc_sqe_prep(sqe, __NR_sendfile, c->fd, c->file, (long)&c->file_pos,
			     c->file_left < TURN ? (long)c->file_left : TURN, 0, 0);
		give(l, x, sqe, BODY, true);
	} else {
		if (c->file >= 0)
			ring_close(&l->ring, c->file);
		c->file = -1;
		return false;
	}
	x->busy = true;
	return true;
}

/* It is over.  Its memory stays until no event and no completion can name it. */
static void end(struct loop *l, struct pconn *x)
{
	if (x->c.fd < 0)
		return;
	if (x->c.file >= 0)
		ring_close(&l->ring, x->c.file);
	ring_close(&l->ring, x->c.fd);	/* epoll forgets it */
	x->c.fd = -1;
	x->gone = true;
	x->dead = l->dead;
	l->dead = x;
}

static void listen_for(struct loop *l, bool on)
{
	/* read by the kernel when the op runs */
	static struct epoll_event ev[2];

	if (l->listening == on)
		return;
	l->listening = on;
	ev[on].events = on ? EPOLLIN : 0;
	ev[on].data.ptr = &l->s->listener;
	watch(l, EPOLL_CTL_MOD, l->s->listener, &ev[on]);
}

/* Between two doorbells, when all that the last one said has been looked at. */
static void free_dead(struct loop *l)
{
	struct pconn **at = &l->dead, *x;

	while ((x = *at)) {
		if (x->flight) {
			at = &x->dead;
			continue;
		}
		*at = x->dead;
		conn_free(l->s, &x->c);
	}
}

/* Whatever the connection can do now. */
static void advance(struct loop *l, struct pconn *x)
{
	struct conn *c = &x->c;
	struct xsc_sqe *sqe;

	while (!x->gone && !x->busy && !post_output(l, x))
		if (x->recving || !conn_use_input(l->s, c))
			break;
	if (x->gone || (x->eof && !x->busy)) {
		end(l, x);
		return;
	}
	if (c->ending && !c->fin && !x->busy) {
		/* The other side may still be sending: a close now could cost it our last words. */
		sqe = ring_sqe(&l->ring);
		xsc_prep_shutdown(sqe, c->fd, SHUT_WR);
		forget(sqe);
		c->fin = true;
	}
	if (c->fin && !x->recving)
		c->in_len = 0;
	/* What is received comes behind the input, and using the input moves the rest. */
	if (x->readable && !x->recving && !x->eof && (!c->in_len || !x->busy) &&
	    c->in_len < l->s->service->in_size)
		post_recv(l, x);
}

static void received(struct loop *l, struct pconn *x, long res)
{
	size_t asked = l->s->service->in_size - x->c.in_len;

	x->recving = false;
	if (res > 0) {
		x->c.in_len += (size_t)res;
		/* Less than there was room for: all that was there.  An edge says when more is. */
		if ((size_t)res < asked && !x->hup)
			x->readable = false;
	} else if (!res) {
		x->eof = true;
	} else if (res == -EAGAIN) {
		x->readable = false;
	} else {
		x->gone = true;
	}
}

/* Some of the output went, or none: the socket is full. */
static void sent(struct loop *l, struct pconn *x, long res, size_t asked)
{
	if (res < 0 && res != -EAGAIN) {
		x->gone = true;
		return;
	}
	x->c.seen = l->s->tick;
	x->blocked = res < 0 || (size_t)res < asked;
	x->busy = x->blocked;
}

static void completed(struct loop *l, struct pconn *x, unsigned int op, long res)
{
	struct conn *c = &x->c;

	x->flight--;
	if (op == OPEN) {
		ring_opened(c, &x->opening, res);
		return;
	}
	if (x->gone) {
		/* it was closed with this under way */
		if (op == STAT && c->fd < 0 && c->file >= 0)
			ring_close(&l->ring, c->file);
		return;
	}
	switch (op) {
	case RECV:
		received(l, x, res);
		break;
	case STAT:
		x->busy = false;
		ring_stated(&l->ring, l->s, c, &x->opening, res);
		break;
	case SEND:
		sent(l, x, res, c->out_len - c->sent);
		if (res > 0)
			c->sent += (size_t)res;
		if (c->sent == c->out_len)
			c->out_len = c->sent = 0;
		break;
	case BODY:
		/* The kernel has moved file_pos; less than asked is a full socket or a short file. */
		x->busy = false;
		c->seen = l->s->tick;
		if (res == -EAGAIN)
			x->busy = x->blocked = true;
		else if (res <= 0)
			x->gone = true;	/* shorter now, and the length was promised */
		else
			c->file_left -= res;
		break;
	}
	advance(l, x);
}

static void post_accepts(struct loop *l)
{
	struct xsc_sqe *sqe;

	while (l->accepts < ACCEPTS && server_accepts(l->s) && l->s->nr_conns + l->accepts < l->s->max_conns) {
		sqe = ring_sqe(&l->ring);
		xsc_prep_accept(sqe, l->s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		xsc_sqe_set_data64(sqe, ACCEPT);
		l->accepts++;
		l->more = true;
	}
}

static void accepted(struct loop *l, long res)
{
	static struct epoll_event ring_of[ACCEPTS];
	static unsigned int next;
	struct epoll_event *ev = &ring_of[next++ % ACCEPTS];
	struct pconn *x = (struct pconn *)conn_accepted(l->s, sizeof(*x), (int)res);

	l->accepts--;
	if (!x)
		return;
	/* What came before it was watched is an edge as well: epoll_ctl looks. */
	ev->events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
	ev->data.ptr = x;
	watch(l, EPOLL_CTL_ADD, (int)res, ev);
}

static void tick(struct loop *l)
{
	struct conn *c, *at = server_tick(l->s);

	timerfd_settime(l->timer, 0, &every, NULL);
	while ((c = conn_idle(l->s, &at)))
		end(l, (struct pconn *)c);
}

/* Returns whether to go on. */
static bool look(struct loop *l, long nr)
{
	struct epoll_event *ev;
	struct pconn *x;
	bool ticked = false;

	for (ev = l->events; ev < l->events + nr; ev++) {
		if (ev->data.ptr == &l->s->signals)
			return false;
		if (ev->data.ptr == &l->timer) {
			ticked = true;
		} else if (ev->data.ptr == &l->s->listener) {
			post_accepts(l);
		} else {
			x = ev->data.ptr;
			if (x->gone)
				continue;
			x->hup |= (ev->events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
			x->readable |= x->hup || (ev->events & EPOLLIN);
			if (x->blocked && (ev->events & (EPOLLOUT | EPOLLERR)))
				x->blocked = x->busy = false;
			advance(l, x);
		}
	}
	if (ticked)
		tick(l);
	return true;
}

static int set_up(struct loop *l)
{
	struct { int fd; void *ptr; } own[] = {
		{ l->s->listener, &l->s->listener }, { l->s->signals, &l->s->signals }, { -1, &l->timer },
	};
	struct epoll_event ev;
	size_t i;
	struct xsc_ring_params spins = {
		.sq_entries = 1, .flags = XSC_RING_ASYNC | XSC_RING_SPIN, .poll_idle = l->s->spin_us,
	};
	struct xsc_ring_params p = { .sq_entries = l->s->max_conns < 400 ? 1024 : XSC_RING_MAX };
	int ret;

	p.cq_entries = ring_cq_entries(l->s, p.sq_entries);
	ret = xsc_ring_queue_init_params(&p, &l->ring);
	if (!ret && l->s->spin_us)
		ret = xsc_ring_queue_init_params(&spins, &l->idle);
	if (ret)
		return ring_failed(ret);
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	l->timer = own[2].fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (l->epoll < 0 || l->timer < 0 || timerfd_settime(l->timer, 0, &every, NULL) ||
	    fcntl(l->s->listener, F_SETFL, O_NONBLOCK))
		goto fail;
	for (i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		ev.events = EPOLLIN;
		ev.data.ptr = own[i].ptr;
		if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, own[i].fd, &ev))
			goto fail;
	}
	l->listening = true;
	return 0;
fail:
	warn("epoll");
	return -1;
}

static void post_wait(struct loop *l, struct xsc_sqe *sqe, int ms)
{
	xsc_sqe_prep(sqe, __NR_epoll_wait, l->epoll, (long)l->events, EVENTS, ms, 0, 0);
	xsc_sqe_set_data64(sqe, WAIT);
}

/* There is nothing to do: how many events then come. */
static long idle(struct loop *l)
{
	uint64_t data;
	long res;

	post_wait(l, xsc_ring_get_sqe(&l->idle), -1);
	do {
		ring_rung(xsc_ring_submit_and_wait(&l->idle, 1));
	} while (!ring_next(&l->idle, &data, &res));
	return res;
}

static int run(struct server *s)
{
	static struct loop loop;
	struct loop *l = &loop;
	struct xsc_sqe *sqe;
	uint64_t data;
	long res;

	l->s = s;
	if (set_up(l))
		return 1;
	for (;;) {
		/* Who has work at once is served first, but the others are looked at every other time. */
		if (!l->more || !l->waited) {
			sqe = ring_sqe(&l->ring);
			/* Room for it, or for what came before, may have taken a doorbell. */
			l->more |= xsc_ring_cq_ready(&l->ring) > 0;
			post_wait(l, sqe, l->more || s->spin_us ? 0 : -1);
			l->waited = true;
		} else {
			l->waited = false;
		}
		ring_rung(xsc_ring_submit(&l->ring));
		/* What a signal kept from being run: a wait may be among it. */
		l->more = xsc_ring_sq_ready(&l->ring) > 0;
		while (ring_next(&l->ring, &data, &res)) {
			if (data == WAIT) {
				if (!look(l, res))
					goto out;
			} else if (data == ACCEPT) {
				accepted(l, res);
			} else if (data != IGNORE) {
				completed(l, (struct pconn *)(uintptr_t)(data & ~OP_MASK), data & OP_MASK, res);
			}
		}
		free_dead(l);
		listen_for(l, server_accepts(s));
		if (s->spin_us && l->waited && !l->more && !xsc_ring_sq_ready(&l->ring) && !look(l, idle(l)))
			break;
	}
out:
	xsc_ring_queue_exit(&l->ring);
	if (s->spin_us)
		xsc_ring_queue_exit(&l->idle);
	return 0;
}

const struct engine engine_xsc_poll = {
	.name = "xsc-poll",
	.what = "a plain XSC ring: epoll, and what is ready many at a time",
	.run = run,
};

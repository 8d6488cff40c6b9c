// SPDX-License-Identifier: MIT
/*
 * engine-xsc.c - a server by one asynchronous ring
 *
 * What connections want next goes into the ring as it comes up, and one doorbell hands all of
 * it over and waits for the next completion: under load an entry for many connections.  Ops
 * on sockets that would block wait in the kernel without a thread, and are ended at the
 * doorbell (XSC_RING_DEFER).
 *
 * A connection has at most one op of its output in flight (open and statx, pread, send), and
 * beside it one recv.  Its memory is freed when both have ended.  The last send of a reply
 * and the recv of the next request are a chain: the recv's completion tells of both.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ring.h"

/* user_data: the connection's address, and in its low bits which op of it */
enum { RECV, SEND, OPEN, STAT, READ, SHUT, NR_OPS };
enum { SIGNAL = OWN, SLEEP };

#define SQ_ENTRIES	1024

struct xconn {
	struct conn	c;
	unsigned int	flight;		/* ops */
	bool		recving;
	bool		busy;		/* with an op of the output */
	bool		linked;		/* that is a send before the recv in flight */
	bool		filled;		/* out holds what it can of the file */
	bool		eof;		/* the other side has said all */
	bool		gone;		/* over: free it when flight is 0 */
	bool		shut;		/* what waits was told so */
	struct opening	opening;
};

_Static_assert(NR_OPS <= OP_MASK + 1, "ops fit beside an address");

struct loop {
	struct server	*s;
	struct xsc_ring	ring;
	bool		accepting;
	struct signalfd_siginfo signal;
};

static const struct __kernel_timespec every = { .tv_sec = IDLE_TICK };

static void give(struct xconn *x, struct xsc_sqe *sqe, unsigned int op)
{
	xsc_sqe_set_data64(sqe, (uintptr_t)x | op);
	x->flight++;
}

/* Behind @send, if it is not NULL: nobody wants to hear of that but when it fails. */
static void post_recv(struct loop *l, struct xconn *x, struct xsc_sqe *send)
{
	struct xsc_sqe *sqe = ring_sqe(&l->ring);

	ring_prep_recv(sqe, l->s, &x->c);
	/* There is one at a time, so that no order has to be kept. */
	xsc_sqe_unordered(sqe);
	if (send) {
		xsc_sqe_link(send);
		xsc_sqe_quiet(send);
		/* A request that answers the reply is not there yet. */
		xsc_sqe_poll_first(sqe);
		x->linked = true;
	}
	give(x, sqe, RECV);
	x->recving = true;
}

static void post_open(struct loop *l, struct xconn *x)
{
	struct xsc_sqe *sqes[2];

	ring_open(&l->ring, l->s, &x->c, &x->opening, sqes);
	give(x, sqes[0], OPEN);
	give(x, sqes[1], STAT);
}

/* The next op of the output, if there is one; *@send is set if it sends all that there is. */
static bool post_output(struct loop *l, struct xconn *x, struct xsc_sqe **send)
{
	struct conn *c = &x->c;
	size_t room = conn_room(l->s, c);
	struct xsc_sqe *sqe;

	if (c->path) {
		post_open(l, x);
	} else if (c->file_left && !x->filled) {
		sqe = ring_sqe(&l->ring);
		xsc_prep_pread(sqe, c->file, c->out + c->out_len,
			       (size_t)c->file_left < room ? (size_t)c->file_left : room,
			       (__u64)c->file_pos);
		give(x, sqe, READ);
	} else if (c->out_len) {
		/* and for a recv behind it */
		ring_room(&l->ring, 2);
		sqe = xsc_ring_get_sqe(&l->ring);
		xsc_prep_send(sqe, c->fd, c->out + c->sent, c->out_len - c->sent, MSG_NOSIGNAL);
		xsc_sqe_unordered(sqe);
		give(x, sqe, SEND);
		if (c->file < 0 && !c->ending)
			*send = sqe;
	} else {
		if (c->file >= 0)
			ring_close(&l->ring, c->file);
		c->file = -1;
		return false;
	}
	x->busy = true;
	return true;
}

/* It is over: end what is in flight, and free it with the last completion. */
static void end(struct loop *l, struct xconn *x)
{
	struct xsc_sqe *sqe;

	x->gone = true;
	if (x->flight) {
		if (x->shut)
			return;
		/* an op has the file, so that closing it would not end a recv */
		x->shut = true;
		sqe = ring_sqe(&l->ring);
		xsc_prep_shutdown(sqe, x->c.fd, SHUT_RDWR);
		give(x, sqe, SHUT);
		return;
	}
	if (x->c.file >= 0)
		ring_close(&l->ring, x->c.file);
	ring_close(&l->ring, x->c.fd);
	conn_free(l->s, &x->c);
}

/* Whatever the connection can do now. */
static void advance(struct loop *l, struct xconn *x)
{
	struct conn *c = &x->c;
	struct xsc_sqe *sqe, *send = NULL;

	while (!x->gone && !x->busy && !post_output(l, x, &send))
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
		give(x, sqe, SHUT);
		c->fin = true;
	}
	if (c->fin && !x->recving)
		c->in_len = 0;
	/*
	 * A recv in flight has its place behind the input: with input that is still to be used
	 * it has to wait, for using it moves the rest.
	 */
	if (!x->recving && !x->eof && (!c->in_len || !x->busy))
		post_recv(l, x, c->in_len ? NULL : send);
}

static void sent(struct loop *l, struct xconn *x, size_t len)
{
	struct conn *c = &x->c;

	c->seen = l->s->tick;
	c->sent += len;
	if (c->sent == c->out_len) {
		c->out_len = c->sent = 0;
		x->filled = false;
	}
}

static void received(struct loop *l, struct xconn *x, long res)
{
	x->recving = false;
	if (x->linked) {
		/* The send before it has succeeded. */
		x->linked = false;
		x->busy = false;
		x->flight--;
		sent(l, x, x->c.out_len - x->c.sent);
	}
	if (res > 0)
		x->c.in_len += (size_t)res;
	else if (!res)
		x->eof = true;
	else
		x->gone = true;
}

static void completed(struct loop *l, struct xconn *x, unsigned int op, long res)
{
	struct conn *c = &x->c;

	x->flight--;
	switch (op) {
	case RECV:
		received(l, x, res);
		break;
	case OPEN:
		ring_opened(c, &x->opening, res);
		return;
	case STAT:
		x->busy = false;
		ring_stated(&l->ring, l->s, c, &x->opening, res);
		break;
	case READ:
		x->busy = false;
		/* 0: the file has become shorter, and the length was promised */
		if (res <= 0) {
			x->gone = true;
			break;
		}
		x->filled = true;
		c->out_len += (size_t)res;
		c->file_pos += res;
		c->file_left -= res;
		break;
	case SEND:
		x->busy = false;
		x->linked = false;
		if (res < 0)
			x->gone = true;
		else
			sent(l, x, (size_t)res);
		break;
	case SHUT:
		break;
	}
	advance(l, x);
}

static void post_accept(struct loop *l)
{
	struct xsc_sqe *sqe;

	if (l->accepting || !server_accepts(l->s))
		return;
	sqe = ring_sqe(&l->ring);
	xsc_prep_accept(sqe, l->s->listener, NULL, NULL, SOCK_CLOEXEC);
	xsc_sqe_set_data64(sqe, ACCEPT);
	l->accepting = true;
}

static void accepted(struct loop *l, long res)
{
	struct xconn *x = (struct xconn *)conn_accepted(l->s, sizeof(*x), (int)res);

	l->accepting = false;
	if (x)
		post_recv(l, x, NULL);
}

static void post_sleep(struct loop *l)
{
	struct xsc_sqe *sqe = ring_sqe(&l->ring);

	xsc_prep_sleep(sqe, &every);
	xsc_sqe_set_data64(sqe, SLEEP);
}

static void tick(struct loop *l)
{
	struct conn *c, *at = server_tick(l->s);

	while ((c = conn_idle(l->s, &at)))
		end(l, (struct xconn *)c);
	post_sleep(l);
}

static int make_ring(struct loop *l)
{
	struct xsc_ring_params p = {
		.sq_entries = SQ_ENTRIES,
		.cq_entries = ring_cq_entries(l->s, SQ_ENTRIES),
		.flags = XSC_RING_ASYNC | XSC_RING_DEFER,
	};
	int ret;

	if (l->s->spin_us) {
		p.flags |= XSC_RING_SPIN;
		p.poll_idle = l->s->spin_us;
	}
	ret = xsc_ring_queue_init_params(&p, &l->ring);
	return ret ? ring_failed(ret) : 0;
}

static int run(struct server *s)
{
	static struct loop loop;
	struct loop *l = &loop;
	struct xsc_sqe *sqe;
	uint64_t data;
	long res;

	l->s = s;
	if (make_ring(l))
		return 1;
	sqe = ring_sqe(&l->ring);
	xsc_prep_read(sqe, s->signals, &l->signal, sizeof(l->signal));
	xsc_sqe_set_data64(sqe, SIGNAL);
	post_sleep(l);
	for (;;) {
		/* behind what closes descriptors */
		post_accept(l);
		ring_rung(xsc_ring_submit_and_wait(&l->ring, 1));
		while (ring_next(&l->ring, &data, &res)) {
			if (data == SIGNAL)
				goto out;
			else if (data == ACCEPT)
				accepted(l, res);
			else if (data == SLEEP)
				tick(l);
			else if (data != IGNORE)
				completed(l, (struct xconn *)(uintptr_t)(data & ~OP_MASK),
					  data & OP_MASK, res);
		}
	}
out:
	/* Ops in flight end with the ring, but some a moment later: the process' end frees the rest. */
	xsc_ring_queue_exit(&l->ring);
	return 0;
}

const struct engine engine_xsc = {
	.name = "xsc",
	.what = "an asynchronous XSC ring",
	.run = run,
};

// SPDX-License-Identifier: MIT
/*
 * engine-uring.c - the same by io_uring, as well as Linux 6.1 and liburing 2.3 can
 *
 * For comparison: bench/ builds it in.  The structure is that of engine-xsc.c, without files.
 * Task work is deferred to the waiting thread, which is the fastest way for one thread.
 */
#include <err.h>
#include <errno.h>
#include <liburing.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#include "server.h"

enum { RECV, SEND, SHUT };
enum { ACCEPT = 8, SIGNAL, SLEEP, IGNORE };

#define OP_MASK		7UL
#define SQ_ENTRIES	1024

struct uconn {
	struct conn	c;
	unsigned int	flight;
	bool		recving, busy, eof, gone, shut;
};

struct loop {
	struct server	*s;
	struct io_uring	ring;
	bool		accepting;
	struct signalfd_siginfo signal;
};

static struct __kernel_timespec every = { .tv_sec = IDLE_TICK };

static struct io_uring_sqe *get_sqe(struct loop *l)
{
	struct io_uring_sqe *sqe;
	int ret;

	while (!(sqe = io_uring_get_sqe(&l->ring))) {
		ret = io_uring_submit(&l->ring);
		if (ret < 0 && ret != -EINTR)
			errx(1, "io_uring_submit: %s", strerror(-ret));
	}
	return sqe;
}

static void give(struct uconn *x, struct io_uring_sqe *sqe, unsigned int op)
{
	io_uring_sqe_set_data64(sqe, (uintptr_t)x | op);
	x->flight++;
}

static void post_recv(struct loop *l, struct uconn *x)
{
	struct io_uring_sqe *sqe = get_sqe(l);
	struct conn *c = &x->c;

	io_uring_prep_recv(sqe, c->fd, c->in + c->in_len, l->s->service->in_size - c->in_len, 0);
	give(x, sqe, RECV);
	x->recving = true;
}

static bool post_output(struct loop *l, struct uconn *x)
{
	struct conn *c = &x->c;
	struct io_uring_sqe *sqe;

	if (!c->out_len)
		return false;
	sqe = get_sqe(l);
	io_uring_prep_send(sqe, c->fd, c->out + c->sent, c->out_len - c->sent, MSG_NOSIGNAL);
	give(x, sqe, SEND);
	x->busy = true;
	return true;
}

static void end(struct loop *l, struct uconn *x)
{
	struct io_uring_sqe *sqe;

	x->gone = true;
	if (x->flight) {
		if (x->shut)
			return;
		x->shut = true;
		sqe = get_sqe(l);
		io_uring_prep_shutdown(sqe, x->c.fd, SHUT_RDWR);
		give(x, sqe, SHUT);
		return;
	}
	sqe = get_sqe(l);
	io_uring_prep_close(sqe, x->c.fd);
	io_uring_sqe_set_data64(sqe, IGNORE);
	conn_free(l->s, &x->c);
}

static void advance(struct loop *l, struct uconn *x)
{
	struct conn *c = &x->c;
	struct io_uring_sqe *sqe;

	while (!x->gone && !x->busy && !post_output(l, x))
		if (x->recving || !conn_use_input(l->s, c))
			break;
	if (x->gone || (x->eof && !x->busy)) {
		end(l, x);
		return;
	}
	if (c->ending && !c->fin && !x->busy) {
		sqe = get_sqe(l);
		io_uring_prep_shutdown(sqe, c->fd, SHUT_WR);
		give(x, sqe, SHUT);
		c->fin = true;
	}
	if (c->fin && !x->recving)
		c->in_len = 0;
	if (!x->recving && !x->eof && (!c->in_len || !x->busy))
		post_recv(l, x);
}

static void completed(struct loop *l, struct uconn *x, unsigned int op, int res)
{
	struct conn *c = &x->c;

	x->flight--;
	if (op == RECV) {
		x->recving = false;
		if (res > 0)
			c->in_len += (size_t)res;
		else if (!res)
			x->eof = true;
		else
			x->gone = true;
	} else if (op == SEND) {
		x->busy = false;
		if (res < 0) {
			x->gone = true;
		} else {
			c->seen = l->s->tick;
			c->sent += (size_t)res;
			if (c->sent == c->out_len)
				c->out_len = c->sent = 0;
		}
	}
	advance(l, x);
}

static void post_accept(struct loop *l)
{
	struct io_uring_sqe *sqe;

	if (l->accepting || !server_accepts(l->s))
		return;
	sqe = get_sqe(l);
	io_uring_prep_accept(sqe, l->s->listener, NULL, NULL, SOCK_CLOEXEC);
	io_uring_sqe_set_data64(sqe, ACCEPT);
	l->accepting = true;
}

static void accepted(struct loop *l, int res)
{
	struct uconn *x = (struct uconn *)conn_accepted(l->s, sizeof(*x), res);

	l->accepting = false;
	if (x)
		post_recv(l, x);
}

static void post_sleep(struct loop *l)
{
	struct io_uring_sqe *sqe = get_sqe(l);

	io_uring_prep_timeout(sqe, &every, 0, 0);
	io_uring_sqe_set_data64(sqe, SLEEP);
}

static void tick(struct loop *l)
{
	struct conn *c, *at = server_tick(l->s);

	while ((c = conn_idle(l->s, &at)))
		end(l, (struct uconn *)c);
	post_sleep(l);
}

static int run(struct server *s)
{
	struct io_uring_params p = {
		.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
			 IORING_SETUP_CQSIZE,
		.cq_entries = 8192,
	};
	static struct loop loop;
	struct loop *l = &loop;
	struct io_uring_sqe *sqe;
	struct io_uring_cqe *cqe;
	unsigned int head, seen;
	int ret;

	l->s = s;
	ret = io_uring_queue_init_params(SQ_ENTRIES, &l->ring, &p);
	if (ret) {
		warnx("io_uring: %s", strerror(-ret));
		return 1;
	}
	sqe = get_sqe(l);
	io_uring_prep_read(sqe, s->signals, &l->signal, sizeof(l->signal), 0);
	io_uring_sqe_set_data64(sqe, SIGNAL);
	post_sleep(l);
	for (;;) {
		/* behind what closes descriptors */
		post_accept(l);
		ret = io_uring_submit_and_wait(&l->ring, 1);
		if (ret < 0 && ret != -EINTR) {
			warnx("io_uring: %s", strerror(-ret));
			return 1;
		}
		seen = 0;
		io_uring_for_each_cqe(&l->ring, head, cqe) {
			seen++;
			if (cqe->user_data == SIGNAL) {
				io_uring_queue_exit(&l->ring);
				return 0;
			}
			if (cqe->user_data == ACCEPT)
				accepted(l, cqe->res);
			else if (cqe->user_data == SLEEP)
				tick(l);
			else if (cqe->user_data != IGNORE)
				completed(l, (struct uconn *)(uintptr_t)(cqe->user_data & ~OP_MASK),
					  cqe->user_data & OP_MASK, cqe->res);
		}
		io_uring_cq_advance(&l->ring, seen);
	}
}

const struct engine engine_uring = {
	.name = "io_uring",
	.what = "io_uring, in legacy processes only",
	.run = run,
};

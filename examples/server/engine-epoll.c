// SPDX-License-Identifier: MIT
/*
 * engine-epoll.c - the plain version: level-triggered epoll, non-blocking sockets
 *
 * A connection that is ready is served until it would block, and one that asks for much
 * leaves after TURN bytes, so that the others have their turn.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "server.h"

#define EVENTS	256
#define TURN	(1 << 20)

struct econn {
	struct conn	c;
	uint32_t	events;		/* what epoll looks for */
	bool		eof;
};

/* From one tick, not from when it was due: the next is never closer than that. */
static const struct itimerspec every = { .it_value.tv_sec = IDLE_TICK };

struct loop {
	struct server	*s;
	int		epoll, timer;
	bool		accepting;
};

static void end(struct loop *l, struct econn *x)
{
	if (x->c.file >= 0)
		close(x->c.file);
	close(x->c.fd);		/* epoll forgets it */
	conn_free(l->s, &x->c);
}

static void open_file(struct loop *l, struct conn *c)
{
	struct statx stx;
	int why = 0;

	c->file = (int)syscall(SYS_openat2, l->s->root, c->path, &server_open_how, sizeof(server_open_how));
	if (c->file < 0) {
		why = errno;
	} else if (statx(c->file, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &stx)) {
		why = errno;
		close(c->file);
		c->file = -1;
	}
	c->path = NULL;
	l->s->service->file_opened(c, why, &stx);
}

/* Send what there is.  Returns 0 when all is sent, 1 if it would block, -1 if it is over. */
static int send_output(struct conn *c)
{
	size_t turn = TURN;
	ssize_t n;

	while (c->sent < c->out_len) {
		n = send(c->fd, c->out + c->sent, c->out_len - c->sent,
			 MSG_NOSIGNAL | (c->file_left ? MSG_MORE : 0));
		if (n < 0)
			return errno == EAGAIN ? 1 : -1;
		c->sent += (size_t)n;
	}
	c->out_len = c->sent = 0;
	while (c->file_left) {
		if (!turn)
			return 1;
		n = sendfile(c->fd, c->file, &c->file_pos,
			     (size_t)c->file_left < turn ? (size_t)c->file_left : turn);
		/* 0: the file has become shorter, and the length was promised */
		if (n <= 0)
			return n < 0 && errno == EAGAIN ? 1 : -1;
		c->file_left -= n;
		turn -= (size_t)n;
	}
	if (c->file >= 0) {
		close(c->file);
		c->file = -1;
	}
	return 0;
}

/* Bytes in, bytes out, until it would block. */
static void serve(struct loop *l, struct econn *x, bool readable)
{
	struct conn *c = &x->c;
	struct epoll_event ev;
	uint32_t want;
	ssize_t n;
	int out;

	if (readable && c->in_len < l->s->service->in_size) {
		n = recv(c->fd, c->in + c->in_len, l->s->service->in_size - c->in_len, 0);
		if (n < 0 && errno != EAGAIN) {
			end(l, x);
			return;
		}
		if (!n)
			x->eof = true;
		if (n > 0 && !c->fin)
			c->in_len += (size_t)n;
	}
	for (;;) {
		out = send_output(c);
		if (out)
			break;
		if (c->path)
			open_file(l, c);
		else if (!conn_use_input(l->s, c))
			break;
	}
	if (out > 0)
		c->seen = l->s->tick;
	if (out < 0 || (!out && x->eof)) {
		end(l, x);
		return;
	}
	if (!out && c->ending && !c->fin) {
		/* The other side may still be sending: a close now could cost it our last words. */
		shutdown(c->fd, SHUT_WR);
		c->fin = true;
		c->in_len = 0;
	}
	want = (out ? EPOLLOUT : 0) |
	       (x->eof || c->in_len == l->s->service->in_size ? 0 : EPOLLIN);
	if (want != x->events) {
		ev.events = x->events = want;
		ev.data.ptr = x;
		epoll_ctl(l->epoll, EPOLL_CTL_MOD, c->fd, &ev);
	}
}

static void listen_for(struct loop *l, bool on)
{
	struct epoll_event ev = { .events = on ? EPOLLIN : 0, .data.ptr = &l->s->listener };

	if (l->accepting != on)
		epoll_ctl(l->epoll, EPOLL_CTL_MOD, l->s->listener, &ev);
	l->accepting = on;
}

static void accept_all(struct loop *l)
{
	struct epoll_event ev;
	struct econn *x;
	int fd;

	while (server_accepts(l->s)) {
		fd = accept4(l->s->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0 && errno == EAGAIN)
			break;
		x = (struct econn *)conn_accepted(l->s, sizeof(*x), fd < 0 ? -errno : fd);
		if (!x)
			continue;
		ev.events = x->events = EPOLLIN;
		ev.data.ptr = x;
		if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &ev))
			end(l, x);
	}
}

static void tick(struct loop *l)
{
	struct conn *c, *at = server_tick(l->s);

	timerfd_settime(l->timer, 0, &every, NULL);
	while ((c = conn_idle(l->s, &at)))
		end(l, (struct econn *)c);
}

static int add(struct loop *l, int fd, void *ptr)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = ptr };

	return epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &ev);
}

static int run(struct server *s)
{
	struct loop l = { .s = s, .accepting = true };
	struct epoll_event evs[EVENTS];
	bool ticked, accepts;
	int i, n;

	l.epoll = epoll_create1(EPOLL_CLOEXEC);
	l.timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (l.epoll < 0 || l.timer < 0 || timerfd_settime(l.timer, 0, &every, NULL) ||
	    fcntl(s->listener, F_SETFL, O_NONBLOCK) || add(&l, s->listener, &s->listener) ||
	    add(&l, s->signals, &s->signals) || add(&l, l.timer, &l.timer)) {
		warn("epoll");
		return 1;
	}
	for (;;) {
		n = epoll_wait(l.epoll, evs, EVENTS, -1);
		if (n < 0 && errno != EINTR) {
			warn("epoll_wait");
			return 1;
		}
		ticked = accepts = false;
		for (i = 0; i < n; i++) {
			if (evs[i].data.ptr == &s->signals)
				return 0;
			if (evs[i].data.ptr == &l.timer)
				ticked = true;
			else if (evs[i].data.ptr == &s->listener)
				accepts = true;
			else
				serve(&l, evs[i].data.ptr, evs[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR));
		}
		/* These end connections, of which events may have been left. */
		if (ticked)
			tick(&l);
		if (accepts)
			accept_all(&l);
		listen_for(&l, server_accepts(s));
	}
}

const struct engine engine_epoll = {
	.name = "epoll",
	.what = "plain calls: epoll, recv, send, sendfile",
	.run = run,
};

// SPDX-License-Identifier: MIT
/*
 * server.c - what all servers and engines share: options, listening, connections, figures
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "server.h"
#include "../number.h"

static const struct engine * const engines[] = {
	&engine_xsc,
	&engine_xsc_poll,
	&engine_epoll,
#ifdef WITH_URING
	&engine_uring,
#endif
};

#define NR_ENGINES	(sizeof(engines) / sizeof(engines[0]))

/* Files below the root alone, whatever symlinks say; and no waiting for a FIFO's writer. */
const struct open_how server_open_how = {
	.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
	.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
};

void server_init(struct server *s, const struct service *service, const char *port)
{
	memset(s, 0, sizeof(*s));
	s->service = service;
	s->engine = engines[0];
	s->address = "127.0.0.1";
	s->port = port;
	s->max_conns = 1000;
	s->idle_seconds = 60;
	s->root = -1;
}

void server_engines_help(void)
{
	size_t i;

	puts("\nEngines:");
	for (i = 0; i < NR_ENGINES; i++)
		printf("  %-10s %s%s\n", engines[i]->name, engines[i]->what,
		       i ? "" : " (default)");
}

/* Take an option of SERVER_LONG_OPTIONS; returns whether it was one, and exits if it is wrong. */
bool server_option(struct server *s, int opt, const char *arg)
{
	size_t i;

	switch (opt) {
	case 'a':
		s->address = arg;
		return true;
	case 'p':
		s->port = arg;
		return true;
	case 'e':
		for (i = 0; i < NR_ENGINES; i++) {
			if (!strcmp(arg, engines[i]->name)) {
				s->engine = engines[i];
				return true;
			}
		}
		errx(2, "there is no engine '%s'; --help names those that there are", arg);
	case 'c':
		/* a ring's CQ has 8192 places: ring_cq_entries() */
		s->max_conns = (unsigned int)number(arg, "--max-conns", 1, 2000);
		return true;
	case SERVER_OPT_IDLE:
		s->idle_seconds = (unsigned int)number(arg, "--idle", 0, 86400);
		return true;
	case SERVER_OPT_SPIN:
		s->spin_us = (unsigned int)number(arg, "--spin", 0, 100000);
		return true;
	case SERVER_OPT_STATS:
		s->stats = true;
		return true;
	}
	return false;
}

static int listen_on(const char *address, const char *port)
{
	struct addrinfo hints = {
		.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *list, *ai;
	int fd = -1, one = 1, ret, why = 0;

	ret = getaddrinfo(address, port, &hints, &list);
	if (ret)
		errx(1, "%s port %s: %s", address, port, gai_strerror(ret));
	for (ai = list; ai; ai = ai->ai_next) {
		fd = socket(ai->ai_family, ai->ai_socktype | SOCK_CLOEXEC, ai->ai_protocol);
		if (fd < 0) {
			why = errno;
			continue;
		}
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
		/* accepted sockets have it from the listener */
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		if (!bind(fd, ai->ai_addr, ai->ai_addrlen) && !listen(fd, SOMAXCONN))
			break;
		why = errno;
		close(fd);
		fd = -1;
	}
	freeaddrinfo(list);
	if (fd < 0)
		errx(1, "cannot listen on %s port %s: %s%s", address, port, strerror(why),
		     why == EADDRINUSE ? "; --port takes another" : "");
	return fd;
}

/* One line on standard output: where it listens.  Whoever started it may wait for it. */
static void announce(const struct server *s)
{
	char host[NI_MAXHOST], port[NI_MAXSERV];
	struct sockaddr_storage addr;
	socklen_t len = sizeof(addr);

	if (getsockname(s->listener, (struct sockaddr *)&addr, &len) ||
	    getnameinfo((struct sockaddr *)&addr, len, host, sizeof(host), port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV))
		err(1, "getsockname");
	printf("listening on %s port %s, engine %s\n", host, port, s->engine->name);
	fflush(stdout);
}

/* Kernel entries of an XSC process, which counts them; 0 in another. */
static uint64_t entries(void)
{
	FILE *f = fopen("/proc/self/xsc", "re");
	uint64_t n = 0;
	char line[256];

	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "entries: %" SCNu64, &n) == 1)
			break;
	fclose(f);
	return n;
}

static uint64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

int server_run(struct server *s)
{
	struct rlimit files;
	struct rusage ru;
	uint64_t cpu, enter;
	sigset_t set;
	int ret;

	if (s->spin_us && s->engine != &engine_xsc && s->engine != &engine_xsc_poll)
		errx(2, "--spin is for the engines xsc and xsc-poll");
	/* a file and a socket for each connection */
	if (!getrlimit(RLIMIT_NOFILE, &files)) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	s->signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (s->signals < 0)
		err(1, "signalfd");
	s->listener = listen_on(s->address, s->port);
	announce(s);

	cpu = cpu_ns();
	enter = entries();
	ret = s->engine->run(s);
	if (s->stats && !ret) {
		enter = entries() - enter;
		cpu = cpu_ns() - cpu;
		getrusage(RUSAGE_SELF, &ru);
		fprintf(stderr, "connections=%" PRIu64 " cpu_ns=%" PRIu64 " switches=%ld entries=%" PRIu64 "\n",
			s->accepted, cpu, ru.ru_nvcsw + ru.ru_nivcsw, enter);
	}
	return ret;
}

/* May another connection be accepted now? */
bool server_accepts(const struct server *s)
{
	return !s->refused && s->nr_conns < s->max_conns;
}

/* IDLE_TICK seconds have passed.  Returns where conn_idle() is to begin. */
struct conn *server_tick(struct server *s)
{
	s->tick++;
	s->refused = false;
	return s->conns;
}

/*
 * What accept returned, @fd or a negative errno: a connection in @size bytes, which begin with
 * struct conn.  NULL: there is none, or no memory for it, and @fd is closed.
 */
struct conn *conn_accepted(struct server *s, size_t size, int fd)
{
	struct conn *c;

	if (fd < 0) {
		/* else that client has gone, or there was none */
		if (fd != -ECONNABORTED && fd != -EINTR && fd != -EAGAIN)
			s->refused = true;
		return NULL;
	}
	c = calloc(1, size);
	if (c) {
		c->fd = fd;
		c->file = -1;
		c->seen = s->tick;
		c->in = malloc(s->service->in_size);
		c->out = malloc(s->service->out_size);
	}
	if (!c || !c->in || !c->out || (s->service->opened && s->service->opened(c))) {
		warnx("no memory for a connection");
		if (c) {
			free(c->in);
			free(c->out);
		}
		free(c);
		close(fd);
		return NULL;
	}
	c->next = s->conns;
	c->link = &s->conns;
	if (c->next)
		c->next->link = &c->next;
	s->conns = c;
	s->nr_conns++;
	s->accepted++;
	return c;
}

/* The engine has closed its files. */
void conn_free(struct server *s, struct conn *c)
{
	if (s->service->closed)
		s->service->closed(c);
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	s->nr_conns--;
	s->refused = false;
	free(c->in);
	free(c->out);
	free(c);
}

/* With all sent, let the service look at the input; returns whether there is something to send. */
bool conn_use_input(struct server *s, struct conn *c)
{
	size_t used;

	if (c->ending || !c->in_len)
		return false;
	used = s->service->input(c);
	c->in_len -= used;
	if (used && c->in_len)
		memmove(c->in, c->in + used, c->in_len);
	c->seen = s->tick;
	return c->out_len || c->path;
}

/*
 * The first connection from @at on that has been silent for too long, or NULL.  It may be freed:
 * @at goes behind it.
 */
struct conn *conn_idle(const struct server *s, struct conn **at)
{
	struct conn *c;
	int ticks;

	while (s->idle_seconds && (c = *at)) {
		*at = c->next;
		/* Its last byte may have come just before a tick: that one is not counted. */
		ticks = (int)(s->tick - c->seen) - 1;
		if (ticks * IDLE_TICK >= (int)s->idle_seconds)
			return c;
	}
	return NULL;
}

size_t conn_room(const struct server *s, const struct conn *c)
{
	return s->service->out_size - c->out_len;
}

void conn_put(struct conn *c, const void *bytes, size_t len)
{
	memcpy(c->out + c->out_len, bytes, len);
	c->out_len += len;
}

/* SPDX-License-Identifier: MIT */
/*
 * server.h - what a stream server is made of
 *
 * A service knows a protocol and nothing of the kernel: it is given bytes and makes bytes,
 * and may ask for a file.  An engine knows the kernel and nothing of a protocol: it moves the
 * bytes of many connections in one thread.  So the same service runs by XSC rings, by epoll
 * or by io_uring, and what differs between them is the engine alone.
 *
 *   server.c         options, listening, connections, what all engines need
 *   engine-epoll.c   the plain version: epoll, recv, send, sendfile
 *   engine-xsc.c     an asynchronous ring
 *   engine-xsc-poll.c  a plain ring: epoll, and what is ready many at a time
 *   ring.h           what the two have in common
 *   engine-uring.c   io_uring, for comparison (bench/), without files
 */
#ifndef SERVER_H
#define SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/openat2.h>

struct statx;
struct server;

/**
 * struct conn - a connection, as a service sees it
 * @in:		bytes received that the service has not used
 * @in_len:	how many
 * @out:	bytes to be sent, written by the service
 * @out_len:	how many
 * @path:	set by the service: a file to be opened below the root, valid until
 *		file_opened() is called
 * @file:	the opened file, or -1
 * @file_pos:	after @out, bytes from here in @file are sent
 * @file_left:	so many
 * @ending:	set by the service: close when all is sent
 * @data:	the service's own
 * The rest belongs to server.c and the engine.
 */
struct conn {
	char		*in;
	size_t		in_len;
	char		*out;
	size_t		out_len;
	const char	*path;
	int		file;
	off_t		file_pos;
	off_t		file_left;
	bool		ending;
	void		*data;

	int		fd;
	unsigned int	seen;	/* the tick of its last byte */
	size_t		sent;	/* of @out */
	bool		fin;	/* we have said that no more will come */
	struct conn	*next, **link;
};

/**
 * struct service - a protocol
 * @in_size:	bytes that a connection's input may hold.  A service must use some of an
 *		input that is full, or set @ending.
 * @out_size:	bytes that its output may hold
 * @opened:	a connection is there (optional)
 * @input:	look at @in, write @out; returns bytes of @in used.  Called with @out empty.
 * @file_opened: @path was opened: @file is set, or -1 and @err an errno
 * @closed:	forget @data (optional)
 */
struct service {
	size_t	in_size;
	size_t	out_size;
	int	(*opened)(struct conn *c);
	size_t	(*input)(struct conn *c);
	void	(*file_opened)(struct conn *c, int err, const struct statx *stx);
	void	(*closed)(struct conn *c);
};

/* @run returns 0 when a signal ended it, else an exit status; it says why on stderr. */
struct engine {
	const char	*name;
	const char	*what;
	int		(*run)(struct server *s);
};

extern const struct engine engine_xsc, engine_xsc_poll, engine_epoll, engine_uring;

/**
 * struct server - one server
 * @spin_us:	microseconds to look for completions before sleeping; engine_xsc and engine_xsc_poll
 * @listener:	listening socket, blocking; the epoll engine makes it non-blocking
 * @signals:	a signalfd: readable when the server is to end
 * @root:	directory of the files, or -1
 * @conns:	all connections
 * @refused:	accept found no descriptor or memory: not again before a tick or the end of a
 *		connection, for it may say so at once, even while no client is there
 * @tick:	counts IDLE_TICK seconds
 */
struct server {
	const struct service	*service;
	const struct engine	*engine;
	const char		*address;
	const char		*port;
	unsigned int		max_conns;
	unsigned int		idle_seconds;
	unsigned int		spin_us;
	bool			stats;
	int			root;

	int			listener;
	int			signals;
	struct conn		*conns;
	unsigned int		nr_conns;
	bool			refused;
	unsigned int		tick;
	uint64_t		accepted;
};

#define IDLE_TICK	5

/* Options that all servers have: take one that getopt_long() found. */
#define SERVER_SHORT_OPTIONS	"a:p:e:c:"
#define SERVER_LONG_OPTIONS						\
	{ "address",	required_argument, NULL, 'a' },			\
	{ "port",	required_argument, NULL, 'p' },			\
	{ "engine",	required_argument, NULL, 'e' },			\
	{ "max-conns",	required_argument, NULL, 'c' },			\
	{ "idle",	required_argument, NULL, SERVER_OPT_IDLE },	\
	{ "spin",	required_argument, NULL, SERVER_OPT_SPIN },	\
	{ "stats",	no_argument,	   NULL, SERVER_OPT_STATS }
#define SERVER_HELP							\
"  -a, --address ADDR   listen on ADDR (default 127.0.0.1)\n"		\
"  -p, --port PORT      and PORT; 0 takes a free one (default %s)\n"	\
"  -e, --engine NAME    how the kernel is asked; see below\n"		\
"  -c, --max-conns N    accept no more than N connections at once (default 1000)\n" \
"      --idle SECONDS   close a connection that is silent so long; 0: never (default 60)\n" \
"      --spin US        engines xsc, xsc-poll: look for requests for so many microseconds before sleeping,\n" \
"                       if that has paid lately (default 0: sleep at once)\n" \
"      --stats          at the end say on standard error what it cost\n"
enum { SERVER_OPT_IDLE = 0x100, SERVER_OPT_SPIN, SERVER_OPT_STATS };

void server_init(struct server *s, const struct service *service, const char *port);
bool server_option(struct server *s, int opt, const char *arg);
void server_engines_help(void);
int server_run(struct server *s);

/* For engines. */
extern const struct open_how server_open_how;
bool server_accepts(const struct server *s);
struct conn *server_tick(struct server *s);
struct conn *conn_accepted(struct server *s, size_t size, int fd);
void conn_free(struct server *s, struct conn *c);
bool conn_use_input(struct server *s, struct conn *c);
struct conn *conn_idle(const struct server *s, struct conn **at);

/* For services: room in the output, and appending to it. */
size_t conn_room(const struct server *s, const struct conn *c);
void conn_put(struct conn *c, const void *bytes, size_t len);

#endif /* SERVER_H */

// SPDX-License-Identifier: MIT
/*
 * xsc-echo-load.c - load for xsc-echo, and a check of each byte of its replies
 *
 * One thread, plain calls, the same whatever the server is made of.  Each connection has keys
 * of its own, so that what a reply has to be is known when the request is sent: the expected
 * bytes are queued, and what comes is compared with them.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../number.h"

#define KEYS		16
#define SIZE_MAX_TEXT	8192
#define PIPELINE_MAX	64
#define EVENTS		256
#define GREETING	10		/* seconds: for the first replies to a connection */

struct queue {
	char	*bytes;
	size_t	begin, end, size;
};

struct client {
	int		fd;
	unsigned int	nr;
	uint64_t	random;
	uint32_t	value[KEYS];	/* what was SET: seed of the text, 0 for none */
	unsigned int	open;		/* requests without a whole reply */
	uint64_t	left;		/* requests to be sent */
	struct queue	out;		/* to be sent */
	struct queue	want;		/* to be received */
	bool		writing;
};

static unsigned int nr_clients = 50, pipeline = 1;
static size_t text_size = 64;
static uint64_t requests = 10000, replies;
static int epoll;

static uint64_t next_random(uint64_t *state)
{
	*state += 0x9e3779b97f4a7c15u;
	uint64_t z = *state;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* Room for @len bytes more; the queue moves to its beginning when it is empty enough. */
static char *extend(struct queue *q, size_t len)
{
	if (q->begin == q->end)
		q->begin = q->end = 0;
	if (q->end + len > q->size && q->begin) {
		memmove(q->bytes, q->bytes + q->begin, q->end - q->begin);
		q->end -= q->begin;
		q->begin = 0;
	}
	if (q->end + len > q->size) {
		q->size = (q->end + len) * 2;
		q->bytes = realloc(q->bytes, q->size);
		if (!q->bytes)
			err(1, "memory");
	}
	q->end += len;
	return q->bytes + q->end - len;
}

static void add(struct queue *q, const char *text)
{
	size_t len = strlen(text);

	memcpy(extend(q, len), text, len);
}

/* Letters that follow from the seed. */
static void add_text(struct queue *q, uint32_t seed)
{
	char *p = extend(q, text_size);
	uint64_t state = seed, bits = 0;
	size_t i;

	for (i = 0; i < text_size; i++, bits >>= 5) {
		if (i % 12 == 0)
			bits = next_random(&state);
		p[i] = (char)('a' + (bits & 15));
	}
}

/* One more request to the output, and the reply that it must have to what is wanted. */
static void make_request(struct client *c)
{
	uint64_t r = next_random(&c->random);
	unsigned int what = r % 100, key = r / 100 % KEYS;
	uint32_t seed = (uint32_t)(r >> 32) | 1;
	char line[64];

	if (what < 50) {
		snprintf(line, sizeof(line), "GET k%u.%u\n", c->nr, key);
		add(&c->out, line);
		if (c->value[key]) {
			add(&c->want, "VALUE ");
			add_text(&c->want, c->value[key]);
			add(&c->want, "\n");
		} else {
			add(&c->want, "NONE\n");
		}
	} else if (what < 75) {
		snprintf(line, sizeof(line), "SET k%u.%u ", c->nr, key);
		add(&c->out, line);
		add_text(&c->out, seed);
		add(&c->out, "\n");
		add(&c->want, "OK\n");
		c->value[key] = seed;
	} else if (what < 80) {
		snprintf(line, sizeof(line), "DEL k%u.%u\n", c->nr, key);
		add(&c->out, line);
		add(&c->want, c->value[key] ? "OK\n" : "NONE\n");
		c->value[key] = 0;
	} else {
		add(&c->out, "ECHO ");
		add_text(&c->out, seed);
		add(&c->out, "\n");
		add_text(&c->want, seed);
		add(&c->want, "\n");
	}
	c->open++;
	c->left--;
}

static void watch(struct client *c, bool writing)
{
	struct epoll_event ev = { EPOLLIN | (writing ? EPOLLOUT : 0), { .ptr = c } };

	if (writing == c->writing)
		return;
	c->writing = writing;
	if (epoll_ctl(epoll, EPOLL_CTL_MOD, c->fd, &ev))
		err(1, "epoll_ctl");
}

/* Fill the pipeline and send what there is. */
static void send_requests(struct client *c)
{
	ssize_t n;

	while (c->left && c->open < pipeline)
		make_request(c);
	while (c->out.begin < c->out.end) {
		n = send(c->fd, c->out.bytes + c->out.begin, c->out.end - c->out.begin, MSG_NOSIGNAL);
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0)
			err(1, "connection %u: send", c->nr);
		c->out.begin += (size_t)n;
	}
	watch(c, c->out.begin < c->out.end);
}

/* Take replies, and stop at the first byte that is not as it must be. */
static void receive(struct client *c)
{
	static char buf[65536];
	ssize_t n = recv(c->fd, buf, sizeof(buf), 0), i;
	const char *want = c->want.bytes + c->want.begin;

	if (n < 0 && errno == EAGAIN)
		return;
	if (n < 0)
		err(1, "connection %u: recv", c->nr);
	if (!n)
		errx(1, "connection %u: the server closed it, %u replies are missing", c->nr, c->open);
	if ((size_t)n > c->want.end - c->want.begin || memcmp(buf, want, (size_t)n)) {
		for (i = 0; (size_t)i < c->want.end - c->want.begin && i < n && buf[i] == want[i]; i++)
			;
		errx(1, "connection %u: wrong reply: from its byte %zd on '%.*s', not '%.*s'", c->nr, i,
		     (int)(n - i < 40 ? n - i : 40), buf + i,
		     (int)(c->want.end - c->want.begin - (size_t)i < 40 ?
			   c->want.end - c->want.begin - (size_t)i : 40), want + i);
	}
	c->want.begin += (size_t)n;
	for (i = 0; i < n; i++) {
		if (buf[i] == '\n') {
			c->open--;
			replies++;
		}
	}
}

/* What an earlier run has left under these keys would be no reply of ours. */
static void forget_keys(const struct client *c)
{
	char text[KEYS * 32];
	int len = 0, lines = 0, i;
	ssize_t n;

	for (i = 0; i < KEYS; i++)
		len += snprintf(text + len, sizeof(text) - (size_t)len, "DEL k%u.%d\n", c->nr, i);
	if (send(c->fd, text, (size_t)len, MSG_NOSIGNAL) != len)
		err(1, "connection %u: send", c->nr);
	while (lines < KEYS) {
		n = recv(c->fd, text, sizeof(text), 0);
		if (n < 0 && errno == EAGAIN)
			errx(1, "connection %u: no reply for %d s; the server may take no more (its --max-conns)",
			     c->nr, GREETING);
		if (n < 0)
			err(1, "connection %u: recv", c->nr);
		if (!n)
			errx(1, "connection %u: the server closed it at once", c->nr);
		for (i = 0; i < n; i++)
			lines += text[i] == '\n';
	}
}

static void connect_client(struct client *c, const struct addrinfo *ai)
{
	struct epoll_event ev = { EPOLLIN, { .ptr = c } };
	const struct timeval greeting = { .tv_sec = GREETING };
	int one = 1;

	c->fd = socket(ai->ai_family, ai->ai_socktype | SOCK_CLOEXEC, ai->ai_protocol);
	if (c->fd < 0 || connect(c->fd, ai->ai_addr, ai->ai_addrlen))
		err(1, "connection %u", c->nr);
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	/* A server that takes no more connections still has the kernel complete them. */
	setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &greeting, sizeof(greeting));
	forget_keys(c);
	if (fcntl(c->fd, F_SETFL, O_NONBLOCK) || epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &ev))
		err(1, "connection %u", c->nr);
}

static double now(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void run(struct client *clients)
{
	struct epoll_event evs[EVENTS];
	unsigned int i;
	int n, j;

	for (i = 0; i < nr_clients; i++)
		send_requests(&clients[i]);
	while (replies < requests) {
		n = epoll_wait(epoll, evs, EVENTS, 30000);
		if (n < 0 && errno != EINTR)
			err(1, "epoll_wait");
		if (!n)
			errx(1, "no reply for 30 s; %" PRIu64 " of %" PRIu64 " have come", replies, requests);
		for (j = 0; j < n; j++) {
			receive(evs[j].data.ptr);
			send_requests(evs[j].data.ptr);
		}
	}
}

static const char usage[] =
"Usage: xsc-echo-load [OPTION]...\n"
"Send requests to xsc-echo and check each byte of the replies.\n\n"
"  -a, --address ADDR      of the server (default 127.0.0.1)\n"
"  -p, --port PORT         (default 7007)\n"
"  -c, --connections N     1 to 1000 (default 50)\n"
"  -n, --requests N        in all (default 10000)\n"
"  -s, --size BYTES        of a text, 1 to 8192 (default 64)\n"
"  -P, --pipeline N        requests of a connection without a reply, 1 to 64 (default 1)\n"
"  -t, --tabs              print the figures separated by tabs, without words\n"
"  -h, --help              print this and exit\n"
"  -V, --version           print the version and exit\n\n"
"Half of the requests are GET, a quarter SET, a twentieth DEL, the rest ECHO.\n"
"Exit status: 0 if all replies were right, 1 if not or there was no server, 2 for\n"
"wrong options.\n";

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "address",	 required_argument, NULL, 'a' },
		{ "port",	 required_argument, NULL, 'p' },
		{ "connections", required_argument, NULL, 'c' },
		{ "requests",	 required_argument, NULL, 'n' },
		{ "size",	 required_argument, NULL, 's' },
		{ "pipeline",	 required_argument, NULL, 'P' },
		{ "tabs",	 no_argument,	    NULL, 't' },
		{ "help",	 no_argument,	    NULL, 'h' },
		{ "version",	 no_argument,	    NULL, 'V' },
		{ }
	};
	const char *address = "127.0.0.1", *port = "7007";
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV }, *ai;
	struct client *clients;
	double begin, cpu;
	struct rlimit rl;
	bool tabs = false;
	unsigned int i;
	int opt, ret;

	while ((opt = getopt_long(argc, argv, "a:p:c:n:s:P:thV", options, NULL)) != -1) {
		switch (opt) {
		case 'a':
			address = optarg;
			break;
		case 'p':
			port = optarg;
			break;
		case 'c':
			nr_clients = (unsigned int)number(optarg, "--connections", 1, 1000);
			break;
		case 'n':
			requests = number(optarg, "--requests", 1, 1UL << 40);
			break;
		case 's':
			text_size = number(optarg, "--size", 1, SIZE_MAX_TEXT);
			break;
		case 'P':
			pipeline = (unsigned int)number(optarg, "--pipeline", 1, PIPELINE_MAX);
			break;
		case 't':
			tabs = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		case 'V':
			puts("xsc-echo-load (XSC) " XSC_VERSION);
			return 0;
		default:
			fputs("Try 'xsc-echo-load --help' for more.\n", stderr);
			return 2;
		}
	}
	if (optind < argc)
		errx(2, "'%s' is no option; --help shows those that there are", argv[optind]);

	if (!getrlimit(RLIMIT_NOFILE, &rl)) {
		rl.rlim_cur = rl.rlim_max;
		setrlimit(RLIMIT_NOFILE, &rl);
	}
	ret = getaddrinfo(address, port, &hints, &ai);
	if (ret)
		errx(1, "%s port %s: %s", address, port, gai_strerror(ret));
	epoll = epoll_create1(EPOLL_CLOEXEC);
	clients = calloc(nr_clients, sizeof(*clients));
	if (epoll < 0 || !clients)
		err(1, "epoll_create1");
	for (i = 0; i < nr_clients; i++) {
		clients[i].nr = i;
		clients[i].random = i + 1;
		clients[i].left = requests / nr_clients + (i < requests % nr_clients);
		connect_client(&clients[i], ai);
	}
	freeaddrinfo(ai);

	begin = now(CLOCK_MONOTONIC);
	cpu = now(CLOCK_PROCESS_CPUTIME_ID);
	run(clients);
	begin = now(CLOCK_MONOTONIC) - begin;
	cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	printf(tabs ? "%u\t%" PRIu64 "\t%.9f\t%.9f\n" :
	       "%u connections, %" PRIu64 " requests, all replies right, %.3f s, %.3f s of CPU",
	       nr_clients, replies, begin, cpu);
	if (!tabs)
		printf(", %.0f requests/s\n", (double)replies / begin);
	return 0;
}

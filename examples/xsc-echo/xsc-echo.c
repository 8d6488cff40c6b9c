// SPDX-License-Identifier: MIT
/*
 * xsc-echo.c - an echo server that also keeps keys and values; xsc-echo(1) has the protocol
 *
 * The protocol is here, what moves its bytes is in ../server.
 */
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "../number.h"
#include "../server/server.h"
#include "store.h"

#define LINE_SIZE	(16 * 1024)	/* the longest request, with its newline */
#define OUT_SIZE	(64 * 1024)

static struct server server;

static void put(struct conn *c, const char *text)
{
	conn_put(c, text, strlen(text));
}

/* The first word of @line, up to a space; what is behind it goes to @rest. */
static size_t word(const char *line, size_t len, const char **rest, size_t *rest_len)
{
	const char *space = memchr(line, ' ', len);
	size_t n = space ? (size_t)(space - line) : len;

	*rest = space ? space + 1 : line + len;
	*rest_len = len - n - (space ? 1 : 0);
	return n;
}

#define IS(name)	(n == sizeof(name) - 1 && !memcmp(line, name, n))

/* One request without its newline; the output has room for the longest reply. */
static void request(struct conn *c, const char *line, size_t len)
{
	const char *key, *text;
	size_t key_len, text_len;
	size_t n = word(line, len, &key, &key_len);
	struct value v;

	if (IS("ECHO")) {
		conn_put(c, key, key_len);
		put(c, "\n");
		return;
	}
	if (IS("QUIT")) {
		put(c, "BYE\n");
		c->ending = true;
		return;
	}
	if (!IS("GET") && !IS("SET") && !IS("DEL")) {
		put(c, "ERROR unknown request\n");
		return;
	}
	key_len = word(key, key_len, &text, &text_len);
	if (!key_len) {
		put(c, "ERROR no key\n");
	} else if (IS("SET")) {
		put(c, store_set(key, key_len, text, text_len) ? "ERROR no memory\n" : "OK\n");
	} else if (IS("DEL")) {
		put(c, store_del(key, key_len) ? "NONE\n" : "OK\n");
	} else if (store_get(key, key_len, &v)) {
		put(c, "NONE\n");
	} else {
		put(c, "VALUE ");
		conn_put(c, v.bytes, v.len);
		put(c, "\n");
	}
}

static size_t input(struct conn *c)
{
	size_t used = 0;
	char *end;

	while (!c->ending && conn_room(&server, c) >= LINE_SIZE) {
		end = memchr(c->in + used, '\n', c->in_len - used);
		if (!end) {
			if (c->in_len - used < LINE_SIZE)
				break;
			put(c, "ERROR line too long\n");
			c->ending = true;
			return c->in_len;
		}
		request(c, c->in + used, (size_t)(end - c->in) - used);
		used = (size_t)(end - c->in) + 1;
	}
	return used;
}

static const struct service echo = {
	.in_size = LINE_SIZE,
	.out_size = OUT_SIZE,
	.input = input,
};

static void help(void)
{
	printf("Usage: xsc-echo [OPTION]...\n"
	       "Serve lines over TCP: ECHO TEXT, SET KEY TEXT, GET KEY, DEL KEY, QUIT.\n\n"
	       SERVER_HELP
	       "      --memory MIB     keep keys and values of so much at most (default 256)\n"
	       "  -h, --help           print this and exit\n"
	       "  -V, --version        print the version and exit\n", "7007");
	server_engines_help();
	puts("\nPrints a line when it listens.  SIGTERM and SIGINT end it, with exit status 0.\n"
	     "Exit status: 0, 1 if it cannot go on, 2 for wrong options.");
}

enum { OPT_MEMORY = 0x200 };

int main(int argc, char **argv)
{
	static const struct option options[] = {
		SERVER_LONG_OPTIONS,
		{ "memory",	required_argument,	NULL, OPT_MEMORY },
		{ "help",	no_argument,		NULL, 'h' },
		{ "version",	no_argument,		NULL, 'V' },
		{ }
	};
	int opt;

	server_init(&server, &echo, "7007");
	store_limit(256UL << 20);
	while ((opt = getopt_long(argc, argv, SERVER_SHORT_OPTIONS "hV", options, NULL)) != -1) {
		switch (opt) {
		case OPT_MEMORY:
			store_limit(number(optarg, "--memory", 1, 1UL << 20) << 20);
			break;
		case 'h':
			help();
			return 0;
		case 'V':
			puts("xsc-echo (XSC) " XSC_VERSION);
			return 0;
		default:
			if (server_option(&server, opt, optarg))
				break;
			fputs("Try 'xsc-echo --help' for more.\n", stderr);
			return 2;
		}
	}
	if (optind < argc)
		errx(2, "'%s' is no option; --help shows those that there are", argv[optind]);
	return server_run(&server);
}

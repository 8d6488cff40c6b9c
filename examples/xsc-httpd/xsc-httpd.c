// SPDX-License-Identifier: MIT
/*
 * xsc-httpd.c - serve the files of a directory by HTTP/1.1; xsc-httpd(1) says what it can
 *
 * What a request says is in http.c, what is answered is here, what moves the bytes is in
 * ../server.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../server/server.h"
#include "http.h"

#define IN_SIZE		8192		/* the longest request */
#define OUT_SIZE	65536

static struct server server;

static int opened(struct conn *c)
{
	c->data = malloc(sizeof(struct request));
	return c->data ? 0 : -1;
}

static void closed(struct conn *c)
{
	free(c->data);
}

__attribute__((format(printf, 2, 3)))
static void put(struct conn *c, const char *format, ...)
{
	size_t room = conn_room(&server, c);
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(c->out + c->out_len, room, format, args);
	va_end(args);
	/* The longest head is a redirection's, of less than 5000 bytes. */
	if (n > 0 && (size_t)n < room)
		c->out_len += (size_t)n;
}

static void put_date(struct conn *c, const char *name, time_t t)
{
	char text[64];
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	put(c, "%s: %s\r\n", name, text);
}

static void put_status(struct conn *c, int status)
{
	const struct request *r = c->data;

	put(c, "HTTP/1.1 %d %s\r\nServer: xsc-httpd\r\n", status, http_reason(status));
	put_date(c, "Date", time(NULL));
	put(c, "Connection: %s\r\n", r->keep ? "keep-alive" : "close");
	c->ending = !r->keep;
}

/* An answer that is no file: with a short page that says what it is. */
static void answer(struct conn *c, int status, const char *header)
{
	const struct request *r = c->data;
	char page[128];
	int len = snprintf(page, sizeof(page), "<!doctype html><title>%d %s</title><h1>%d %s</h1>\n", status,
			   http_reason(status), status, http_reason(status));

	put_status(c, status);
	put(c, "%sContent-Type: text/html; charset=utf-8\r\nContent-Length: %d\r\n\r\n", header, len);
	if (!r->head)
		conn_put(c, page, (size_t)len);
}

/* If-None-Match: a list of tags, weak or not, or a star. */
static bool tag_matches(const char *list, const char *tag)
{
	const char *at = strstr(list, tag);

	return !strcmp(list, "*") || (at && (at == list || strchr(" ,/", at[-1])));
}

static int status_of(int err)
{
	switch (err) {
	case ENOENT:
	case ENOTDIR:
	case ENAMETOOLONG:
	case ELOOP:
	case EXDEV:		/* a symlink that leads out of the root */
	case ENXIO:
		return 404;
	case EACCES:
	case EPERM:
		return 403;
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case EAGAIN:
		return 503;
	}
	return 500;
}

static void redirect(struct conn *c)
{
	const struct request *r = c->data;
	const char *path = r->raw_path;
	char header[HTTP_PATH_MAX + 32];

	/* "//host" would be another place */
	while (path[0] == '/' && path[1] == '/')
		path++;
	snprintf(header, sizeof(header), "Location: %s/\r\n", path);
	answer(c, 301, header);
}

/* Which bytes: sets *from and *len; returns 200, 206 or 416. */
static int choose_range(const struct request *r, int64_t size, time_t mtime, const char *tag,
			int64_t *from, int64_t *len)
{
	*from = 0;
	*len = size;
	/* ranges are of GET alone */
	if (!r->range || r->head)
		return 200;
	/* a part of what the client has the rest of, if that is what we have */
	if (*r->if_range && strcmp(r->if_range, tag) && http_date(r->if_range) != mtime)
		return 200;
	if (r->from < 0) {
		if (!r->to || !size)
			return 416;
		*len = r->to < size ? r->to : size;
		*from = size - *len;
		return 206;
	}
	if (r->from >= size)
		return 416;
	*from = r->from;
	*len = (r->to < 0 || r->to >= size ? size - 1 : r->to) - r->from + 1;
	return 206;
}

static void file_opened(struct conn *c, int why, const struct statx *stx)
{
	const struct request *r = c->data;
	int64_t from, len, size;
	char tag[64], header[64];
	time_t mtime;
	int status;

	if (why) {
		answer(c, status_of(why), "");
		return;
	}
	if (S_ISDIR(stx->stx_mode)) {
		/* a directory's index that is one itself: a slash more would lead here again */
		if (r->index)
			answer(c, 404, "");
		else
			redirect(c);
		return;
	}
	if (!S_ISREG(stx->stx_mode)) {
		answer(c, 403, "");
		return;
	}
	size = (int64_t)stx->stx_size;
	mtime = (time_t)stx->stx_mtime.tv_sec;
	snprintf(tag, sizeof(tag), "\"%" PRIx64 "-%" PRIx64 ".%x\"", (uint64_t)size, (uint64_t)mtime,
		 stx->stx_mtime.tv_nsec);
	if (*r->none_match ? tag_matches(r->none_match, tag) : r->since >= 0 && mtime <= r->since) {
		put_status(c, 304);
		put(c, "ETag: %s\r\n", tag);
		put_date(c, "Last-Modified", mtime);
		put(c, "\r\n");
		return;
	}
	status = choose_range(r, size, mtime, tag, &from, &len);
	if (status == 416) {
		snprintf(header, sizeof(header), "Content-Range: bytes */%" PRId64 "\r\n", size);
		answer(c, 416, header);
		return;
	}
	put_status(c, status);
	put(c, "Content-Type: %s\r\nContent-Length: %" PRId64 "\r\nAccept-Ranges: bytes\r\nETag: %s\r\n",
	    http_type(r->path), len, tag);
	put_date(c, "Last-Modified", mtime);
	if (status == 206)
		put(c, "Content-Range: bytes %" PRId64 "-%" PRId64 "/%" PRId64 "\r\n", from, from + len - 1, size);
	put(c, "\r\n");
	if (!r->head) {
		c->file_pos = from;
		c->file_left = len;
	}
}

static size_t input(struct conn *c)
{
	struct request *r = c->data;
	size_t used = http_parse(c->in, c->in_len, r);

	if (!used) {
		if (c->in_len < IN_SIZE)
			return 0;
		r->keep = false;
		answer(c, memchr(c->in, '\n', c->in_len) ? 431 : 414, "");
		return c->in_len;
	}
	if (r->status)
		answer(c, r->status, r->status == 405 ? "Allow: GET, HEAD\r\n" : "");
	else
		c->path = r->path;
	return used;
}

static const struct service http = {
	.in_size = IN_SIZE,
	.out_size = OUT_SIZE,
	.opened = opened,
	.input = input,
	.file_opened = file_opened,
	.closed = closed,
};

static void help(void)
{
	printf("Usage: xsc-httpd [OPTION]... [DIRECTORY]\n"
	       "Serve the files below DIRECTORY (default: .) by HTTP/1.1.\n\n"
	       SERVER_HELP
	       "  -h, --help           print this and exit\n"
	       "  -V, --version        print the version and exit\n", "8080");
	server_engines_help();
	puts("\nPrints a line when it listens.  SIGTERM and SIGINT end it, with exit status 0.\n"
	     "Exit status: 0, 1 if it cannot go on, 2 for wrong options.");
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		SERVER_LONG_OPTIONS,
		{ "help",	no_argument,	NULL, 'h' },
		{ "version",	no_argument,	NULL, 'V' },
		{ }
	};
	const char *root = ".";
	int opt;

	server_init(&server, &http, "8080");
	while ((opt = getopt_long(argc, argv, SERVER_SHORT_OPTIONS "hV", options, NULL)) != -1) {
		switch (opt) {
		case 'h':
			help();
			return 0;
		case 'V':
			puts("xsc-httpd (XSC) " XSC_VERSION);
			return 0;
		default:
			if (server_option(&server, opt, optarg))
				break;
			fputs("Try 'xsc-httpd --help' for more.\n", stderr);
			return 2;
		}
	}
	if (argc - optind > 1)
		errx(2, "one directory, not %d", argc - optind);
	if (optind < argc)
		root = argv[optind];
	server.root = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (server.root < 0)
		err(1, "%s", root);
	return server_run(&server);
}

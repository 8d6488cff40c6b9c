/* SPDX-License-Identifier: MIT */
/*
 * http.h - reading an HTTP request
 */
#ifndef HTTP_H
#define HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define HTTP_PATH_MAX	4096

/**
 * struct request - what a server of files has to know of a request
 * @status:	0, or the status code that it is refused with
 * @head:	HEAD, not GET
 * @keep:	the connection stays open
 * @path:	of the file below the root, decoded; "index.html" is appended to a directory's
 * @index:	that was done
 * @raw_path:	as it came, without the query, for a redirection
 * @since:	If-Modified-Since, or -1
 * @range:	there is one range that can be served
 * @from:	its first byte, or -1: the last @to bytes
 * @to:		its last byte, or -1: to the end
 * @none_match:	If-None-Match, or ""
 * @if_range:	If-Range, or ""
 */
struct request {
	int		status;
	bool		head;
	bool		keep;
	bool		index;
	char		path[HTTP_PATH_MAX];
	char		raw_path[HTTP_PATH_MAX];
	time_t		since;
	bool		range;
	int64_t		from, to;
	char		none_match[256];
	char		if_range[128];
};

size_t http_parse(const char *text, size_t len, struct request *r);
time_t http_date(const char *text);
const char *http_type(const char *path);
const char *http_reason(int status);

#endif /* HTTP_H */

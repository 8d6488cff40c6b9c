// SPDX-License-Identifier: MIT
/*
 * http.c - reading an HTTP request: RFC 9110 and 9112, as far as a server of files needs it
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http.h"

/* Seconds since the epoch, or -1.  The three forms that a server has to understand. */
time_t http_date(const char *text)
{
	static const char * const forms[] = {
		"%a, %d %b %Y %H:%M:%S GMT",
		"%A, %d-%b-%y %H:%M:%S GMT",
		"%a %b %d %H:%M:%S %Y",
	};
	struct tm tm;
	const char *end;
	size_t i;

	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		memset(&tm, 0, sizeof(tm));
		end = strptime(text, forms[i], &tm);
		if (end && !*end)
			return timegm(&tm);
	}
	return -1;
}

const char *http_type(const char *path)
{
	static const struct { const char *suffix, *type; } types[] = {
		{ "html", "text/html; charset=utf-8" },
		{ "htm", "text/html; charset=utf-8" },
		{ "txt", "text/plain; charset=utf-8" },
		{ "md", "text/markdown; charset=utf-8" },
		{ "css", "text/css; charset=utf-8" },
		{ "csv", "text/csv; charset=utf-8" },
		{ "js", "text/javascript; charset=utf-8" },
		{ "mjs", "text/javascript; charset=utf-8" },
		{ "json", "application/json" },
		{ "xml", "application/xml" },
		{ "pdf", "application/pdf" },
		{ "wasm", "application/wasm" },
		{ "zip", "application/zip" },
		{ "gz", "application/gzip" },
		{ "tar", "application/x-tar" },
		{ "png", "image/png" },
		{ "jpg", "image/jpeg" },
		{ "jpeg", "image/jpeg" },
		{ "gif", "image/gif" },
		{ "webp", "image/webp" },
		{ "avif", "image/avif" },
		{ "svg", "image/svg+xml" },
		{ "ico", "image/x-icon" },
		{ "mp3", "audio/mpeg" },
		{ "ogg", "audio/ogg" },
		{ "wav", "audio/wav" },
		{ "mp4", "video/mp4" },
		{ "webm", "video/webm" },
		{ "woff", "font/woff" },
		{ "woff2", "font/woff2" },
	};
	const char *base = strrchr(path, '/'), *dot;
	size_t i;

	dot = strrchr(base ? base : path, '.');
	for (i = 0; dot && i < sizeof(types) / sizeof(types[0]); i++)
		if (!strcasecmp(dot + 1, types[i].suffix))
			return types[i].type;
	return "application/octet-stream";
}

const char *http_reason(int status)
{
	switch (status) {
	case 200: return "OK";
	case 206: return "Partial Content";
	case 301: return "Moved Permanently";
	case 304: return "Not Modified";
	case 400: return "Bad Request";
	case 403: return "Forbidden";
	case 404: return "Not Found";
	case 405: return "Method Not Allowed";
	case 414: return "URI Too Long";
	case 416: return "Range Not Satisfiable";
	case 431: return "Request Header Fields Too Large";
	case 500: return "Internal Server Error";
	case 501: return "Not Implemented";
	case 503: return "Service Unavailable";
	case 505: return "HTTP Version Not Supported";
	}
	return "Error";
}

static bool token_char(unsigned char c)
{
	return isalnum(c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decode %XX in place of @raw into @path; returns 0 or a status. */
static int decode(const char *raw, char *path)
{
	int high, low;

	for (; *raw; raw++) {
		if (*raw != '%') {
			*path++ = *raw;
			continue;
		}
		high = hex(raw[1]);
		low = high < 0 ? -1 : hex(raw[2]);
		/* a zero byte would end the name for the kernel, not for us */
		if (low < 0 || !(high | low))
			return 400;
		*path++ = (char)(high << 4 | low);
		raw += 2;
	}
	*path = '\0';
	return 0;
}

/* Take out what says nothing; @path begins with a slash.  Returns 0 or a status. */
static int normalize(char *path)
{
	char *from = path, *to = path, *end;
	size_t len;

	while (*from) {
		while (*from == '/')
			from++;
		end = strchrnul(from, '/');
		len = (size_t)(end - from);
		if (len == 2 && !memcmp(from, "..", 2))
			return 403;
		if (len == 1 && *from == '.') {
			from = end;
			continue;
		}
		memmove(to, from, len);
		to += len;
		if (*end)
			*to++ = '/';
		from = end;
	}
	*to = '\0';
	return 0;
}

/* The target of a request line, which is written into; returns 0 or a status. */
static int read_target(char *target, struct request *r)
{
	char *p = target;
	size_t len;
	int status;

	if (!strncasecmp(p, "http://", 7)) {
		p = strpbrk(p + 7, "/?");
		if (!p || *p == '?')
			return 400;	/* no path: nobody sends that */
	}
	if (*p != '/')
		return 400;
	p[strcspn(p, "?#")] = '\0';
	if (strlen(p) + sizeof("index.html") > HTTP_PATH_MAX)
		return 414;
	strcpy(r->raw_path, p);
	status = decode(p, r->path);
	if (!status)
		status = normalize(r->path);
	len = strlen(r->path);
	r->index = !status && (!len || r->path[len - 1] == '/');
	if (r->index)
		strcpy(r->path + len, "index.html");
	return status;
}

/* "bytes=FROM-TO": one range.  Anything else, also several, is as if it were not there. */
static void read_range(const char *value, struct request *r)
{
	const char *p = value;
	char *end;

	if (strncasecmp(p, "bytes=", 6))
		return;
	p += 6;
	r->from = -1;
	r->to = -1;
	if (isdigit((unsigned char)*p)) {
		r->from = strtoll(p, &end, 10);
		p = end;
	}
	if (*p++ != '-')
		return;
	if (isdigit((unsigned char)*p)) {
		r->to = strtoll(p, &end, 10);
		p = end;
	}
	r->range = !*p && (r->from >= 0 || r->to >= 0) && (r->from < 0 || r->to < 0 || r->from <= r->to);
}

/* Is @word in a list of words, separated by commas? */
static bool list_has(const char *list, const char *word)
{
	size_t len;

	while (*list) {
		list += strspn(list, " \t,");
		len = strcspn(list, " \t,");
		if (len == strlen(word) && !strncasecmp(list, word, len))
			return true;
		list += len;
	}
	return false;
}

/* One that is empty or too long is there, and matches nothing. */
static void copy(char *to, size_t size, const char *from)
{
	strcpy(to, *from && strlen(from) < size ? from : "?");
}

static void read_header(const char *name, const char *value, struct request *r, int *hosts, bool *body)
{
	if (!strcasecmp(name, "Host")) {
		(*hosts)++;
	} else if (!strcasecmp(name, "Connection")) {
		if (list_has(value, "close"))
			r->keep = false;
		else if (list_has(value, "keep-alive"))
			r->keep = true;
	} else if (!strcasecmp(name, "Content-Length")) {
		*body |= strcmp(value, "0") != 0;
	} else if (!strcasecmp(name, "Transfer-Encoding")) {
		*body = true;
	} else if (!strcasecmp(name, "If-Modified-Since")) {
		r->since = http_date(value);
	} else if (!strcasecmp(name, "If-None-Match")) {
		copy(r->none_match, sizeof(r->none_match), value);
	} else if (!strcasecmp(name, "If-Range")) {
		copy(r->if_range, sizeof(r->if_range), value);
	} else if (!strcasecmp(name, "Range")) {
		read_range(value, r);
	}
}

static int read_request_line(char *line, struct request *r, bool *v11)
{
	char *target = strchr(line, ' '), *version;

	if (!target)
		return 400;
	*target++ = '\0';
	version = strchr(target, ' ');
	if (!version)
		return 400;
	*version++ = '\0';
	if (strncmp(version, "HTTP/", 5) || !isdigit((unsigned char)version[5]) || version[6] != '.' ||
	    !isdigit((unsigned char)version[7]) || version[8])
		return 400;
	if (version[5] != '1')
		return 505;
	*v11 = version[7] != '0';
	r->keep = *v11;
	for (version = line; *version; version++)
		if (!token_char((unsigned char)*version))
			return 400;
	if (strcmp(line, "GET") && !r->head)
		return list_has("POST,PUT,DELETE,OPTIONS,TRACE,CONNECT,PATCH", line) ? 405 : 501;
	return read_target(target, r);
}

/*
 * Read the request that @text begins with.  Returns the bytes that it takes, or 0 if its end has
 * not come; @head is set nevertheless.  Lines may end in a newline alone.
 */
size_t http_parse(const char *text, size_t len, struct request *r)
{
	char *copy_of, *line, *next, *end, *value;
	const char *p = text, *newline;
	bool v11 = false, body = false, first = true;
	size_t used;
	int hosts = 0, status = 0, refusal = 0;

	memset(r, 0, offsetof(struct request, path));
	r->path[0] = r->raw_path[0] = r->none_match[0] = r->if_range[0] = '\0';
	r->since = -1;
	r->range = false;
	/* empty lines before a request are to be overlooked */
	while (p < text + len && (*p == '\r' || *p == '\n'))
		p++;
	/* first of all: whatever it is refused for, HEAD is answered without a body */
	r->head = (size_t)(text + len - p) >= 5 && !memcmp(p, "HEAD ", 5);
	/* the empty line behind it */
	for (newline = p;;) {
		newline = memchr(newline, '\n', (size_t)(text + len - newline));
		if (!newline)
			return 0;
		newline++;
		if (newline < text + len && *newline == '\n')
			break;
		if (newline + 1 < text + len && newline[0] == '\r' && newline[1] == '\n')
			break;
	}
	used = (size_t)(newline - text) + (*newline == '\r' ? 2 : 1);
	copy_of = strndup(p, (size_t)(newline - p));
	if (!copy_of || strlen(copy_of) != (size_t)(newline - p)) {
		r->status = copy_of ? 400 : 503;
		free(copy_of);
		return used;
	}
	for (line = copy_of; *line && !status; line = next) {
		next = strchr(line, '\n');
		end = next;
		*next++ = '\0';
		if (end > line && end[-1] == '\r')
			*--end = '\0';
		if (first) {
			/* What is refused as a whole may still be followed by another request. */
			refusal = read_request_line(line, r, &v11);
			status = refusal == 403 || refusal == 405 ? 0 : refusal;
			first = false;
			continue;
		}
		/* a space before the colon, or a line that goes on, is what requests are smuggled with */
		value = strchr(line, ':');
		for (end = line; value && end < value && token_char((unsigned char)*end); end++)
			;
		if (!value || end != value || value == line) {
			status = 400;
			break;
		}
		*value++ = '\0';
		value += strspn(value, " \t");
		for (end = value + strlen(value); end > value && (end[-1] == ' ' || end[-1] == '\t'); end--)
			end[-1] = '\0';
		read_header(line, value, r, &hosts, &body);
	}
	if (!status && (hosts > 1 || (v11 && !hosts)))
		status = 400;
	/* What follows may be a body, which we do not read; after a bad request all is guesswork. */
	if (body || status)
		r->keep = false;
	free(copy_of);
	r->status = status ? status : refusal;
	return used;
}

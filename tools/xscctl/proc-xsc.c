// SPDX-License-Identifier: MIT
/*
 * proc-xsc.c - the text of /proc/PID/xsc
 */
#include "proc-xsc.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* A decimal number that ends at @end. */
static bool parse_number(const char *s, const char *end, uint64_t *n)
{
	char *stop;

	if (s == end || !isdigit((unsigned char)*s))
		return false;
	errno = 0;
	*n = strtoull(s, &stop, 10);
	return !errno && stop == end;
}

static bool copy_name(char *to, const char *s, size_t len)
{
	if (!len || len >= PROC_XSC_NAME)
		return false;
	memcpy(to, s, len);
	to[len] = 0;
	return true;
}

/* The family of that name, made if it is new; -1 if there is no room. */
static int family_index(struct proc_xsc *px, const char *s, size_t len)
{
	unsigned int i;

	for (i = 0; i < px->nr_families; i++)
		if (strlen(px->family[i]) == len &&
		    !memcmp(px->family[i], s, len))
			return i;
	if (i == PROC_XSC_FAMILIES || !copy_name(px->family[i], s, len))
		return -1;
	px->nr_families++;
	return i;
}

/* fs=10 net=0 ... */
static bool parse_way(struct proc_xsc *px, const char *name, size_t name_len,
		      const char *s, const char *end)
{
	unsigned int way = px->nr_ways;
	const char *word_end, *eq;
	int family;

	if (way == PROC_XSC_WAYS || !copy_name(px->way[way], name, name_len))
		return false;
	px->nr_ways++;
	while (s < end) {
		if (*s == ' ') {
			s++;
			continue;
		}
		word_end = memchr(s, ' ', end - s);
		if (!word_end)
			word_end = end;
		eq = memchr(s, '=', word_end - s);
		if (!eq)
			return false;
		family = family_index(px, s, eq - s);
		if (family < 0 ||
		    !parse_number(eq + 1, word_end, &px->ops[way][family]))
			return false;
		s = word_end;
	}
	return true;
}

static bool is_key(const char *key, const char *s, size_t len)
{
	return strlen(key) == len && !memcmp(key, s, len);
}

static bool parse_line(struct proc_xsc *px, const char *s, const char *end)
{
	const char *colon = memchr(s, ':', end - s), *value;
	uint64_t n;
	size_t len;

	if (!colon || colon == s)
		return false;
	len = colon - s;
	for (value = colon + 1; value < end && isblank((unsigned char)*value);)
		value++;
	if (memchr(value, '=', end - value))
		return parse_way(px, s, len, value, end);
	if (!parse_number(value, end, &n))
		/* an unknown key may have any value, a known one may not */
		return !is_key("xsc", s, len) && !is_key("inherit", s, len) &&
		       !is_key("entries", s, len) && !is_key("traps", s, len);
	if (is_key("xsc", s, len))
		px->xsc = n;
	else if (is_key("inherit", s, len))
		px->inherit = n;
	else if (is_key("entries", s, len))
		px->entries = n;
	else if (is_key("traps", s, len))
		px->traps = n;
	return true;
}

/**
 * proc_xsc_parse() - read the text of /proc/PID/xsc
 * @px:		filled in
 * @text:	the text
 *
 * Return: 0, or the number of the line that makes no sense
 */
int proc_xsc_parse(struct proc_xsc *px, const char *text)
{
	const char *end;
	int line = 1;

	memset(px, 0, sizeof(*px));
	if (strncmp(text, "xsc:", 4))
		return line;
	for (; *text; line++) {
		end = strchrnul(text, '\n');
		if (end != text && !parse_line(px, text, end))
			return line;
		text = *end ? end + 1 : end;
	}
	return 0;
}

/** proc_xsc_way_total() - ops of one way in */
uint64_t proc_xsc_way_total(const struct proc_xsc *px, unsigned int way)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < px->nr_families; i++)
		sum += px->ops[way][i];
	return sum;
}

/** proc_xsc_family_total() - ops of one family */
uint64_t proc_xsc_family_total(const struct proc_xsc *px, unsigned int family)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < px->nr_ways; i++)
		sum += px->ops[i][family];
	return sum;
}

/** proc_xsc_total() - all ops */
uint64_t proc_xsc_total(const struct proc_xsc *px)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < px->nr_ways; i++)
		sum += proc_xsc_way_total(px, i);
	return sum;
}

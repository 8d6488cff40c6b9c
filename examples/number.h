/* SPDX-License-Identifier: MIT */
/*
 * number.h - a number on the command line
 */
#ifndef NUMBER_H
#define NUMBER_H

#include <err.h>
#include <errno.h>
#include <stdlib.h>

/* The number in @text, from @low to @high; exits with status 2 if it is none. */
static inline unsigned long number(const char *text, const char *option,
				   unsigned long low, unsigned long high)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || n < low || n > high)
		errx(2, "%s takes a number from %lu to %lu, not '%s'", option, low, high, text);
	return n;
}

#endif /* NUMBER_H */

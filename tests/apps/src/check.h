/* SPDX-License-Identifier: MIT */
/* check.h - a test program says what is wrong, and where, and ends with 1 */
#ifndef CHECK_H
#define CHECK_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(x)							\
	do {								\
		if (!(x)) {						\
			fprintf(stderr, "%s:%d: %s (errno: %s)\n",	\
				__FILE__, __LINE__, #x, strerror(errno));	\
			exit(1);					\
		}							\
	} while (0)

#endif

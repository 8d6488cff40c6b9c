/* SPDX-License-Identifier: MIT */
/* What every test of the C library uses: a check that names itself. */
#ifndef TEST_H
#define TEST_H
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(cond)							\
	do {								\
		if (!(cond)) {						\
			fprintf(stderr, "%s:%d: %s (errno %d, %s)\n",	\
				__FILE__, __LINE__, #cond, errno,	\
				strerror(errno));			\
			exit(1);					\
		}							\
	} while (0)

#define SKIP 77

/* prctl(PR_XSC, XSC_PR_GET): is this an XSC process?  There are no batches elsewhere.  */
#define IS_XSC(state)	((state) > 0 && ((state) & 1))
#endif

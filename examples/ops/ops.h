/* SPDX-License-Identifier: MIT */
/*
 * ops.h - a list of system calls that are made together
 *
 * What a program wants of the kernel is queued, each call with a place for its result, then
 * run in order.  How is chosen once: as a batch (XSC processes), by a ring (other processes,
 * /dev/xsc), or by plain calls, one after the other, for comparison and for kernels without
 * XSC.  Links and forwards mean the same in all three.
 *
 *	ops_start(OPS_AUTO);
 *	ops_room(2);
 *	sqe = ops_add(&fd);
 *	xsc_prep_openat(sqe, AT_FDCWD, path, O_RDONLY, 0);
 *	xsc_sqe_link(sqe);
 *	sqe = ops_add(&len);
 *	xsc_prep_read(sqe, 0, buf, sizeof(buf));
 *	xsc_sqe_forward(sqe, 0, 1);
 *	ops_run();
 *	ops_end(false);
 */
#ifndef OPS_H
#define OPS_H

#include <stdbool.h>

#include <xsc/rt.h>

enum ops_way { OPS_AUTO, OPS_PLAIN };

/* The most calls of one run. */
#define OPS_MAX		1024

/* Choose the way; with OPS_AUTO the program ends if there is no XSC. */
void ops_start(enum ops_way way);

/* Make sure that @nr more can be added without a run between them: a chain must not be cut. */
void ops_room(unsigned int nr);

/* The next one; @res gets its result, or a negative errno, when it has run. */
struct xsc_sqe *ops_add(long *res);

/* Call @fn(@arg) when what was added so far has run.  It may add, but not run. */
void ops_then(void (*fn)(void *arg), void *arg);

/* Run all. */
void ops_run(void);

/*
 * ops_end() - the last thing that a program does: its output has to be written
 * @stats:	also say on standard error how many calls were made in how many kernel entries
 */
void ops_end(bool stats);

#endif /* OPS_H */

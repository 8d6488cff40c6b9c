// SPDX-License-Identifier: MIT
/*
 * ops.c - a list of system calls that are made together, see ops.h
 */
#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "ops.h"

/* calls made, and kernel entries for them, so far */
static unsigned long ops_calls, ops_entries;

static enum { PLAIN, BATCH, RING } way;
static struct xsc_sqe *list;		/* PLAIN and BATCH */
static struct xsc_cqe *results;
static long **places;			/* where the results go */
static struct xsc_ring ring;
static unsigned int nr;

static struct {
	void (*fn)(void *arg);
	void *arg;
} *thens;
static unsigned int nr_thens;

void ops_start(enum ops_way want)
{
	int ret, state = prctl(PR_XSC, XSC_PR_GET, 0, 0, 0);

	thens = calloc(OPS_MAX, sizeof(*thens));
	list = calloc(OPS_MAX, sizeof(*list));
	results = calloc(OPS_MAX, sizeof(*results));
	places = calloc(OPS_MAX, sizeof(*places));
	if (!thens || !list || !results || !places)
		err(1, "memory");
	if (want == OPS_PLAIN) {
		way = PLAIN;
	} else if (state >= 0 && (state & XSC_ST_ACTIVE)) {
		way = BATCH;
	} else {
		way = RING;
		ret = xsc_ring_queue_init(OPS_MAX, &ring);
		if (ret)
			errx(1, "cannot make a ring: %s%s", strerror(-ret), ret == -ENOSYS ?
			     "; is this a kernel with XSC, and 'modprobe xsc' done?  --plain does without" : "");
	}
}

void ops_end(bool stats)
{
	static const char * const names[] = { "plain", "batch", "ring" };

	if (fflush(stdout) || ferror(stdout))
		err(1, "standard output");
	if (stats)
		fprintf(stderr, "%s: %lu calls in %lu entries\n", names[way], ops_calls, ops_entries);
}

void ops_room(unsigned int want)
{
	if (nr + want > OPS_MAX)
		ops_run();
}

struct xsc_sqe *ops_add(long *res)
{
	struct xsc_sqe *sqe;

	ops_room(1);
	sqe = way == RING ? xsc_ring_get_sqe(&ring) : &list[nr];
	places[nr++] = res;
	return sqe;
}

void ops_then(void (*fn)(void *arg), void *arg)
{
	if (nr_thens == OPS_MAX)
		ops_run();
	thens[nr_thens].fn = fn;
	thens[nr_thens++].arg = arg;
}

static long call(const struct xsc_sqe *sqe)
{
	long ret = syscall((long)sqe->op, sqe->args[0], sqe->args[1], sqe->args[2], sqe->args[3],
			   sqe->args[4], sqe->args[5]);

	return ret == -1 ? -errno : ret;
}

static bool error(long res)
{
	return res < 0 && res >= -4095;
}

/* What the kernel does with a batch, by a call for each, from SQE @i on. */
static void run_plain(unsigned int i)
{
	bool linked = i && (list[i - 1].flags & XSC_SQE_LINK);
	bool failed = linked && error((long)results[i - 1].res);
	struct xsc_sqe *sqe;
	long from;

	for (; i < nr; i++) {
		sqe = &list[i];
		if (!linked)
			failed = false;
		linked = sqe->flags & XSC_SQE_LINK;
		if (!failed && (sqe->flags & XSC_SQE_FORWARD)) {
			from = (long)results[i - sqe->fwd_from].res;
			failed = error(from);
			sqe->args[sqe->fwd_arg] += (unsigned long)from;
		}
		if (failed) {
			results[i].res = -ECANCELED;
			continue;
		}
		results[i].res = call(sqe);
		ops_calls++;
		ops_entries++;
		failed = error((long)results[i].res);
	}
}

static void run_batch(void)
{
	unsigned int start = 0, before;
	long ret;

	ops_calls += nr;
	while (start < nr) {
		before = start;
		ret = xsc_batch_from(list, results, nr, &start);
		ops_entries++;
		if (ret == -EINTR)
			continue;	/* start is the one that a signal interrupted */
		if (ret < 0)
			errx(1, "batch: %s", strerror((int)-ret));
		start = (unsigned int)ret;
		if (start == before) {
			/* a seccomp filter traps this one: its handler wants a call of its own */
			ops_calls -= nr - start;
			run_plain(start);
			return;
		}
	}
}

static void run_ring(void)
{
	struct xsc_cqe *cqe;
	unsigned int i = 0;
	int ret;

	while (i < nr) {
		ret = xsc_ring_submit_and_wait(&ring, 1);
		ops_entries++;
		if (ret < 0 && ret != -EINTR && ret != -EBUSY)
			errx(1, "doorbell: %s", strerror(-ret));
		/* in order: a plain ring */
		while (!xsc_ring_peek_cqe(&ring, &cqe)) {
			results[i++].res = cqe->res;
			xsc_ring_cqe_seen(&ring, cqe);
		}
	}
	ops_calls += nr;
}

void ops_run(void)
{
	unsigned int i, count = nr, count_thens = nr_thens;
	static bool running;

	if (running)
		errx(1, "ops_run() from a callback");
	if (!nr && !nr_thens)
		return;
	if (way == PLAIN)
		run_plain(0);
	else if (way == BATCH)
		run_batch();
	else
		run_ring();
	for (i = 0; i < count; i++) {
		if (places[i])
			*places[i] = (long)results[i].res;
	}
	nr = 0;
	nr_thens = 0;
	running = true;
	for (i = 0; i < count_thens; i++)
		thens[i].fn(thens[i].arg);
	running = false;
}

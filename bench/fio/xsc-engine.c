// SPDX-License-Identifier: GPL-2.0-only
/*
 * xsc-engine.c - an external ioengine for fio: an asynchronous XSC ring
 *
 *	fio --ioengine=external:xsc-engine.so ...
 *
 * Built against the headers of the fio that loads it (bench/fio/build).  Reads and writes are
 * pread and pwrite ops; a sync is fio's own plain call, as in its libaio engine.  The process
 * may be an XSC process or another one: libxsc's inline calls see to that.  --fixedbufs has fio's
 * buffers registered, as with fio's io_uring engine.  At depth 1 the op is handed over and waited
 * for with one doorbell, when fio queues it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* before fio's headers, whose macros would meet it */
#include <xsc/prep.h>
#include <xsc/ring.h>

#include "fio.h"
#include "optgroup.h"

struct xsc_options {
	void		*pad;		/* fio's */
	unsigned int	fixedbufs;
};

static struct fio_option options[] = {
	{
		.name		= "fixedbufs",
		.lname		= "Registered buffers",
		.type		= FIO_OPT_STR_SET,
		.off1		= offsetof(struct xsc_options, fixedbufs),
		.help		= "Register the I/O buffers with the ring",
		.category	= FIO_OPT_C_ENGINE,
		.group		= FIO_OPT_G_INVALID,
	},
	{
		.name		= NULL,
	},
};

struct xsc_data {
	struct xsc_ring	ring;
	struct io_u	**events;
	struct io_u	**queued;	/* prepared, not handed over */
	unsigned int	nr_queued;
};

static int engine_init(struct thread_data *td)
{
	struct xsc_data *d = calloc(1, sizeof(*d));
	int ret;

	if (!d)
		return 1;
	d->events = calloc(td->o.iodepth, sizeof(*d->events));
	d->queued = calloc(td->o.iodepth, sizeof(*d->queued));
	if (!d->events || !d->queued)
		return 1;
	td->io_ops_data = d;
	/* in the thread that uses it: fio calls this in the job's own process */
	ret = xsc_ring_queue_init_async(td->o.iodepth, &d->ring);
	if (ret) {
		td_verror(td, -ret, "xsc_ring_queue_init_async");
		return 1;
	}
	return 0;
}

/* fio has made its buffers, in the order of their index */
static int engine_post_init(struct thread_data *td)
{
	struct xsc_options *o = td->eo;
	struct xsc_data *d = td->io_ops_data;
	struct iovec *iov;
	struct io_u *io_u;
	int i, ret;

	if (!o->fixedbufs)
		return 0;
	iov = calloc(td->o.iodepth, sizeof(*iov));
	if (!iov)
		return 1;
	io_u_qiter(&td->io_u_all, io_u, i) {
		iov[io_u->index].iov_base = io_u->buf;
		iov[io_u->index].iov_len = td_max_bs(td);
	}
	ret = xsc_ring_register_buffers(&d->ring, iov, td->o.iodepth);
	free(iov);
	if (ret)
		td_verror(td, -ret, "xsc_ring_register_buffers");
	return ret != 0;
}

static void engine_cleanup(struct thread_data *td)
{
	struct xsc_data *d = td->io_ops_data;

	if (!d)
		return;
	if (d->ring.sr)
		xsc_ring_queue_exit(&d->ring);
	free(d->events);
	free(d->queued);
	free(d);
}

static void engine_result(struct io_u *io_u, long long res)
{
	if (res < 0)
		io_u->error = (unsigned int)-res;
	else
		io_u->resid = io_u->xfer_buflen - (unsigned long long)res;
}

/* what stands in the ring, from its doorbell to its CQE */
static enum fio_q_status engine_call(struct thread_data *td, struct io_u *io_u)
{
	struct xsc_data *d = td->io_ops_data;
	struct xsc_cqe *cqe;
	int ret;

	if (fio_fill_issue_time(td))
		fio_gettime(&io_u->issue_time, NULL);
	do {
		ret = xsc_ring_wait_cqe(&d->ring, &cqe);
	} while (ret == -EINTR);
	if (ret < 0) {
		io_u->error = (unsigned int)-ret;
	} else {
		engine_result(io_u, cqe->res);
		xsc_ring_cqe_seen(&d->ring, cqe);
	}
	io_u_mark_submit(td, 1);
	io_u_mark_complete(td, 1);
	return FIO_Q_COMPLETED;
}

static enum fio_q_status engine_queue(struct thread_data *td, struct io_u *io_u)
{
	struct xsc_options *o = td->eo;
	struct xsc_data *d = td->io_ops_data;
	struct xsc_sqe *sqe;

	fio_ro_check(td, io_u);
	if (io_u->ddir != DDIR_READ && io_u->ddir != DDIR_WRITE) {
		if (d->nr_queued)
			return FIO_Q_BUSY;
		if (ddir_sync(io_u->ddir))
			do_io_u_sync(td, io_u);
		else
			do_io_u_trim(td, io_u);
		return FIO_Q_COMPLETED;
	}
	if (d->nr_queued == td->o.iodepth)
		return FIO_Q_BUSY;
	sqe = xsc_ring_get_sqe(&d->ring);
	if (!sqe)
		return FIO_Q_BUSY;
	if (io_u->ddir == DDIR_READ)
		xsc_prep_pread(sqe, io_u->file->fd, io_u->xfer_buf, io_u->xfer_buflen, io_u->offset);
	else
		xsc_prep_pwrite(sqe, io_u->file->fd, io_u->xfer_buf, io_u->xfer_buflen, io_u->offset);
	if (o->fixedbufs)
		xsc_sqe_fixed_buffer(sqe, io_u->index);
	xsc_sqe_set_data(sqe, io_u);
	if (td->o.iodepth == 1)
		return engine_call(td, io_u);
	d->queued[d->nr_queued++] = io_u;
	return FIO_Q_QUEUED;
}

static int engine_commit(struct thread_data *td)
{
	struct xsc_data *d = td->io_ops_data;
	struct timespec now;
	unsigned int i;
	int ret;

	if (!d->nr_queued)
		return 0;
	if (fio_fill_issue_time(td)) {
		fio_gettime(&now, NULL);
		for (i = 0; i < d->nr_queued; i++) {
			d->queued[i]->issue_time = now;
			io_u_queued(td, d->queued[i]);
		}
	}
	io_u_mark_submit(td, d->nr_queued);
	d->nr_queued = 0;
	do {
		ret = xsc_ring_submit(&d->ring);
	} while (ret == -EINTR);
	if (ret < 0) {
		td_verror(td, -ret, "xsc_ring_submit");
		return 1;
	}
	return 0;
}

static int engine_getevents(struct thread_data *td, unsigned int min, unsigned int max,
			    const struct timespec *t)
{
	struct xsc_data *d = td->io_ops_data;
	struct __kernel_timespec ts, *tsp = NULL;
	struct xsc_cqe *cqe;
	unsigned int nr = 0, seen = 0, head;
	int ret;

	if (t) {
		ts.tv_sec = t->tv_sec;
		ts.tv_nsec = t->tv_nsec;
		tsp = &ts;
	}
	for (;;) {
		xsc_ring_for_each_cqe(&d->ring, head, cqe) {
			struct io_u *io_u;

			if (nr == max)
				break;
			io_u = xsc_cqe_get_data(cqe);
			engine_result(io_u, cqe->res);
			d->events[nr++] = io_u;
		}
		if (nr > seen)
			xsc_ring_cq_advance(&d->ring, nr - seen);
		seen = nr;
		if (nr >= min)
			return (int)nr;
		ret = xsc_ring_enter_wait(&d->ring, 0, min - nr, tsp);
		if (ret == -ETIME)
			return (int)nr;
		if (ret < 0 && ret != -EINTR)
			return ret;
	}
}

static struct io_u *engine_event(struct thread_data *td, int event)
{
	struct xsc_data *d = td->io_ops_data;

	return d->events[event];
}

struct ioengine_ops ioengine = {
	.name		= "xsc",
	.version	= FIO_IOOPS_VERSION,
	.flags		= FIO_ASYNCIO_SYNC_TRIM | FIO_ASYNCIO_SETS_ISSUE_TIME,
	.init		= engine_init,
	.post_init	= engine_post_init,
	.queue		= engine_queue,
	.commit		= engine_commit,
	.getevents	= engine_getevents,
	.event		= engine_event,
	.cleanup	= engine_cleanup,
	.open_file	= generic_open_file,
	.close_file	= generic_close_file,
	.get_file_size	= generic_get_file_size,
	.options	= options,
	.option_struct_size = sizeof(struct xsc_options),
};

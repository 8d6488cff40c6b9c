/* System calls of the dynamic loader, several in one entry.  XSC gate version.
   This file is part of the GNU C Library.

   The GNU C Library is free software; you can redistribute it and/or
   modify it under the terms of the GNU Lesser General Public
   License as published by the Free Software Foundation; either
   version 2.1 of the License, or (at your option) any later version.

   The GNU C Library is distributed in the hope that it will be useful,
   but WITHOUT ANY WARRANTY; without even the implied warranty of
   MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the GNU
   Lesser General Public License for more details.

   You should have received a copy of the GNU Lesser General Public
   License along with the GNU C Library; if not, see
   <https://www.gnu.org/licenses/>.  */

#ifndef _DL_BATCH_H
#define _DL_BATCH_H	1

/* In an XSC process each of these functions enters the kernel once.  In a
   legacy process, which has no batches, it makes the same calls one by one.
   Each call is seen by tracers and filters as the call that it is.  */
#define DL_BATCH	1

#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <libc-internal.h>
#include <pthreadP.h>
#include <tls.h>
#include <xsc-gate.h>

/* Holds the program headers of all of glibc's own libraries, which have more
   than the generic size has room for: no pread for them.  */
#define DL_FILEBUF_SIZE	1024

/* What the minimal malloc has to begin with: enough for a program with some
   twenty libraries.  Only the pages that are used cost memory.  */
#define DL_MINIMAL_MALLOC_ARENA	(8 * 4096)
/* The blocks that come after it are mapped with one call.  */
#define DL_MINIMAL_MALLOC_EXTRA	(7 * GLRO(dl_pagesize))

struct __stat64_t64;

/* The most calls of one batch of the loader's.  */
#define DL_BATCH_MAX	16

struct dl_batch
{
  unsigned int nr;
  struct xsc_sqe sqes[DL_BATCH_MAX];
  struct xsc_cqe cqes[DL_BATCH_MAX];
};

/* Add the call NUMBER with its six arguments to BATCH, which has room.  */
static inline struct xsc_sqe *
dl_batch_add (struct dl_batch *batch, int number, uint64_t a, uint64_t b,
	      uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
  struct xsc_sqe *sqe = &batch->sqes[batch->nr++];

  *sqe = (struct xsc_sqe) { .op = number, .args = { a, b, c, d, e, f } };
  return sqe;
}

/* Was the result an error?  */
static inline bool
dl_batch_failed (const struct xsc_cqe *cqe)
{
  return (uint64_t) cqe->res >= (uint64_t) -4095;
}

/* Let the result of the call number FROM of BATCH be added to argument ARG of
   SQE, the last one.  If that call failed this one is not made: its result is
   then -ECANCELED.  */
static inline void
dl_batch_forward (struct dl_batch *batch, struct xsc_sqe *sqe,
		  unsigned int arg, unsigned int from)
{
  sqe->flags |= XSC_SQE_FORWARD;
  sqe->fwd_arg = arg;
  sqe->fwd_from = batch->nr - 1 - from;
}

/* Make all calls of BATCH and store their results: values or negated error
   numbers.  Does not touch errno.  */
extern void _dl_batch_run (struct dl_batch *batch) attribute_hidden;

/* Open FILE for reading, store its attributes in *ST, and, unless BUF is null,
   read up to SIZE bytes into it and store in *LEN how many there were.  *HAVE_ST
   says whether the attributes are there; what could not be read leaves *LEN
   alone.  Returns the descriptor, or -1 with errno set.  */
extern int _dl_batch_open (const char *file, char *buf, size_t size,
			   ssize_t *len, struct __stat64_t64 *st,
			   bool *have_st) attribute_hidden;

/* Map a copy of the first SIZE bytes of FD, and close FD.  Returns the address,
   or MAP_FAILED with errno set.  */
extern void *_dl_batch_map_close (size_t size, int prot, int fd)
     attribute_hidden;

/* Segments that become read-only after relocation, to be protected at once.  */
struct dl_batch_relro
{
  struct dl_batch batch;
  struct link_map *maps[DL_BATCH_MAX];
};

/* From here on _dl_protect_relro only notes in *RELRO what it would do...  */
extern void _dl_batch_relro_begin (struct dl_batch_relro *relro)
     attribute_hidden;
/* ... as it does here: true if the range [START, END) of L is noted...  */
extern bool _dl_batch_relro_defer (struct link_map *l, ElfW(Addr) start,
				   ElfW(Addr) end) attribute_hidden;
/* ... until it is done here.  */
extern void _dl_batch_relro_end (void) attribute_hidden;

/* What the calls that make the initial thread known to the kernel returned.  */
struct dl_batch_thread
{
  int tid;			/* set_tid_address */
  int robust_list;		/* set_robust_list */
  bool rseq;			/* Is the rseq area registered?  */
};
extern struct dl_batch_thread _dl_batch_thread_made attribute_hidden;

/* Make TCB the thread pointer of the calling thread, the initial one, make the
   thread known to the kernel, and ask for the stack limit.  Returns false if
   there is no thread pointer.  */
extern bool _dl_batch_thread_init (void *tcb) attribute_hidden;

#undef TLS_INIT_TP
#define TLS_INIT_TP(tcb) \
  (_dl_batch_thread_init (tcb) ? NULL \
   : "cannot set %fs base address for thread-local storage")

/* The stack limit of a process that starts is where other threads have their
   argument.  A libc that comes later asks for itself.  */
static inline int
dl_batch_stack_limit (struct rlimit *limit)
{
#ifdef SHARED
  if (!__libc_initial)
    return __getrlimit (RLIMIT_STACK, limit);
#endif
  limit->rlim_cur = (uintptr_t) THREAD_SELF->arg;
  THREAD_SETMEM (THREAD_SELF, arg, NULL);
  return 0;
}

#endif /* dl-batch.h */

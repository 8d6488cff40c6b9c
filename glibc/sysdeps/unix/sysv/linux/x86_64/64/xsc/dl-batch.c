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

#include <errno.h>
#include <fcntl.h>
#include <libintl.h>
#include <asm/prctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <ldsodefs.h>
#include <pthreadP.h>
#include <rseq-internal.h>
#include <sysdep.h>
#include <dl-batch.h>
#include <dl-load.h>

#define TUNABLE_NAMESPACE pthread
#include <dl-tunables.h>

/* The stack protector's canary is behind the thread pointer, which is set while
   these functions run: the Makefile switches it off here.  */

/* Make one call of a batch by itself, as the kernel would inside one.  */
static long int
run_one (const struct dl_batch *batch, unsigned int i)
{
  const struct xsc_sqe *sqe = &batch->sqes[i];
  uint64_t arg[6];

  for (int n = 0; n < 6; n++)
    arg[n] = sqe->args[n];

  if (i > 0 && (sqe[-1].flags & XSC_SQE_LINK) != 0
      && dl_batch_failed (&batch->cqes[i - 1]))
    return -ECANCELED;
  if ((sqe->flags & XSC_SQE_FORWARD) != 0)
    {
      const struct xsc_cqe *from = &batch->cqes[i - sqe->fwd_from];

      if (dl_batch_failed (from))
	return -ECANCELED;
      arg[sqe->fwd_arg] += from->res;
    }
  return INTERNAL_SYSCALL_NCS (sqe->op, 6, arg[0], arg[1], arg[2], arg[3],
			       arg[4], arg[5]);
}

/* XSC_OP_BATCH from *START on, where it says what a signal interrupted.  */
static long int
enter_batch (struct dl_batch *batch, uint64_t *start)
{
  register uint64_t r10 asm ("r10") = *start;
  register uint64_t r8 asm ("r8") = 0;
  long int ret;

  asm volatile ("call *%[site]"
		: "=a" (ret), "+r" (r10)
		: "0" (XSC_OP_BATCH), "D" (batch->sqes), "S" (batch->cqes),
		  "d" ((uint64_t) batch->nr), "r" (r8),
		  [site] "r" (__xsc_gate + XSC_GATE_BATCH)
		: "memory", "cc", "rcx", "r11");
  *start = r10;
  return ret;
}

void
_dl_batch_run (struct dl_batch *batch)
{
  uint64_t done = 0;
  bool together = __xsc_batching;

  while (done < batch->nr)
    {
      uint64_t start = done;
      long int ret = -ENOSYS;

      if (together)
	ret = enter_batch (batch, &start);
      if (ret > (long int) done)
	done = ret;
      else if (ret == -EINTR && start < batch->nr)
	/* A handler without SA_RESTART: that call has its result.  */
	done = start + 1;
      else
	{
	  /* No batches, or a filter that wants to see this call alone.  */
	  batch->cqes[done].res = run_one (batch, done);
	  done++;
	  together = together && ret >= 0;
	}
    }
}

int
_dl_batch_open (const char *file, char *buf, size_t size, ssize_t *len,
		struct __stat64_t64 *st, bool *have_st)
{
  struct dl_batch b;
  struct xsc_sqe *sqe;

  b.nr = 0;
  dl_batch_add (&b, __NR_openat, AT_FDCWD, (uintptr_t) file,
		O_RDONLY | O_CLOEXEC, 0, 0, 0);
  sqe = dl_batch_add (&b, __NR_newfstatat, 0, (uintptr_t) "", (uintptr_t) st,
		      AT_EMPTY_PATH, 0, 0);
  dl_batch_forward (&b, sqe, 0, 0);
  if (buf != NULL)
    {
      sqe = dl_batch_add (&b, __NR_read, 0, (uintptr_t) buf, size, 0, 0, 0);
      dl_batch_forward (&b, sqe, 0, 0);
    }
  _dl_batch_run (&b);

  *have_st = b.cqes[1].res == 0;
  if (dl_batch_failed (&b.cqes[0]))
    {
      __set_errno (-b.cqes[0].res);
      return -1;
    }
  if (buf != NULL && !dl_batch_failed (&b.cqes[2]))
    *len = b.cqes[2].res;
  return b.cqes[0].res;
}

void *
_dl_batch_map_close (size_t size, int prot, int fd)
{
  struct dl_batch b;

  b.nr = 0;
  dl_batch_add (&b, __NR_mmap, 0, size, prot, MAP_COPY | MAP_FILE, fd, 0);
  dl_batch_add (&b, __NR_close, fd, 0, 0, 0, 0, 0);
  _dl_batch_run (&b);

  if (dl_batch_failed (&b.cqes[0]))
    {
      __set_errno (-b.cqes[0].res);
      return MAP_FAILED;
    }
  return (void *) b.cqes[0].res;
}

static struct dl_batch_relro *relro_noted;

static void
relro_flush (struct dl_batch_relro *relro)
{
  _dl_batch_run (&relro->batch);
  for (unsigned int i = 0; i < relro->batch.nr; i++)
    if (dl_batch_failed (&relro->batch.cqes[i]))
      _dl_signal_error (-relro->batch.cqes[i].res, relro->maps[i]->l_name,
			NULL, N_("\
cannot apply additional memory protection after relocation"));
  relro->batch.nr = 0;
}

void
_dl_batch_relro_begin (struct dl_batch_relro *relro)
{
  relro->batch.nr = 0;
  relro_noted = relro;
}

bool
_dl_batch_relro_defer (struct link_map *l, ElfW(Addr) start, ElfW(Addr) end)
{
  struct dl_batch_relro *relro = relro_noted;

  if (relro == NULL)
    return false;
  if (relro->batch.nr == DL_BATCH_MAX)
    relro_flush (relro);
  relro->maps[relro->batch.nr] = l;
  dl_batch_add (&relro->batch, __NR_mprotect, start, end - start, PROT_READ,
		0, 0, 0);
  return true;
}

void
_dl_batch_relro_end (void)
{
  struct dl_batch_relro *relro = relro_noted;

  relro_noted = NULL;
  relro_flush (relro);
}

struct dl_batch_thread _dl_batch_thread_made attribute_relro;

bool
_dl_batch_thread_init (void *tcb)
{
  tcbhead_t *head = tcb;
  struct pthread *pd = tcb;
  struct dl_batch_thread *made = &_dl_batch_thread_made;
  struct rlimit64 limit;
  bool do_rseq = true;
  struct dl_batch b;

  head->tcb = tcb;
  /* For now the thread descriptor is at the same address.  */
  head->self = tcb;

#if HAVE_TUNABLES
  do_rseq = TUNABLE_GET (rseq, int, NULL);
#endif

  b.nr = 0;
  dl_batch_add (&b, __NR_arch_prctl, ARCH_SET_FS, (uintptr_t) tcb,
		0, 0, 0, 0);
  dl_batch_add (&b, __NR_set_tid_address, (uintptr_t) &pd->tid,
		0, 0, 0, 0, 0);
  dl_batch_add (&b, __NR_set_robust_list, (uintptr_t) &pd->robust_head,
		sizeof (struct robust_list_head), 0, 0, 0, 0);
  dl_batch_add (&b, __NR_prlimit64, 0, RLIMIT_STACK, 0, (uintptr_t) &limit,
		0, 0);
  if (do_rseq)
    {
      pd->rseq_area.cpu_id = RSEQ_CPU_ID_UNINITIALIZED;
      pd->rseq_area.cpu_id_start = 0;
      pd->rseq_area.rseq_cs = 0;
      pd->rseq_area.flags = 0;
      dl_batch_add (&b, __NR_rseq, (uintptr_t) &pd->rseq_area,
		    RSEQ_AREA_SIZE_INITIAL, 0, RSEQ_SIG, 0, 0);
    }
  _dl_batch_run (&b);

  if (b.cqes[0].res != 0)
    return false;
  made->tid = b.cqes[1].res;
  made->robust_list = b.cqes[2].res;
  pd->arg = (void *) (b.cqes[3].res == 0 ? limit.rlim_cur : RLIM64_INFINITY);
  made->rseq = do_rseq && !dl_batch_failed (&b.cqes[4]);
  if (!made->rseq)
    pd->rseq_area.cpu_id = RSEQ_CPU_ID_REGISTRATION_FAILED;
  return true;
}

/* Cancel a thread.  XSC gate version.
   Copyright (C) 2002-2022 Free Software Foundation, Inc.
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
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <pthreadP.h>
#include <atomic.h>
#include <sysdep.h>
#include <ucontext.h>
#include <unistd.h>
#include <unwind-link.h>
#include <stdio.h>
#include <gnu/lib-names.h>
#include <sys/single_threaded.h>
#include <xsc-gate.h>

/* In xsc-cancelable.S.  */
extern const char __xsc_cancelable_begin[] attribute_hidden;
extern const char __xsc_cancelable_end[] attribute_hidden;
extern const char __xsc_cancelable_act[] attribute_hidden;

/* If CTX was interrupted in __xsc_cancelable, with its word on the stack,
   return the address of that word.  Set *BEFORE if the call was not made yet, or
   is to be made again.  */
static uintptr_t *
cancelable_frame (const ucontext_t *ctx, bool *before)
{
  uintptr_t ip = ctx->uc_mcontext.gregs[REG_RIP];
  uintptr_t *sp = (uintptr_t *) ctx->uc_mcontext.gregs[REG_RSP];
  uintptr_t enter = XSC_GATE_ADDRESS + XSC_GATE_ENTER;

  *before = false;
  if (ip == enter || ip == enter + XSC_GATE_INSN_SIZE)
    {
      if (*sp != (uintptr_t) __xsc_cancelable_end)
	return NULL;
      *before = ip == enter;
      return sp + 1;
    }
  if ((ip >= (uintptr_t) __xsc_cancelable_begin
       && ip <= (uintptr_t) __xsc_cancelable_end)
      || ip == (uintptr_t) __xsc_cancelable_act)
    {
      *before = ip != (uintptr_t) __xsc_cancelable_end;
      return sp;
    }
  return NULL;
}

/* The signal interrupts what the thread is blocked in.  */
static void
sigcancel_handler (int sig, siginfo_t *si, void *arg)
{
  /* Safety check.  It would be possible to call this function for
     other signals and send a signal from another process.  This is not
     correct and might even be a security problem.  Try to catch as
     many incorrect invocations as possible.  */
  if (sig != SIGCANCEL
      || si->si_pid != __getpid()
      || si->si_code != SI_TKILL)
    return;

  struct pthread *self = THREAD_SELF;
  int value = atomic_fetch_and_relaxed (&self->cancelhandling,
					~XSC_SENT_BITMASK);

  if (cancel_enabled_and_canceled_and_async (value))
    {
      self->result = PTHREAD_CANCELED;
      /* Run the registered destructors and terminate the thread.  */
      __do_cancel ();
    }

  if ((value & (CANCELED_BITMASK | EXITING_BITMASK | TERMINATED_BITMASK))
      != CANCELED_BITMASK)
    return;

  ucontext_t *ctx = arg;
  bool before;
  uintptr_t *frame = cancelable_frame (ctx, &before);

  if (before && cancel_enabled_and_canceled (value))
    {
      /* Not from here, so that the cleanup handlers run as in a call that
	 finds the thread cancelled.  */
      ctx->uc_mcontext.gregs[REG_RSP] = (greg_t) frame;
      ctx->uc_mcontext.gregs[REG_RIP] = (greg_t) __xsc_cancelable_act;
      return;
    }

  /* A call to come finds the thread cancelled, and one that was made
     returns what it did.  But if another signal's handler was interrupted,
     which has itself interrupted a call, that call would go on after it.
     Have the signal come again at the return from that handler, which
     restores the mask.  */
  if ((frame != NULL ? *frame : THREAD_GETMEM (self, xsc_cancelable_call))
      != 0)
    {
      __sigaddset (&ctx->uc_sigmask, SIGCANCEL);
      __pthread_kill_internal ((pthread_t) self, SIGCANCEL);
    }
}

int
__pthread_cancel (pthread_t th)
{
  struct pthread *pd = (struct pthread *) th;

  if (pd->tid == 0)
    /* The thread has already exited on the kernel side.  Its outcome
       (regular exit, other cancelation) has already been
       determined.  */
    return 0;

  static int init_sigcancel = 0;
  if (atomic_load_relaxed (&init_sigcancel) == 0)
    {
      struct sigaction sa;
      sa.sa_sigaction = sigcancel_handler;
      /* A call that is not cancelable goes on, if it can.  */
      sa.sa_flags = SA_SIGINFO | SA_RESTART;
      __sigemptyset (&sa.sa_mask);
      __libc_sigaction (SIGCANCEL, &sa, NULL);
      atomic_store_relaxed (&init_sigcancel, 1);
    }

#ifdef SHARED
  /* Trigger an error if libgcc_s cannot be loaded.  */
  {
    struct unwind_link *unwind_link = __libc_unwind_link_get ();
    if (unwind_link == NULL)
      __libc_fatal (LIBGCC_S_SO
		    " must be installed for pthread_cancel to work\n");
  }
#endif

  bool self = pd == THREAD_SELF;
  int oldval = atomic_load_relaxed (&pd->cancelhandling);
  int newval;
  do
    {
      if ((oldval & CANCELED_BITMASK) != 0)
	return 0;

      newval = oldval | CANCELING_BITMASK | CANCELED_BITMASK;

      /* The signal is for a thread that may be blocked.  With cancellation
	 disabled it is not sent: some system calls are never restarted.  */
      if (!self && cancel_enabled_and_canceled (newval))
	newval |= XSC_SENT_BITMASK;

      /* A single-threaded process should be able to kill itself, since
	 there is nothing in the POSIX specification that says that it
	 cannot.  So we set multiple_threads to true so that cancellation
	 points get executed.  */
      THREAD_SETMEM (THREAD_SELF, header.multiple_threads, 1);
#ifndef TLS_MULTIPLE_THREADS_IN_TCB
      __libc_single_threaded_internal = 0;
#endif
    }
  while (!atomic_compare_exchange_weak_acquire (&pd->cancelhandling, &oldval,
						newval));

  if (self)
    {
      if (cancel_enabled_and_canceled_and_async (newval))
	{
	  pd->result = PTHREAD_CANCELED;
	  __do_cancel ();
	}
      /* In a signal handler that has interrupted a cancelable call?  */
      if (!cancel_enabled_and_canceled (newval)
	  || THREAD_GETMEM (pd, xsc_cancelable_call) == 0)
	return 0;
    }
  else if ((newval & XSC_SENT_BITMASK) == 0)
    return 0;

  return __pthread_kill_internal (th, SIGCANCEL);
}
versioned_symbol (libc, __pthread_cancel, pthread_cancel, GLIBC_2_34);

#if OTHER_SHLIB_COMPAT (libpthread, GLIBC_2_0, GLIBC_2_34)
compat_symbol (libpthread, __pthread_cancel, pthread_cancel, GLIBC_2_0);
#endif

/* Ensure that the unwinder is always linked in (the __pthread_unwind
   reference from __do_cancel is weak).  Use ___pthread_unwind_next
   (three underscores) to produce a strong reference to the same
   file.  */
PTHREAD_STATIC_FN_REQUIRE (___pthread_unwind_next)

/* Cancellation of a thread by itself.  XSC gate version.
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
#include <time.h>
#include <sysdep.h>
#include <sysdep-cancel.h>
#include <lowlevellock-futex.h>
#include <pthreadP.h>

/* Called by __xsc_cancelable.  */
extern void __xsc_cancel (void) attribute_hidden __attribute__ ((noreturn));

void
__xsc_cancel (void)
{
  THREAD_SETMEM (THREAD_SELF, result, PTHREAD_CANCELED);
  __do_cancel ();
}

long int
__xsc_interrupted (void)
{
  struct pthread *self = THREAD_SELF;

  if (cancel_enabled_and_canceled (atomic_load_relaxed (&self->cancelhandling)))
    __xsc_cancel ();
  return -EINTR;
}

long int
__xsc_failed (long int ret)
{
  if (ret == -EINTR)
    __xsc_interrupted ();
  return INLINE_SYSCALL_ERROR_RETURN_VALUE (INTERNAL_SYSCALL_ERRNO (ret));
}

void
__xsc_await_sigcancel (struct pthread *self)
{
  /* The signal ends the wait.  If it cannot come, be it because the thread
     blocks it by a call of its own, or because this is a forked copy, the
     time does.  */
  struct timespec second = { 1, 0 };
  int value;

  while (((value = atomic_load_relaxed (&self->cancelhandling))
	  & XSC_SENT_BITMASK) != 0)
    if (INTERNAL_SYSCALL_CALL (futex, &self->cancelhandling,
			       FUTEX_WAIT | FUTEX_PRIVATE_FLAG, value, &second)
	== -ETIMEDOUT)
      atomic_fetch_and_relaxed (&self->cancelhandling, ~XSC_SENT_BITMASK);
}

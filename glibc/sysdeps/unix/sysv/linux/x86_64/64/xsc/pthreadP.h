/* Internal definitions of the thread library.  XSC gate version.
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

#ifndef _XSC_PTHREADP_H
#define _XSC_PTHREADP_H	1

#define __do_cancel	__nptl_do_cancel
#include <sysdeps/nptl/pthreadP.h>
#undef __do_cancel
#include <xsc-cancel.h>

/* Wait for the SIGCANCEL that is on its way to SELF, the calling thread.  */
extern void __xsc_await_sigcancel (struct pthread *self) attribute_hidden;

/* Called when a thread reacts on a cancellation request, or exits.  No
   SIGCANCEL comes later to interrupt what the cleanup handlers do.  */
static inline void
__attribute ((noreturn, always_inline))
__do_cancel (void)
{
  struct pthread *self = THREAD_SELF;

  /* All calls are left.  */
  THREAD_SETMEM (self, xsc_cancelable_call, 0);

  if (__glibc_unlikely (atomic_load_relaxed (&self->cancelhandling)
			& XSC_SENT_BITMASK))
    __xsc_await_sigcancel (self);

  __nptl_do_cancel ();
}

#endif /* pthreadP.h */

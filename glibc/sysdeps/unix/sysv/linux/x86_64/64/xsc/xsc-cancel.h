/* Cancellation with the XSC gate.
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

#ifndef _XSC_CANCEL_H
#define _XSC_CANCEL_H	1

/* A word of the thread control block that nothing else uses: the innermost
   cancelable call that the thread is in, see xsc-cancelable.S, or 0.  If a
   handler has left the call by longjmp, it stays until the next call.  */
#define xsc_cancelable_call	header.unused_vgetcpu_cache[0]

/* A bit of cancelhandling: SIGCANCEL is on its way to the thread.  */
#define XSC_SENT_BIT		7
#define XSC_SENT_BITMASK	(1 << XSC_SENT_BIT)

#endif /* xsc-cancel.h */

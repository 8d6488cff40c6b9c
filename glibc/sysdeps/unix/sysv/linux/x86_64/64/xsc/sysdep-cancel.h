/* Cancelable system calls.  XSC gate version.
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

#ifndef _XSC_SYSDEP_CANCEL_H
#define _XSC_SYSDEP_CANCEL_H

#include <sysdep.h>
#include <tls.h>
#include <errno.h>

/* A cancelable call does not make the thread asynchronously cancelable, as
   the stock library does: a thread that is cancelled between the end of the
   call in the kernel and its return would lose what the call has done.  In
   a process with threads the call goes by way of __xsc_cancelable, which
   looks at the thread's cancellation before it enters the gate, with the
   same registers; and the handler of SIGCANCEL acts only before the
   instruction that enters the kernel.

   If the call was interrupted it had no effect, and then, too, the thread
   may be cancelled.  Not so for close, which has closed the descriptor.  */

/* A cancelable call was interrupted: look at the thread's cancellation.
   Return -EINTR.  */
extern long int __xsc_interrupted (void) attribute_hidden;

/* A cancelable call returned RET, an error.  If it was interrupted, look at
   the thread's cancellation.  Set errno and return -1.  */
extern long int __xsc_failed (long int ret) attribute_hidden;

/* Arguments are evaluated before the first register is loaded.  */
#define XSC_VALUES_0()
#define XSC_VALUES_1(a1) \
  TYPEFY (a1, xsc_v1) = ARGIFY (a1);
#define XSC_VALUES_2(a1, a2) \
  XSC_VALUES_1 (a1) TYPEFY (a2, xsc_v2) = ARGIFY (a2);
#define XSC_VALUES_3(a1, a2, a3) \
  XSC_VALUES_2 (a1, a2) TYPEFY (a3, xsc_v3) = ARGIFY (a3);
#define XSC_VALUES_4(a1, a2, a3, a4) \
  XSC_VALUES_3 (a1, a2, a3) TYPEFY (a4, xsc_v4) = ARGIFY (a4);
#define XSC_VALUES_5(a1, a2, a3, a4, a5) \
  XSC_VALUES_4 (a1, a2, a3, a4) TYPEFY (a5, xsc_v5) = ARGIFY (a5);
#define XSC_VALUES_6(a1, a2, a3, a4, a5, a6) \
  XSC_VALUES_5 (a1, a2, a3, a4, a5) TYPEFY (a6, xsc_v6) = ARGIFY (a6);

#define XSC_REGISTER(n, name) \
  register __typeof__ (xsc_v##n) xsc_r##n asm (name) = xsc_v##n;
#define XSC_REGISTERS_0
#define XSC_REGISTERS_1	XSC_REGISTERS_0 XSC_REGISTER (1, "rdi")
#define XSC_REGISTERS_2	XSC_REGISTERS_1 XSC_REGISTER (2, "rsi")
#define XSC_REGISTERS_3	XSC_REGISTERS_2 XSC_REGISTER (3, "rdx")
#define XSC_REGISTERS_4	XSC_REGISTERS_3 XSC_REGISTER (4, "r10")
#define XSC_REGISTERS_5	XSC_REGISTERS_4 XSC_REGISTER (5, "r8")
#define XSC_REGISTERS_6	XSC_REGISTERS_5 XSC_REGISTER (6, "r9")

#define XSC_INPUTS_0
#define XSC_INPUTS_1	XSC_INPUTS_0, "r" (xsc_r1)
#define XSC_INPUTS_2	XSC_INPUTS_1, "r" (xsc_r2)
#define XSC_INPUTS_3	XSC_INPUTS_2, "r" (xsc_r3)
#define XSC_INPUTS_4	XSC_INPUTS_3, "r" (xsc_r4)
#define XSC_INPUTS_5	XSC_INPUTS_4, "r" (xsc_r5)
#define XSC_INPUTS_6	XSC_INPUTS_5, "r" (xsc_r6)

#define XSC_CANCELABLE_NR(nr, number, args...) \
  ({									\
    unsigned long int xsc_result;					\
    XSC_VALUES_##nr (args)						\
    XSC_REGISTERS_##nr							\
    asm volatile ("call __xsc_cancelable"				\
		  : "=a" (xsc_result)					\
		  : "0" (number) XSC_INPUTS_##nr			\
		  : "memory", REGISTERS_CLOBBERED_BY_SYSCALL);		\
    (long int) xsc_result;						\
  })

#define __XSC_CANCELABLE0(name) \
  XSC_CANCELABLE_NR (0, SYS_ify (name))
#define __XSC_CANCELABLE1(name, args...) \
  XSC_CANCELABLE_NR (1, SYS_ify (name), args)
#define __XSC_CANCELABLE2(name, args...) \
  XSC_CANCELABLE_NR (2, SYS_ify (name), args)
#define __XSC_CANCELABLE3(name, args...) \
  XSC_CANCELABLE_NR (3, SYS_ify (name), args)
#define __XSC_CANCELABLE4(name, args...) \
  XSC_CANCELABLE_NR (4, SYS_ify (name), args)
#define __XSC_CANCELABLE5(name, args...) \
  XSC_CANCELABLE_NR (5, SYS_ify (name), args)
#define __XSC_CANCELABLE6(name, args...) \
  XSC_CANCELABLE_NR (6, SYS_ify (name), args)
#define XSC_CANCELABLE(...) \
  __INTERNAL_SYSCALL_DISP (__XSC_CANCELABLE, __VA_ARGS__)

#define XSC_IS_CLOSE(name, ...)	(SYS_ify (name) == SYS_ify (close))

/* In tail position the call of __xsc_failed takes no frame, and the path of
   a process without threads is what it is in the stock library.  */
#undef SYSCALL_CANCEL
#define SYSCALL_CANCEL(...) \
  ({									     \
    long int sc_ret;							     \
    if (NO_SYSCALL_CANCEL_CHECKING)					     \
      sc_ret = INLINE_SYSCALL_CALL (__VA_ARGS__);			     \
    else								     \
      {									     \
	sc_ret = XSC_CANCELABLE (__VA_ARGS__);				     \
	if (__glibc_unlikely (INTERNAL_SYSCALL_ERROR_P (sc_ret)))	     \
	  sc_ret = (XSC_IS_CLOSE (__VA_ARGS__, 0)			     \
		    ? SYSCALL_ERROR_LABEL (INTERNAL_SYSCALL_ERRNO (sc_ret))  \
		    : __xsc_failed (sc_ret));				     \
      }									     \
    sc_ret;								     \
  })

#undef INTERNAL_SYSCALL_CANCEL
#define INTERNAL_SYSCALL_CANCEL(...) \
  ({									     \
    long int sc_ret;							     \
    if (NO_SYSCALL_CANCEL_CHECKING)					     \
      sc_ret = INTERNAL_SYSCALL_CALL (__VA_ARGS__);			     \
    else								     \
      {									     \
	sc_ret = XSC_CANCELABLE (__VA_ARGS__);				     \
	if (__glibc_unlikely (sc_ret == -EINTR)				     \
	    && !XSC_IS_CLOSE (__VA_ARGS__, 0))				     \
	  sc_ret = __xsc_interrupted ();				     \
      }									     \
    sc_ret;								     \
  })

#endif /* sysdep-cancel.h */

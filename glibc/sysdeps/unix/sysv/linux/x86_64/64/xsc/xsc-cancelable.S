/* A cancelable call of the XSC gate.
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

#include <sysdep.h>
#include <tcb-offsets.h>
#include <xsc-tcb-offsets.h>

/* In every register what the gate takes, and out of it what it gives.  On the
   stack the thread's note of the call around this one: a signal handler may
   have interrupted that.  The thread's note of this one is the address of
   that word.

   From BEGIN to the instruction that enters the kernel, which is in the gate
   with END as its return address, the handler of SIGCANCEL makes the thread
   go on at ACT.  Before BEGIN it need not, as the look at the thread's
   cancellation is still to come; from END on it must not, as the call has
   been made.  At all three labels the stack pointer is the same.  */

	.hidden	__xsc_cancelable
	.globl	__xsc_cancelable_begin, __xsc_cancelable_end
	.hidden	__xsc_cancelable_begin, __xsc_cancelable_end
	.globl	__xsc_cancelable_act
	.hidden	__xsc_cancelable_act
	.hidden	__xsc_cancel

	.text
ENTRY (__xsc_cancelable)
	pushq	%fs:XSC_CANCELABLE_CALL
	cfi_adjust_cfa_offset (8)
	movq	%rsp, %fs:XSC_CANCELABLE_CALL
__xsc_cancelable_begin:
	movl	%fs:CANCELHANDLING, %ecx
	andl	$XSC_CANCEL_MASK, %ecx
	cmpl	$TCB_CANCELED_BITMASK, %ecx
	je	__xsc_cancelable_act
	ENTER_KERNEL
__xsc_cancelable_end:
	popq	%fs:XSC_CANCELABLE_CALL
	cfi_adjust_cfa_offset (-8)
	ret

__xsc_cancelable_act:
	cfi_adjust_cfa_offset (8)
	/* This call and those around it are left.  */
	movq	$0, %fs:XSC_CANCELABLE_CALL
	pushq	%rbp
	cfi_adjust_cfa_offset (8)
	cfi_rel_offset (%rbp, 0)
	movq	%rsp, %rbp
	cfi_def_cfa_register (%rbp)
	andq	$-16, %rsp
	call	__xsc_cancel
	hlt
END (__xsc_cancelable)

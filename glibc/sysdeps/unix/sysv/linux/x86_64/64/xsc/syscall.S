/* Copyright (C) 2001-2022 Free Software Foundation, Inc.
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
#include <xsc-gate-sites.h>

/* XSC's own ops, all of them: the numbers from XSC_OP_BASE to here.  */
#define XSC_OP_LAST	(2 * XSC_OP_BASE - 1)

/* Please consult the file sysdeps/unix/sysv/linux/x86-64/sysdep.h for
   more information about the value -4095 used below.  */

/* Usage: long syscall (syscall_number, arg1, arg2, arg3, arg4, arg5, arg6)
   We need to do some arg shifting, the syscall_number will be in
   rax.  */


	.text
ENTRY (syscall)
	movq %rdi, %rax		/* Syscall number -> rax.  */
	movq %rsi, %rdi		/* shift arg1 - arg5.  */
	movq %rdx, %rsi
	movq %rcx, %rdx
	movq %r8, %r10
	movq %r9, %r8
	movq 8(%rsp),%r9	/* arg6 is on the stack.  */
	cmpq $SYS_ify (vfork), %rax
	je L(vfork)
	cmpq $XSC_OP_BASE, %rax
	jae L(op)
L(enter):
	ENTER_KERNEL		/* Do the system call.  */
L(entered):
	cmpq $-4095, %rax	/* Check %rax for error.  */
	jae SYSCALL_ERROR_LABEL	/* Jump to error handler if error.  */
	ret			/* Return to caller.  */

L(op):
	/* x32 numbers and nonsense are the kernel's to judge.  */
	cmpq $XSC_OP_LAST, %rax
	ja L(enter)
	XSC_GATE_SITE (XSC_GATE_BATCH, %rcx)
	call *%rcx
	jmp L(entered)

L(vfork):
	/* A return address for the gate on the stack would be overwritten by
	   the child: use the site that needs none.  As ever, the caller has
	   to look after its own.  */
	leaq L(entered)(%rip), %rdi
	XSC_GATE_SITE (XSC_GATE_VFORK, %rcx)
	jmp *%rcx

PSEUDO_END (syscall)

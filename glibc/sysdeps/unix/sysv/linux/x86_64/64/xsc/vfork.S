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

/* Clone the calling process, but without copying the whole address space.
   The calling process is suspended until the new process exits or is
   replaced by a call to `execve'.  Return -1 for errors, 0 to the new process,
   and the process ID of the new process to the old process.  */

ENTRY (__vfork)

	/* Nothing of the parent may be on the stack while the child runs on
	   it: neither our return address, nor one for the gate.  So the gate
	   has a site that goes on at the address in RDI, and the return
	   address is in RSI, which the kernel preserves.  */
	popq	%rsi
	cfi_adjust_cfa_offset(-8)
	cfi_register(%rip, %rsi)

	leaq	L(entered)(%rip), %rdi
	movl	$SYS_ify (vfork), %eax
	XSC_GATE_SITE (XSC_GATE_VFORK, %rcx)
	jmp	*%rcx

L(entered):
	/* Push back the return PC.  */
	pushq	%rsi
	cfi_adjust_cfa_offset(8)
	cfi_offset(%rip, -8)

	cmpl	$-4095, %eax
	jae SYSCALL_ERROR_LABEL		/* Branch forward if it failed.  */

	/* Normal return.  */
	ret

PSEUDO_END (__vfork)
libc_hidden_def (__vfork)

weak_alias (__vfork, vfork)
strong_alias (__vfork, __libc_vfork)

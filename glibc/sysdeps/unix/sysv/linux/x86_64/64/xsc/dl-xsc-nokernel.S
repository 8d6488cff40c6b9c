/* What an XSC C library does on a kernel that has no XSC.
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

/* There is no gate to write the message with, and no system call instruction
   in glibc.  So the instruction lies in the immediate operand of a mov that
   is never executed, and is called there.  This is not a way around the gate:
   on an XSC kernel these two bytes end in SIGSYS like any others.  */

	.text
	.p2align 4
	.type	enter_old_kernel, @function
enter_old_kernel:
	cfi_startproc
	movl	$0x00c3050f, %eax	/* b8; 0f 05 syscall; c3 ret; 00  */
	hlt
	cfi_endproc
	.size	enter_old_kernel, . - enter_old_kernel

	.hidden	__xsc_no_kernel
ENTRY (__xsc_no_kernel)
	cfi_undefined (rip)
	movl	$2, %edi
	leaq	L(message)(%rip), %rsi
	movl	$(L(message_end) - L(message)), %edx
	movl	$SYS_ify (write), %eax
	call	enter_old_kernel + 1

	movl	$127, %edi
	movl	$SYS_ify (exit_group), %eax
	call	enter_old_kernel + 1
	hlt
END (__xsc_no_kernel)

	.section .rodata.str, "a", @progbits
L(message):
	.ascii	"xsc: this program uses the XSC C library, but the kernel"
	.ascii	" has no XSC support; boot an XSC kernel or use the stock"
	.ascii	" libc\n"
L(message_end):

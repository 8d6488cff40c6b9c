/* SPDX-License-Identifier: GPL-2.0 */
/*
 * xsc_tramp.S - the XSC gate
 *
 * Four sites at fixed offsets (XSC_GATE_*), each for one purpose; see
 * drivers/xsc/xsc_uapi.h.  The trap guard knows them by the address behind
 * their syscall instruction, so nothing here may move.
 */
#include <linux/linkage.h>

	.text
	.balign	64
	.globl	__xsc_gate
__xsc_gate:

	/* XSC_GATE_ENTER: native numbers */
	.globl	__vdso_xsc_enter
	.type	__vdso_xsc_enter, @function
__vdso_xsc_enter:
	.cfi_startproc
	syscall
	ret
	.cfi_endproc
	.size	__vdso_xsc_enter, . - __vdso_xsc_enter

	/* XSC_GATE_BATCH: XSC's own ops */
	.org	__xsc_gate + 0x10, 0xcc
	.globl	__vdso_xsc_batch
	.type	__vdso_xsc_batch, @function
__vdso_xsc_batch:
	.cfi_startproc
	syscall
	ret
	.cfi_endproc
	.size	__vdso_xsc_batch, . - __vdso_xsc_batch

	/*
	 * XSC_GATE_VFORK: entered by a jump with the continuation in %rdi.
	 * The caller has taken its return address off the stack, which the
	 * child is about to reuse.
	 */
	.org	__xsc_gate + 0x20, 0xcc
	.globl	__vdso_xsc_vfork
	.type	__vdso_xsc_vfork, @function
__vdso_xsc_vfork:
	.cfi_startproc
	.cfi_def_cfa	%rsp, 0
	.cfi_register	%rip, %rdi
	syscall
	jmp	*%rdi
	.cfi_endproc
	.size	__vdso_xsc_vfork, . - __vdso_xsc_vfork

	/*
	 * XSC_GATE_SIGRETURN: the signal restorer.  Exactly the bytes of
	 * glibc's __restore_rt, its name, and no CFI: libgcc recognises a
	 * signal frame by the bytes, gdb by both.  The byte before it belongs
	 * to no function, since unwinders look up the return address less one.
	 */
	.org	__xsc_gate + 0x30, 0xcc
	.globl	__restore_rt
	.type	__restore_rt, @function
__restore_rt:
	.byte	0x48, 0xc7, 0xc0, 0x0f, 0x00, 0x00, 0x00  /* mov $15, %rax */
	syscall
	.size	__restore_rt, . - __restore_rt
	.org	__xsc_gate + 0x40, 0xcc

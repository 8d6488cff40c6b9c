/* SPDX-License-Identifier: MIT */
/*
 * scan-fixture.S - a shared object with each system-call instruction, and with
 * their bytes where no such instruction is
 */
	.text
	.globl	one
	.type	one, @function
one:	mov	$39, %eax
	syscall				/* one+5 */
	ret
	.size	one, . - one

	.globl	two
	.type	two, @function
two:	sysenter			/* two+0 */
	nop
	int	$0x80			/* two+3 */
	rex.W syscall			/* two+6, a prefix before it */
	int	$0x81
	ret
	.size	two, . - two

	.globl	clean
	.type	clean, @function
clean:	movabs	$0x050f0000000fc0c7, %rax	/* libgcc's pattern */
	mov	$0x80cd340f, %ecx
	ret
	.size	clean, . - clean

	/* Data that swallows the start of the next function in a plain sweep. */
	.byte	0x48, 0xb8
	.globl	after
	.type	after, @function
after:	syscall				/* after+0 */
	ret
	.size	after, . - after
	.fill	16, 1, 0x90		/* so that the swallowing works */

	.section .rodata
	.byte	0x0f, 0x05, 0xcd, 0x80

	.section .note.GNU-stack, "", @progbits

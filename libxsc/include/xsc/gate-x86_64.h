/* SPDX-License-Identifier: MIT */
/*
 * gate-x86_64.h - the x86-64 half of gate.h
 *
 * A "call" in inline assembly would write into the caller's red zone, and
 * stepping over that by hand leaves the unwind information wrong, since
 * inline assembly cannot know whether the CFA is counted from %rsp or %rbp.
 * So these are functions of their own: the compiler calls them as it calls
 * any other, which keeps its red zone out of the way.  They move the
 * arguments from where the C ABI has them to where the kernel wants them,
 * and jump to the gate, which returns to the C caller.  None moves the stack
 * pointer: at every instruction the CFA is %rsp + 8.
 *
 * noipa: the compiler must not look inside for the registers they spare.
 */
#ifndef XSC_GATE_X86_64_H
#define XSC_GATE_X86_64_H

#ifdef __clang__
#define XSC_NAKED	__attribute__((naked, noinline, unused))
#else
#define XSC_NAKED	__attribute__((naked, noinline, noclone, noipa, unused))
#endif

/* In naked functions the parameters are there for the caller alone. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#ifdef __cplusplus
#pragma GCC diagnostic ignored "-Wreturn-type"
#endif

/* C: rdi rsi rdx rcx r8.  Kernel: rax = nr, rdi rsi rdx. */
static XSC_NAKED long xsc_gate_call3(long a, long b, long c, long nr,
				     unsigned long site)
{
	__asm__("mov %rcx, %rax\n\t"
		"jmp *%r8");
}

/* C: rdi rsi rdx rcx r8 r9.  Kernel: rax = nr, rdi rsi rdx r10. */
static XSC_NAKED long xsc_gate_call4(long a, long b, long c, long d, long nr,
				     unsigned long site)
{
	__asm__("mov %rcx, %r10\n\t"
		"mov %r8, %rax\n\t"
		"jmp *%r9");
}

/* C: rdi rsi rdx rcx r8 r9 and the stack.  Kernel: the same but for r10. */
static XSC_NAKED long xsc_gate_call6(long a, long b, long c, long d, long e,
				     long f, long nr, unsigned long site)
{
	__asm__("mov %rcx, %r10\n\t"
		"mov 8(%rsp), %rax\n\t"
		"jmp *16(%rsp)");
}

/*
 * XSC_OP_BATCH.  The kernel writes r10, the start argument, which a C caller
 * cannot see: this stores it through @end, which lies on the stack, where it
 * survives without a register to save.  @zero is the fifth argument.
 */
static XSC_NAKED long xsc_gate_batch(const struct xsc_sqe *sqes,
				     struct xsc_cqe *cqes, unsigned long nr,
				     unsigned long start, unsigned long zero,
				     unsigned long site, unsigned long *end)
{
	__asm__("mov %rcx, %r10\n\t"
		"mov %r9, %r11\n\t"
		"xor %r9d, %r9d\n\t"
		"mov $0x10001, %eax\n\t"
		"call *%r11\n\t"
		"mov 8(%rsp), %rcx\n\t"
		"mov %r10, (%rcx)\n\t"
		"ret");
}

XSC_STATIC_ASSERT(XSC_OP_BATCH == 0x10001);

#pragma GCC diagnostic pop

#endif /* XSC_GATE_X86_64_H */

// SPDX-License-Identifier: MIT
/*
 * gate-registers.c - what arrives at the gate, what comes back, and that one
 * can unwind from inside it
 *
 * A function in this file plays the gate: it records the registers, clobbers
 * those that a system call does, and returns.
 */
#include <unwind.h>

#include <xsc/gate.h>

#include "tap.h"

struct regs {
	unsigned long rax, rdi, rsi, rdx, r10, r8, r9, rsp;
};

struct regs gate_saw;
unsigned long gate_rax, gate_r10;
void gate_look(void);

__asm__(".text\n"
	".type fake_gate, @function\n"
	"fake_gate:\n\t"
	".cfi_startproc\n\t"
	"mov %rax, gate_saw(%rip)\n\t"
	"mov %rdi, gate_saw+8(%rip)\n\t"
	"mov %rsi, gate_saw+16(%rip)\n\t"
	"mov %rdx, gate_saw+24(%rip)\n\t"
	"mov %r10, gate_saw+32(%rip)\n\t"
	"mov %r8, gate_saw+40(%rip)\n\t"
	"mov %r9, gate_saw+48(%rip)\n\t"
	"mov %rsp, gate_saw+56(%rip)\n\t"
	"push %rbp\n\t"
	".cfi_def_cfa_offset 16\n\t"
	".cfi_offset %rbp, -16\n\t"
	"mov %rsp, %rbp\n\t"
	".cfi_def_cfa_register %rbp\n\t"
	"and $-16, %rsp\n\t"
	"call gate_look\n\t"
	"leave\n\t"
	".cfi_def_cfa %rsp, 8\n\t"
	"mov gate_rax(%rip), %rax\n\t"
	"mov gate_r10(%rip), %r10\n\t"
	"mov $0xdead, %ecx\n\t"
	"mov $0xdead, %r11d\n\t"
	"ret\n\t"
	".cfi_endproc\n\t"
	".size fake_gate, . - fake_gate\n");

void fake_gate(void) __attribute__((visibility("hidden")));

static const void *outer_frame;
static bool unwound;

static _Unwind_Reason_Code frame(struct _Unwind_Context *ctx, void *arg)
{
	(void)arg;
	if ((const void *)_Unwind_GetCFA(ctx) == outer_frame)
		unwound = true;
	return _URC_NO_REASON;
}

__attribute__((used, no_sanitize("address", "undefined")))
void gate_look(void)
{
	unwound = false;
	_Unwind_Backtrace(frame, NULL);
}

#define SITE	((unsigned long)fake_gate)
#define CFA()	__builtin_dwarf_cfa()

/* A function without a frame pointer, and one that cannot do without. */
__attribute__((noinline, optimize("omit-frame-pointer")))
static long frame_by_rsp(long a)
{
	outer_frame = CFA();
	return xsc_gate_call6(a, 2, 3, 4, 5, 6, 7, SITE) + 1;
}

__attribute__((noinline, optimize("no-omit-frame-pointer")))
static long frame_by_rbp(size_t n)
{
	volatile char buf[n];

	buf[0] = 1;
	outer_frame = CFA();
	return xsc_gate_call6(1, 2, 3, 4, 5, 6, 7, SITE) + buf[0];
}

/* A leaf but for the call, with locals that would lie in a red zone. */
__attribute__((noinline))
static long keeps_locals(long x)
{
	volatile long a[8];
	long sum = 0;
	int i;

	for (i = 0; i < 8; i++)
		a[i] = x + i;
	gate_rax = 1000;
	sum += xsc_gate_call3(1, 2, 3, 4, SITE);
	for (i = 0; i < 8; i++)
		sum += a[i];
	return sum;
}

int main(void)
{
	struct xsc_sqe *sqes = (void *)0x1000;
	struct xsc_cqe *cqes = (void *)0x2000;
	unsigned long end = 0;
	const struct regs *g = &gate_saw;
	long ret;

	gate_rax = -ENOENT;
	ret = xsc_gate_call6(1, 2, 3, 4, 5, 6, 7, SITE);
	tap_ok(ret == -ENOENT && g->rax == 7 && g->rdi == 1 && g->rsi == 2 &&
	       g->rdx == 3 && g->r10 == 4 && g->r8 == 5 && g->r9 == 6,
	       "six arguments and the result");
	ret = xsc_gate_call4(1, 2, 3, 4, 7, SITE);
	tap_ok(ret == -ENOENT && g->rax == 7 && g->rdi == 1 && g->rsi == 2 &&
	       g->rdx == 3 && g->r10 == 4, "four arguments");
	ret = xsc_gate_call3(1, 2, 3, 7, SITE);
	tap_ok(ret == -ENOENT && g->rax == 7 && g->rdi == 1 && g->rsi == 2 &&
	       g->rdx == 3, "three arguments");

	gate_rax = 5;
	gate_r10 = 77;
	ret = xsc_gate_batch(sqes, cqes, 9, 3, 0, SITE, &end);
	tap_ok(ret == 5 && g->rax == XSC_OP_BATCH && g->rdi == 0x1000 &&
	       g->rsi == 0x2000 && g->rdx == 9 && g->r10 == 3 && g->r8 == 0 &&
	       g->r9 == 0, "a batch");
	tap_ok(end == 77, "a batch: r10 comes back");

	tap_ok(keeps_locals(10) == 1000 + 108, "the caller's locals survive");
	gate_rax = 41;
	tap_ok(frame_by_rsp(1) == 42 && unwound,
	       "unwinding through a frame counted from rsp");
	tap_ok(frame_by_rbp(100) == 42 && unwound,
	       "unwinding through a frame counted from rbp");

	if (getauxval(AT_XSC))
		tap_skip("-ENOSYS: this kernel has XSC");
	else
		tap_ok(xsc_call(39) == -ENOSYS && xsc_op(XSC_OP_NOP) == -ENOSYS &&
		       xsc_batch(sqes, cqes, 1) == -ENOSYS,
		       "-ENOSYS on a kernel without XSC");
	return tap_done();
}

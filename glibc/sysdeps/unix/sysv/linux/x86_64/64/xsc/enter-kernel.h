/* The instruction that enters the kernel.  XSC gate version.
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

#ifndef _ENTER_KERNEL_H
#define _ENTER_KERNEL_H	1

/* The gate is a trampoline that the kernel maps; its address is in the
   auxiliary vector.  A pointer to it that is read-only after relocation is
   called:

   - In ld.so and in static programs it is the hidden variable __xsc_gate,
     which is set while the auxiliary vector is parsed.
   - In libc.so and every other shared object it is the object's own GOT
     entry for __xsc_enter, an IFUNC of ld.so which resolves to the gate.
     So it is valid as soon as the object is relocated, in every namespace.

   The call pushes its return address: C code that contains one is compiled
   with -mno-red-zone.  Registers are those of the syscall instruction.  */
#if IS_IN (rtld) || !defined SHARED
# define XSC_GATE_POINTER	__xsc_gate
#else
# define XSC_GATE_POINTER	__xsc_enter@GOTPCREL
#endif

#ifdef __ASSEMBLER__
# define ENTER_KERNEL		call *XSC_GATE_POINTER(%rip)
/* Load REG with the address of the gate's site at OFFSET.  */
# define XSC_GATE_SITE(offset, reg) \
  movq XSC_GATE_POINTER(%rip), reg; \
  addq $offset, reg
#else
# define XSC_GATE_STRING(x)	XSC_GATE_STRING1 (x)
# define XSC_GATE_STRING1(x)	#x
# define ENTER_KERNEL \
  "call *" XSC_GATE_STRING (XSC_GATE_POINTER) "(%%rip)"
#endif

/* Bytes below the stack pointer that ENTER_KERNEL overwrites.  */
#define ENTER_KERNEL_STACK	8

#endif /* enter-kernel.h */

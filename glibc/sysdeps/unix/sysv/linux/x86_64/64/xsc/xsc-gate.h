/* The XSC gate as seen from C.
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

#ifndef _XSC_GATE_H
#define _XSC_GATE_H	1

#include <stdbool.h>
#include <stdint.h>
#include <link.h>
#include <xsc_uapi.h>

/* Each site but the last begins with its system call instruction, which has
   this many bytes.  */
#define XSC_GATE_INSN_SIZE	2

#if IS_IN (rtld) || !defined SHARED
/* The address of the gate.  */
extern uintptr_t __xsc_gate attribute_hidden;
# define XSC_GATE_ADDRESS	__xsc_gate

/* Does the gate's batch site work?  It does in an XSC process.  */
extern bool __xsc_batching attribute_hidden;

/* Set __xsc_gate from the auxiliary vector AV.  Without AT_XSC the kernel
   has no XSC support: say so and exit with status 127.  */
extern void __xsc_init (ElfW(auxv_t) *av) attribute_hidden;
#else
/* An IFUNC of ld.so that resolves to the gate.  Not to be called from C.  */
extern void __xsc_enter (void);
# define XSC_GATE_ADDRESS	((uintptr_t) &__xsc_enter)
#endif

#endif /* xsc-gate.h */

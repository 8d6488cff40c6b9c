/* The address of the XSC gate in ld.so and in static programs.
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

#include <ldsodefs.h>
#include <xsc-gate.h>

uintptr_t __xsc_gate attribute_relro;
bool __xsc_batching attribute_relro;

/* In dl-xsc-nokernel.S.  */
extern void __xsc_no_kernel (void) attribute_hidden __attribute__ ((noreturn));

void
__xsc_init (ElfW(auxv_t) *av)
{
  for (; av->a_type != AT_NULL; av++)
    if (av->a_type == AT_XSC)
      __xsc_gate = av->a_un.a_val;
    else if (av->a_type == AT_XSC_STATE)
      __xsc_batching = (av->a_un.a_val & XSC_ST_ACTIVE) != 0;

  if (__xsc_gate == 0)
    __xsc_no_kernel ();
}

#ifdef SHARED
/* For __rtld_static_init.  A hidden alias would not do for the variable
   itself: what is exported must not be reached through a relocation.  */
extern uintptr_t _dl_xsc_gate
  __attribute__ ((alias ("__xsc_gate"), visibility ("default")));

static void *
__attribute_used__
resolve_xsc_enter (void)
{
  return (void *) __xsc_gate;
}

extern void __xsc_enter (void)
  __attribute__ ((ifunc ("resolve_xsc_enter"), visibility ("default")));
#endif

/* Partial initialization of ld.so loaded via static dlopen.  XSC gate version.
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

#include <stdint.h>

static inline void
__rtld_static_init_arch (struct link_map *map, struct rtld_global_ro *dl)
{
  /* This ld.so never parses an auxiliary vector.  Give it the gate before
     libc.so is relocated and asks for it.  */
  const ElfW(Sym) *sym
    = _dl_lookup_direct (map, "_dl_xsc_gate",
			 0xcaf16b81, /* dl_new_hash output.  */
			 "GLIBC_PRIVATE",
			 0x0963cf85); /* _dl_elf_hash output.  */
  /* The stock ld.so enters the kernel by itself.  */
  if (sym != NULL)
    {
      extern uintptr_t __xsc_gate attribute_hidden;
      *(uintptr_t *) DL_SYMBOL_ADDRESS (map, sym) = __xsc_gate;
    }
}

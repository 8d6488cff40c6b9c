/* Map in a shared object's segments.  XSC gate version.
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

#include <elf/dl-map-segments.h>
#include <dl-batch.h>

/* Two calls a segment, the one for holes and the one that closes.  */
#define DL_BATCH_SEGMENTS	((DL_BATCH_MAX - 2) / 2)

/* Is the object of the usual kind, which a batch can map?  */
static inline bool
dl_batch_can_map (int type, const struct loadcmd loadcmds[], size_t nloadcmds,
		  bool has_holes)
{
  if (type != ET_DYN || nloadcmds > DL_BATCH_SEGMENTS
      || loadcmds[0].mapalign > GLRO(dl_pagesize)
      || (has_holes && loadcmds[nloadcmds - 1].mapstart < loadcmds[0].mapend))
    return false;
  for (size_t i = 0; i < nloadcmds; i++)
    if (loadcmds[i].allocend > loadcmds[i].dataend
	&& (loadcmds[i].prot & PROT_WRITE) == 0)
      return false;
  return true;
}

/* As _dl_map_segments.  What stands there as a call is here an entry of a batch,
   and the address that the first one returns is forwarded to the others.  *FD
   is closed in the same batch and becomes -1, unless an error is returned or
   the object is of an unusual kind.  */
static __always_inline const char *
dl_batch_map_segments (struct link_map *l, int *fd, const ElfW(Ehdr) *header,
		       int type, const struct loadcmd loadcmds[],
		       size_t nloadcmds, const size_t maplength,
		       bool has_holes, struct link_map *loader)
{
  const struct loadcmd *const first = loadcmds;
  struct dl_batch b;
  struct xsc_sqe *sqe;

  if (__glibc_unlikely (!dl_batch_can_map (type, loadcmds, nloadcmds,
					   has_holes)))
    return _dl_map_segments (l, *fd, header, type, loadcmds, nloadcmds,
			     maplength, has_holes, loader);

  b.nr = 0;
  for (size_t i = 0; i < nloadcmds; i++)
    {
      const struct loadcmd *c = &loadcmds[i];

      if (c == first)
	{
	  ElfW(Addr) mappref
	    = (ELF_PREFERRED_ADDRESS (loader, maplength, c->mapstart)
	       - MAP_BASE_ADDR (l));

	  sqe = dl_batch_add (&b, __NR_mmap, mappref, maplength, c->prot,
			      MAP_COPY | MAP_FILE, *fd, c->mapoff);
	  sqe->flags |= XSC_SQE_LINK;
	  if (has_holes)
	    {
	      sqe = dl_batch_add (&b, __NR_mprotect,
				  c->mapend - first->mapstart,
				  loadcmds[nloadcmds - 1].mapstart - c->mapend,
				  PROT_NONE, 0, 0, 0);
	      dl_batch_forward (&b, sqe, 0, 0);
	      sqe->flags |= XSC_SQE_LINK;
	    }
	}
      else if (c->mapend > c->mapstart)
	{
	  sqe = dl_batch_add (&b, __NR_mmap, c->mapstart - first->mapstart,
			      c->mapend - c->mapstart, c->prot,
			      MAP_FIXED | MAP_COPY | MAP_FILE, *fd, c->mapoff);
	  dl_batch_forward (&b, sqe, 0, 0);
	  sqe->flags |= XSC_SQE_LINK;
	}

      /* Whole pages of zeros; the rest of the last page of data follows
	 when it is mapped.  */
      ElfW(Addr) zeropage = ALIGN_UP (c->dataend, GLRO(dl_pagesize));
      if (c->allocend > zeropage)
	{
	  sqe = dl_batch_add (&b, __NR_mmap, zeropage - first->mapstart,
			      c->allocend - zeropage, c->prot,
			      MAP_ANON | MAP_PRIVATE | MAP_FIXED, -1, 0);
	  dl_batch_forward (&b, sqe, 0, 0);
	  sqe->flags |= XSC_SQE_LINK;
	}
    }
  dl_batch_add (&b, __NR_close, *fd, 0, 0, 0, 0, 0);

  _dl_batch_run (&b);

  for (unsigned int i = 0; i < b.nr - 1; i++)
    if (__glibc_unlikely (dl_batch_failed (&b.cqes[i])))
      {
	__set_errno (-b.cqes[i].res);
	if (b.sqes[i].op == __NR_mprotect)
	  return DL_MAP_SEGMENTS_ERROR_MPROTECT;
	return (b.sqes[i].args[3] & MAP_ANON) != 0
	       ? DL_MAP_SEGMENTS_ERROR_MAP_ZERO_FILL
	       : DL_MAP_SEGMENTS_ERROR_MAP_SEGMENT;
      }
  *fd = -1;

  l->l_map_start = b.cqes[0].res;
  l->l_map_end = l->l_map_start + maplength;
  l->l_addr = l->l_map_start - first->mapstart;
  l->l_contiguous = 1;

  for (size_t i = 0; i < nloadcmds; i++)
    {
      const struct loadcmd *c = &loadcmds[i];

      _dl_postprocess_loadcmd (l, header, c);
      if (c->allocend > c->dataend)
	{
	  ElfW(Addr) end = MIN (c->allocend,
				ALIGN_UP (c->dataend, GLRO(dl_pagesize)));

	  memset ((void *) (l->l_addr + c->dataend), '\0', end - c->dataend);
	}
    }

  ELF_FIXED_ADDRESS (loader, first->mapstart);
  return NULL;
}

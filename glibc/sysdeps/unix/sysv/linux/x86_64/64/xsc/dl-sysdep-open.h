/* System-specific call to open a shared object by name.  XSC gate version.
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

#ifndef _DL_SYSDEP_OPEN_H
#define _DL_SYSDEP_OPEN_H	1

#include <assert.h>
#include <gnu/lib-names.h>
#include <ldsodefs.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* What glibc itself installs, for which XSC_LIBDIR comes before ld.so.cache.
   All else is found as ever, without one more attempt to open a file.  */
static const struct
{
  unsigned char namelen;	/* With the terminating NUL.  */
  char name[31];
} _dl_xsc_names[] =
  {
#define XSC_NAME(name)	{ sizeof (name), name }
    XSC_NAME (LIBC_SO),
    XSC_NAME (LIBM_SO),
    XSC_NAME (LIBPTHREAD_SO),
    XSC_NAME (LIBDL_SO),
    XSC_NAME (LIBRT_SO),
    XSC_NAME (LIBUTIL_SO),
    XSC_NAME (LIBRESOLV_SO),
    XSC_NAME (LIBMVEC_SO),
    XSC_NAME (LIBANL_SO),
    XSC_NAME (LIBNSL_SO),
    XSC_NAME (LIBNSS_FILES_SO),
    XSC_NAME (LIBNSS_DNS_SO),
    XSC_NAME (LIBNSS_COMPAT_SO),
    XSC_NAME (LIBNSS_HESIOD_SO),
    XSC_NAME (LIBNSS_DB_SO),
    XSC_NAME (LIBBROKENLOCALE_SO),
    XSC_NAME (LIBTHREAD_DB_SO),
    XSC_NAME (LIBC_MALLOC_DEBUG_SO),
    XSC_NAME ("libmemusage.so"),
    XSC_NAME ("libpcprofile.so"),
    XSC_NAME (LD_SO),
#undef XSC_NAME
  };

static inline char *
_dl_sysdep_open_object (const char *name, size_t namelen, int *fd)
{
  static const char dir[] = XSC_LIBDIR "/";

  assert (*fd == -1);

  if (sizeof (dir) == sizeof ("/"))
    return NULL;

  for (size_t i = 0; i < array_length (_dl_xsc_names); ++i)
    if (_dl_xsc_names[i].namelen == namelen
	&& memcmp (_dl_xsc_names[i].name, name, namelen) == 0)
      {
	char *path = malloc (sizeof (dir) - 1 + namelen);
	if (path == NULL)
	  return NULL;
	memcpy (__mempcpy (path, dir, sizeof (dir) - 1), name, namelen);

	if (__glibc_unlikely (GLRO(dl_debug_mask) & DL_DEBUG_LIBS))
	  _dl_debug_printf ("  trying file=%s\n", path);

	/* open_verify opens it, with one batch.  */
	return path;
      }

  return NULL;
}

#endif  /* dl-sysdep-open.h */

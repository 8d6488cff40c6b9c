/* SPDX-License-Identifier: MIT */
/*
 * stamp.h - how a file is stamped, as an edit of its bytes
 *
 * A stamp changes one program header and appends a tail:
 *
 *	[ the file as it was, but for 56 bytes of one program header ]
 *	[ zeros up to the alignment				     ]
 *	[ a copy of the notes that this PT_NOTE held		     ]
 *	[ the XSC note						     ]
 *	[ struct xsc_stamp_trailer: what it takes to undo this	     ]
 *
 * The program header's p_offset and p_filesz lead to the tail, where the
 * kernel reads notes.  Its p_vaddr and p_memsz still lead to the notes in
 * memory, where ld.so and libgcc read them: nothing new is mapped.
 *
 * Section headers stay as they are.  A .note.XSC section of a stamped file
 * would outlive the stamp itself under strip and objcopy, which write program
 * headers anew, and then show a note that the kernel does not see.
 */
#ifndef XSC_STAMP_H
#define XSC_STAMP_H

#include "note.h"

/**
 * struct xsc_stamp_trailer - the last bytes of a stamped file
 * @magic:	XSC_STAMP_MAGIC
 * @version:	XSC_STAMP_VERSION
 * @phndx:	index of the program header that was changed
 * @size:	size of the file before
 * @phdr:	that program header before
 */
struct xsc_stamp_trailer {
	char		magic[8];
	uint32_t	version;
	uint32_t	phndx;
	uint64_t	size;
	Elf64_Phdr	phdr;
};

#define XSC_STAMP_MAGIC		"XSCSTAMP"
#define XSC_STAMP_VERSION	1

/**
 * struct xsc_stamp - an edit of a file
 * @phdr_off:	file offset of the program header to write
 * @phdr:	the program header
 * @size:	bytes of the file to keep
 * @tail:	what to append to them, from malloc(), or NULL
 * @tail_len:	length of it
 */
struct xsc_stamp {
	uint64_t	phdr_off;
	Elf64_Phdr	phdr;
	uint64_t	size;
	unsigned char	*tail;
	size_t		tail_len;
};

const char *xsc_stamp_refuse(const struct elf_image *elf);
const char *xsc_stamp_plan(const struct elf_image *elf, struct xsc_stamp *st);
const char *xsc_unstamp_plan(const struct elf_image *elf,
			     struct xsc_stamp *st);
unsigned char *xsc_stamp_apply(const struct elf_image *elf,
			       const struct xsc_stamp *st, size_t *size);

#endif /* XSC_STAMP_H */

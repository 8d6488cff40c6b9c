/* SPDX-License-Identifier: MIT */
/*
 * note.h - finding and judging the XSC note of an ELF file in memory
 *
 * The rules are those of the kernel at execve (xsc_uapi.h,
 * docs/decisions.md, 6): a PT_NOTE that cannot be read counts as absent, an
 * XSC note that can be found but is wrong makes the file malformed.
 */
#ifndef XSC_NOTE_H
#define XSC_NOTE_H

#include "elf-image.h"
#include "xsc_uapi.h"

/* bytes of the whole note: header, name, struct xsc_note_abi */
#define XSC_NOTE_SIZE	(sizeof(Elf64_Nhdr) + 4 + sizeof(struct xsc_note_abi))

enum xsc_note_status {
	XSC_NOTE_GOOD,		/* one XSC_NOTE_ABI note, and it is right */
	XSC_NOTE_NONE,		/* no XSC_NOTE_ABI note: a legacy file */
	XSC_NOTE_BAD,		/* execve refuses this file */
};

/**
 * struct xsc_note - one note
 * @type:	its n_type
 * @phndx:	index of the PT_NOTE that holds it
 * @offset:	file offset of its header
 * @namesz:	length of the name
 * @name:	the name, inside the file, or NULL if it is cut off
 * @descsz:	length of the descriptor
 * @desc:	the descriptor, inside the file, or NULL if it is cut off
 */
struct xsc_note {
	uint32_t		type;
	unsigned int		phndx;
	uint64_t		offset;
	uint32_t		namesz;
	const unsigned char	*name;
	uint32_t		descsz;
	const unsigned char	*desc;
};

/**
 * struct xsc_note_result - what xsc_note_check() found
 * @reason:	one sentence for the user
 * @offset:	file offset of the first XSC_NOTE_ABI note, if any
 * @phndx:	program header that holds it
 * @abi:	its descriptor, if it is whole
 */
struct xsc_note_result {
	const char		*reason;
	uint64_t		offset;
	unsigned int		phndx;
	struct xsc_note_abi	abi;
};

bool xsc_note_segment_ok(const struct elf_image *elf, const Elf64_Phdr *ph);
bool xsc_note_next(const struct elf_image *elf, const Elf64_Phdr *ph,
		   uint64_t *pos, struct xsc_note *note);
bool xsc_note_is_xsc(const struct xsc_note *note);
enum xsc_note_status xsc_note_check(const struct elf_image *elf,
				    struct xsc_note_result *res);
void xsc_note_make(unsigned char out[XSC_NOTE_SIZE]);

#endif /* XSC_NOTE_H */

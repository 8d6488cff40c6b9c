// SPDX-License-Identifier: MIT
/*
 * note.c - finding and judging the XSC note of an ELF file in memory
 *
 * No I/O and no allocation: unit tests and fuzzers drive this file directly.
 */
#include "note.h"

#include <string.h>

/* Notes of a PT_NOTE with p_align 8 are padded to 8 bytes, all others to 4. */
static uint64_t note_align(const Elf64_Phdr *ph)
{
	return ph->p_align == 8 ? 8 : 4;
}

static uint64_t align_up(uint64_t x, uint64_t align)
{
	return (x + align - 1) & ~(align - 1);
}

/** xsc_note_segment_ok() - is @ph a PT_NOTE that the kernel would read */
bool xsc_note_segment_ok(const struct elf_image *elf, const Elf64_Phdr *ph)
{
	return ph->p_type == PT_NOTE && ph->p_filesz <= XSC_NOTE_SEG_MAX &&
	       ph->p_offset % 4 == 0 && (ph->p_align <= 4 || ph->p_align == 8) &&
	       elf_image_has(elf, ph->p_offset, ph->p_filesz);
}

/**
 * xsc_note_next() - step through the notes of a segment
 * @elf:	the file
 * @ph:		a PT_NOTE for which xsc_note_segment_ok() holds
 * @pos:	in: where the next note starts in the segment, 0 at first;
 *		out: where the one after it does
 * @note:	filled in; name and desc are NULL where they are cut off
 *
 * Return: false at the end of the segment
 */
bool xsc_note_next(const struct elf_image *elf, const Elf64_Phdr *ph,
		   uint64_t *pos, struct xsc_note *note)
{
	uint64_t align = note_align(ph), left, descoff;
	const unsigned char *p;
	Elf64_Nhdr nh;

	if (*pos >= ph->p_filesz || ph->p_filesz - *pos < sizeof(nh))
		return false;
	left = ph->p_filesz - *pos;
	p = elf->data + ph->p_offset + *pos;
	memcpy(&nh, p, sizeof(nh));
	descoff = align_up(sizeof(nh) + (uint64_t)nh.n_namesz, align);
	memset(note, 0, sizeof(*note));
	note->type = nh.n_type;
	note->offset = ph->p_offset + *pos;
	note->namesz = nh.n_namesz;
	note->descsz = nh.n_descsz;
	if (nh.n_namesz <= left - sizeof(nh))
		note->name = p + sizeof(nh);
	if (descoff <= left && nh.n_descsz <= left - descoff)
		note->desc = p + descoff;
	/* Both sizes are below 2^32 and *pos below 2^17: no overflow. */
	*pos += align_up(descoff + nh.n_descsz, align);
	return true;
}

/** xsc_note_is_xsc() - does the note bear the name XSC */
bool xsc_note_is_xsc(const struct xsc_note *note)
{
	return note->name && note->namesz == sizeof(XSC_NOTE_NAME) &&
	       !memcmp(note->name, XSC_NOTE_NAME, sizeof(XSC_NOTE_NAME));
}

static const char *judge(const struct elf_image *elf,
			 const struct xsc_note *note, struct xsc_note_abi *abi)
{
	if (elf->class != ELFCLASS64)
		return "an XSC note in a 32-bit file";
	if (!note->desc)
		return "the XSC note is cut off";
	if (note->descsz != sizeof(*abi))
		return "the XSC note has a descriptor of the wrong length";
	memcpy(abi, note->desc, sizeof(*abi));
	if (abi->abi != XSC_ABI)
		return "the XSC note has an unknown ABI version";
	if (abi->flags & ~XSC_NOTE_F_ALL)
		return "the XSC note has unknown flags";
	return NULL;
}

/**
 * xsc_note_check() - judge a file as execve does
 * @elf:	the file
 * @res:	filled in, the reason always
 *
 * Return: one of enum xsc_note_status
 */
enum xsc_note_status xsc_note_check(const struct elf_image *elf,
				    struct xsc_note_result *res)
{
	unsigned int i, seen = 0, unreadable = 0;
	const char *bad = NULL;
	struct xsc_note note;
	Elf64_Phdr ph;
	uint64_t pos;

	memset(res, 0, sizeof(*res));
	for (i = 0; i < elf->phnum; i++) {
		elf_image_phdr(elf, i, &ph);
		if (ph.p_type != PT_NOTE)
			continue;
		if (!xsc_note_segment_ok(elf, &ph)) {
			unreadable++;
			continue;
		}
		for (pos = 0; xsc_note_next(elf, &ph, &pos, &note);) {
			if (!xsc_note_is_xsc(&note) ||
			    note.type != XSC_NOTE_ABI)
				continue;
			if (seen++) {
				bad = bad ?: "more than one XSC note";
				continue;
			}
			res->offset = note.offset;
			res->phndx = i;
			bad = judge(elf, &note, &res->abi);
		}
	}
	if (bad) {
		res->reason = bad;
		return XSC_NOTE_BAD;
	}
	if (seen) {
		res->reason = "XSC note, ABI 1";
		return XSC_NOTE_GOOD;
	}
	res->reason = unreadable ?
		"no XSC note, and a PT_NOTE that the kernel does not read" :
		"no XSC note";
	return XSC_NOTE_NONE;
}

/** xsc_note_make() - write a whole XSC_NOTE_ABI note to @out */
void xsc_note_make(unsigned char out[XSC_NOTE_SIZE])
{
	const Elf64_Nhdr nh = {
		.n_namesz = sizeof(XSC_NOTE_NAME),
		.n_descsz = sizeof(struct xsc_note_abi),
		.n_type = XSC_NOTE_ABI,
	};
	const struct xsc_note_abi abi = { .abi = XSC_ABI };

	_Static_assert(sizeof(XSC_NOTE_NAME) == 4, "the name needs no padding");
	memcpy(out, &nh, sizeof(nh));
	memcpy(out + sizeof(nh), XSC_NOTE_NAME, sizeof(XSC_NOTE_NAME));
	memcpy(out + sizeof(nh) + sizeof(XSC_NOTE_NAME), &abi, sizeof(abi));
}

// SPDX-License-Identifier: MIT
/*
 * stamp.c - how a file is stamped, as an edit of its bytes
 *
 * No I/O here either: bytes in, bytes out.
 */
#include "stamp.h"

#include <stdlib.h>
#include <string.h>

/* program headers by their worth as the one to change, best first */
enum candidate {
	CAND_GNU_NOTE,		/* 4-aligned, with a build ID or an ABI tag */
	CAND_NOTE,		/* 4-aligned */
	CAND_NOTE8,		/* 8-aligned: GNU properties */
	CAND_NULL,		/* an unused program header */
	CAND_NO,
};

/**
 * xsc_stamp_refuse() - is this a kind of file that is never stamped
 *
 * Return: NULL, or a sentence that says why
 */
const char *xsc_stamp_refuse(const struct elf_image *elf)
{
	if (elf->class != ELFCLASS64)
		return "a 32-bit ELF file: XSC programs are 64-bit";
	if (elf->machine != EM_X86_64)
		return "not an x86-64 file";
	if (elf->type != ET_EXEC && elf->type != ET_DYN)
		return "neither an executable nor a shared object";
	return NULL;
}

static enum candidate judge(const struct elf_image *elf, const Elf64_Phdr *ph)
{
	bool gnu = false;
	struct xsc_note note;
	uint64_t pos;

	if (ph->p_type == PT_NULL)
		return CAND_NULL;
	if (!xsc_note_segment_ok(elf, ph) ||
	    ph->p_filesz + 8 + XSC_NOTE_SIZE > XSC_NOTE_SEG_MAX ||
	    ph->p_vaddr % 4)
		return CAND_NO;
	/* What comes behind a note that is cut off would not be found. */
	for (pos = 0; xsc_note_next(elf, ph, &pos, &note);) {
		if (!note.name || !note.desc)
			return CAND_NO;
		if (note.namesz == 4 && !memcmp(note.name, "GNU", 4) &&
		    (note.type == NT_GNU_BUILD_ID ||
		     note.type == NT_GNU_ABI_TAG))
			gnu = true;
	}
	/* Padding behind the last note may be missing, stray bytes not. */
	if (pos < ph->p_filesz)
		return CAND_NO;
	if (ph->p_align == 8)
		return ph->p_vaddr % 8 ? CAND_NO : CAND_NOTE8;
	return gnu ? CAND_GNU_NOTE : CAND_NOTE;
}

static enum candidate choose(const struct elf_image *elf, unsigned int *phndx)
{
	enum candidate best = CAND_NO, c;
	Elf64_Phdr ph;
	unsigned int i;

	for (i = 0; i < elf->phnum; i++) {
		elf_image_phdr(elf, i, &ph);
		c = judge(elf, &ph);
		if (c < best) {
			best = c;
			*phndx = i;
		}
	}
	return best;
}

/*
 * Where headers lie over each other the edit may hit another one of them.
 * Rather than tell all such cases apart: is the result what it should be?
 */
static bool holds(const struct elf_image *elf, const struct xsc_stamp *st)
{
	struct xsc_note_result res;
	struct elf_image is;
	struct xsc_stamp un;
	unsigned char *p;
	size_t size;
	bool ok;

	p = xsc_stamp_apply(elf, st, &size);
	ok = p && !elf_image_open(&is, p, size) &&
	     xsc_note_check(&is, &res) == XSC_NOTE_GOOD &&
	     !xsc_unstamp_plan(&is, &un);
	free(p);
	return ok;
}

/**
 * xsc_stamp_plan() - work out how to stamp a file
 * @elf:	a file that xsc_stamp_refuse() admits and that has no XSC note
 * @st:		filled in; free() its tail
 *
 * Return: NULL, or a sentence that says why it cannot be done; nothing is to
 *	be freed then
 */
const char *xsc_stamp_plan(const struct elf_image *elf, struct xsc_stamp *st)
{
	struct xsc_stamp_trailer tr = { .version = XSC_STAMP_VERSION };
	size_t pad, copied, len;
	unsigned int phndx = 0;
	enum candidate cand;
	unsigned char *p;

	memset(st, 0, sizeof(*st));
	cand = choose(elf, &phndx);
	if (cand == CAND_NO)
		return "no PT_NOTE that could be extended and no unused program header; link it again with --build-id";
	memcpy(tr.magic, XSC_STAMP_MAGIC, sizeof(tr.magic));
	tr.phndx = phndx;
	tr.size = elf->size;
	elf_image_phdr(elf, phndx, &tr.phdr);

	st->phdr = tr.phdr;
	if (cand == CAND_NULL)
		st->phdr = (Elf64_Phdr) {
			.p_type = PT_NOTE, .p_flags = PF_R, .p_align = 4,
		};
	/* p_offset stays congruent to p_vaddr, as ELF wants it. */
	pad = (st->phdr.p_vaddr - elf->size) % 8;
	copied = (st->phdr.p_filesz + 3) & ~(size_t)3;
	if (cand == CAND_NOTE8)
		copied = (copied + 7) & ~(size_t)7;
	len = pad + copied + XSC_NOTE_SIZE;

	p = calloc(1, len + sizeof(tr));
	if (!p)
		return "out of memory";
	memcpy(p + pad, elf->data + st->phdr.p_offset, st->phdr.p_filesz);
	xsc_note_make(p + pad + copied);
	memcpy(p + len, &tr, sizeof(tr));

	st->phdr_off = elf->phoff + (uint64_t)phndx * sizeof(Elf64_Phdr);
	st->phdr.p_offset = elf->size + pad;
	st->phdr.p_filesz = copied + XSC_NOTE_SIZE;
	st->size = elf->size;
	st->tail = p;
	st->tail_len = len + sizeof(tr);
	if (!holds(elf, st)) {
		free(st->tail);
		return "its headers overlap each other";
	}
	return NULL;
}

/**
 * xsc_unstamp_plan() - work out how to undo xsc_stamp_plan()
 * @elf:	the stamped file
 * @st:		filled in, without a tail
 *
 * Return: NULL, or a sentence that says why it cannot be done
 */
const char *xsc_unstamp_plan(const struct elf_image *elf,
			     struct xsc_stamp *st)
{
	static const char changed[] =
		"the note was linked in, or the file was changed after stamping: this stamp cannot be taken off";
	struct xsc_stamp_trailer tr;
	Elf64_Phdr now;

	memset(st, 0, sizeof(*st));
	if (elf->class != ELFCLASS64 || elf->size < sizeof(tr))
		return changed;
	memcpy(&tr, elf->data + elf->size - sizeof(tr), sizeof(tr));
	if (memcmp(tr.magic, XSC_STAMP_MAGIC, sizeof(tr.magic)))
		return changed;
	if (tr.version != XSC_STAMP_VERSION)
		return "stamped by another version of xsc-note: use that one";
	if (tr.phndx >= elf->phnum || tr.size > elf->size - sizeof(tr))
		return changed;
	elf_image_phdr(elf, tr.phndx, &now);
	if (now.p_type != PT_NOTE || now.p_offset < tr.size ||
	    now.p_vaddr != tr.phdr.p_vaddr || now.p_memsz != tr.phdr.p_memsz)
		return changed;
	st->phdr_off = elf->phoff + (uint64_t)tr.phndx * sizeof(now);
	if (st->phdr_off + sizeof(now) > tr.size)
		return changed;
	st->phdr = tr.phdr;
	st->size = tr.size;
	return NULL;
}

/**
 * xsc_stamp_apply() - the bytes of the edited file
 * @elf:	the file that @st was planned for
 * @st:		the edit
 * @size:	set to the length of the result
 *
 * Return: the new file, from malloc(), or NULL
 */
unsigned char *xsc_stamp_apply(const struct elf_image *elf,
			       const struct xsc_stamp *st, size_t *size)
{
	unsigned char *p = malloc(st->size + st->tail_len);

	if (!p)
		return NULL;
	memcpy(p, elf->data, st->size);
	memcpy(p + st->phdr_off, &st->phdr, sizeof(st->phdr));
	if (st->tail)
		memcpy(p + st->size, st->tail, st->tail_len);
	*size = st->size + st->tail_len;
	return p;
}

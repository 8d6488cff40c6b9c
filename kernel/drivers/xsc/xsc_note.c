// SPDX-License-Identifier: GPL-2.0-only
/*
 * xsc_note.c - reading the XSC note of an ELF file
 *
 * A file is not trusted: every offset and length is checked against what was
 * really read, and nothing is read twice.
 */
#include <linux/elf.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/slab.h>

#include "xsc.h"

/* Look at one XSC_NOTE_ABI descriptor. */
static bool xsc_note_good(const u8 *desc, size_t size)
{
	struct xsc_note_abi abi;

	if (size != sizeof(abi))
		return false;
	memcpy(&abi, desc, sizeof(abi));
	return abi.abi == XSC_ABI && !(abi.flags & ~XSC_NOTE_F_ALL);
}

/**
 * xsc_note_parse() - scan the notes of one segment
 * @buf:	its bytes
 * @size:	how many
 * @align:	4 or 8, the padding between the parts of a note
 * @scan:	the result, added to
 */
void xsc_note_parse(const u8 *buf, size_t size, unsigned int align,
		    struct xsc_note_scan *scan)
{
	size_t off = 0;

	/* namesz, descsz, type, name, desc; see elf(5) */
	while (size - off >= sizeof(struct elf_note)) {
		struct elf_note hdr;
		size_t name, desc;
		bool ours;

		memcpy(&hdr, buf + off, sizeof(hdr));
		name = off + sizeof(hdr);
		if (hdr.n_namesz > size - name) {
			scan->unreadable = true;
			return;
		}
		ours = hdr.n_type == XSC_NOTE_ABI &&
		       hdr.n_namesz == sizeof(XSC_NOTE_NAME) &&
		       !memcmp(buf + name, XSC_NOTE_NAME, sizeof(XSC_NOTE_NAME));
		if (ours && scan->found < U8_MAX)
			scan->found++;

		desc = ALIGN(name + hdr.n_namesz, align);
		if (desc > size || hdr.n_descsz > size - desc) {
			if (ours)
				scan->bad = true;
			else
				scan->unreadable = true;
			return;
		}
		if (ours && !xsc_note_good(buf + desc, hdr.n_descsz))
			scan->bad = true;

		off = ALIGN(desc + hdr.n_descsz, align);
		if (off > size)
			return;
	}
}

/**
 * xsc_note_segment() - scan one PT_NOTE segment of a file
 * @file:	the file
 * @off:	p_offset
 * @size:	p_filesz
 * @align:	p_align
 * @scan:	the result, added to
 *
 * Context: may sleep.
 */
void xsc_note_segment(struct file *file, loff_t off, u64 size, u64 align,
		      struct xsc_note_scan *scan)
{
	u8 *buf;

	if (!size)
		return;
	if (align <= 4)
		align = 4;
	if ((align != 4 && align != 8) || off < 0 || off & 3 ||
	    size > XSC_NOTE_SEG_MAX) {
		scan->unreadable = true;
		return;
	}

	buf = kvmalloc(size, GFP_KERNEL);
	if (!buf || kernel_read(file, buf, size, &off) != size)
		scan->unreadable = true;
	else
		xsc_note_parse(buf, size, align, scan);
	kvfree(buf);
}

/**
 * xsc_file_stamped() - does a native ELF file carry one good XSC note?
 * @file:	the file
 *
 * Context: may sleep.
 */
bool xsc_file_stamped(struct file *file)
{
	struct xsc_note_scan scan = {};
	struct elf64_phdr *phdr;
	struct elf64_hdr hdr;
	loff_t pos = 0;
	size_t size;
	int i;

	if (kernel_read(file, &hdr, sizeof(hdr), &pos) != sizeof(hdr) ||
	    memcmp(hdr.e_ident, ELFMAG, SELFMAG) ||
	    hdr.e_ident[EI_CLASS] != ELFCLASS64 ||
	    hdr.e_machine != ELF_ARCH ||
	    hdr.e_phentsize != sizeof(*phdr))
		return false;

	size = hdr.e_phnum * sizeof(*phdr);
	if (!size || size > XSC_NOTE_SEG_MAX)
		return false;
	phdr = kvmalloc(size, GFP_KERNEL);
	pos = hdr.e_phoff;
	if (phdr && pos >= 0 && kernel_read(file, phdr, size, &pos) == size)
		for (i = 0; i < hdr.e_phnum; i++)
			if (phdr[i].p_type == PT_NOTE)
				xsc_note_segment(file, phdr[i].p_offset,
						 phdr[i].p_filesz,
						 phdr[i].p_align, &scan);
	kvfree(phdr);
	return scan.found == 1 && !scan.bad;
}

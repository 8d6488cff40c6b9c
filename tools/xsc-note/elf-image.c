// SPDX-License-Identifier: MIT
/*
 * elf-image.c - bounds-checked reading of an ELF file that lies in memory
 */
#include "elf-image.h"

#include <string.h>

static void set_sections(struct elf_image *elf, const Elf64_Ehdr *eh)
{
	Elf64_Shdr sh0;
	uint64_t num = eh->e_shnum;

	if (!eh->e_shoff || eh->e_shentsize != sizeof(Elf64_Shdr) ||
	    !elf_image_has(elf, eh->e_shoff, sizeof(sh0)))
		return;
	memcpy(&sh0, elf->data + eh->e_shoff, sizeof(sh0));
	if (!num)
		num = sh0.sh_size;
	if (num > UINT32_MAX ||
	    !elf_image_has(elf, eh->e_shoff, num * sizeof(Elf64_Shdr)))
		return;
	elf->shoff = eh->e_shoff;
	elf->shnum = num;
	elf->shstrndx = eh->e_shstrndx == SHN_XINDEX ? sh0.sh_link :
						       eh->e_shstrndx;
}

/**
 * elf_image_open() - read the ELF header
 * @elf:	what to fill in
 * @data:	the file
 * @size:	its length
 *
 * Return: NULL, or a sentence that says why this is no ELF file to work on
 */
const char *elf_image_open(struct elf_image *elf, const void *data,
			   size_t size)
{
	union {
		unsigned char ident[EI_NIDENT];
		Elf64_Ehdr e64;
		Elf32_Ehdr e32;
	} eh;
	size_t want;

	memset(elf, 0, sizeof(*elf));
	memset(&eh, 0, sizeof(eh));
	elf->data = data;
	elf->size = size;
	if (size < EI_NIDENT || memcmp(data, ELFMAG, SELFMAG))
		return "not an ELF file";
	memcpy(eh.ident, data, EI_NIDENT);
	elf->class = eh.ident[EI_CLASS];
	if (elf->class != ELFCLASS32 && elf->class != ELFCLASS64)
		return "unknown ELF class";
	if (eh.ident[EI_DATA] != ELFDATA2LSB)
		return "not a little-endian ELF file";
	want = elf->class == ELFCLASS64 ? sizeof(eh.e64) : sizeof(eh.e32);
	if (size < want)
		return "the ELF header is cut off";
	memcpy(&eh, data, want);
	if (elf->class == ELFCLASS64) {
		elf->type = eh.e64.e_type;
		elf->machine = eh.e64.e_machine;
		elf->phoff = eh.e64.e_phoff;
		elf->phnum = eh.e64.e_phnum;
		elf->phentsize = eh.e64.e_phentsize;
		want = sizeof(Elf64_Phdr);
		set_sections(elf, &eh.e64);
	} else {
		elf->type = eh.e32.e_type;
		elf->machine = eh.e32.e_machine;
		elf->phoff = eh.e32.e_phoff;
		elf->phnum = eh.e32.e_phnum;
		elf->phentsize = eh.e32.e_phentsize;
		want = sizeof(Elf32_Phdr);
	}
	if (elf->phnum && elf->phentsize != want)
		return "program headers of an unknown size";
	if (!elf_image_has(elf, elf->phoff, (uint64_t)elf->phnum * want))
		return "the program headers lie behind the end of the file";
	return NULL;
}

/** elf_image_phdr() - copy program header @i (below phnum) into @ph */
void elf_image_phdr(const struct elf_image *elf, unsigned int i,
		    Elf64_Phdr *ph)
{
	const unsigned char *p = elf->data + elf->phoff +
				 (size_t)i * elf->phentsize;
	Elf32_Phdr p32;

	if (elf->class == ELFCLASS64) {
		memcpy(ph, p, sizeof(*ph));
		return;
	}
	memcpy(&p32, p, sizeof(p32));
	*ph = (Elf64_Phdr) {
		.p_type = p32.p_type,
		.p_flags = p32.p_flags,
		.p_offset = p32.p_offset,
		.p_vaddr = p32.p_vaddr,
		.p_paddr = p32.p_paddr,
		.p_filesz = p32.p_filesz,
		.p_memsz = p32.p_memsz,
		.p_align = p32.p_align,
	};
}

/** elf_image_shdr() - copy section header @i (below shnum) into @sh */
void elf_image_shdr(const struct elf_image *elf, unsigned int i,
		    Elf64_Shdr *sh)
{
	memcpy(sh, elf->data + elf->shoff + (size_t)i * sizeof(*sh),
	       sizeof(*sh));
}

/**
 * elf_image_string() - a string of a string table
 * @elf:	the file
 * @strtab:	section header of the table
 * @off:	offset in it
 *
 * Return: the string, terminated inside the table, or "" if there is none
 */
const char *elf_image_string(const struct elf_image *elf,
			     const Elf64_Shdr *strtab, uint64_t off)
{
	const char *s;

	if (strtab->sh_type != SHT_STRTAB || off >= strtab->sh_size ||
	    !elf_image_has(elf, strtab->sh_offset, strtab->sh_size))
		return "";
	s = (const char *)elf->data + strtab->sh_offset + off;
	return memchr(s, 0, strtab->sh_size - off) ? s : "";
}

static uint64_t max_end(uint64_t end, uint64_t off, uint64_t len)
{
	uint64_t e;

	if (__builtin_add_overflow(off, len, &e))
		return UINT64_MAX;
	return e > end ? e : end;
}

/** elf_image_end() - offset behind the last byte that any header speaks of */
uint64_t elf_image_end(const struct elf_image *elf)
{
	uint64_t end = elf->class == ELFCLASS64 ? sizeof(Elf64_Ehdr) :
						  sizeof(Elf32_Ehdr);
	Elf64_Phdr ph;
	Elf64_Shdr sh;
	unsigned int i;

	end = max_end(end, elf->phoff, (uint64_t)elf->phnum * elf->phentsize);
	end = max_end(end, elf->shoff, (uint64_t)elf->shnum * sizeof(sh));
	for (i = 0; i < elf->phnum; i++) {
		elf_image_phdr(elf, i, &ph);
		if (ph.p_type != PT_NULL)
			end = max_end(end, ph.p_offset, ph.p_filesz);
	}
	for (i = 0; i < elf->shnum; i++) {
		elf_image_shdr(elf, i, &sh);
		if (sh.sh_type != SHT_NOBITS && sh.sh_type != SHT_NULL)
			end = max_end(end, sh.sh_offset, sh.sh_size);
	}
	return end;
}

/* SPDX-License-Identifier: MIT */
/*
 * elf-build.h - small ELF files for tests of what reads them
 */
#ifndef XSC_ELF_BUILD_H
#define XSC_ELF_BUILD_H

#include <elf.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BUILD_PHDRS	2
#define BUILD_NOTES	256	/* file offset of the first note segment */
#define BUILD_SIZE	512

/**
 * struct build - a file in the making: header, two program headers, notes
 * @size:	its length, BUILD_SIZE at first
 * @len:	note bytes written so far, from BUILD_NOTES on
 */
struct build {
	union {
		unsigned char	bytes[BUILD_SIZE];
		struct {
			Elf64_Ehdr	eh;
			Elf64_Phdr	ph[BUILD_PHDRS];
		};
	};
	size_t	size;
	size_t	len;
};

/* An executable with one PT_NOTE; its p_filesz grows with build_note(). */
static __attribute__((unused)) void build_start(struct build *b)
{
	memset(b, 0, sizeof(*b));
	memcpy(b->eh.e_ident, ELFMAG, SELFMAG);
	b->eh.e_ident[EI_CLASS] = ELFCLASS64;
	b->eh.e_ident[EI_DATA] = ELFDATA2LSB;
	b->eh.e_ident[EI_VERSION] = EV_CURRENT;
	b->eh.e_type = ET_EXEC;
	b->eh.e_machine = EM_X86_64;
	b->eh.e_version = EV_CURRENT;
	b->eh.e_ehsize = sizeof(b->eh);
	b->eh.e_phoff = sizeof(b->eh);
	b->eh.e_phentsize = sizeof(b->ph[0]);
	b->eh.e_phnum = 1;
	b->ph[0] = (Elf64_Phdr) {
		.p_type = PT_NOTE, .p_flags = PF_R, .p_align = 4,
		.p_offset = BUILD_NOTES, .p_vaddr = 0x400000 + BUILD_NOTES,
	};
	b->size = BUILD_SIZE;
}

static __attribute__((unused)) void build_raw(struct build *b, const void *p, size_t len)
{
	memcpy(b->bytes + BUILD_NOTES + b->len, p, len);
	b->len += len;
	b->ph[0].p_filesz = b->ph[0].p_memsz = b->len;
}

/* A note, its parts padded to @align.  @name counts with its NUL. */
static __attribute__((unused)) void
build_note(struct build *b, const char *name, uint32_t type, const void *desc,
	   uint32_t descsz, unsigned int align)
{
	static const char zeros[8];
	Elf64_Nhdr nh = { strlen(name) + 1, descsz, type };

	build_raw(b, &nh, sizeof(nh));
	build_raw(b, name, nh.n_namesz);
	build_raw(b, zeros, -b->len % align);
	build_raw(b, desc, descsz);
	build_raw(b, zeros, -b->len % align);
}

/* The file in memory of just its size, so that ASan sees what is read past. */
static __attribute__((unused)) unsigned char *build_finish(const struct build *b)
{
	unsigned char *p = malloc(b->size ? b->size : 1);

	memcpy(p, b->bytes, b->size);
	return p;
}

#endif /* XSC_ELF_BUILD_H */

/* SPDX-License-Identifier: MIT */
/*
 * elf-image.h - bounds-checked reading of an ELF file that lies in memory
 *
 * Every accessor copies out of the image, so that neither the alignment nor
 * the content of a hostile file matters to the caller.
 */
#ifndef XSC_ELF_IMAGE_H
#define XSC_ELF_IMAGE_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct elf_image - an ELF file in memory
 * @data:	first byte of the file
 * @size:	its length
 * @class:	ELFCLASS32 or ELFCLASS64
 * @type:	e_type
 * @machine:	e_machine
 * @phoff:	file offset of the program headers
 * @phnum:	number of program headers, all of them inside the file
 * @phentsize:	size of one of them
 * @shoff:	file offset of the section headers
 * @shnum:	number of section headers, all of them inside the file, else 0
 * @shstrndx:	index of the section name table
 */
struct elf_image {
	const unsigned char	*data;
	size_t			size;
	unsigned char		class;
	uint16_t		type;
	uint16_t		machine;
	uint64_t		phoff;
	unsigned int		phnum;
	unsigned int		phentsize;
	uint64_t		shoff;
	unsigned int		shnum;
	unsigned int		shstrndx;
};

/** elf_image_has() - does the file hold @len bytes at @off */
static inline bool elf_image_has(const struct elf_image *elf, uint64_t off,
				 uint64_t len)
{
	return off <= elf->size && len <= elf->size - off;
}

const char *elf_image_open(struct elf_image *elf, const void *data,
			   size_t size);
void elf_image_phdr(const struct elf_image *elf, unsigned int i,
		    Elf64_Phdr *ph);
void elf_image_shdr(const struct elf_image *elf, unsigned int i,
		    Elf64_Shdr *sh);
const char *elf_image_string(const struct elf_image *elf,
			     const Elf64_Shdr *strtab, uint64_t off);
uint64_t elf_image_end(const struct elf_image *elf);

#endif /* XSC_ELF_IMAGE_H */

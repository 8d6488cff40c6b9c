/* SPDX-License-Identifier: MIT */
/*
 * elf-make.h - small ELF programs that say what they have become
 *
 * A made program asks prctl(PR_XSC, XSC_PR_GET) through the gate and exits
 * with ELF_BASE + what it says (ELF_BASE alone: legacy; +1: XSC).  The 32-bit
 * one exits with ELF_I386 by int $0x80.
 */
#ifndef XSC_ELF_MAKE_H
#define XSC_ELF_MAKE_H

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "xsc_uapi.h"

#define ELF_BASE	100	/* exit status of a program */
#define ELF_INTERP	110	/* of an interpreter */
#define ELF_PREFIXED	120	/* of the one below the prefix */
#define ELF_I386	50
#define ELF_VADDR	0x400000UL
#define ELF_CODE	0x300	/* file offset of the code */
#define ELF_NOTES	0x400	/* of what elf_note() writes */
#define ELF_MAX		(256 * 1024)

/* The program; position-independent.  The byte at elf_code_base is the base. */
__asm__(".pushsection .rodata\n"
	"elf_code:\n\t"
	"mov (%rsp), %rcx\n\t"			/* argc */
	"lea 16(%rsp,%rcx,8), %rdx\n"		/* envp */
	"1:	mov (%rdx), %rax\n\t"
	"add $8, %rdx\n\t"
	"test %rax, %rax\n\t"
	"jnz 1b\n"
	"2:	mov (%rdx), %rax\n\t"		/* auxv */
	"mov 8(%rdx), %rbx\n\t"
	"add $16, %rdx\n\t"
	"test %rax, %rax\n\t"
	"jz 3f\n\t"
	"cmp $0x5853, %rax\n\t"			/* AT_XSC */
	"jne 2b\n\t"
	"mov $157, %eax\n\t"			/* prctl */
	"mov $0x585343, %edi\n\t"
	"xor %esi, %esi\n\t"
	"xor %edx, %edx\n\t"
	"xor %r10d, %r10d\n\t"
	"xor %r8d, %r8d\n\t"
	"call *%rbx\n\t"
	"lea elf_code_base(%rip), %rdi\n\t"
	"movzbl (%rdi), %edi\n\t"
	"add %eax, %edi\n\t"
	"mov $60, %eax\n\t"
	"call *%rbx\n"
	"3:	mov $60, %eax\n\t"		/* no gate: not this kernel */
	"mov $99, %edi\n\t"
	"syscall\n"
	"elf_code_base: .byte 100\n"
	"elf_code_end:\n"
	".code32\n"
	"elf_code32:\n\t"
	"mov $1, %eax\n\t"
	"mov $50, %ebx\n\t"
	"int $0x80\n"
	"elf_code32_end:\n"
	".code64\n"
	".popsection");

extern const char elf_code[], elf_code_base[], elf_code_end[], elf_code32[], elf_code32_end[];

/**
 * struct elf - a file in the making
 * @b:		its bytes
 * @size:	how many
 * @nr:		program headers so far
 * @at:		where the next note goes
 * @cls32:	it is a 32-bit file
 */
struct elf {
	unsigned char	b[ELF_MAX];
	size_t		size;
	int		nr;
	size_t		at;
	bool		cls32;
};

static inline Elf64_Phdr *elf_phdr(struct elf *e)
{
	return (Elf64_Phdr *)(e->b + sizeof(Elf64_Ehdr)) + e->nr;
}

/* one more program header; alike for both classes */
static inline void elf_add(struct elf *e, uint32_t type, uint64_t off, uint64_t size, uint64_t align)
{
	if (e->cls32) {
		Elf32_Phdr *p = (Elf32_Phdr *)(e->b + sizeof(Elf32_Ehdr)) + e->nr++;

		*p = (Elf32_Phdr) { .p_type = type, .p_flags = PF_R, .p_offset = off, .p_filesz = size,
				    .p_memsz = size, .p_vaddr = ELF_VADDR + off, .p_paddr = ELF_VADDR + off,
				    .p_align = align };
		((Elf32_Ehdr *)e->b)->e_phnum = e->nr;
		return;
	}
	*elf_phdr(e) = (Elf64_Phdr) { .p_type = type, .p_flags = PF_R, .p_offset = off, .p_filesz = size,
				      .p_memsz = size, .p_vaddr = ELF_VADDR + off, .p_paddr = ELF_VADDR + off,
				      .p_align = align };
	e->nr++;
	((Elf64_Ehdr *)e->b)->e_phnum = e->nr;
}

/* a program of @machine; @base goes to its exit status */
static inline void elf_start(struct elf *e, int machine, bool cls32, int type, int base)
{
	const char *code = machine == EM_386 ? elf_code32 : elf_code;
	size_t len = machine == EM_386 ? elf_code32_end - elf_code32 : elf_code_end - elf_code;

	memset(e, 0, sizeof(*e));
	e->cls32 = cls32;
	memcpy(e->b, ELFMAG, SELFMAG);
	e->b[EI_CLASS] = cls32 ? ELFCLASS32 : ELFCLASS64;
	e->b[EI_DATA] = ELFDATA2LSB;
	e->b[EI_VERSION] = EV_CURRENT;
	if (cls32)
		memcpy(e->b + EI_NIDENT, &(Elf32_Ehdr) {
			.e_type = type, .e_machine = machine, .e_version = 1, .e_entry = ELF_VADDR + ELF_CODE,
			.e_phoff = sizeof(Elf32_Ehdr), .e_ehsize = sizeof(Elf32_Ehdr),
			.e_phentsize = sizeof(Elf32_Phdr) }.e_type, sizeof(Elf32_Ehdr) - EI_NIDENT);
	else
		memcpy(e->b + EI_NIDENT, &(Elf64_Ehdr) {
			.e_type = type, .e_machine = machine, .e_version = 1, .e_entry = ELF_VADDR + ELF_CODE,
			.e_phoff = sizeof(Elf64_Ehdr), .e_ehsize = sizeof(Elf64_Ehdr),
			.e_phentsize = sizeof(Elf64_Phdr) }.e_type, sizeof(Elf64_Ehdr) - EI_NIDENT);
	memcpy(e->b + ELF_CODE, code, len);
	if (machine != EM_386)
		e->b[ELF_CODE + (elf_code_base - elf_code)] = base;
	e->size = 0x1000;
	e->at = ELF_NOTES;
	elf_add(e, PT_LOAD, 0, 0x1000, 0x1000);
	if (cls32)
		((Elf32_Phdr *)(e->b + sizeof(Elf32_Ehdr)))->p_flags = PF_R | PF_X;
	else
		((Elf64_Phdr *)(e->b + sizeof(Elf64_Ehdr)))->p_flags = PF_R | PF_X;
}

/* the bytes of one note, padded to @align; returns where they end */
static inline size_t elf_note(struct elf *e, const char *name, uint32_t namesz, uint32_t type,
			      const void *desc, uint32_t descsz, size_t align)
{
	Elf64_Nhdr nh = { namesz, descsz, type };
	size_t p = e->at;

	memcpy(e->b + p, &nh, sizeof(nh));
	p += sizeof(nh);
	memcpy(e->b + p, name, strlen(name) + 1);
	p = (p + namesz + align - 1) / align * align;
	if (desc)
		memcpy(e->b + p, desc, descsz);
	p = (p + descsz + align - 1) / align * align;
	e->at = p;
	if (p > e->size)
		e->size = p;
	return p;
}

/* an XSC note of this version and these flags */
static inline size_t elf_xsc(struct elf *e, uint32_t abi, uint32_t flags)
{
	struct xsc_note_abi desc = { abi, flags };

	return elf_note(e, "XSC", 4, XSC_NOTE_ABI, &desc, sizeof(desc), 4);
}

/* a PT_NOTE over what was written since @from */
static inline void elf_segment(struct elf *e, size_t from)
{
	elf_add(e, PT_NOTE, from, e->at - from, 4);
}

/* write it; 0 or -1 */
static inline int elf_write(const struct elf *e, const char *path, int mode)
{
	int fd;
	ssize_t n;

	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
	if (fd < 0)
		return -1;
	n = write(fd, e->b, e->size);
	fchmod(fd, mode);
	close(fd);
	return n == (ssize_t)e->size ? 0 : -1;
}

/* put PT_INTERP in front of everything; the path lies behind the notes */
static inline void elf_interp(struct elf *e, const char *path)
{
	size_t len = strlen(path) + 1, at = 0xc00;

	memcpy(e->b + at, path, len);
	elf_add(e, PT_INTERP, at, len, 1);
}

#endif /* XSC_ELF_MAKE_H */

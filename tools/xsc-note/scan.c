// SPDX-License-Identifier: MIT
/*
 * scan.c - finding system-call instructions in a file
 *
 * A linear sweep over each executable section, set right again at every
 * function symbol, as objdump does.  A section without one of the three byte
 * pairs cannot hold the instruction, and is not disassembled at all.
 *
 * The decoder is Zydis: a library with complete tables (AVX-512, AMX, CET),
 * no allocations and no text formatting on this path.
 */
#include "scan.h"

#include <Zydis/Zydis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const xsc_insn_name[] = {
	[XSC_INSN_SYSCALL]	= "syscall",
	[XSC_INSN_SYSENTER]	= "sysenter",
	[XSC_INSN_INT80]	= "int $0x80",
};

/**
 * struct region - a piece of the file that becomes executable memory
 * @name:	for messages
 * @offset:	in the file
 * @addr:	in memory
 * @size:	in both
 */
struct region {
	const char	*name;
	uint64_t	offset;
	uint64_t	addr;
	uint64_t	size;
};

struct symbol {
	uint64_t	addr;
	const char	*name;
	bool		func;
};

struct scan {
	const struct elf_image	*elf;
	ZydisDecoder		decoder;
	struct symbol		*syms;
	size_t			nr_syms;
	bool			pairs;
	int			found;
	xsc_hit_fn		fn;
	void			*arg;
};

static int by_addr(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	if (x->addr != y->addr)
		return x->addr < y->addr ? -1 : 1;
	/* A function's own name comes last, where the search finds it. */
	return x->func - y->func;
}

static void add_table(struct scan *sc, const Elf64_Shdr *tab)
{
	const struct elf_image *elf = sc->elf;
	Elf64_Shdr strtab;
	Elf64_Sym sym;
	uint64_t i, n;
	struct symbol *p;
	unsigned int type;

	if (tab->sh_link >= elf->shnum ||
	    !elf_image_has(elf, tab->sh_offset, tab->sh_size))
		return;
	elf_image_shdr(elf, tab->sh_link, &strtab);
	n = tab->sh_size / sizeof(sym);
	p = realloc(sc->syms, (sc->nr_syms + n + 1) * sizeof(*p));
	if (!p)
		return;
	sc->syms = p;
	for (i = 0; i < n; i++) {
		memcpy(&sym, elf->data + tab->sh_offset + i * sizeof(sym),
		       sizeof(sym));
		type = ELF64_ST_TYPE(sym.st_info);
		if (sym.st_shndx == SHN_UNDEF || sym.st_shndx >= SHN_LORESERVE)
			continue;
		if (type != STT_FUNC && type != STT_GNU_IFUNC &&
		    type != STT_NOTYPE && type != STT_OBJECT)
			continue;
		p = &sc->syms[sc->nr_syms];
		p->addr = sym.st_value;
		p->name = elf_image_string(elf, &strtab, sym.st_name);
		p->func = type == STT_FUNC || type == STT_GNU_IFUNC;
		if (*p->name)
			sc->nr_syms++;
	}
}

/* .symtab if it is there, else .dynsym */
static void read_symbols(struct scan *sc)
{
	static const uint32_t types[] = { SHT_SYMTAB, SHT_DYNSYM };
	Elf64_Shdr sh;
	unsigned int t, i;

	for (t = 0; t < 2 && !sc->nr_syms; t++)
		for (i = 0; i < sc->elf->shnum; i++) {
			elf_image_shdr(sc->elf, i, &sh);
			if (sh.sh_type == types[t])
				add_table(sc, &sh);
		}
	if (sc->nr_syms)
		qsort(sc->syms, sc->nr_syms, sizeof(*sc->syms), by_addr);
}

/* index of the first symbol above @addr */
static size_t symbol_above(const struct scan *sc, uint64_t addr)
{
	size_t lo = 0, hi = sc->nr_syms, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (sc->syms[mid].addr <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static int pair_at(const unsigned char *p)
{
	if (p[0] == 0x0f && p[1] == 0x05)
		return XSC_INSN_SYSCALL;
	if (p[0] == 0x0f && p[1] == 0x34)
		return XSC_INSN_SYSENTER;
	if (p[0] == 0xcd && p[1] == 0x80)
		return XSC_INSN_INT80;
	return -1;
}

static void report(struct scan *sc, const struct region *r, uint64_t pos,
		   enum xsc_insn insn, bool at_boundary)
{
	struct xsc_hit hit = {
		.insn = insn,
		.at_boundary = at_boundary,
		.addr = r->addr + pos,
		.offset = r->offset + pos,
		.where = r->name,
		.where_off = pos,
		.symbol = "",
	};
	size_t i = symbol_above(sc, hit.addr);

	if (i && sc->syms[i - 1].addr >= r->addr) {
		hit.symbol = sc->syms[i - 1].name;
		hit.symbol_off = hit.addr - sc->syms[i - 1].addr;
	}
	sc->found++;
	sc->fn(&hit, sc->arg);
}

/* position of the next byte pair at or behind @pos, or the region's size */
static uint64_t next_pair(const unsigned char *code, const struct region *r,
			  uint64_t pos)
{
	for (; pos + 1 < r->size; pos++)
		if (pair_at(code + pos) >= 0)
			return pos;
	return r->size;
}

static void scan_region(struct scan *sc, const struct region *r)
{
	const unsigned char *code = sc->elf->data + r->offset;
	size_t sym = symbol_above(sc, r->addr);
	ZydisDecodedInstruction insn;
	uint64_t pos = 0, len, pair;
	bool ok, is;

	pair = next_pair(code, r, 0);
	while (pos < r->size && pair < r->size) {
		ok = ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&sc->decoder,
					NULL, code + pos, r->size - pos,
					&insn));
		len = ok && insn.length ? insn.length : 1;
		while (sym < sc->nr_syms &&
		       (!sc->syms[sym].func ||
			sc->syms[sym].addr <= r->addr + pos))
			sym++;
		if (sym < sc->nr_syms &&
		    sc->syms[sym].addr - r->addr - pos < len) {
			len = sc->syms[sym].addr - r->addr - pos;
			ok = false;
		}
		/* The pair ends an instruction that is just that, prefixed. */
		for (; pair < pos + len; pair = next_pair(code, r, pair + 1)) {
			is = ok && pair + 2 == pos + len &&
			     (insn.mnemonic == ZYDIS_MNEMONIC_SYSCALL ||
			      insn.mnemonic == ZYDIS_MNEMONIC_SYSENTER ||
			      insn.mnemonic == ZYDIS_MNEMONIC_INT);
			if (is || sc->pairs)
				report(sc, r, pair, pair_at(code + pair), is);
		}
		pos += len;
	}
}

static bool region_ok(const struct scan *sc, const struct region *r)
{
	return r->size && elf_image_has(sc->elf, r->offset, r->size);
}

/* Returns the number of regions. */
static int scan_sections(struct scan *sc)
{
	const struct elf_image *elf = sc->elf;
	Elf64_Shdr sh, names = { 0 };
	struct region r;
	unsigned int i;
	int n = 0;

	if (elf->shstrndx < elf->shnum)
		elf_image_shdr(elf, elf->shstrndx, &names);
	for (i = 0; i < elf->shnum; i++) {
		elf_image_shdr(elf, i, &sh);
		if (!(sh.sh_flags & SHF_EXECINSTR) || sh.sh_type == SHT_NOBITS)
			continue;
		r.name = elf_image_string(elf, &names, sh.sh_name);
		r.offset = sh.sh_offset;
		r.addr = sh.sh_addr;
		r.size = sh.sh_size;
		if (!region_ok(sc, &r))
			continue;
		scan_region(sc, &r);
		n++;
	}
	return n;
}

static void scan_segments(struct scan *sc)
{
	struct region r;
	Elf64_Phdr ph;
	unsigned int i;
	char name[32];

	for (i = 0; i < sc->elf->phnum; i++) {
		elf_image_phdr(sc->elf, i, &ph);
		if (ph.p_type != PT_LOAD || !(ph.p_flags & PF_X))
			continue;
		snprintf(name, sizeof(name), "segment %u", i);
		r.name = name;
		r.offset = ph.p_offset;
		r.addr = ph.p_vaddr;
		r.size = ph.p_filesz;
		if (region_ok(sc, &r))
			scan_region(sc, &r);
	}
}

/**
 * xsc_scan() - find the system-call instructions of an x86-64 file
 * @elf:	the file
 * @pairs:	report every byte pair, also where no instruction starts
 * @fn:		called for each hit; its strings live until it returns
 * @arg:	for @fn
 *
 * Executable sections are scanned, or the executable segments of a file that
 * has no such sections.
 *
 * Return: how many hits there were
 */
int xsc_scan(const struct elf_image *elf, bool pairs, xsc_hit_fn fn,
	     void *arg)
{
	struct scan sc = { .elf = elf, .pairs = pairs, .fn = fn, .arg = arg };

	ZydisDecoderInit(&sc.decoder, ZYDIS_MACHINE_MODE_LONG_64,
			 ZYDIS_STACK_WIDTH_64);
	read_symbols(&sc);
	if (!scan_sections(&sc))
		scan_segments(&sc);
	free(sc.syms);
	return sc.found;
}

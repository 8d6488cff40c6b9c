/* SPDX-License-Identifier: MIT */
/*
 * scan.h - finding system-call instructions in a file
 */
#ifndef XSC_SCAN_H
#define XSC_SCAN_H

#include "elf-image.h"

enum xsc_insn {
	XSC_INSN_SYSCALL,	/* 0f 05 */
	XSC_INSN_SYSENTER,	/* 0f 34 */
	XSC_INSN_INT80,		/* cd 80 */
};

/**
 * struct xsc_hit - one system-call instruction, or one byte pair of it
 * @insn:	which one
 * @at_boundary: disassembly reaches it; else the two bytes lie inside another
 *		instruction, or in data among the code
 * @addr:	virtual address of the two bytes
 * @offset:	file offset of them
 * @where:	section, or "segment N"
 * @where_off:	offset in it
 * @symbol:	the nearest symbol before it, or ""
 * @symbol_off:	offset from that
 */
struct xsc_hit {
	enum xsc_insn	insn;
	bool		at_boundary;
	uint64_t	addr;
	uint64_t	offset;
	const char	*where;
	uint64_t	where_off;
	const char	*symbol;
	uint64_t	symbol_off;
};

typedef void (*xsc_hit_fn)(const struct xsc_hit *hit, void *arg);

extern const char *const xsc_insn_name[];

int xsc_scan(const struct elf_image *elf, bool pairs, xsc_hit_fn fn,
	     void *arg);

#endif /* XSC_SCAN_H */

// SPDX-License-Identifier: MIT
/*
 * note-object.c - the XSC note as a section, linked into all that xsc-cc links
 */
#include <elf.h>

#include "xsc_uapi.h"

static const struct {
	Elf64_Nhdr		hdr;
	char			name[sizeof(XSC_NOTE_NAME)];
	struct xsc_note_abi	abi;
} xsc_note __attribute__((section(".note.XSC"), used, aligned(4))) = {
	.hdr = {
		.n_namesz = sizeof(XSC_NOTE_NAME),
		.n_descsz = sizeof(struct xsc_note_abi),
		.n_type = XSC_NOTE_ABI,
	},
	.name = XSC_NOTE_NAME,
	.abi = { .abi = XSC_ABI },
};

_Static_assert(sizeof(xsc_note) == 24, "the parts of the note have no gaps");

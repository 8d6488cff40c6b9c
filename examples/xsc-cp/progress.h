/* SPDX-License-Identifier: MIT */
/*
 * progress.h - a bar on standard error
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdint.h>

/* What will come. */
void progress_expect(uint64_t files, uint64_t bytes);
/* From here on the bar is shown. */
void progress_begin(void);
/* What is done. */
void progress_add(uint64_t files, uint64_t bytes);
/* Draw it, ten times a second at most. */
void progress_show(void);
/* Make room for a line of text. */
void progress_hide(void);
void progress_end(void);

#endif /* PROGRESS_H */

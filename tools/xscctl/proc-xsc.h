/* SPDX-License-Identifier: MIT */
/*
 * proc-xsc.h - the text of /proc/PID/xsc
 *
 *	xsc:	1
 *	inherit:	0
 *	entries:	1234
 *	traps:	0
 *	direct:	fs=10 net=0 ...
 *	batch:	fs=0 ...
 *
 * A value with a "name=number" pair in it counts ops of one way in, by
 * family.  Ways, families and further plain keys may come and go.
 */
#ifndef XSC_PROC_XSC_H
#define XSC_PROC_XSC_H

#include <stdbool.h>
#include <stdint.h>

#define PROC_XSC_WAYS		8
#define PROC_XSC_FAMILIES	32
#define PROC_XSC_NAME		24

/**
 * struct proc_xsc - what the file says
 * @xsc:	it is an XSC process
 * @inherit:	XSC_PR_INHERIT is set
 * @entries:	kernel entries
 * @traps:	trapped attempts
 * @nr_ways:	ways in that were named
 * @nr_families: families that were named, by any of them
 * @way:	names of the ways in
 * @family:	names of the families
 * @ops:	ops by way and family
 */
struct proc_xsc {
	bool		xsc;
	bool		inherit;
	uint64_t	entries;
	uint64_t	traps;
	unsigned int	nr_ways;
	unsigned int	nr_families;
	char		way[PROC_XSC_WAYS][PROC_XSC_NAME];
	char		family[PROC_XSC_FAMILIES][PROC_XSC_NAME];
	uint64_t	ops[PROC_XSC_WAYS][PROC_XSC_FAMILIES];
};

int proc_xsc_parse(struct proc_xsc *px, const char *text);
uint64_t proc_xsc_way_total(const struct proc_xsc *px, unsigned int way);
uint64_t proc_xsc_family_total(const struct proc_xsc *px, unsigned int family);
uint64_t proc_xsc_total(const struct proc_xsc *px);

#endif /* XSC_PROC_XSC_H */

// SPDX-License-Identifier: MIT
/*
 * proc-xsc-parse.c - the text of /proc/PID/xsc is read, strictly where it
 * matters and openly where it may grow
 */
#include <string.h>

#include "proc-xsc.h"
#include "tap.h"

static const char full[] =
"xsc:\t1\n"
"inherit:\t1\n"
"entries:\t1234\n"
"traps:\t2\n"
"direct:\tfs=10 net=0 timer=3 sync=18446744073709551615\n"
"batch:\tfs=5 net=1\n"
"ring:\tfs=0 novel=7\n";

static int line_of(const char *text)
{
	struct proc_xsc px;

	return proc_xsc_parse(&px, text);
}

static int family(const struct proc_xsc *px, const char *name)
{
	unsigned int i;

	for (i = 0; i < px->nr_families; i++)
		if (!strcmp(px->family[i], name))
			return i;
	return -1;
}

int main(void)
{
	struct proc_xsc px;
	char many[4096] = "xsc:\t1\ndirect:\t";
	char word[16];
	int i;

	tap_ok(!proc_xsc_parse(&px, full), "the whole file is read");
	tap_ok(px.xsc && px.inherit && px.entries == 1234 && px.traps == 2,
	       "plain numbers");
	tap_ok(px.nr_ways == 3 && !strcmp(px.way[0], "direct") &&
	       !strcmp(px.way[2], "ring"), "ways in, in their order");
	tap_ok(family(&px, "fs") == 0 && family(&px, "novel") >= 0 &&
	       px.nr_families == 5, "families, also new ones");
	tap_ok(px.ops[0][0] == 10 && px.ops[1][0] == 5 &&
	       px.ops[2][family(&px, "novel")] == 7, "ops by way and family");
	tap_ok(proc_xsc_family_total(&px, 0) == 15 &&
	       proc_xsc_way_total(&px, 1) == 6, "totals");
	tap_ok(px.ops[0][3] == UINT64_MAX, "the largest number");

	tap_ok(!proc_xsc_parse(&px, "xsc:\t0\n") && !px.xsc && !px.nr_ways,
	       "a legacy process");
	tap_ok(!proc_xsc_parse(&px, "xsc:\t1\nbirth:\tsome text\n") && px.xsc,
	       "an unknown key is no error");
	tap_ok(!line_of("xsc:\t1"), "no newline at the end");

	tap_ok(line_of("") == 1, "empty: line 1");
	tap_ok(line_of("entries:\t1\n") == 1, "does not start with xsc: line 1");
	tap_ok(line_of("xsc:\tyes\n") == 1, "xsc is no number: line 1");
	tap_ok(line_of("xsc:\t1\nnonsense\n") == 2, "no colon: line 2");
	tap_ok(line_of("xsc:\t1\nentries:\t-1\n") == 2, "negative: line 2");
	tap_ok(line_of("xsc:\t1\nentries:\t18446744073709551616\n") == 2,
	       "too large: line 2");
	tap_ok(line_of("xsc:\t1\n\ndirect:\tfs=\n") == 3, "no count: line 3");
	tap_ok(line_of("xsc:\t1\ndirect:\tfs=1 net\n") == 2,
	       "no equals sign: line 2");
	tap_ok(line_of("xsc:\t1\ndirect:\t=1\n") == 2, "no name: line 2");
	tap_ok(line_of("xsc:\t1\ndirect:\taaaaaaaaaaaaaaaaaaaaaaaaaaaaaa=1\n") ==
	       2, "a name too long: line 2");

	for (i = 0; i <= PROC_XSC_FAMILIES; i++) {
		snprintf(word, sizeof(word), "f%d=1 ", i);
		strcat(many, word);
	}
	tap_ok(line_of(many) == 2, "more families than fit: line 2");
	strcpy(many, "xsc:\t1\n");
	for (i = 0; i <= PROC_XSC_WAYS; i++) {
		snprintf(word, sizeof(word), "w%d:\tfs=1\n", i);
		strcat(many, word);
	}
	tap_ok(line_of(many) == 2 + PROC_XSC_WAYS, "more ways than fit");
	return tap_done();
}

// SPDX-License-Identifier: MIT
/*
 * xscctl.c - show and set the state of XSC
 */
#include <ctype.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "proc-xsc.h"
#include "xsc_uapi.h"

enum {
	EXIT_OK		= 0,
	EXIT_NO_XSC	= 1,	/* the kernel has no XSC */
	EXIT_NO_PROCESS	= 2,	/* no such process, or it may not be seen */
	EXIT_TROUBLE	= 3,	/* anything else, usage too */
};

static const char usage[] =
"Usage: xscctl [OPTION]... COMMAND\n"
"\n"
"Commands:\n"
"  status                 what the kernel offers and how it is set\n"
"  status PID             one process: its ops by family and way in, its\n"
"                         kernel entries, its trapped attempts\n"
"  policy                 print the policy for legacy binaries\n"
"  policy off|audit|enforce\n"
"                         set it: they run; they run and are recorded; they\n"
"                         are refused\n"
"  ps                     list the XSC processes\n"
"\n"
"Options:\n"
"      --root=DIR  look for /proc, /sys and /dev under DIR\n"
"  -h, --help      print this and exit\n"
"  -V, --version   print the version and exit\n"
"\n"
"Exit status: 0 good; 1 the kernel has no XSC; 2 no such process; 3 anything\n"
"else.\n";

static const struct {
	const char	*name;
	const char	*meaning;
} policies[] = {
	[XSC_POLICY_OFF]	= { "off", "legacy binaries run" },
	[XSC_POLICY_AUDIT]	= { "audit",
				    "legacy binaries run and are recorded" },
	[XSC_POLICY_ENFORCE]	= { "enforce", "legacy binaries are refused" },
};

#define NR_POLICIES	(sizeof(policies) / sizeof(*policies))

static const char *root = "";

#define POLICY_PATH	"/proc/sys/kernel/xsc/exec_policy"
#define PREFIX_PATH	"/proc/sys/kernel/xsc/interp_prefix"

/* Open a file under the root. */
static int __attribute__((format(printf, 2, 3)))
open_at_root(int flags, const char *fmt, ...)
{
	char path[4096];
	int n = snprintf(path, sizeof(path), "%s", root);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path + n, sizeof(path) - n, fmt, ap);
	va_end(ap);
	return open(path, flags | O_CLOEXEC);
}

/* Read a small text file and close it; negative on failure, errno is set. */
static int slurp(int fd, char *buf, size_t size)
{
	size_t len = 0;
	ssize_t n;
	int saved;

	if (fd < 0)
		return -1;
	while ((n = read(fd, buf + len, size - 1 - len)) > 0)
		len += n;
	saved = errno;
	close(fd);
	errno = saved;
	buf[len] = 0;
	return n < 0 ? -1 : 0;
}

static bool exists(const char *path)
{
	int fd = open_at_root(O_PATH, "%s", path);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static int no_xsc(void)
{
	warnx("this kernel has no XSC; boot an XSC kernel, for instance with ./xsc-vm");
	return EXIT_NO_XSC;
}

/* The policy's number, or -1. */
static int read_policy(void)
{
	char buf[32];
	int n;

	if (slurp(open_at_root(O_RDONLY, POLICY_PATH), buf, sizeof(buf)))
		return -1;
	n = atoi(buf);
	return n >= 0 && (size_t)n < NR_POLICIES ? n : -1;
}

/*
 * Read and parse /proc/PID/xsc.  With @quiet, for walking /proc, where
 * processes come and go, a failure prints nothing.
 */
static int read_proc(struct proc_xsc *px, const char *pid, bool quiet)
{
	char text[8192];
	int line;

	if (slurp(open_at_root(O_RDONLY, "/proc/%s/xsc", pid), text,
		  sizeof(text))) {
		int saved = errno;

		if (quiet)
			return EXIT_NO_PROCESS;
		if (saved == EACCES || saved == EPERM) {
			warnx("process %s: you may not look at it; try as root",
			      pid);
			return EXIT_NO_PROCESS;
		}
		if (!exists(POLICY_PATH))
			return no_xsc();
		warnx("process %s: no such process", pid);
		return EXIT_NO_PROCESS;
	}
	line = proc_xsc_parse(px, text);
	if (line) {
		if (!quiet)
			warnx("/proc/%s/xsc: line %d makes no sense; do xscctl and the kernel belong together?",
			      pid, line);
		return EXIT_TROUBLE;
	}
	return EXIT_OK;
}

/* Names are the process's own choice: keep them off the terminal's state. */
static void read_comm(const char *pid, char *comm, size_t size)
{
	char *p;

	if (slurp(open_at_root(O_RDONLY, "/proc/%s/comm", pid), comm, size))
		snprintf(comm, size, "?");
	comm[strcspn(comm, "\n")] = 0;
	for (p = comm; *p; p++)
		if (iscntrl((unsigned char)*p))
			*p = '?';
}

static bool is_pid(const char *s)
{
	return *s && strspn(s, "0123456789") == strlen(s) && strlen(s) < 11;
}

/* Call @fn for each XSC process; returns how many there are, or -1. */
static int for_each_xsc(void (*fn)(const char *pid, const struct proc_xsc *px))
{
	int fd = open_at_root(O_RDONLY | O_DIRECTORY, "/proc"), n = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct proc_xsc px;
	struct dirent *de;

	if (!dir) {
		warn("/proc");
		return -1;
	}
	while ((de = readdir(dir))) {
		if (!is_pid(de->d_name) || read_proc(&px, de->d_name, true) ||
		    !px.xsc)
			continue;
		if (fn)
			fn(de->d_name, &px);
		n++;
	}
	closedir(dir);
	return n;
}

static const char *module_state(void)
{
	char buf[65536];

	if (!slurp(open_at_root(O_RDONLY, "/proc/modules"), buf,
		   sizeof(buf)) &&
	    (!strncmp(buf, "xsc ", 4) || strstr(buf, "\nxsc ")))
		return "loaded as a module";
	if (exists("/dev/xsc"))
		return "built into the kernel";
	return "not loaded (modprobe xsc)";
}

static int status_system(void)
{
	int policy = read_policy(), st, nr;
	char prefix[4096] = "";
	struct utsname uts;

	if (policy < 0 && !exists(POLICY_PATH))
		return no_xsc();
	uname(&uts);
	printf("%-16s %s\n", "kernel", uts.release);
	printf("%-16s %s\n", "rings", module_state());
	printf("%-16s %s\n", "/dev/xsc", exists("/dev/xsc") ? "there" :
							      "not there");
	if (policy < 0)
		printf("%-16s %s\n", "policy", "unknown");
	else
		printf("%-16s %s: %s\n", "policy", policies[policy].name,
		       policies[policy].meaning);
	if (!slurp(open_at_root(O_RDONLY, PREFIX_PATH), prefix,
		   sizeof(prefix)))
		prefix[strcspn(prefix, "\n")] = 0;
	printf("%-16s %s\n", "loader prefix", *prefix ? prefix : "none");
	st = prctl(PR_XSC, XSC_PR_GET, 0, 0, 0);
	if (st >= 0)
		printf("%-16s %s%s\n", "this process",
		       st & XSC_ST_ACTIVE ? "XSC" : "legacy",
		       st & XSC_ST_INHERIT ? ", inherit set" : "");
	nr = for_each_xsc(NULL);
	if (nr >= 0)
		printf("%-16s %d\n", "XSC processes", nr);
	return EXIT_OK;
}

static void print_ops(const struct proc_xsc *px)
{
	unsigned int w, f;

	printf("\n%-16s", "ops by family");
	for (w = 0; w < px->nr_ways; w++)
		printf(" %12s", px->way[w]);
	printf(" %12s\n", "total");
	for (f = 0; f < px->nr_families; f++) {
		if (!proc_xsc_family_total(px, f))
			continue;
		printf("%-16s", px->family[f]);
		for (w = 0; w < px->nr_ways; w++)
			printf(" %12" PRIu64, px->ops[w][f]);
		printf(" %12" PRIu64 "\n", proc_xsc_family_total(px, f));
	}
	printf("%-16s", "total");
	for (w = 0; w < px->nr_ways; w++)
		printf(" %12" PRIu64, proc_xsc_way_total(px, w));
	printf(" %12" PRIu64 "\n", proc_xsc_total(px));
}

static int status_process(const char *pid)
{
	struct proc_xsc px;
	char comm[64];
	int ret;

	if (strcmp(pid, "self") && !is_pid(pid)) {
		warnx("'%s' is not a process ID", pid);
		return EXIT_TROUBLE;
	}
	ret = read_proc(&px, pid, false);
	if (ret)
		return ret;
	read_comm(pid, comm, sizeof(comm));
	printf("%-16s %s (%s)\n", "process", pid, comm);
	printf("%-16s %s\n", "kind", px.xsc ? "XSC" : "legacy");
	printf("%-16s %s\n", "inherit", px.inherit ? "set" : "not set");
	if (!px.xsc && !px.nr_ways)
		return EXIT_OK;
	printf("%-16s %" PRIu64 "\n", "kernel entries", px.entries);
	printf("%-16s %" PRIu64 "\n", "trapped", px.traps);
	print_ops(&px);
	return EXIT_OK;
}

static int cmd_status(int argc, char **argv)
{
	return argc ? status_process(argv[0]) : status_system();
}

static int cmd_policy(int argc, char **argv)
{
	int policy = read_policy(), fd;
	char digit[2] = "";
	size_t i;

	if (policy < 0 && !exists(POLICY_PATH))
		return no_xsc();
	if (!argc) {
		if (policy < 0) {
			warnx(POLICY_PATH ": an unknown policy");
			return EXIT_TROUBLE;
		}
		puts(policies[policy].name);
		return EXIT_OK;
	}
	for (i = 0; i < NR_POLICIES; i++)
		if (!strcmp(argv[0], policies[i].name))
			digit[0] = '0' + i;
	if (!*digit) {
		warnx("no policy '%s': it is off, audit or enforce", argv[0]);
		return EXIT_TROUBLE;
	}
	fd = open_at_root(O_WRONLY, POLICY_PATH);
	if (fd < 0 || write(fd, digit, 1) != 1) {
		warn("cannot set the policy to %s", argv[0]);
		return EXIT_TROUBLE;
	}
	close(fd);
	return EXIT_OK;
}

static void print_ps(const char *pid, const struct proc_xsc *px)
{
	char comm[64];

	read_comm(pid, comm, sizeof(comm));
	printf("%7s %12" PRIu64 " %12" PRIu64 " %6" PRIu64 " %s\n", pid,
	       proc_xsc_total(px), px->entries, px->traps, comm);
}

static int cmd_ps(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	if (!exists(POLICY_PATH))
		return no_xsc();
	printf("%7s %12s %12s %6s %s\n", "PID", "OPS", "ENTRIES", "TRAPS",
	       "COMMAND");
	return for_each_xsc(print_ps) < 0 ? EXIT_TROUBLE : EXIT_OK;
}

static const struct command {
	const char	*name;
	int		max_args;
	int		(*run)(int argc, char **argv);
} commands[] = {
	{ "status",	1, cmd_status },
	{ "policy",	1, cmd_policy },
	{ "ps",		0, cmd_ps },
};

static int bad_usage(void)
{
	fputs("Try 'xscctl --help' for more.\n", stderr);
	return EXIT_TROUBLE;
}

int main(int argc, char **argv)
{
	static const struct option longopts[] = {
		{ "root",	required_argument,	NULL, 'r' },
		{ "help",	no_argument,		NULL, 'h' },
		{ "version",	no_argument,		NULL, 'V' },
		{ }
	};
	int c, ret;
	size_t i;

	while ((c = getopt_long(argc, argv, "hV", longopts, NULL)) != -1) {
		switch (c) {
		case 'r':
			root = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			return EXIT_OK;
		case 'V':
			puts("xscctl (XSC) " XSC_VERSION);
			return EXIT_OK;
		default:
			return bad_usage();
		}
	}
	argc -= optind;
	argv += optind;
	if (!argc) {
		warnx("no command given");
		return bad_usage();
	}
	for (i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		if (strcmp(argv[0], commands[i].name))
			continue;
		if (argc - 1 > commands[i].max_args) {
			warnx("%s: too many arguments", argv[0]);
			return bad_usage();
		}
		ret = commands[i].run(argc - 1, argv + 1);
		if (fflush(stdout) || ferror(stdout)) {
			warn("standard output");
			return EXIT_TROUBLE;
		}
		return ret;
	}
	warnx("unknown command '%s'", argv[0]);
	return bad_usage();
}

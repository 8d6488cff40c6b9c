/* SPDX-License-Identifier: MIT */
/*
 * witness.h - what others see of a process: /proc/PID/xsc, tracepoints, audit
 */
#ifndef XSC_WITNESS_H
#define XSC_WITNESS_H

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- /proc/PID/xsc ------------------------------------------------------------ */

static inline long witness_read(const char *path, char *buf, unsigned long size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	unsigned long len = 0;
	long n;

	buf[0] = 0;
	if (fd < 0)
		return -1;
	while (len < size - 1 && (n = read(fd, buf + len, size - 1 - len)) > 0)
		len += n;
	buf[len] = 0;
	close(fd);
	return len;
}

/*
 * proc_xsc() - one number of /proc/PID/xsc, or -1
 * @pid:	0 for this process
 * @line:	"traps", "entries", "direct"...
 * @key:	the family in a line of several, else NULL
 */
static inline long proc_xsc(int pid, const char *line, const char *key)
{
	char path[64], text[2048], word[64], *p, *end;

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/xsc", pid);
	else
		snprintf(path, sizeof(path), "/proc/self/xsc");
	if (witness_read(path, text, sizeof(text)) < 0)
		return -1;
	snprintf(word, sizeof(word), "%s:\t", line);
	p = strstr(text, word);
	if (!p)
		return -1;
	p += strlen(word);
	end = strchr(p, '\n');
	if (end)
		*end = 0;
	if (key) {
		snprintf(word, sizeof(word), "%s=", key);
		p = strstr(p, word);
		if (!p)
			return -1;
		p += strlen(word);
	}
	return strtoul(p, NULL, 10);
}

/* --- tracepoints ---------------------------------------------------------------- */

/**
 * struct trace - one recorded event
 * @event:	"xsc/xsc_trap"
 *
 * One buffer serves all tests, which run one after the other: an instance of
 * the tracer takes seconds to make and to unmake.
 */
struct trace {
	const char	*event;
};

#define TRACING	"/sys/kernel/tracing"

static inline int trace_put(const char *file, const char *text)
{
	char path[160];
	int fd;
	long n;

	snprintf(path, sizeof(path), TRACING "/%s", file);
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = write(fd, text, strlen(text));
	close(fd);
	return n > 0 ? 0 : -1;
}

/* trace_start() - empty the buffer and record an event; 0 or -1 */
static inline int trace_start(struct trace *t, const char *event)
{
	char file[96];

	t->event = event;
	trace_put("trace", "\n");
	snprintf(file, sizeof(file), "events/%s/enable", event);
	return trace_put(file, "1");
}

/* trace_text() - what was recorded so far; static, the first 256 KiB */
static inline char *trace_text(const struct trace *t)
{
	static char text[256 * 1024];

	witness_read(TRACING "/trace", text, sizeof(text));
	return text;
}

/* trace_count() - lines of @pid (0: of anyone) that hold @what */
static inline int trace_count(const struct trace *t, int pid, const char *what)
{
	char *line = trace_text(t), *next, who[16];
	int n = 0;

	snprintf(who, sizeof(who), "-%d ", pid);
	for (; line && *line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = 0;
		if (*line != '#' && (!pid || strstr(line, who)) && strstr(line, what))
			n++;
	}
	return n;
}

/* The event stays on: switching it patches code, which takes a second in the guest. */
static inline void trace_end(struct trace *t)
{
	(void)t;
}

/* --- audit -------------------------------------------------------------------------- */

/**
 * struct audit - a listener to the audit records
 * @fd:		its socket, negative when there is none
 */
struct audit {
	int	fd;
};

static inline int audit_enable(bool on)
{
	struct {
		struct nlmsghdr		h;
		struct audit_status	s;
	} msg;
	char ack[256];
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT), n;

	memset(&msg, 0, sizeof(msg));
	msg.h.nlmsg_len = sizeof(msg);
	msg.h.nlmsg_type = AUDIT_SET;
	msg.h.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	msg.s.mask = AUDIT_STATUS_ENABLED;
	msg.s.enabled = on;
	n = sendto(fd, &msg, sizeof(msg), 0, NULL, 0);
	if (n > 0)
		n = recv(fd, ack, sizeof(ack), 0);
	close(fd);
	return n > 0 ? 0 : -1;
}

/* audit_start() - switch auditing on and listen; 0 or -1 */
static inline int audit_start(struct audit *a)
{
	struct sockaddr_nl addr;

	a->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT);
	memset(&addr, 0, sizeof(addr));
	addr.nl_family = AF_NETLINK;
	addr.nl_groups = 1;	/* AUDIT_NLGRP_READLOG */
	if (a->fd < 0 || bind(a->fd, (struct sockaddr *)&addr, sizeof(addr)))
		return -1;
	return audit_enable(true);
}

/*
 * audit_find() - wait for a record that holds all of @words, and forget the
 * ones before it; for @ms milliseconds at most
 */
static inline bool audit_find(struct audit *a, const char *const *words, int nr, int ms)
{
	static char rec[16 * 1024];
	struct pollfd pfd = { .fd = a->fd, .events = POLLIN };
	int i;

	while (poll(&pfd, 1, ms) > 0) {
		long n = recv(a->fd, rec, sizeof(rec) - 1, MSG_DONTWAIT);

		if (n <= (long)sizeof(struct nlmsghdr))
			continue;
		rec[n] = 0;
		for (i = 0; i < nr; i++)
			if (!strstr(rec + sizeof(struct nlmsghdr), words[i]))
				break;
		if (i == nr)
			return true;
	}
	return false;
}

static inline void audit_end(struct audit *a)
{
	audit_enable(false);
	close(a->fd);
}

/* --- modules ------------------------------------------------------------------------- */

/*
 * modprobe_off() - execve's ENOEXEC no longer asks for a binfmt module, which
 * costs a process each time
 */
static inline void modprobe_off(bool off)
{
	int fd = open("/proc/sys/kernel/modprobe", O_WRONLY | O_CLOEXEC);
	const char *path = off ? "\n" : "/sbin/modprobe\n";

	if (fd >= 0 && write(fd, path, strlen(path)) < 0)
		dprintf(1, "# cannot write /proc/sys/kernel/modprobe\n");
	close(fd);
}

#endif /* XSC_WITNESS_H */

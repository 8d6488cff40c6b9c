// SPDX-License-Identifier: MIT
/*
 * progress.c - a bar on standard error
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "progress.h"

static uint64_t all_files, all_bytes, files, bytes;
static double began, drawn;
static bool active, visible;

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

void progress_expect(uint64_t more_files, uint64_t more_bytes)
{
	all_files += more_files;
	all_bytes += more_bytes;
}

void progress_begin(void)
{
	active = true;
	began = now();
}

void progress_add(uint64_t more_files, uint64_t more_bytes)
{
	files += more_files;
	bytes += more_bytes;
}

static unsigned int columns(void)
{
	struct winsize w;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &w) || w.ws_col < 40 ? 80 : w.ws_col;
}

static const char *human(char *buf, size_t size, double n)
{
	const char *unit = "BKMGTPE";

	while (n >= 999.5 && unit[1]) {
		n /= 1024;
		unit++;
	}
	snprintf(buf, size, n < 9.95 && *unit != 'B' ? "%.1f%c" : "%.0f%c", n, *unit);
	return buf;
}

/* Bytes count, and a little each file, so that a tree of empty ones moves the bar as well. */
static double part(void)
{
	double all = (double)all_bytes + 4096.0 * (double)all_files;
	double done = (double)bytes + 4096.0 * (double)files;

	return all <= done ? 1 : done / all;
}

static void draw(double t)
{
	char text[128], a[16], b[16], c[16];
	unsigned int width = columns(), bar, full, i;
	int len;

	len = snprintf(text, sizeof(text), " %3.0f%% %" PRIu64 "/%" PRIu64 " files %s/%s %s/s", part() * 100, files,
		       all_files, human(a, sizeof(a), (double)bytes), human(b, sizeof(b), (double)all_bytes),
		       human(c, sizeof(c), t > began ? (double)bytes / (t - began) : 0));
	bar = width > (unsigned int)len + 12 ? width - (unsigned int)len - 3 : 9;
	full = (unsigned int)(part() * bar);
	fputs("\r[", stderr);
	for (i = 0; i < bar; i++)
		fputc(i < full ? '#' : '.', stderr);
	fprintf(stderr, "]%s\033[K", text);
	fflush(stderr);
	visible = true;
	drawn = t;
}

void progress_show(void)
{
	double t;

	if (!active)
		return;
	t = now();
	if (t - drawn >= 0.1)
		draw(t);
}

void progress_hide(void)
{
	if (visible)
		fputs("\r\033[K", stderr);
	visible = false;
}

void progress_end(void)
{
	if (!active)
		return;
	draw(now());
	fputc('\n', stderr);
	active = false;
	visible = false;
}

/* SPDX-License-Identifier: MIT */
/*
 * tap.h - results in TAP, for tests in the guest
 *
 * Nothing is buffered: what a test has said is there when the kernel dies.
 */
#ifndef XSC_GUEST_TAP_H
#define XSC_GUEST_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

static int tap_run, tap_failed;

/** tap_ok() - one result; returns @ok */
static bool __attribute__((format(printf, 2, 3), unused))
tap_ok(bool ok, const char *fmt, ...)
{
	char name[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(name, sizeof(name), fmt, ap);
	va_end(ap);
	dprintf(1, "%sok %d - %s\n", ok ? "" : "not ", ++tap_run, name);
	if (!ok)
		tap_failed++;
	return ok;
}

/** tap_is() - @got is to be @want; says what it was if not */
static bool __attribute__((format(printf, 3, 4), unused))
tap_is(long got, long want, const char *fmt, ...)
{
	char name[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(name, sizeof(name), fmt, ap);
	va_end(ap);
	if (tap_ok(got == want, "%s", name))
		return true;
	dprintf(1, "# got %ld (0x%lx), want %ld (0x%lx)\n", got, got, want, want);
	return false;
}

/** tap_skip() - not tested here, and why */
static void __attribute__((format(printf, 1, 2), unused))
tap_skip(const char *fmt, ...)
{
	char why[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	dprintf(1, "ok %d # SKIP %s\n", ++tap_run, why);
}

/** tap_done() - the plan; the exit status of the test */
static int __attribute__((unused)) tap_done(void)
{
	dprintf(1, "1..%d\n", tap_run);
	return tap_failed ? 1 : 0;
}

#endif /* XSC_GUEST_TAP_H */

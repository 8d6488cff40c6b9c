/* SPDX-License-Identifier: MIT */
/*
 * mini.h - a C library of a few pages, for tests that run as XSC processes
 *
 * A test must not depend on the XSC libc, which is tested elsewhere, and a
 * stamped program with the stock libc ends at its first call.  So mini.c has
 * what the tests need of the standard headers, and enters the kernel through
 * the gate when the process is an XSC process, else by a system-call
 * instruction of its own: one binary, stamped and unstamped, does the same.
 *
 * No TLS: errno belongs to all threads together, and threads are best served
 * by xsc_call() and sys(), which do not touch it.
 */
#ifndef XSC_MINI_H
#define XSC_MINI_H

#include <stdbool.h>
#include <xsc/gate.h>

/** mini_xsc - this is an XSC process */
extern bool mini_xsc;

/** mini_has_gate - the kernel has XSC */
extern bool mini_has_gate;

/** sys6() - enter the kernel; a value or a negative errno */
long sys6(long nr, long a, long b, long c, long d, long e, long f);

/* sys(nr, ...): the same with zero to six arguments, numbers or pointers */
#define sys(nr, ...)	XSC_DISPATCH(sys6, nr, ##__VA_ARGS__)

/**
 * struct thread - a thread of this process
 * @tid:	its number, 0 once it has ended
 */
struct thread {
	int	tid;
	int	id;
	void	*stack;
	void	(*fn)(void *arg);
	void	*arg;
};

/** thread_start() - run @fn(@arg) in a thread; 0 or a negative errno */
int thread_start(struct thread *t, void (*fn)(void *arg), void *arg);

/** thread_join() - wait until it has ended */
void thread_join(struct thread *t);

/** msleep() - sleep for that many milliseconds */
void msleep(unsigned int ms);

/** now_ms() - the monotonic clock in milliseconds */
unsigned long now_ms(void);

/** shared() - zeroed memory that a child shares with its parent */
void *shared(unsigned long size);

/**
 * wait_for() - wait for a child, for a minute at most: a slow machine is not a hang
 *
 * Return: its wait status; a child that hangs is killed, and the result is -1
 */
int wait_for(int pid);

/** read_file() - the content of a small file, NUL-terminated; its length or -1 */
long read_file(const char *path, char *buf, unsigned long size);

/** write_file() - write a string into a file that exists; 0 or -1 */
int write_file(const char *path, const char *text);

#endif /* XSC_MINI_H */

// SPDX-License-Identifier: MIT
/*
 * ring.c - libxsc-rt: the calls of <xsc/ring-calls.h> as a library
 *
 * One source for both, so that a program that has them inline and one that
 * links do the same.  There is no state here but the gate's address.
 */
#define XSC_RT
#define XSC_RING_CALL	__attribute__((visibility("default")))

#include <xsc/rt.h>
#include <xsc/ring-calls.h>

/* POSIX.1 `sigaction' call for Linux/x86-64.  XSC gate version.
   Copyright (C) 2001-2022 Free Software Foundation, Inc.
   This file is part of the GNU C Library.

   The GNU C Library is free software; you can redistribute it and/or
   modify it under the terms of the GNU Lesser General Public
   License as published by the Free Software Foundation; either
   version 2.1 of the License, or (at your option) any later version.

   The GNU C Library is distributed in the hope that it will be useful,
   but WITHOUT ANY WARRANTY; without even the implied warranty of
   MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the GNU
   Lesser General Public License for more details.

   You should have received a copy of the GNU Lesser General Public
   License along with the GNU C Library; if not, see
   <https://www.gnu.org/licenses/>.  */

#include <signal.h>
#include <xsc-gate.h>
#define SA_RESTORER 0x04000000

/* The kernel admits rt_sigreturn at this site of the gate alone.  The code
   there has the bytes by which unwinders and debuggers recognize a signal
   trampoline, and its own unwind information.  */
#define SET_SA_RESTORER(kact, act)			\
  (kact)->sa_flags = (act)->sa_flags | SA_RESTORER;	\
  (kact)->sa_restorer					\
    = (void (*) (void)) (XSC_GATE_ADDRESS + XSC_GATE_SIGRETURN)

#define RESET_SA_RESTORER(act, kact) 			\
  (act)->sa_restorer = (kact)->sa_restorer

#include <kernel_sigaction.h>

#include <sysdeps/unix/sysv/linux/libc_sigaction.c>

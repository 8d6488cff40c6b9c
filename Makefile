# XSC - see README.md.  "make" alone says what there is.
#
# The building is done by scripts that know themselves what is up to date, so
# every target here is phony and a second run does nothing again.

SHELL := /bin/bash
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

# $(call script,FILE) - run FILE, which another part of the project brings
script = if [ -x $(1) ]; then $(1) $(ARGS); else echo "$@: not available yet ($(1) is missing)" >&2; exit 2; fi

.PHONY: help
help:
	@echo 'make run             stock Debian programs with zero legacy system calls, side by side'
	@echo 'make check           all tests'
	@echo 'make bench           what an op costs, and what programs get out of it'
	@echo
	@echo 'make check-debug     the guest tests on the debug kernel (KASAN, lockdep, leaks)'
	@echo "make check-glibc     the C library: our tests, the ABI, glibc's own tests stock against XSC (hours)"
	@echo 'make check-apps      stock programs, legacy against XSC'
	@echo 'make check-security  the trap guard, the notes, the existing controls'
	@echo 'make check-vm        the tests of ./xsc-vm'
	@echo 'make fuzz            fuzzers: files a minute each, rings ten on the debug kernel'
	@echo 'make soak            30 minutes of fork, exec, threads and signals on the debug kernel'
	@echo
	@echo 'make setup           install the Debian packages that are missing'
	@echo 'make kernel          the guest kernel            build/kernel-main'
	@echo 'make kernel-plain    the same without XSC        build/kernel-plain'
	@echo 'make kernel-debug    with KASAN, lockdep         build/kernel-debug'
	@echo 'make glibc           the XSC C library           build/xsc-prefix'
	@echo 'make tools           xsc-note, xsc-cc, ...       build/tools-stage'
	@echo 'make image           the guest file system       build/guest.ext4'
	@echo 'make clean           remove build/ but for what was downloaded; distclean: all of it'
	@echo
	@echo 'ARGS="..." goes to the script behind run, check, bench and fuzz.  Logs: build/log.'
	@echo 'Then: ./xsc-vm --help'

# --- parts ------------------------------------------------------------------

.PHONY: setup kernel kernel-plain kernel-debug glibc tools image
setup:
	@tools/setup.sh

kernel:
	@tools/build-kernel.sh main

kernel-plain:
	@tools/build-kernel.sh plain

kernel-debug:
	@tools/build-kernel.sh debug

glibc:
	@$(call script,tools/build-glibc.sh)

tools:
	@$(call script,tools/build-tools.sh)

image:
	@tools/build-image.sh

# what a guest that can do its work is made of, in the order in which it fails soonest
.PHONY: guest guest-plain guest-debug
guest: setup image kernel
	@if [ -x tools/build-glibc.sh ]; then tools/build-glibc.sh; fi
	@if [ -x tools/build-tools.sh ]; then tools/build-tools.sh; fi

guest-plain: guest kernel-plain

guest-debug: guest kernel-debug

# --- main targets -----------------------------------------------------------

.PHONY: run check bench
run: guest
	@$(call script,tests/demo/run-demo)

check: guest
	@$(call script,tests/run-check)

bench: guest-plain
	@$(call script,bench/run-bench)

.PHONY: check-debug check-glibc check-apps check-security check-vm fuzz soak
check-debug: guest-debug
	@$(call script,tests/run-check-debug)

check-glibc: guest
	@rc=0; tests/glibc/run || rc=1; tests/glibc/abi || rc=1; tests/glibc/same-code || rc=1; tests/glibc/run-suite $(ARGS) || rc=1; exit $$rc

check-apps: guest
	@$(call script,tests/apps/run)

check-security: guest-plain
	@$(call script,tests/security/run)

check-vm: guest
	@$(call script,tests/guest-vm/run)

fuzz: guest-debug
	@$(call script,tests/fuzz/run)

soak: guest-debug
	@$(call script,tests/soak/run)

# what was downloaded stays
.PHONY: clean distclean
clean:
	find build -mindepth 1 -maxdepth 1 ! -name cache -exec rm -rf {} +

distclean:
	rm -rf build

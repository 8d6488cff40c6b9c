# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# xsc-run-exit.sh - exit statuses and messages of xsc-run
# shellcheck source=tests/unit/tap.sh
. "$UNIT/tap.sh"

ok "no program: 125" status 125 xsc-run
ok "unknown option: 125" status 125 xsc-run --frob true
ok "--help: 0" status 0 xsc-run --help
ok "--version: 0" status 0 xsc-run --version
if [ -e /proc/sys/kernel/xsc ]; then
	ok "the program's own status" status 7 xsc-run sh -c 'exit 7'
	ok "not found: 127" status 127 xsc-run ./no-such-program
	: >file
	ok "not executable: 126" status 126 xsc-run ./file
	ok "options behind the program are its own" status 0 xsc-run echo -v
else
	ok "a kernel without XSC: 125" status 125 xsc-run true
	ok "it says so, and what to do" grep -q 'no XSC; boot' err
fi
tap_done

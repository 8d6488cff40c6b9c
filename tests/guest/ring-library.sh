#!/bin/bash
# SPDX-License-Identifier: MIT
#
# ring-library.sh - a program with libxsc-rt does the same as legacy and as XSC process
. "$HERE/tap.bash"

cat >want <<'END'
4 ops, root, size known
nothing to read: Timer expired
read: 5, async
2 completions, then Resource temporarily unavailable
a registered buffer: 4, root
unregister: 0, then No such device or address
fsync of a pipe: Invalid argument
an hour, and a signal: Interrupted system call
without limit: Interrupted system call
a quiet op: Resource temporarily unavailable
a millisecond, polled: Timer expired, soon
END

# same NAME PROGRAM... - it says what it is and what is wanted
same() {
	local kind=$1
	shift
	"$@" >out 2>&1 || { cat out; return 1; }
	{ echo "$kind process" && cat want; } | diff - out
}

ok "the library is installed" test -e "/usr/lib/$(uname -m)-linux-gnu/libxsc-rt.so.1"
modprobe xsc
ok "an ordinary process" same legacy "$BIN/helper-rt"
if [ -e /usr/bin/xsc-run ] && [ -e /usr/lib/xsc/lib64/ld-linux-x86-64.so.2 ]; then
	ok "an XSC process" same xsc xsc-run "$BIN/helper-rt"
else
	skip "an XSC process" "the XSC libc is not installed"
fi
ok "a user without rights" same legacy setpriv --reuid 1000 --clear-groups "$BIN/helper-rt"
done_testing

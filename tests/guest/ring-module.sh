#!/bin/bash
# SPDX-License-Identifier: MIT
#
# ring-module.sh - xsc.ko cannot be unloaded while it is used, and can be afterwards
. "$HERE/tap.bash"

if ! modinfo xsc >/dev/null 2>&1; then
	skip "xsc.ko" "this kernel has none"
	done_testing
fi

loaded() { lsmod | grep -q '^xsc '; }
unloaded() { ! loaded; }

modprobe -r xsc
ok "unloaded" unloaded
ok "no /dev/xsc then" test ! -e /dev/xsc
ok "modprobe xsc" modprobe xsc
ok "/dev/xsc is there" test -c /dev/xsc
is "its mode" "$(stat -c %a /dev/xsc)" 666

# a legacy process that holds a ring
exec 7<>/dev/xsc
fails "rmmod while the device is open" rmmod xsc
ok "it is still loaded" loaded
exec 7>&-
ok "rmmod afterwards" rmmod xsc

# an XSC process that asks for a ring loads it
ok "an XSC process makes a ring: the module is loaded" "$BIN/helper-ring-holder" 0
ok "it is loaded" loaded

"$BIN/helper-ring-holder" 30 >holder.log &
holder=$!
for _ in $(seq 100); do
	grep -q ready holder.log && break
	sleep 0.1
done
fails "rmmod while an XSC process has a ring" rmmod xsc
kill $holder
wait $holder 2>/dev/null
ok "rmmod when it has ended" rmmod xsc

# a busy machine: load and unload against processes that make rings
for _ in 1 2 3; do
	"$BIN/helper-ring-holder" loop >/dev/null &
done
good=0
for _ in $(seq 20); do
	rmmod xsc 2>/dev/null
	sleep 0.05
	modprobe xsc && good=$((good + 1))
done
is "twenty times unloaded or refused while rings come and go" $good 20
wait
ok "and unloaded at last" modprobe -r xsc
ok "and loaded again" modprobe xsc
done_testing

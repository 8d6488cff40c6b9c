#!/bin/bash
# SPDX-License-Identifier: MIT
#
# status-xscctl.sh - xscctl shows what the kernel counts
. "$HERE/tap.bash"

if [ ! -e /proc/self/xsc ]; then
	skip "xscctl" "this kernel has no XSC"
	done_testing
fi

"$BIN/helper-ring-holder" 30 >holder.log &
pid=$!
for _ in $(seq 100); do
	grep -q ready holder.log && break
	sleep 0.1
done
ok "xscctl status PID" xscctl status $pid
xscctl status $pid >out
matches "it says XSC" out '^kind +XSC'
matches "no traps" out '^trapped +0'
entries=$(sed -n 's/^entries:\t//p' /proc/$pid/xsc)
matches "the kernel's number of entries" out "^kernel entries +$entries\$"
fs=$(sed -n 's/^direct:.* fs=\([0-9]*\).*/\1/p' /proc/$pid/xsc)
matches "the kernel's number of fs ops" out "^fs +$fs "
xscctl ps >out
matches "xscctl ps lists it" out "^ *$pid .*helper-ring-ho"
kill $pid
wait $pid 2>/dev/null
fails "not when it is gone" xscctl status $pid

sleep 30 &
pid=$!
xscctl status $pid >out
matches "a legacy process" out '^kind +legacy'
kill $pid
xscctl ps >out
fails "is not in xscctl ps" grep -q sleep out
ok "xscctl status" xscctl status
for p in audit enforce off; do
	# under enforce nothing legacy is executed, xscctl neither
	case $p in
	enforce) xscctl policy enforce && got=$(</proc/sys/kernel/xsc/exec_policy); echo 0 >/proc/sys/kernel/xsc/exec_policy; [ "$got" = 2 ] ;;
	*) xscctl policy $p && [ "$(xscctl policy)" = $p ] ;;
	esac
	result $? "policy $p"
done
done_testing

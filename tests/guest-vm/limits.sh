#!/bin/bash
# limits.sh - timeouts, several machines at once, what is left when one ends
. "$(dirname "$0")/tap.bash"
plan 13

# qemus PID - how many QEMUs of the xsc-vm with that PID run
qemus() {
	pgrep -fc "^qemu-system.*/vm-$1\\.console"
}

start=$SECONDS
"$VM" --timeout 12 -- sleep 1000 </dev/null 2>err.txt &
a=$!
wait $a
is "timeout: exit status" $? 124
ok "timeout: in time" [ $((SECONDS - start)) -lt 30 ]
matches "timeout: said" err.txt timeout
is "timeout: no QEMU is left" "$(qemus $a)" 0

"$VM" -- sh -c 'echo one; sleep 3; cat a >&2' </dev/null >a.out 2>a.err &
a=$!
"$VM" --icount -- sh -c 'echo two; nproc' </dev/null >b.out 2>b.err &
b=$!
echo shared >a
wait $a
is "two at once: the first" "$?:$(cat a.out a.err)" "0:one
shared"
wait $b
is "two at once: the second, with --icount" "$?:$(echo $(cat b.out))" "0:two 1"

"$VM" -- sh -c 'echo up; sleep 1000' </dev/null >c.out 2>c.err &
c=$!
for _ in $(seq 300); do
	[ -s c.out ] && break
	sleep 0.2
done
is "one QEMU runs" "$(qemus $c)" 1
kill -TERM $c
wait $c
is "SIGTERM: exit status" $? 143
is "SIGTERM: no QEMU is left" "$(qemus $c)" 0

"$VM" --no-such-option 2>err.txt
is "unknown option: exit status" $? 125
matches "unknown option: said" err.txt 'unknown option --no-such-option'
"$VM" --kernel ./no-such-kernel -- true 2>err.txt </dev/null
is "missing kernel: exit status" $? 125
matches "missing kernel: what to do" err.txt 'build-kernel'

done_testing

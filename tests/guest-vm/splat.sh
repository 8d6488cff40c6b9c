#!/bin/bash
# splat.sh - what the kernel complains about ends in exit status 120
. "$(dirname "$0")/tap.bash"
plan 9

provoke() {
	echo "modprobe lkdtm && echo $1 >/sys/kernel/debug/provoke-crash/DIRECT"
}

"$VM" -- sh -c "$(provoke WARNING)" </dev/null 2>err.txt
is "WARNING: exit status" $? 120
matches "WARNING: shown" err.txt 'WARNING: .*lkdtm'
"$VM" --allow-splat -- sh -c "$(provoke WARNING)" </dev/null 2>err.txt
is "WARNING with --allow-splat" $? 0
"$VM" -- sh -c "$(provoke WARNING); exit 3" </dev/null 2>err.txt
is "WARNING in a command that fails: its own status" $? 3
matches "and shown" err.txt 'WARNING: .*lkdtm'
"$VM" -- sh -c "$(provoke EXCEPTION)" </dev/null 2>err.txt
ok "an oops is shown" grep -q 'BUG: kernel NULL pointer' err.txt
"$VM" -- sh -c "$(provoke PANIC)" </dev/null 2>err.txt
is "panic: exit status" $? 120
matches "panic: said" err.txt 'Kernel panic'
"$VM" -- busybox poweroff -f </dev/null 2>err.txt
is "a machine that ends itself" $? 125

done_testing

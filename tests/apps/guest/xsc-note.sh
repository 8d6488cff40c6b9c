# xsc-note.sh - stamping stock programs in the guest
. "$APPS/tap.bash"

xsc-note show /bin/ls >out 2>&1
is "a stock program is not stamped" $? 1
ok "stamp a copy" xsc-note stamp -o ls /bin/ls
ok "verify" xsc-note verify ./ls
is "it runs as XSC, with the same output" "$(./ls / | sha256sum)" "$(ls / | sha256sum)"
ok "the kernel says that the note did it" trace-cmd record -q -o t.dat -e xsc:xsc_exec ./ls /
trace-cmd report -i t.dat >report 2>/dev/null
matches "reason stamped" report 'xsc_exec:.*file=\./ls xsc=1 reason=stamped err=0'
ok "unstamp" xsc-note unstamp ls
ok "gives the file back" cmp ls /bin/ls
status 1 "a file with a system call in it is refused" xsc-note stamp -o raw "$BIN/stock/raw"
matches "and it says where" err 'main'
ok "but not with --force" xsc-note stamp --force -o raw "$BIN/stock/raw"
status 159 "which then ends in SIGSYS" ./raw
ok "unstamped it gets in" "$BIN/stock/raw"
matches "as ever" out 'got in'
done_testing

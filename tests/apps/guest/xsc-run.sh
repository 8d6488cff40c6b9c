# xsc-run.sh - exit statuses and messages of xsc-run in the guest
. "$APPS/tap.bash"

status 7 "the program's own status" xsc-run sh -c 'exit 7'
status 143 "a program that a signal ended" sh -c 'xsc-run sh -c "kill -TERM \$\$"; exit $?'
status 127 "not found" xsc-run ./no-such-program
matches "is said" err 'no-such-program: No such file or directory'
: >file
status 126 "not executable" xsc-run ./file
matches "is said, too" err 'Permission denied'
status 125 "no program" xsc-run
ok "the program's options are its own" xsc-run echo -v
is "and reach it" "$(cat out)" "-v"
printf '#!/bin/sh\nexec %s\n' "$BIN/stock/hello" >script
chmod +x script
is "a script" "$(xsc-run ./script)" XSC
is "standard input goes through" "$(echo abc | xsc-run tr a-c x-z)" xyz
is "environment and folder, too" "$(cd /usr && A=b xsc-run sh -c 'echo $A $PWD')" "b /usr"
# a set-id program is not restricted by its caller's wish
suid=/var/tmp/suid-hello	# /tmp is mounted nosuid
cp "$BIN/stock/hello" $suid && chown 1 $suid && chmod u+s $suid
is "a set-id program runs as legacy" "$(xsc-run $suid)" legacy
rm $suid
# a C library that has no XSC twin
cp /lib64/ld-linux-x86-64.so.2 /lib/ld-other.so.1
is "a program with another loader runs as legacy" "$(xsc-run "$BIN/stock/other-loader")" legacy
is "and what it starts is XSC again" "$(xsc-run "$BIN/stock/other-loader" "$BIN/stock/hello")" "legacy
XSC"
rm /lib/ld-other.so.1
done_testing

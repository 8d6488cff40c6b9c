# enforce.sh - under the policy enforce stamped programs with stamped libraries run, others are refused
. "$APPS/tap.bash"

# What this test itself needs runs before or after, or is a built-in of this shell.
mkdir bin lib
for p in ls cat true; do
	xsc-note stamp -q -o bin/$p /bin/$p || echo "# cannot stamp $p"
done
for l in $(ldd /bin/ls /bin/cat | sed -nE 's/.*=> (\/[^ ]*) .*/\1/p' | sort -u); do
	case $l in */libc.so.6) ;; *) xsc-note stamp -q -o "lib/${l##*/}" "$l" || echo "# cannot stamp $l" ;; esac
done
cp "$BIN/dynamic/dlopen" "$BIN/dynamic/hello" bin/
z=/lib/x86_64-linux-gnu/libz.so.1
xsc-note stamp -q -o libz-stamped.so $z
cp $z libz-plain.so
want=$(ls /etc)
export LD_LIBRARY_PATH=$PWD/lib

echo 2 >/proc/sys/kernel/xsc/exec_policy
hello=$(bin/hello 2>&1)
got=$(bin/ls /etc 2>&1)
bin/cat /etc/hostname >/dev/null 2>cat.err; cat_rc=$?
/bin/true 2>true.err; true_rc=$?
./bin/true; stamped_rc=$?
LD_LIBRARY_PATH='' bin/ls /etc >/dev/null 2>plain.err; plain_rc=$?
bin/dlopen ./libz-stamped.so 2>good.err; good_rc=$?
bin/dlopen ./libz-plain.so 2>bad.err; bad_rc=$?
"$BIN/static/hello" >static.out 2>&1
echo 0 >/proc/sys/kernel/xsc/exec_policy
unset LD_LIBRARY_PATH

is "a program of xsc-cc runs" "$hello" XSC
is "a stamped program with stamped libraries runs" "$got" "$want"
is "another" "$cat_rc $(cat cat.err)" "0 "
is "a static one" "$(cat static.out)" XSC
is "an unstamped program is refused" $true_rc 126
matches "with EACCES" true.err 'Permission denied'
is "the same program, stamped, is not" $stamped_rc 0
is "a stamped program with an unstamped library ends" $plain_rc 127
matches "and says which library" plain.err 'error while loading shared libraries: libselinux.*(Permission denied|Operation not permitted|cannot|failed)'
is "dlopen of a stamped library" "$good_rc $(cat good.err)" "0 "
is "dlopen of an unstamped library is refused" $bad_rc 2
matches "with the reason" bad.err 'libz-plain.so: .*(Permission denied|failed to map segment)'
ok "afterwards all is as before" /bin/true
done_testing

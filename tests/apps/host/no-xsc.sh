# no-xsc.sh - the XSC libc on a kernel without XSC: one clear line on stderr, exit status 127
. "$APPS/tap.bash"


if [ -e /proc/sys/kernel/xsc ]; then
	skip "this machine's own kernel" "it has XSC"
else
	loader=$XSC_BUILD/xsc-prefix/usr/lib/xsc/lib64/ld-linux-x86-64.so.2
	for what in static static-pie loader; do
		case $what in
		loader) cmd=("$loader" "$BIN/stock/hello") ;;
		*) cmd=("$BIN/$what/hello") ;;
		esac
		status 127 "$what, on this machine's own kernel" "${cmd[@]}"
		is "$what: one line on stderr" "$(wc -l <err)" 1
		matches "$what: which says why" err 'XSC'
		is "$what: nothing on stdout" "$(wc -c <out)" 0
	done
fi

if [ ! -e "$XSC_BUILD/kernel-plain/xsc-kernel" ]; then
	skip "the plain kernel in the guest" "not built: make kernel-plain"
	done_testing
fi
cd "$TOP" || exit
log=$XSC_BUILD/tests/apps/plain
rm -rf "$log"
mkdir -p "$log"
"$TOP/xsc-vm" --kernel plain --timeout 600 -- bash -c '
	for w in dynamic static static-pie; do "$0/$w/hello" >"$1/$w.out" 2>"$1/$w.err"; echo $? >"$1/$w.rc"; done
	"$0/stock/hello" >"$1/stock.out" 2>&1; echo $? >"$1/stock.rc"
	xsc-run true 2>"$1/run.err"; echo $? >"$1/run.rc"
	xscctl status 2>"$1/ctl.err"; echo $? >"$1/ctl.rc"' "$BIN" "$log" </dev/null 2>"$log/vm.err"
is "the plain kernel runs in the guest" $? 0
for w in dynamic static static-pie; do
	is "$w: exit status" "$(cat "$log/$w.rc")" 127
	is "$w: one line on stderr, none on stdout" "$(wc -l <"$log/$w.err") $(wc -c <"$log/$w.out")" "1 0"
	matches "$w: which says why" "$log/$w.err" 'XSC'
done
is "Debian's libc runs there" "$(cat "$log/stock.rc" "$log/stock.out" | tr '\n' ' ')" "0 legacy "
is "xsc-run: exit status" "$(cat "$log/run.rc")" 125
matches "xsc-run says why" "$log/run.err" 'this kernel has no XSC'
is "xscctl: exit status" "$(cat "$log/ctl.rc")" 1
matches "xscctl says why" "$log/ctl.err" 'this kernel has no XSC'
done_testing

# seccomp-errno.sh - a filter that denies openat with EACCES denies it whatever the way in
. "$APPS/tap.bash"

want="openat=Permission denied trapped=0"
is "legacy process, libc" "$("$BIN/stock/seccomp-filter" errno libc)" "$want"
is "legacy process, gate" "$("$BIN/stock/seccomp-filter" errno direct)" "$want"
is "Debian's libc with xsc-run, libc" "$(xsc-run "$BIN/stock/seccomp-filter" errno libc)" "$want"
is "Debian's libc with xsc-run, batch" "$(xsc-run "$BIN/stock/seccomp-filter" errno batch)" "batch=3 first=1 last=1 $want"
for link in dynamic static; do
	is "XSC, $link, libc" "$("$BIN/$link/seccomp-filter" errno libc)" "$want"
	is "XSC, $link, direct" "$("$BIN/$link/seccomp-filter" errno direct)" "$want"
	is "XSC, $link, batch: its neighbours run" "$("$BIN/$link/seccomp-filter" errno batch)" "batch=3 first=1 last=1 $want"
	is "XSC, $link, batch, nothing denied" "$("$BIN/$link/seccomp-filter" allow batch)" "batch=3 first=1 last=1 openat=opened trapped=0"
done

# a stock program under the same filter, as XSC
cat >deny.py <<'END'
import ctypes, struct, sys
insns = b"".join(struct.pack("HBBI", *i) for i in (
    (0x20, 0, 0, 0), (0x15, 0, 1, 257), (0x06, 0, 0, 0x50000 | 13), (0x06, 0, 0, 0x7fff0000)))
buf = ctypes.create_string_buffer(insns)
prog = ctypes.create_string_buffer(struct.pack("HxxxxxxP", 4, ctypes.addressof(buf)))
libc = ctypes.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, prog) == 0
try:
    open("/etc/hostname")
    print("opened")
except PermissionError as e:
    print(e.strerror)
END
is "python3, legacy" "$(python3 deny.py 2>&1)" "Permission denied"
is "python3, XSC" "$(xsc-run python3 deny.py 2>&1)" "Permission denied"
done_testing

# dlopen.sh - stock libraries are loaded into XSC processes at run time
. "$APPS/tap.bash"

libs=$(for l in libm.so.6 libz.so.1 libcrypto.so.3 libsqlite3.so.0 libstdc++.so.6 libseccomp.so.2 liblzma.so.5; do
	[ -e /lib/x86_64-linux-gnu/$l ] && echo $l
done)
# shellcheck disable=SC2086
{
	ok "legacy" "$BIN/stock/dlopen" $libs
	ok "xsc-run" xsc-run "$BIN/stock/dlopen" $libs
	ok "xsc-cc" "$BIN/dynamic/dlopen" $libs
}
ok "python3's extension modules" xsc-run python3 -c '
import ctypes, _ssl, _hashlib, sqlite3, lzma, bz2, zlib, decimal, _curses, readline, multiprocessing
print(sqlite3.connect(":memory:").execute("select sqlite_version()").fetchone())'
ok "perl's" xsc-run perl -MPOSIX -MSocket -MDigest::SHA=sha256_hex -MData::Dumper -MTime::HiRes -e 'print sha256_hex("x")'
# names, users and hosts come from libraries that libc loads
ok "getpwnam and getaddrinfo" xsc-run python3 -c '
import pwd, grp, socket
assert pwd.getpwnam("root").pw_uid == 0 and grp.getgrnam("root").gr_gid == 0
assert socket.getaddrinfo("localhost", 80)'
ok "iconv" xsc-run sh -c 'printf "\303\244" | iconv -f UTF-8 -t ISO-8859-1 | od -An -tx1 | grep -qx " e4"'
done_testing

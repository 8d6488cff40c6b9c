#!/bin/sh
# SPDX-License-Identifier: MIT
#
# rt-library.sh - libxsc-rt as a library: symbols, soname, stamp, linking, man pages
n=0
failed=0
LIB=$TOOLS/lib/$(gcc -print-multiarch)

# ok NAME COMMAND...
ok() {
	name=$1
	shift
	n=$((n + 1))
	if "$@" >log 2>&1; then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name"
		sed 's/^/# /' log
		failed=1
	fi
}

so=$LIB/libxsc-rt.so.1
nm -D --defined-only "$so" | sed -n 's/.* [TDBRV] \(.*\)@@LIBXSC_RT_1.0/\1/p' | sort >have
sed -n 's/^\t\t\(xsc_.*\);/\1/p' "$TOP/libxsc/src/libxsc-rt.map" | sort >want
ok "it exports what its map says" cmp have want
sed -n 's/^[a-z].*[ *]\(xsc_[a-z_]*\)(.*/\1/p' "$TOP/libxsc/include/xsc/rt.h" | sort >declared
ok "and rt.h declares" cmp have declared
nm -D --defined-only "$so" | grep -v 'LIBXSC_RT_1.0' >other
ok "nothing else" test ! -s other
objdump -p "$so" >dump
ok "soname" grep -q 'SONAME.*libxsc-rt.so.1$' dump
ok "it is stamped" xsc-note verify "$so"
ok "it holds no system-call instruction" sh -c '! objdump -d "$0" | grep -qE "\b(syscall|sysenter|int +\$0x80)"' "$so"

# On a kernel with XSC a ring without entries is EINVAL.
cat >prog.c <<'END'
#include <xsc/rt.h>
#include <errno.h>
#include <stdio.h>

int main(void)
{
	struct xsc_ring ring;
	int ret;

	errno = 4711;
	ret = xsc_ring_queue_init(0, &ring);
	printf("%d, errno %d\n", ret, errno);
	return errno != 4711 || (ret != -ENOSYS && ret != -EINVAL);
}
END
cp prog.c prog.cc
sed 's/<xsc\/rt.h>/<xsc\/ring.h>/' prog.c >inline.c
flags="-Wall -Wextra -Werror -I$TOOLS/include"
# shellcheck disable=SC2086
{
	ok "a C program links" gcc -std=gnu11 $flags -o prog prog.c -L"$LIB" -lxsc-rt
	ok "a C++ program links" g++ -std=c++11 $flags -o progcc prog.cc -L"$LIB" -lxsc-rt
	ok "a static program links" gcc $flags -static -o static prog.c -L"$LIB" -lxsc-rt
	ok "a program without the library" gcc $flags -o inline inline.c
	for std in c99 c11 c2x gnu99; do
		ok "in $std, with no feature macro" gcc -std=$std -O2 $flags -o "inline-$std" inline.c
		ok "and with the library" gcc -std=$std $flags -o prog prog.c -L"$LIB" -lxsc-rt
	done
	ok "C++ without the library" g++ -x c++ $flags -o inlinecc inline.c
}
ok "it needs the library by its soname" sh -c 'objdump -p prog | grep -q "NEEDED.*libxsc-rt.so.1$"'
ok "it runs: an error, no crash, and errno is not touched" env LD_LIBRARY_PATH="$LIB" ./prog
ok "the static one runs" ./static
ok "the one without the library runs" ./inline-c11
if command -v pkg-config >/dev/null; then
	ok "pkg-config finds it" env PKG_CONFIG_PATH="$LIB/pkgconfig" pkg-config --exists libxsc-rt xsc
else
	ok "its .pc file is there" test -s "$LIB/pkgconfig/libxsc-rt.pc"
fi

# every function has a man page
cat "$TOP"/libxsc/include/xsc/ring.h "$TOP"/libxsc/include/xsc/ring-calls.h "$TOP"/libxsc/include/xsc/prep.h |
	sed -n 's/^\/\*\* \(xsc_[a-z_0-9]*\)().*/\1/p; s/^ \* \(xsc_[a-z_0-9]*\)() -.*/\1/p' | sort -u |
	while read -r f; do
		[ -e "$TOOLS/share/man/man3/$f.3" ] || echo "$f"
	done >missing
ok "every function has a man page: $(tr '\n' ' ' <missing)" test ! -s missing
echo "1..$n"
exit $failed

# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# xsc-cc-link.sh - xsc-cc links against the XSC prefix and stamps
#
# The prefix here is made of this machine's own libc, so that the results run
# here.
# shellcheck source=tests/unit/tap.sh
. "$UNIT/tap.sh"

sys=/usr/lib/x86_64-linux-gnu
XSC_PREFIX=$PWD/root/usr/lib/xsc
lib=$XSC_PREFIX/lib/x86_64-linux-gnu
loader=$XSC_PREFIX/lib64/ld-linux-x86-64.so.2
export XSC_PREFIX
mkdir -p "$lib" "$XSC_PREFIX/lib64"
cp $sys/*crt*.o $sys/libc_nonshared.a $sys/libc.a $sys/libm-*.a $sys/libmvec.a "$lib/"
cp -L /lib/x86_64-linux-gnu/libc.so.6 /lib/x86_64-linux-gnu/libm.so.6 /lib/x86_64-linux-gnu/libmvec.so.1 "$lib/"
cp -L /lib64/ld-linux-x86-64.so.2 "$loader"
for f in libc.so libm.so libm.a; do
	sed -e 's#/usr/lib/x86_64#/lib/x86_64#g; s#/lib/x86_64-linux-gnu#/usr/lib/xsc&#g; s#/lib64#/usr/lib/xsc&#g' $sys/$f >"$lib/$f"
done

cat >h.c <<'END'
#include <math.h>
#include <stdio.h>
int main(int argc, char **argv) { printf("%.3f %d\n", sin(argc), argv[0] != NULL); return 0; }
END
cat >h.cc <<'END'
#include <iostream>
#include <stdexcept>
int main() { try { throw std::runtime_error("caught"); } catch (std::exception &e) { std::cout << e.what() << "\n"; } }
END
echo 'int f(void); int f(void) { return 1; }' >f.c
echo 'int main(void) { __asm__ volatile ("syscall"); return 0; }' >raw.c
printf '#include <xsc/gate.h>\nint main(void) { return xsc_call(39) == 0; }\n' >gate.c

interp() { readelf -lW "$1" | sed -n 's/.*interpreter: \(.*\)\]/\1/p'; }

ok "dynamic: links" status 0 xsc-cc h.c -o dyn -lm
ok "dynamic: stamped" status 0 xsc-note verify dyn
ok "dynamic: by a section that strip keeps" sh -c 'strip dyn -o dyn.s && xsc-note verify dyn.s'
ok "dynamic: names the XSC loader" test "$(interp dyn)" = /usr/lib/xsc/lib64/ld-linux-x86-64.so.2
ok "dynamic: runs with that libc" "$loader" --library-path "$lib" ./dyn
xsc-cc -v h.c -o dyn -lm 2>trace
ok "start files come from the prefix" grep -q "$lib/Scrt1.o" trace
ok "libm comes from the prefix" sh -c "xsc-cc h.c -lm -Wl,-t -o dyn | grep -q '$lib/libm.so.6'"
ok "-no-pie" sh -c 'xsc-cc -no-pie h.c -lm -o nopie && xsc-note verify nopie'
ok "compile and link apart" sh -c 'xsc-cc -c h.c -o h.o && xsc-cc h.o -lm -Wl,--gc-sections -s -o gc && xsc-note verify gc'
ok "-c adds no note" sh -c '! readelf -SW h.o | grep -q note.XSC'
ok "-r adds no note" sh -c 'xsc-cc -r h.o -o r.o && ! readelf -SW r.o | grep -q note.XSC'
ok "-shared" sh -c 'xsc-cc -shared -fPIC f.c -o libf.so && xsc-note verify libf.so'
ok "-shared: no loader" test -z "$(interp libf.so)"
# this libc's archive holds system calls
ok "static: refused for them" status 1 xsc-cc -static h.c -lm -o st
ok "static: the output is gone" test ! -e st
ok "static: with --xsc-force" status 0 xsc-cc --xsc-force -static h.c -lm -o st
ok "static: stamped" status 0 xsc-note verify st
ok "static: runs" ./st
ok "static-pie" status 0 xsc-cc --xsc-force -static-pie h.c -lm -o sp
ok "static-pie: stamped" status 0 xsc-note verify sp
ok "static-pie: no loader" test -z "$(interp sp)"
ok "static-pie: runs" ./sp
ok "a system call in the source: refused" status 1 xsc-cc raw.c
ok "it is named" grep -q 'syscall at main+0x' err
ok "a.out is gone" test ! -e a.out
ok "<xsc/gate.h> is found" status 0 xsc-cc -Wall -Werror gate.c -o gate
ok "C++" status 0 xsc-c++ h.cc -o cxx
ok "C++: stamped" status 0 xsc-note verify cxx
ok "C++: exceptions" sh -c "$loader --library-path $lib ./cxx | grep -qx caught"
if command -v clang >/dev/null; then
	ok "XSC_CC=clang" sh -c 'XSC_CC=clang xsc-cc h.c -lm -o cl && xsc-note verify cl'
else
	skip "XSC_CC=clang" "clang is not installed"
fi
ok "-E" sh -c 'xsc-cc -E h.c | grep -q main'
ok "-S to standard output" sh -c 'xsc-cc -S -o - h.c | grep -q main:'
ok "--version passes through" sh -c 'xsc-cc --version | head -n 1 | grep -q gcc'
ok "--help is ours" sh -c 'xsc-cc --help | grep -q XSC_PREFIX'
echo 'int main(void) { return x; }' >bad.c
ok "a compiler error: its status" status 1 xsc-cc bad.c
ok "no such prefix: said" sh -c '! XSC_PREFIX=/none xsc-cc h.c 2>e && grep -q "no XSC libc in /none" e'
tap_done

# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# note-stamp-in-place.sh - xsc-note stamps files in their place, which then run
# as before, and takes the stamp off
# shellcheck source=tests/unit/tap.sh
. "$UNIT/tap.sh"

# changed FILE ORIGINAL - offsets of the bytes that differ, within the original
changed() {
	cmp -l "$1" "$2" 2>/dev/null | awk '{ print $1 - 1 }'
}

# only_phdr FILE ORIGINAL - all changes lie in one program header (56 bytes)
only_phdr() {
	changed "$1" "$2" >offsets
	[ "$(wc -l <offsets)" -ge 1 ] || return
	awk '{ i = int(($1 - 64) / 56); if ($1 < 64 || $1 >= 64 + 56 * 64) exit 1
	       if (NR > 1 && i != last) exit 1; last = i }' offsets
}

try() { # NAME FILE ARG...
	name=$1 file=$2
	shift 2
	if [ ! -e "$file" ]; then
		skip "$name" "$file is not installed"
		return
	fi
	cp -L "$file" prog
	chmod 750 prog
	ok "$name: not stamped" status 1 xsc-note verify prog
	ok "$name: stamp" status 0 xsc-note stamp prog
	ok "$name: verify" status 0 xsc-note verify prog
	ok "$name: one program header changed, the rest is a tail" only_phdr prog "$file"
	ok "$name: mode kept" test "$(stat -c %a prog)" = 750
	if [ $# -gt 0 ]; then
		"$file" "$@" >expected 2>&1
		./prog "$@" >got 2>&1
		ok "$name: runs as before" cmp expected got
	fi
	cp prog once
	ok "$name: stamp again" status 0 xsc-note stamp prog
	ok "$name: says so" grep -q 'already stamped' out
	ok "$name: which changes nothing" cmp prog once
	ok "$name: unstamp" status 0 xsc-note unstamp prog
	ok "$name: the original, byte for byte" cmp prog "$file"
}

try dynamic /bin/ls -d /
try python /usr/bin/python3.11 -c 'print(sum(range(100)))'
try shared-object /lib/x86_64-linux-gnu/libm.so.6
cp -L /lib/x86_64-linux-gnu/libm.so.6 . && xsc-note stamp -q libm.so.6
printf '#include <math.h>\n#include <stdio.h>\nint main(int c, char **v) { printf("%%f\\n", sin(c)); return !v; }\n' >m.c
gcc m.c -o m -lm
ok "a program runs with the stamped libm" env LD_LIBRARY_PATH=. ./m

# A static program of this libc holds system calls: --force.
gcc -static m.c -o static -lm
ok "static: refused" status 1 xsc-note stamp static
./static >expected
cp static static.orig
ok "static: --force" status 0 xsc-note stamp --force static
ok "static: one program header changed" only_phdr static static.orig
ok "static: runs" ./static
ok "static: unstamp" status 0 xsc-note unstamp static
ok "static: the original" cmp static static.orig

# -o
cp /bin/ls prog
ok "-o: stamps a copy" status 0 xsc-note stamp -o copy prog
ok "-o: the file itself stays" cmp prog /bin/ls
ok "-o: the copy is stamped and executable" ./copy -d /
ok "-o: over a directory is refused" status 3 xsc-note stamp -o . prog
ok "-o: over a device is refused" status 3 xsc-note stamp -o /dev/null prog
ok "-o: the device is still there" test -c /dev/null

# what belongs to the file
cp /bin/ls prog && chmod 4755 prog
if python3 -c 'import os; os.setxattr("prog", "user.xsc", b"kept")' 2>/dev/null; then
	xsc-note stamp -q prog
	ok "extended attributes kept" python3 -c 'import os; assert os.getxattr("prog", "user.xsc") == b"kept"'
else
	skip "extended attributes kept" "this file system has none"
	xsc-note stamp -q prog
fi
ok "set-id bit kept" test "$(stat -c %a prog)" = 4755
cp /bin/ls prog && ln -s prog link
ok "through a symbolic link" status 0 xsc-note stamp link
ok "the link is still one" test -L link
ok "its target is stamped" status 0 xsc-note verify prog
cp /bin/ls prog && ln prog second
ok "hard links: stamped, with a warning" status 0 xsc-note stamp prog
ok "hard links: it says so" grep -q 'hard links' err
ok "nothing is left behind" test -z "$(find . -name '.xsc-note*')"

cp /bin/ls a && cp /bin/ls b && echo text >c
ok "several files: the worst status" status 3 xsc-note stamp a c b
ok "several files: the good ones are done" status 0 xsc-note verify -q a b
ok "-q prints nothing" test ! -s out
tap_done

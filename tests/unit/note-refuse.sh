# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# note-refuse.sh - what xsc-note refuses, and what it says then
# shellcheck source=tests/unit/tap.sh
. "$UNIT/tap.sh"

cat >s.c <<'END'
long raw(void)
{
	long r;

	__asm__ volatile ("nop; nop; syscall" : "=a" (r) : "a" (39) : "rcx", "r11", "memory");
	return r;
}
int main(void) { return raw() < 0; }
END
gcc -O1 -fno-inline -Wl,--build-id s.c -o s
cp s before
ok "a system call: refused" status 1 xsc-note stamp s
# objdump's view: "  1131:  0f 05  syscall", after raw's address
want=$(objdump -d s | awk '/<raw>:$/ { base = strtonum("0x" $1) } /\tsyscall/ { sub(":", "", $1); printf "raw+0x%x", strtonum("0x" $1) - base; exit }')
ok "its symbol and offset are named" grep -qF "syscall at $want (.text+0x" err
ok "it says what to do" grep -q -- '--force' err
ok "the file stays" cmp s before
ok "--force stamps it" status 0 xsc-note stamp --force s
ok "it verifies" status 0 xsc-note verify s
ok "it runs" ./s
strip before -o stripped
ok "stripped: refused" status 1 xsc-note stamp stripped
ok "stripped: section and offset are named" grep -q 'syscall at .*\.text+0x' err
cp before headless
# without section headers: e_shoff, e_shnum, e_shstrndx are zero
printf '\0\0\0\0\0\0\0\0' | dd of=headless bs=1 seek=40 conv=notrunc 2>/dev/null
printf '\0\0\0\0' | dd of=headless bs=1 seek=60 conv=notrunc 2>/dev/null
ok "no section headers: refused" status 1 xsc-note stamp headless
ok "no section headers: segment and offset are named" grep -q 'syscall at segment [0-9]*+0x' err

ok "scan finds it" status 1 xsc-note scan before
ok "scan prints it" grep -qF "$want" out
ok "scan: a clean file" status 0 xsc-note scan /bin/ls

cp /bin/ls payload && echo 'an archive of some sort' >>payload
ok "bytes behind the end: refused" status 1 xsc-note stamp payload
ok "bytes behind the end: said" grep -q 'behind its last ELF part' err
ok "bytes behind the end: --force" status 0 xsc-note stamp -f payload

printf 'int main(void) { return 0; }\n' >n.c
gcc -Wl,--build-id=none n.c -o all-notes
objcopy -R .note.ABI-tag -R .note.gnu.property -R .note.gnu.build-id all-notes no-notes
if readelf -lW no-notes | grep -q NOTE; then
	gcc -nostdlib -nostartfiles -static -Wl,--build-id=none -Wl,-z,noseparate-code -x assembler - -o no-notes <<'END'
	.globl _start
_start:	hlt
	.section .note.GNU-stack, "", @progbits
END
fi
ok "no PT_NOTE: refused" status 3 xsc-note stamp no-notes
ok "no PT_NOTE: said, with what to do" grep -q 'no PT_NOTE.*--build-id' err
ok "no PT_NOTE: not stamped" status 1 xsc-note verify no-notes

echo '#!/bin/sh' >script
: >empty
head -c 100 /bin/ls >short
for f in script empty short . no-such-file; do
	ok "$f: not an ELF file to stamp" status 3 xsc-note stamp "$f"
	ok "$f: a message with its name" grep -q "xsc-note: $f: " err
done
gcc -c s.c -o s.o
ok "an object file: refused" status 3 xsc-note stamp s.o
head -c 5 /bin/ls | cat - /dev/zero 2>/dev/null | head -c 4096 >elf32
printf '\1' | dd of=elf32 bs=1 seek=4 conv=notrunc 2>/dev/null
ok "a 32-bit file: refused" status 3 xsc-note stamp elf32

# a bad note: a good stamp with another version
cp /bin/ls bad && xsc-note stamp -q bad
at=$(xsc-note show bad | sed -n 's/.*file offset \(0x[0-9a-f]*\).*/\1/p')
printf '\7' | dd of=bad bs=1 seek=$((at + 16)) conv=notrunc 2>/dev/null
ok "wrong version: malformed" status 2 xsc-note verify bad
ok "wrong version: one line of reason" grep -q 'malformed: .*version' out
ok "wrong version: not stamped over" status 2 xsc-note stamp bad
ok "wrong version: show too" status 2 xsc-note show bad
ok "wrong version: unstamp takes it off" status 0 xsc-note unstamp bad
ok "wrong version: and it is ls again" cmp bad /bin/ls

cp /bin/ls damaged && xsc-note stamp -q damaged && echo more >>damaged
ok "changed behind the stamp: unstamp refuses" status 3 xsc-note unstamp damaged
ok "unstamp without stamp: nothing to do" status 0 xsc-note unstamp before

ok "no command" status 3 xsc-note
ok "unknown command" status 3 xsc-note frobnicate x
ok "no file" status 3 xsc-note stamp
ok "unknown option" status 3 xsc-note --frob
ok "--help" status 0 xsc-note --help
ok "--version" status 0 xsc-note --version
ok "full standard output is an error" sh -c 'xsc-note --version >/dev/null && ! xsc-note show /bin/ls >/dev/full'
tap_done

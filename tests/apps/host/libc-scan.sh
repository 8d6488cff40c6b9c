# libc-scan.sh - no file that the XSC libc installs holds a system-call instruction
. "$APPS/tap.bash"

ok "the scan of all of them" "$TOP/tools/xsc-scan" "$XSC_BUILD/xsc-prefix"
matches "looked at shared objects and at the members of archives" out '^[1-9][0-9]{3} ELF files; instructions: 0 syscall, 0 sysenter, 0 int \$0x80; byte pairs: [0-9]+ '
# the tool does see what there is to see
status 1 "Debian's own libc" "$TOP/tools/xsc-scan" "$XSC_BUILD/guest-root/usr/lib/x86_64-linux-gnu/libc.so.6"
matches "holds hundreds" out 'instructions: [1-9][0-9]{2,} syscall'
done_testing

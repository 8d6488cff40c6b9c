# tracing.sh - trace-cmd and perf see the ops of an XSC program by the usual tracepoints and by xsc:*
. "$APPS/tap.bash"

ok "trace-cmd record" trace-cmd record -q -o t.dat -e 'xsc:*' -e raw_syscalls -F -c xsc-run cat /etc/hostname
trace-cmd report -i t.dat >report 2>/dev/null
matches "the note check at exec" report 'cat-.*xsc_exec:.*file=/.*bin/cat xsc=1 reason=inherited err=0'
matches "ops, direct" report 'xsc_op:.*way=direct nr=0 ret='
matches "the same call by the kernel's own tracepoint" report 'sys_enter:.*NR (0|read)\b'
# each op that returns shows once here and once there
cat >count.awk <<'END'
/cat-[0-9]+.*xsc_exec:.*xsc=1/ { on = 1 }
!on { next }
/xsc_op:/ && !/nr=6553[0-9]/ { ops++; if (/way=batch/) batched++ }
/xsc_container:/ { containers++ }
/sys_enter:/ { enter++; if (/NR (231|60) /) exits++ }
END { print ops + exits - enter, (ops > 10), (batched > 0) == (containers > 0) }
END
# the execve that made it XSC was entered as legacy: its sys_enter stands before the xsc_exec
is "as many ops as sys_enter" "$(awk -f count.awk report)" "0 1 1"

ok "a batch" trace-cmd record -q -o b.dat -e 'xsc:*' -e raw_syscalls "$BIN/static/seccomp-filter" log batch
trace-cmd report -i b.dat >report 2>/dev/null
matches "its ops" report 'xsc_op:.*way=batch nr=257 ret=[0-9]'
matches "one container for the three" report 'xsc_container:.*way=batch ops=3 ret=3'
matches "sys_enter of the op inside" report 'sys_enter:.*NR (257|openat)\b'

trace-cmd record -q -o r.dat -e xsc:xsc_trap "$BIN/dynamic/raw" >/dev/null 2>&1
trace-cmd report -i r.dat >report 2>/dev/null
matches "a refused attempt" report 'raw-.*xsc_trap:.*door=syscall nr=110 ip=0x'

ok "perf trace" perf trace -o ptrace -e openat,read xsc-run cat /etc/hostname
matches "perf trace shows the op with its arguments" ptrace 'openat\(.*= [0-9]'
ok "perf stat" perf stat -x, -o stat -e xsc:xsc_op xsc-run cat /etc/hostname
matches "perf stat counts ops" stat '^[1-9][0-9]+,,xsc:xsc_op'
done_testing

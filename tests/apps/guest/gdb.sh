# gdb.sh - gdb breaks, steps across the gate, catches a signal and unwinds through its handler
. "$APPS/tap.bash"

cat >script <<'END'
set pagination off
set debuginfod enabled off
set startup-with-shell off
handle SIGUSR1 stop print pass
break main
break innermost
run
printf "-- main\n"
next
next
next
printf "-- signal\n"
continue
printf "-- handler\n"
backtrace
printf "-- steps\n"
finish
up
info locals
delete
printf "-- catch\n"
catch syscall write
continue
printf "-- stepi\n"
delete
set $n = 0
while $n < 40
  stepi
  set $n = $n + 1
end
info registers rip
printf "-- end\n"
continue
END

# session NAME CMD... - one run of gdb, and what it must show
session() {
	local name=$1
	shift
	timeout 100 gdb -nx -q -batch -x script --args "$@" >log 2>&1
	matches "$name: breaks in main" log 'Breakpoint 1, main'
	matches "$name: is told of the signal" log 'received signal SIGUSR1'
	matches "$name: breaks in what the handler calls" log 'Breakpoint 2, innermost \(sig=10\)'
	grep -E '^#[0-9]' log >frames
	matches "$name: unwinds to the handler" frames 'on_signal \(sig=10\)'
	matches "$name: knows the signal frame" frames '<signal handler called>'
	matches "$name: and through it" frames ' outermost \(\)'
	matches "$name: down to main" frames ' main \(\)'
	matches "$name: catches a system call" log 'Catchpoint [0-9]+ \(call to syscall write\)|Catchpoint [0-9]+ \(returned from syscall write\)'
	matches "$name: the program ends well" log '\[Inferior 1 .* exited normally\]'
}

session "legacy" "$BIN/stock/handler"
session "xsc-cc" "$BIN/dynamic/handler"
session "static" "$BIN/static/handler"

# a single step across the instruction in the gate
cat >gate <<'END'
set pagination off
set startup-with-shell off
break main
run
break getppid
continue
printf "-- walk\n"
set $n = 0
set $in = 0
set $back = 0
while $n < 200 && !$back
  stepi
  set $n = $n + 1
  if $_gdb_setting("x") || 1
    set $w = *(unsigned short *)$rip
    if $w == 0x050f
      set $in = $rip
      printf "at the instruction, rax %d\n", $rax
      info symbol $rip
    else
      if $in && $rip == $in + 2
        printf "behind it, rax %d\n", $rax
        set $back = 1
      end
    end
  end
end
backtrace
END
sed -i 's/if $_gdb_setting("x") || 1/if 1/' gate
timeout 100 gdb -nx -q -batch -x gate "$BIN/dynamic/handler" >log 2>&1
matches "stepi reaches the gate's instruction" log 'at the instruction, rax 110'
matches "which is in the vDSO" log '^__vdso_xsc_enter in section .text'
matches "and the next one ends right behind it, with the result" log 'behind it, rax [1-9]'
matches "the backtrace from inside the gate is whole" log '^#[1-9] .*main \(\)'

# attach to one that runs
xsc-run sleep 60 &
pid=$!
sleep 1
timeout 60 gdb -nx -q -batch -p $pid -ex backtrace -ex detach >log 2>&1
kill $pid
matches "attaches to a stock program that sleeps in an op" log '(clock_)?nanosleep'
done_testing

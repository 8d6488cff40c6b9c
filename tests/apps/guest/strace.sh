# strace.sh - strace -f prints the same calls for an XSC program as for the legacy run of it
#
# What is not compared is listed, with the reason, in guest/strace.except.
. "$APPS/tap.bash"

mkdir dir
for i in 1 2 3 4 5 6 7 8 9; do echo "line $i" >dir/f$i; done

# calls FILE - the calls of each process, one after the other, in the order of their birth.
# An "unfinished" and its "resumed" become one line again.
calls() {
	python3 "$APPS/guest/strace-normal.py" "$APPS/guest/strace.except" "$1"
}

# same NAME CMD... - both runs, and the difference
same() {
	local name=$1
	shift
	rm -rf left right
	strace -f -s 4096 -o legacy.log "$@" >legacy.out 2>&1
	strace -f -s 4096 -o xsc.log xsc-run "$@" >xsc.out 2>&1
	calls legacy.log >left
	calls xsc.log >right
	is "$name: output" "$(cat xsc.out)" "$(cat legacy.out)"
	if [ "$(wc -l <left)" -lt "${LEAST:-5}" ]; then
		result 1 "$name: calls are left to compare"
		show left
	elif diff -u left right >diff.out; then
		result 0 "$name: the same $(wc -l <left) calls"
	else
		result 1 "$name: the same calls"
		grep -E '^[-+]' diff.out | head -n 30 >diff.short
		show diff.short 30
	fi
	matches "$name: exit status" xsc.log 'exited with 0 \+\+\+$'
}

same "cat" cat dir/f1 dir/f2
same "ls" ls -l dir
same "cp" sh -c 'cp dir/f3 copy && rm copy'
same "a pipe" sh -c 'cat dir/f5 | head -n 3 | wc -l'
same "bash" bash -c 'trap "echo got it" USR1; x=$(cat dir/f4); (echo "$x"; exit 3) || echo no; kill -USR1 $$; echo done'
same "python3" python3 -S -E -c 'import os; print(len(os.listdir("dir"))); os.system("exit 0")'

# what a control shows must not depend on the way in: a batch is three calls
strace -o b.log "$BIN/static/seccomp-filter" log batch >/dev/null
matches "strace shows the op inside a batch, with its arguments and result" b.log '^openat\(AT_FDCWD, "/etc/hostname", O_RDONLY\) = [0-9]'
grep -m1 -A2 '^getppid' b.log | tr '\n' ' ' >order
matches "and its neighbours around it, in order" order '^getppid\(\) += [0-9]+ openat\(.*\) = [0-9]+ getpid\(\) += [0-9]+ $'
done_testing

# seccomp-trap.sh - a filter with RET_TRAP sends SIGSYS with SYS_SECCOMP for the denied op, and the rest goes on
. "$APPS/tap.bash"

for way in libc direct; do
	ok "legacy, $way" "$BIN/stock/seccomp-filter" trap $way
	matches "legacy, $way: SIGSYS, SYS_SECCOMP, openat" out 'trapped=1 code=1 nr=257$'
done
for link in dynamic static; do
	for way in libc direct batch; do
		ok "$link, $way" "$BIN/$link/seccomp-filter" trap $way
		matches "$link, $way: SIGSYS, SYS_SECCOMP, openat" out 'trapped=1 code=1 nr=257$'
	done
	# a signal cuts a batch short behind the op that it belongs to, as it does write(2)
	matches "$link, batch: the signal is there before the next op runs" out '^batch=2 first=1 last=1 '
done
done_testing

# seccomp-trap.sh - a filter with RET_TRAP sends SIGSYS with SYS_SECCOMP for the denied op, and the rest goes on
. "$APPS/tap.bash"

for link in stock dynamic static; do
	for way in libc direct batch; do
		ok "$link, $way" "$BIN/$link/seccomp-filter" trap $way
		matches "$link, $way: SIGSYS, SYS_SECCOMP, openat" out 'trapped=1 code=1 nr=257$'
	done
	matches "$link, batch: its neighbours run" out '^batch=3 first=1 last=1 '
done
done_testing

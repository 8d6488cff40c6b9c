# seccomp-trap.sh - a filter with RET_TRAP sends SIGSYS with SYS_SECCOMP, whose handler emulates the op
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
	matches "$link, batch: it ends before the op, which traps alone" out '^batch=1 first=1 last=1 openat=Permission denied '
done
# the loader makes batches of its own
for cmd in "$BIN/stock/seccomp-filter" "xsc-run $BIN/stock/seccomp-filter" "$BIN/dynamic/seccomp-filter"; do
	# shellcheck disable=SC2086
	ok "${cmd/"$BIN"\//}: dlopen" $cmd trap dlopen
	matches "the loader gets what the handler says" out 'cannot open shared object file: Permission denied'
	matches "which has seen the openat" out 'trapped=[1-9][0-9]* code=1 nr=257$'
done
done_testing

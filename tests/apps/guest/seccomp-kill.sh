# seccomp-kill.sh - a filter with KILL_PROCESS kills an XSC process at the denied op, also inside a batch
. "$APPS/tap.bash"

for way in libc direct; do
	status 159 "legacy, $way" "$BIN/stock/seccomp-filter" kill $way
done
for link in dynamic static; do
	for way in libc direct batch; do
		# 128 + SIGSYS
		status 159 "$link, $way" "$BIN/$link/seccomp-filter" kill $way
		lacks "$link, $way: the program came no further" out openat
	done
done
done_testing

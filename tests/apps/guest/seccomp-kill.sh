# seccomp-kill.sh - a filter with KILL_PROCESS kills an XSC process at the denied op, also inside a batch
. "$APPS/tap.bash"

for link in stock dynamic static; do
	for way in libc direct batch; do
		# 128 + SIGSYS
		status 159 "$link, $way" "$BIN/$link/seccomp-filter" kill $way
		lacks "$link, $way: it came no further" out openat
	done
done
done_testing

#!/bin/bash
# check-kernel-style.sh - checkpatch --strict and sparse over the kernel side
#
# Checks every patch of the series, every file below kernel/, and compiles
# XSC's own files under sparse in build/kernel-main.  TAP on standard output.
#
# What checkpatch is told to leave alone, and why:
#   ENOSYS            "means invalid syscall nr": that is what it means here
#   xsc_trace.h       TRACE_EVENT() macros are laid out as the kernel's own,
#                     which checkpatch --strict takes for calls
. "$(dirname "$0")/lib.sh"

LINUX=$XSC_BUILD/linux
LOG=$XSC_LOG/kernel-style.log
"$XSC_TOP/tools/build-kernel.sh" --source >&2 || exit
: >"$LOG"
n=0 failed=0

# result STATUS NAME - one line of TAP; on failure the log's new part as well
result() {
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
	else
		failed=$((failed + 1))
		echo "not ok $n - $2"
		tail -n 40 "$LOG" | sed 's/^/# /'
	fi
}

cd "$LINUX" || exit
while read -r p _; do
	case $p in '' | '#'*) continue ;; esac
	scripts/checkpatch.pl --strict --no-tree --terse --no-summary "$XSC_TOP/kernel/patches/$p" >>"$LOG" 2>&1
	result $? "checkpatch: $p"
done <"$XSC_TOP/kernel/patches/series"

files=$(cd "$XSC_TOP/kernel" && find . -path ./patches -prune -o -path ./config -prune -o \
	-type f -name '*.[chS]' ! -name xsc_trace.h -printf '%P\n' | sort)
for f in $files; do
	scripts/checkpatch.pl --strict --no-tree --terse --no-summary --ignore ENOSYS -f "$f" >>"$LOG" 2>&1
	result $? "checkpatch: $f"
done

# sparse says nothing by its exit status: look for warnings in our files
objs=$(cd "$XSC_TOP/kernel" && find drivers arch -name '*.c' | sed 's/\.c$/.o/' | sort)
(
	cd "$XSC_BUILD/kernel-main" || exit
	# shellcheck disable=SC2086
	rm -f $objs
	# shellcheck disable=SC2086
	make -C "$LINUX" O="$(pwd -P)" C=1 CF=-D__CHECK_ENDIAN__ $objs
) >"$LOG.sparse" 2>&1
status=$?
cat "$LOG.sparse" >>"$LOG"
result $status "sparse: XSC's files compile under it"
! grep -E '(drivers|entry)/xsc|xsc_|asm/xsc' "$LOG.sparse" | grep -E ': (warning|error):' >>"$LOG"
result $? "sparse: no warning in them"

echo "1..$n"
[ $failed -eq 0 ]

#!/bin/bash
# SPDX-License-Identifier: MIT
#
# kselftest-compare.sh [--short] [TEST...] - the kernel's own selftests for the entry code and
# for seccomp, unstamped, on the XSC kernel and on the plain one: the results must be the same.
# Stamped, each of them has to end in SIGSYS: they hold system calls of their own.
#
#   --short   those that matter most and are done in two minutes
#
# The CPU is an AMD one: on an Intel one QEMU takes 32-bit SYSCALL for an entry, which the
# kernel does not set up there.  The tests are built from the source of the guest kernels.  TAP; the
# outputs are kept in build/tests/kselftest.  Needs both kernels (tools/build-kernel.sh main plain).
# TEST: none of those in the guest
. "$(dirname "$0")/../../tools/lib.sh"

SELF=$XSC_BUILD/linux/tools/testing/selftests
OUT=$XSC_BUILD/tests/kselftest
BIN=$OUT/bin
SHORT="syscall_nt_64 syscall_nt_32 sigreturn_64 sigreturn_32 sysret_rip_64 syscall_arg_fault_32
	test_vsyscall_64 ptrace_syscall_32 ptrace_syscall_64 unwind_vdso_32 single_step_syscall_64 sud_test"
ALL="$SHORT syscall_numbering_64 sysret_ss_attrs_64 single_step_syscall_32 test_mremap_vdso_64 test_mremap_vdso_32 check_initial_reg_state_64
	check_initial_reg_state_32 iopl_64 ioperm_64 test_vsyscall_32 mov_ss_trap_64 syscall_arg_fault_64
	sigaltstack_64 sigaltstack_32 fsgsbase_64 entry_from_vm86_32 test_syscall_vdso_32 vdso_restorer_32
	seccomp_bpf"

limit=150
case ${1-} in
-h | --help) sed -n '4,12s/^# \{0,1\}//p' "$0"; exit 0 ;;
--short) limit=60; set -- $SHORT ;;
'') set -- $ALL ;;
esac
[ $# -gt 0 ] || set -- $ALL

[ -d "$SELF" ] || die "$SELF is missing: run tools/build-kernel.sh --source"
mkdir -p "$BIN"

# build TEST - static, since the guest has no 32-bit libc
build() {
	local t=$1 src=${1%_[36][24]} flags=(-O2 -std=gnu99 -pthread -w -no-pie -static) more=()
	[ "$BIN/$t" -nt "$0" ] && [ "$BIN/$t" -nt "$SELF/x86/$src.c" ] && return
	# Debian keeps the kernel's headers, which 32-bit programs share, below the 64-bit triplet
	case $t in *_32) flags+=(-m32 -idirafter /usr/include/x86_64-linux-gnu) ;; esac
	case $t in
	sysret_ss_attrs_64) more=("$SELF/x86/thunks.S") ;;
	ptrace_syscall_32) more=("$SELF/x86/raw_syscall_helper_32.S") ;;
	test_syscall_vdso_32) more=("$SELF/x86/thunks_32.S") ;;
	check_initial_reg_state_*) flags+=(-Wl,-ereal_start) ;;
	esac
	case $t in
	seccomp_bpf) gcc "${flags[@]}" -D_GNU_SOURCE -o "$BIN/$t" "$SELF/seccomp/seccomp_bpf.c" -lcap ;;
	sud_test) gcc "${flags[@]}" -D_GNU_SOURCE -o "$BIN/$t" "$SELF/syscall_user_dispatch/sud_test.c" ;;
	*) gcc "${flags[@]}" -D_GNU_SOURCE -DCAN_BUILD_32 -DCAN_BUILD_64 -I"$SELF/x86" -o "$BIN/$t" \
		"$SELF/x86/$src.c" "${more[@]}" ;;
	esac
}

tests=()
n=0
bad=0
result() {
	n=$((n + 1))
	if [ "$1" = 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; bad=1; fi
}

for t; do
	if build "$t" 2>"$OUT/$t.build"; then
		tests+=("$t")
		case $t in *_32) ;; *)
			"$XSC_TOP/xsc-note" stamp -q --force -o "$BIN/$t.stamped" "$BIN/$t" || exit ;;
		esac
	else
		# which of them compile depends on the machine's headers, not on us
		n=$((n + 1))
		echo "ok $n - $t # SKIP does not build here: $(head -n 1 "$OUT/$t.build" | cut -c1-120)"
	fi
done
cat >"$OUT/in-guest" <<'END'
#!/bin/bash
# in-guest LIMIT BIN OUT TEST... - run each of them, output and exit status to OUT
limit=$1 bin=$2 out=$3
shift 3
exec 2>/dev/null	# this shell tells of every test that a signal ended
mkdir -p /tmp/k && cp "$bin"/* /tmp/k/ && cd /tmp/k || exit
# xsc_used is on from the first XSC process: that is the state that matters
[ ! -x "$bin/../../guest/mini-libc" ] || { cp "$bin/../../guest/mini-libc" /tmp/k/ && ./mini-libc >/dev/null; }
for t; do
	timeout -k 5 "$limit" ./"$t" </dev/null >"/tmp/k.out" 2>&1
	echo $? >"$out/$t.status"
	cp /tmp/k.out "$out/$t.out"
	[ -e "$t.stamped" ] && [ -e /proc/sys/kernel/xsc ] || continue
	timeout -k 5 "$limit" ./"$t.stamped" </dev/null >/dev/null 2>&1
	echo $? >"$out/$t.stamped"
done
exit 0
END
chmod +x "$OUT/in-guest"

for k in main plain; do
	rm -rf "${OUT:?}/$k"
	mkdir -p "$OUT/$k"
	[ ${#tests[@]} -gt 0 ] || break
	# some of these provoke the kernel into warnings of its own, on either kernel
	"$XSC_TOP/xsc-vm" --kernel $k --cpu max,vendor=AuthenticAMD --allow-splat --timeout 3600 --no-tty -- \
		"$OUT/in-guest" $limit "$BIN" "$OUT/$k" "${tests[@]}" </dev/null ||
		{ echo "Bail out! the $k kernel does not run them"; exit 1; }
done

# what a test says, without addresses, numbers of processes and times
results() {
	grep -aE '\[(OK|FAIL|SKIP|PASS|WARN)\]|^(not )?ok |^# (PASSED|FAILED|Totals)|^[[:space:]]*#.*(FAIL|Fail)' "$1" |
		sed -E 's/(0x)+[0-9a-f]+/ADDR/g; s/\b[0-9a-f]{8,16}\b/ADDR/g; s/[0-9]+/N/g'
}

for t in "${tests[@]}"; do
	if [ -e "$BIN/$t.stamped" ]; then
		[ "$(cat "$OUT/main/$t.stamped" 2>/dev/null)" = $((128 + 31)) ]
		result $? "$t, stamped: SIGSYS"
	fi
	a=$(cat "$OUT/main/$t.status" 2>/dev/null)
	b=$(cat "$OUT/plain/$t.status" 2>/dev/null)
	if [ "$a" = 124 ] || [ "$b" = 124 ]; then
		# some wait for a race, and a busy machine emulates slowly
		n=$((n + 1))
		echo "ok $n - $t # SKIP no end within $limit s (exit status $a, on the plain kernel $b)"
	elif [ -z "$a" ] || [ "$a" != "$b" ]; then
		result 1 "$t: exit status $a, on the plain kernel $b"
		diff <(results "$OUT/plain/$t.out") <(results "$OUT/main/$t.out") | head -n 20 | sed 's/^/# /'
	elif ! diff <(results "$OUT/plain/$t.out") <(results "$OUT/main/$t.out") >"$OUT/$t.diff"; then
		result 1 "$t: other results than on the plain kernel"
		head -n 20 "$OUT/$t.diff" | sed 's/^/# /'
	else
		result 0 "$t: exit status $a on both, $(results "$OUT/main/$t.out" | grep -cE 'OK|PASS|^ok') results"
	fi
done
echo "1..$n"
exit $bad

# shellcheck shell=bash
# tap.bash - what the tests of xsc-vm share.  Source it, then: plan N; ok NAME CMD...; is NAME GOT WANT

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
TOP=$(cd "$HERE/../.." && pwd -P)
VM=$TOP/xsc-vm
# below the checkout, which the guest shares
WORK=$(mktemp -d "$TOP/build/test-vm.XXXXXX") || exit 1
trap 'rm -rf "$WORK"' EXIT
cd "$WORK" || exit 1

TAP_NR=0
TAP_BAD=0

plan() {
	echo "1..$1"
}

result() {
	TAP_NR=$((TAP_NR + 1))
	if [ "$1" = 0 ]; then
		echo "ok $TAP_NR - $2"
	else
		echo "not ok $TAP_NR - $2"
		TAP_BAD=$((TAP_BAD + 1))
	fi
}

# ok NAME CMD... - CMD must succeed
ok() {
	local name=$1
	shift
	"$@"
	result $? "$name"
}

# is NAME GOT WANT
is() {
	if [ "$2" = "$3" ]; then
		result 0 "$1"
	else
		result 1 "$1"
		echo "# got:  ${2:0:300}"
		echo "# want: ${3:0:300}"
	fi
}

# matches NAME FILE REGEX - also shows the file if not
matches() {
	if grep -qE -- "$3" "$2"; then
		result 0 "$1"
	else
		result 1 "$1"
		sed 's/^/# /' "$2" | head -n 20
	fi
}

skip() {
	TAP_NR=$((TAP_NR + 1))
	echo "ok $TAP_NR - $1 # SKIP $2"
}

done_testing() {
	exit $((TAP_BAD > 0))
}

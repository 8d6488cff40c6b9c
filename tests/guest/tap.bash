# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# tap.bash - results in TAP, for tests in the guest.  Source it: . "$HERE/tap.bash"
#
# The runner sets HERE (this folder), TOP, BIN, and runs each test in an empty
# directory of its own.

TAP_NR=0
TAP_BAD=0

result() {
	TAP_NR=$((TAP_NR + 1))
	if [ "$1" = 0 ]; then
		echo "ok $TAP_NR - $2"
	else
		echo "not ok $TAP_NR - $2"
		TAP_BAD=$((TAP_BAD + 1))
	fi
}

# ok NAME CMD... - CMD succeeds
ok() {
	local name=$1 rc
	shift
	"$@" >tap.out 2>&1
	rc=$?
	result $rc "$name"
	[ $rc = 0 ] || { echo "# exit status $rc of: $*"; sed 's/^/# /' tap.out | head -n 20; }
}

# fails NAME CMD... - CMD fails
fails() {
	local name=$1
	shift
	if "$@" >tap.out 2>&1; then
		result 1 "$name"
		echo "# succeeded: $*"
	else
		result 0 "$name"
	fi
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
		echo "# no /$3/ in:"
		sed 's/^/# /' "$2" | tail -n 20
	fi
}

# skip NAME WHY
skip() {
	TAP_NR=$((TAP_NR + 1))
	echo "ok $TAP_NR - $1 # SKIP $2"
}

done_testing() {
	echo "1..$TAP_NR"
	exit $((TAP_BAD > 0))
}

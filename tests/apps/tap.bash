# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# tap.bash - what the tests share.  Source it: . "$APPS/tap.bash"
#
# The runner sets APPS (this directory), TOP, XSC_BUILD and BIN (the test programs), and
# runs each test in an empty directory of its own.

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

# show FILE - a few lines of it, as a remark
show() {
	head -n "${2:-20}" "$1" | cut -c1-200 | sed 's/^/#   /'
}

# ok NAME CMD... - CMD must succeed; its output is in out and err
ok() {
	local name=$1 rc
	shift
	"$@" >out 2>err </dev/null
	rc=$?
	result $rc "$name"
	[ $rc = 0 ] || { echo "# exit status $rc of: $*"; show out; show err; }
}

# status N NAME CMD... - CMD must end with exit status N; its output is in out and err
status() {
	local want=$1 name=$2 rc
	shift 2
	"$@" >out 2>err </dev/null
	rc=$?
	if [ $rc = "$want" ]; then
		result 0 "$name"
	else
		result 1 "$name"
		echo "# exit status $rc, not $want, of: $*"
		show out
		show err
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

# matches NAME FILE REGEX
matches() {
	if grep -qE -- "$3" "$2"; then
		result 0 "$1"
	else
		result 1 "$1"
		echo "# no line of $2 matches: $3"
		show "$2"
	fi
}

# lacks NAME FILE REGEX
lacks() {
	if grep -qE -- "$3" "$2"; then
		result 1 "$1"
		echo "# in $2: $(grep -E -m1 -- "$3" "$2")"
	else
		result 0 "$1"
	fi
}

skip() {
	TAP_NR=$((TAP_NR + 1))
	echo "ok $TAP_NR - $1 # SKIP $2"
}

done_testing() {
	echo "1..$TAP_NR"
	exit $((TAP_BAD > 0))
}

# each_link PROGRAM [ARG]... - run a test program in each way that it is linked
each_link() {
	local p=$1 way
	shift
	for way in stock dynamic static static-pie; do
		case $way in
		stock) ok "$p: Debian's libc, as legacy" "$BIN/$way/$p" "$@"
			ok "$p: the same file with xsc-run" xsc-run "$BIN/$way/$p" "$@" ;;
		*) ok "$p: xsc-cc, $way" "$BIN/$way/$p" "$@" ;;
		esac
	done
}

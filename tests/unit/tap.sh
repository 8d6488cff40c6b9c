# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# tap.sh - results in TAP, for tests written in sh.  Source it: . "$UNIT/tap.sh"
#
# The runner sets UNIT (this directory), TOOLS (the stage), TOP, and runs each
# test in an empty directory of its own.

tap_run=0
tap_failed=0

# ok NAME CMD... - CMD succeeds
ok() {
	tap_name=$1
	shift
	tap_run=$((tap_run + 1))
	if "$@" >tap.out 2>&1; then
		echo "ok $tap_run - $tap_name"
	else
		echo "not ok $tap_run - $tap_name"
		echo "# exit status $? of: $*"
		sed 's/^/# /' tap.out | head -n 20
		tap_failed=$((tap_failed + 1))
	fi
}

# status N CMD... - CMD ends with exit status N; its output is in out, err
status() {
	tap_want=$1
	shift
	"$@" >out 2>err
	tap_got=$?
	[ $tap_got -eq "$tap_want" ] && return
	echo "exit status $tap_got, not $tap_want: $*"
	cat out err
	return 1
}

# skip NAME REASON
skip() {
	tap_run=$((tap_run + 1))
	echo "ok $tap_run - $1 # SKIP $2"
}

tap_done() {
	echo "1..$tap_run"
	[ $tap_failed -eq 0 ]
	exit
}

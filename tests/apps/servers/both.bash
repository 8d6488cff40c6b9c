# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# both.bash - run one script as legacy and as XSC and compare.  Source it after tap.bash.

# both NAME SECONDS - the script on standard input, in an empty directory, first with every
# process legacy, then with every process XSC: exit status 0 and the same output both times, no
# legacy system call and nothing trapped in the second run.  Its output may hold nothing that changes from run
# to run, such as times.
both() {
	local name=$1 limit=$2 way rc enter final ops trapped
	cat >script
	for way in legacy XSC; do
		rm -rf "run-$way" "counts-$way"
		mkdir "run-$way"
		(cd "run-$way" && timeout -k 5 "$limit" "$BIN/count-entries" $([ $way = legacy ] || echo -x) -o "../counts-$way" \
			bash -eu -o pipefail ../script) >"out-$way" 2>"err-$way" </dev/null
		rc=$?
		result $rc "$name: runs as $way"
		[ $rc = 0 ] || { echo "# exit status $rc"; show "out-$way"; show "err-$way"; }
	done
	if cmp -s out-legacy out-XSC; then
		result 0 "$name: the same output, $(wc -l <out-XSC) lines"
	else
		result 1 "$name: the same output"
		diff out-legacy out-XSC | head -20 | sed 's/^/#   /'
	fi
	enter=0 final=0 ops=0 trapped=0
	# shellcheck disable=SC1091
	. ./counts-legacy 2>/dev/null
	result $((enter == 0 || ops != 0)) "$name: the legacy run made no op, $enter system calls"
	enter=0 final=0 ops=0 trapped=0
	# shellcheck disable=SC1091
	. ./counts-XSC 2>/dev/null
	result $((ops == 0 || enter != ops + final)) "$name: the XSC run made $((enter - ops - final)) legacy system calls, $ops ops"
	is "$name: nothing was trapped" "$trapped" 0
}

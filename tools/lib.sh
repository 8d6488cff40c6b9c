# shellcheck shell=bash
# lib.sh - what the set-up and build scripts share: places, messages, logs
# Source it: . "$(dirname "$0")/lib.sh"

XSC_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
XSC_BUILD=${XSC_BUILD:-$XSC_TOP/build}
XSC_LOG=$XSC_BUILD/log
XSC_JOBS=${XSC_JOBS:-$(nproc)}
export LC_ALL=C.UTF-8

mkdir -p "$XSC_LOG"
# build/ of a checkout is big and can be made again: no back-up wants it
[ -e "$XSC_BUILD/CACHEDIR.TAG" ] ||
	echo 'Signature: 8a477f597d28d172789f06886806bc55' >"$XSC_BUILD/CACHEDIR.TAG"

# say WORDS... - one line of progress, on stderr, under the script's name
say() {
	echo "${0##*/}: $*" >&2
}

# die WORDS... - say why and leave
die() {
	say "$*"
	exit 1
}

# take_lock NAME - one builder of NAME at a time; the rest of the script holds it
take_lock() {
	exec {XSC_LOCK_FD}>"$XSC_BUILD/.lock-$1"
	# a moment is not worth a word
	if ! flock -w 2 "$XSC_LOCK_FD"; then
		say "waiting for another build of $1"
		flock "$XSC_LOCK_FD"
	fi
}

# hash_of FILE... - one word that changes when a name or a content changes
hash_of() {
	sha256sum -- "$@" | sha256sum | cut -c1-16
}

# run_logged NAME COUNT PATTERN CMD... - run CMD with output to build/log/NAME.log.
# Shows how many lines match PATTERN out of COUNT (0: not known) and the seconds gone by.
run_logged() {
	local name=$1 count=$2 pattern=$3 log=$XSC_LOG/$1.log start=$SECONDS
	local pid rc n line last=0 step=15
	shift 3
	[ -t 2 ] && step=1
	: >"$log"
	"$@" >"$log" 2>&1 </dev/null &
	pid=$!
	# a run that is cut short takes its build with it
	trap 'kill -- $(descendants '$pid') 2>/dev/null; exit 130' INT TERM HUP
	while kill -0 $pid 2>/dev/null; do
		sleep 0.5
		[ $((SECONDS - start - last)) -ge $step ] || continue
		last=$((SECONDS - start))
		line="$name: ${last} s"
		if [ -n "$pattern" ]; then
			n=$(grep -cE -- "$pattern" "$log")
			line="$line, $n done"
			[ "$count" -gt 0 ] && line="$line ($((n * 100 / count > 99 ? 99 : n * 100 / count)) %)"
		fi
		if [ -t 2 ]; then printf '\r\033[K%s' "$line" >&2; else say "$line"; fi
	done
	wait $pid
	rc=$?
	trap - INT TERM HUP
	[ -t 2 ] && printf '\r\033[K' >&2
	if [ $rc -ne 0 ]; then
		tail -n 15 "$log" >&2
		say "$name failed (exit status $rc) - read ${log#"$XSC_TOP"/}"
		return $rc
	fi
	say "$name: done in $((SECONDS - start)) s"
}

# descendants PID - PID and every process below it
descendants() {
	local p
	echo "$1"
	for p in $(cat "/proc/$1/task/"*/children 2>/dev/null); do
		descendants "$p"
	done
}

# apt_sources SUITE - the machine's own Debian sources: "URI SUITE COMPONENT" per line
apt_sources() {
	# shellcheck disable=SC2016
	apt-get indextargets --format '$(ORIGIN)|$(CODENAME)|$(REPO_URI)|$(RELEASE)|$(COMPONENT)' 'Created-By: Packages' |
		awk -F'|' -v suite="$1" '$1 == "Debian" && index($2, suite) == 1 && $5 == "main" { print $3, $4, $5 }' | sort -u
}

#!/bin/bash
# SPDX-License-Identifier: MIT
# build-tools.sh - build xsc-note, xsc-cc, xsc-run, xscctl and the programs of examples/
#
# build/tools        what is compiled
# build/tools-stage  what the guest and the packages get: usr/bin, usr/sbin,
#                    usr/lib/xsc, usr/include/xsc, usr/share/man
# Also stamps the XSC C library in build/xsc-prefix, so that it is admitted under
# the enforce policy.
# Does nothing, and says nothing, when they are up to date.
. "$(dirname "$0")/lib.sh"

case ${1-} in
-h | --help) sed -n '3,10s/^# \{0,1\}//p' "$0"; exit 0 ;;
'') ;;
*) die "unknown argument: $1 (see --help)" ;;
esac

[ -e /usr/include/Zydis/Zydis.h ] || "$XSC_TOP/tools/setup.sh" tools ||
	die "xsc-note needs libzydis-dev: apt-get install libzydis-dev"

# stamp what build-glibc.sh installed; what is stamped already stays as it is
stamp_libc() {
	local f
	[ -d "$XSC_BUILD/xsc-prefix" ] || return 0
	find "$XSC_BUILD/xsc-prefix" -type f \( -name '*.so.*' -o -perm -100 \) -print0 |
		while IFS= read -r -d '' f; do
			[ "$(head -c 4 "$f" | tr -d '\0')" = $'\177ELF' ] || continue
			"$XSC_BUILD/tools/xsc-note" stamp -q "$f" || die "cannot stamp ${f#"$XSC_BUILD/"}"
		done
}

take_lock tools
make -s -q -C "$XSC_TOP/tools" BUILD="$XSC_BUILD" 2>/dev/null ||
	run_logged tools 0 '' make -C "$XSC_TOP/tools" BUILD="$XSC_BUILD" -j"$XSC_JOBS"
stamp_libc

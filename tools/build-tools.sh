#!/bin/bash
# SPDX-License-Identifier: MIT
# build-tools.sh - build xsc-note, xsc-cc, xsc-run and xscctl
#
# build/tools        what is compiled
# build/tools-stage  what the guest and the packages get: usr/bin, usr/sbin,
#                    usr/lib/xsc, usr/include/xsc, usr/share/man
# Does nothing, and says nothing, when they are up to date.
. "$(dirname "$0")/lib.sh"

case ${1-} in
-h | --help) sed -n '3,8s/^# \{0,1\}//p' "$0"; exit 0 ;;
'') ;;
*) die "unknown argument: $1 (see --help)" ;;
esac

[ -e /usr/include/Zydis/Zydis.h ] || "$XSC_TOP/tools/setup.sh" tools ||
	die "xsc-note needs libzydis-dev: apt-get install libzydis-dev"
take_lock tools
make -s -q -C "$XSC_TOP/tools" BUILD="$XSC_BUILD" 2>/dev/null && exit
run_logged tools 0 '' make -C "$XSC_TOP/tools" BUILD="$XSC_BUILD" -j"$XSC_JOBS"

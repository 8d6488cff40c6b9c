# links.sh - what is XSC and what is legacy, by how it was linked and how it was started
. "$APPS/tap.bash"

is "stock program" "$("$BIN/stock/hello")" legacy
is "stock program with xsc-run" "$(xsc-run "$BIN/stock/hello")" XSC
is "xsc-cc, dynamic" "$("$BIN/dynamic/hello")" XSC
is "xsc-cc, static" "$("$BIN/static/hello")" XSC
is "xsc-cc, static-pie" "$("$BIN/static-pie/hello")" XSC
is "an XSC program's stock child is legacy" "$("$BIN/dynamic/processes" && "$BIN/stock/hello")" legacy
is "with xsc-run a grandchild is XSC" "$(xsc-run sh -c "env sh -c '$BIN/stock/hello; :'")" XSC
is "a static legacy program stays legacy with xsc-run" "$(xsc-run sh -c '/sbin/ldconfig -p >/dev/null && echo runs')" runs

# a copy that xsc-note stamped, and nothing else
xsc-note stamp -o hello "$BIN/stock/hello" >/dev/null
is "stock program, stamped" "$(./hello)" XSC
done_testing

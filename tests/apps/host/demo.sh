# demo.sh - the demo of stock programs, in its small version, and its verdict when something is wrong
. "$APPS/tap.bash"

ok "run-demo --small" "$TOP/tests/demo/run-demo" --small --pairs 0
matches "passes" out '^PASSED: [0-9]+ stock programs, all outputs identical, 0 legacy system calls'
is "at least twelve programs" "$(($(grep -cE '^[a-z0-9+]+ +same ' out) >= 12))" 1
matches "the control sees a legacy program" out '^Control: an XSC shell that starts .*ops and [1-9][0-9]* legacy system calls'

# the verdict must not depend on good will: two programs that are made to go wrong
ok "a run that is to fail" sh -c '! "$0" --small --pairs 0 --only grep --spoil' "$TOP/tests/demo/run-demo"
matches "a differing output is seen" out '^  spoilt-output: output differs'
matches "a legacy call in an XSC row is seen" out '^  spoilt-calls: [1-9][0-9]* legacy system calls in the XSC run'
matches "and the verdict says so" out '^FAILED'
done_testing

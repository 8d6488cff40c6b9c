#!/bin/sh
# SPDX-License-Identifier: MIT
#
# poller-model.sh - the model of a polled ring: no SQE is left; without any one of its barriers, one is
. "$UNIT/tap.sh"

# check [-DNAME] - search all states; fails if an assertion does
check() {
	rm -f pan*
	spin "$@" -a "$TOP/docs/models/poller.pml" && gcc -O2 -DSAFETY -o pan pan.c && ./pan -m100000 >pan.out || return
	cat pan.out
	grep -q 'errors: 0$' pan.out && ! grep -q 'search not completed\|max search depth too small' pan.out
}

# an error is found, and it is that of an SQE left
left() {
	check "$@" >/dev/null && return 1
	cat pan.out
	grep -q 'assertion violated (sq_head==' pan.out
}

ok "as it is" check
ok "with four SQEs" check -DSQES=4
ok "without the user's barrier" left -DNO_USER_BARRIER
ok "without the poller's barrier" left -DNO_POLLER_BARRIER
ok "without a last look at sq_tail" left -DNO_RECHECK
ok "when a ring is left to a doorbell that may be over" left -DLEAVE_BUSY
ok "without task work for the thread" left -DNO_RESCUE
tap_done

# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# xscctl-cli.sh - xscctl over a made-up /proc
# shellcheck source=tests/unit/tap.sh
. "$UNIT/tap.sh"

mkdir -p proc/sys/kernel/xsc proc/12 proc/13 proc/14 proc/15 proc/16 dev
echo 1 >proc/sys/kernel/xsc/exec_policy
echo /usr/lib/xsc >proc/sys/kernel/xsc/interp_prefix
: >dev/xsc
echo 'ext4 1 0 - Live 0x0' >proc/modules
printf 'xsc:\t1\ninherit:\t1\nentries:\t1234\ntraps:\t2\ndirect:\tfs=10 net=0 mm=20\nbatch:\tfs=5 net=0 mm=0\nring:\tfs=0 net=0 mm=0\n' >proc/12/xsc
printf 'b\033[31msh\n' >proc/12/comm
printf 'xsc:\t0\n' >proc/13/xsc
echo sh >proc/13/comm
printf 'nonsense\n' >proc/14/xsc
: >proc/15/comm
printf 'xsc:\t1\ninherit:\t0\nentries:\t3\ntraps:\t0\n' >proc/16/xsc
echo cat >proc/16/comm
c() { xscctl --root=. "$@"; }

ok "status" status 0 c status
ok "status: policy by name" grep -Eq '^policy +audit:' out
ok "status: prefix" grep -Eq '^loader prefix +/usr/lib/xsc$' out
ok "status: two XSC processes" grep -Eq '^XSC processes +2$' out
ok "status: rings" grep -Eq '^rings +built into' out
echo 'xsc 1 0 - Live 0x0' >>proc/modules
ok "status: module" sh -c "xscctl --root=. status | grep -q 'loaded as a module'"

ok "status PID" status 0 c status 12
ok "status PID: kind" grep -Eq '^kind +XSC$' out
ok "status PID: entries, traps" sh -c "grep -Eq '^kernel entries +1234$' out && grep -Eq '^trapped +2$' out"
ok "status PID: a family's row" grep -Eq '^fs +10 +5 +0 +15$' out
ok "status PID: no empty row" sh -c '! grep -q ^net out'
ok "status PID: totals" grep -Eq '^total +30 +5 +0 +35$' out
ok "status PID: no escape sequences" sh -c "! grep -q \$(printf '\033') out"
ok "a legacy process: 0" status 0 c status 13
ok "a legacy process: said" grep -Eq '^kind +legacy$' out
ok "an XSC process that did nothing yet" status 0 c status 16
ok "nonsense in the file: 3" status 3 c status 14
ok "nonsense: the line is named" grep -q 'line 1' err
ok "no such process: 2" status 2 c status 99
ok "no process ID: 3" status 3 c status ../13

ok "ps" status 0 c ps
ok "ps: an XSC process" grep -Eq '^ +12 +35 +1234 +2 b' out
ok "ps: no legacy process" sh -c '! grep -Eq "^ +13 " out'

ok "policy" status 0 c policy
ok "policy: audit" grep -qx audit out
ok "policy enforce" status 0 c policy enforce
ok "policy: was written" grep -q 2 proc/sys/kernel/xsc/exec_policy
ok "policy off" status 0 c policy off
ok "policy: off" sh -c "xscctl --root=. policy | grep -qx off"
ok "policy: a wrong word: 3" status 3 c policy on
ok "policy: the words are named" grep -q 'off, audit or enforce' err

mkdir empty
ok "a kernel without XSC: status 1" status 1 xscctl --root=empty status
ok "a kernel without XSC: said" grep -q 'no XSC; boot' err
ok "a kernel without XSC: policy 1" status 1 xscctl --root=empty policy
ok "a kernel without XSC: ps 1" status 1 xscctl --root=empty ps
ok "a kernel without XSC: status PID 1" status 1 xscctl --root=empty status 1

ok "no command: 3" status 3 xscctl
ok "unknown command: 3" status 3 xscctl frob
ok "too many arguments: 3" status 3 xscctl ps 1
ok "--help" status 0 xscctl --help
ok "--version" status 0 xscctl --version
tap_done

#!/bin/bash
# SPDX-License-Identifier: MIT
#
# guard-ausearch.sh - with auditd, "ausearch -k xsc" finds refused attempts and refused programs
. "$HERE/tap.bash"

if [ ! -e /proc/self/xsc ]; then
	skip "ausearch" "this kernel has no XSC"
	done_testing
fi

mkdir -p /var/log/audit /run
rm -f /var/log/audit/*
printf '%s\n' 'log_file = /var/log/audit/audit.log' 'log_format = RAW' 'flush = NONE' 'local_events = yes' \
	'write_logs = yes' 'priority_boost = 0' 'space_left = 5' 'admin_space_left = 2' \
	'space_left_action = IGNORE' 'admin_space_left_action = IGNORE' 'disk_full_action = IGNORE' \
	'disk_error_action = IGNORE' 'max_log_file_action = IGNORE' >auditd.conf
mkdir -p conf
cp auditd.conf conf/auditd.conf
auditd -c "$PWD/conf" >auditd.log 2>&1 || auditd >auditd.log 2>&1
for _ in $(seq 50); do
	auditctl -s 2>/dev/null | grep -q '^pid [1-9]' && break
	sleep 0.1
done
ok "auditd runs" sh -c "auditctl -s | grep -q '^pid [1-9]'"
auditctl -e 1 >/dev/null

found() {
	for _ in $(seq 50); do
		ausearch -if /var/log/audit/audit.log "$@" >found 2>/dev/null && return
		sleep 0.1
	done
	return 1
}

before=$(ausearch -if /var/log/audit/audit.log -k xsc 2>/dev/null | grep -c 'xsc=trap')
is "nothing is found before" "$before" 0
"$BIN/helper-trap"
is "the attempt ends in SIGSYS" $? $((128 + 31))
ok "ausearch -k xsc finds it" found -k xsc
matches "it says what was tried" found 'xsc=trap reason=syscall'
matches "which number" found 'syscall=(39|getpid) '
matches "by which program" found 'helper-trap'

(echo 2 >/proc/sys/kernel/xsc/exec_policy; exec /bin/true) 2>/dev/null
rc=$?
echo 0 >/proc/sys/kernel/xsc/exec_policy
is "enforce: a legacy program cannot be executed" $rc 126
ok "ausearch -k xsc finds it" found -k xsc -x bash
matches "it says why" found 'xsc=exec reason=no-note'
matches "which file" found 'path="(/usr)?/bin/true"'

kill "$(auditctl -s | sed -n 's/^pid //p')" 2>/dev/null
auditctl -e 0 >/dev/null
done_testing

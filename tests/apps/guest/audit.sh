# audit.sh - audit rules see the ops of XSC programs; refusals carry the key xsc
. "$APPS/tap.bash"

mkdir -p /var/log/audit
cat >/etc/audit/auditd.conf <<'END'
log_file = /var/log/audit/audit.log
log_format = RAW
flush = NONE
num_logs = 2
max_log_file = 50
space_left = 50
admin_space_left = 40
END
rm -f /var/log/audit/audit.log
auditctl -e 1 >/dev/null 2>&1
auditd || { echo "Bail out! auditd does not start"; exit 1; }
trap 'auditctl -D >/dev/null 2>&1; kill "$(pidof auditd)"' EXIT
sleep 1

# search KEY... - what ausearch has, once the daemon has written it
search() {
	sleep 1
	ausearch --input /var/log/audit/audit.log "$@" >found 2>&1
}

ok "the rule is accepted" auditctl -a always,exit -F arch=b64 -S openat -F success=1 -k t
marker=/tmp/audit-marker.$$
echo x >$marker
cat $marker >/dev/null
xsc-run cat $marker-xsc >/dev/null 2>&1
cp $marker $marker-xsc
xsc-run cat $marker-xsc >/dev/null
search -k t
ok "ausearch -k t finds the legacy program's openat" grep -q "name=\"$marker\"" found
ok "and that of the XSC program" grep -q "name=\"$marker-xsc\"" found
ok "by its number" grep -q 'syscall=257 success=yes.*comm="cat"' found
auditctl -D >/dev/null

auditctl -a always,exit -F arch=b64 -S openat -k b >/dev/null
batch=$("$BIN/static/seccomp-filter" log batch)
search -k b
is "a batch with an openat" "$batch" "batch=3 first=1 last=1 openat=opened trapped=0"
ok "ausearch finds the op inside" grep -q 'syscall=257 success=yes.*comm="seccomp-filter"' found
ok "with its path" grep -q 'name="/etc/hostname"' found
is "and only the op that the rule names" "$(grep -c 'type=SYSCALL.*comm="seccomp-filter"' found)" 1
auditctl -D >/dev/null

status 159 "a raw system call of an XSC process ends in SIGSYS" "$BIN/dynamic/raw"
search -k xsc
ok "ausearch -k xsc finds the refused attempt" grep -qE 'syscall=110 .*comm="raw".*key="xsc" xsc=trap reason=syscall' found

xscctl policy audit
/bin/true
xsc-run /bin/true
xscctl policy off
search -k xsc
ok "under the policy audit a legacy program is recorded" grep -qE 'key="xsc" xsc=exec .*path="/usr/bin/true"' found
is "and an XSC program is not" "$(grep -cE 'xsc=exec .*path="/usr/bin/true"' found)" 1
/bin/false
search -k xsc
ok "with the policy off nothing is recorded" sh -c '! grep -q "/usr/bin/false" found'
done_testing

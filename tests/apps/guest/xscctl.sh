# xscctl.sh - status, policy and ps in the guest
. "$APPS/tap.bash"

ok "status" xscctl status
matches "says what the policy is" out '^policy +off: legacy binaries run'
matches "and where the loader is looked for" out '^loader prefix +/usr/lib/xsc$'
matches "it is itself legacy" out '^this process +legacy$'
ok "as an XSC process" xsc-run xscctl status
matches "it says so" out '^this process +XSC, inherit set$'
matches "and counts itself" out '^XSC processes +[1-9]'

xsc-run sleep 60 &
pid=$!
sleep 1
ok "status PID" xscctl status $pid
matches "its kind" out '^kind +XSC'
matches "its entries" out '^kernel entries +[1-9]'
matches "no attempts" out '^trapped +0$'
matches "its ops by family" out '^mm +[0-9]+'
matches "and in all" out '^total +[1-9][0-9]+'
ok "ps" xscctl ps
matches "lists it" out "^ *$pid +[1-9][0-9]* +[1-9][0-9]* +0 sleep$"
lacks "and no legacy process" out ' bash$'
status 2 "status of another user's process" setpriv --reuid 1000 --clear-groups xscctl status $pid
matches "says that it may not" err 'you may not look at it'
ok "ps as another user" setpriv --reuid 1000 --clear-groups xscctl ps
lacks "does not list it" out ' sleep$'
kill $pid
ok "status of a legacy process" xscctl status $$
matches "says so" out '^kind +legacy'
status 2 "status of a process that is not there" xscctl status 999999

ok "policy" xscctl policy
is "prints one word" "$(cat out)" off
ok "policy audit" xscctl policy audit
is "is what the kernel has" "$(cat /proc/sys/kernel/xsc/exec_policy)" 1
ok "policy off" xscctl policy off
is "again" "$(xscctl policy)" off
status 3 "a policy that does not exist" xscctl policy perhaps
status 3 "not as another user" setpriv --reuid 1000 --clear-groups xscctl policy enforce
is "and it has not changed" "$(xscctl policy)" off
done_testing

# signals.sh - handlers, restarts, alternate stacks, siglongjmp and timers work however a program is linked
. "$APPS/tap.bash"
each_link signals
done_testing

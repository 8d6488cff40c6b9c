# processes.sh - fork, vfork, clone, posix_spawn, system, popen and scripts work however a program is linked
. "$APPS/tap.bash"
each_link processes
done_testing

# threads.sh - mutexes, condition variables, cancellation and many short threads work however a program is linked
. "$APPS/tap.bash"
each_link threads
done_testing

# exceptions.sh - C++ exceptions pass through frames, signal frames and threads however a program is linked
. "$APPS/tap.bash"
each_link exceptions
done_testing

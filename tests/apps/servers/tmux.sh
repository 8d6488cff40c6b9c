# tmux.sh - tmux: a server, two windows, job control in a terminal of its own
. "$APPS/tap.bash"
. "$APPS/servers/both.bash"

# what tmux starts to note its terminals in utmp is set-group-id, and such a program runs as
# legacy by design; without that bit it is a program like any other
chmod g-s /usr/lib/x86_64-linux-gnu/utempter/utempter

both tmux 300 <<'END'
export TMUX_TMPDIR=$PWD LANG=C.UTF-8 TERM=screen
unset TMUX
tmux -f /dev/null new-session -d -x 80 -y 24 -s s 'PS1="$ " exec bash --norc --noprofile'
tmux new-window -d -t s: 'cat'
wait_for() { for _ in $(seq 150); do tmux capture-pane -p -t "$1" | grep -q -- "$2" && return; sleep .1; done; tmux capture-pane -p -t "$1"; exit 1; }
wait_for s:0 '^\$'
tmux send-keys -t s:0 'echo $((40 + 2))' Enter
wait_for s:0 '^42'
tmux send-keys -t s:0 'sleep 100' Enter
sleep 1
tmux send-keys -t s:0 C-z
wait_for s:0 Stopped
tmux send-keys -t s:0 'bg; jobs; kill %1; wait; clear; stty size; echo over' Enter
wait_for s:0 '^over'
tmux capture-pane -p -t s:0 | grep -E '^(24|23) 80'
tmux send-keys -t s:1 'typed' Enter
wait_for s:1 '^typed'
tmux capture-pane -p -t s:1 | head -2
tmux list-windows -t s -F '#{window_index} #{pane_current_command}'
tmux kill-server
END
done_testing

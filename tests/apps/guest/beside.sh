# beside.sh - XSC and legacy processes work together: pipes, signals, files, ptrace, shared memory
. "$APPS/tap.bash"

is "XSC | legacy | XSC" "$(xsc-run seq 1000 | sort -r | xsc-run sha256sum)" "$(seq 1000 | sort -r | sha256sum)"
mkfifo fifo
xsc-run sh -c 'while read -r l; do echo "got $l"; done' <fifo >got &
{ echo one; echo two; } >fifo
wait
is "a fifo" "$(tr '\n' ' ' <got)" "got one got two "
xsc-run sh -c 'trap "exit 5" TERM; while :; do sleep 0.05; done' &
pid=$!
sleep 0.7
kill $pid
wait $pid
is "a signal from a legacy process" $? 5
sleep 60 &
pid=$!
xsc-run bash -c "kill -9 $pid"
wait $pid
is "a signal to one" $? 137
xsc-run flock lock sleep 1.5 &
sleep 0.7
status 1 "a lock that an XSC process holds" flock -n lock true
wait
is "the legacy shell is still one" "$(sed -n 's/^xsc:\t//p' /proc/$$/xsc)" 0
ok "xsc-run inside xsc-run" xsc-run xsc-run true
ok "a socket between them" python3 -c '
import socket, subprocess
s = socket.create_server(("127.0.0.1", 0))
p = subprocess.Popen(["xsc-run", "python3", "-c", f"import socket; c = socket.create_connection((\"127.0.0.1\", {s.getsockname()[1]})); c.sendall(b\"x\" * 300000); c.close()"])
c, n = s.accept()[0], 0
while d := c.recv(65536):
    n += len(d)
assert n == 300000 and p.wait() == 0, n'
ok "shared memory and a futex between them" python3 -c '
import multiprocessing as m, os, subprocess, sys
from multiprocessing import shared_memory as s
a = s.SharedMemory(create=True, size=4096)
p = subprocess.run(["xsc-run", "python3", "-c", f"""
from multiprocessing import shared_memory as s
a = s.SharedMemory(name="{a.name}"); a.buf[:4] = b"XSC!"; a.close()"""], stderr=subprocess.DEVNULL)
assert p.returncode == 0 and bytes(a.buf[:4]) == b"XSC!"
a.close()'
done_testing

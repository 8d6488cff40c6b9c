#!/bin/bash
# devices.sh - disk, network, what the guest's init sets up
. "$(dirname "$0")/tap.bash"
plan 6

truncate -s 16M disk.img
"$VM" --drive disk.img -- sh -c 'mke2fs -q -t ext4 -F /dev/vdc && mount /dev/vdc /mnt && echo kept >/mnt/file' </dev/null
is "a disk: used" $? 0
is "a disk: kept" "$(debugfs -R 'cat file' disk.img 2>/dev/null)" kept

"$VM" --net user -- sh -c 'ip -br addr show eth0; ip route' </dev/null >net.txt
matches "a network card" net.txt '10\.0\.2\.15'

"$VM" -- sh -ec '
	for d in /proc /sys /dev/pts /dev/shm /dev/mqueue /tmp /run /sys/fs/cgroup /sys/fs/bpf \
		/sys/kernel/tracing /sys/kernel/debug /sys/kernel/security; do
		mountpoint -q $d || echo "$d is not mounted"
	done
	for c in cpu memory pids; do
		grep -qw $c /sys/fs/cgroup/cgroup.subtree_control || echo "no cgroup controller $c"
	done
	ping -q -c 1 -W 5 127.0.0.1 >/dev/null || echo "lo is down"
	touch /var/tmp/x && hostname
	# the kernel starts with tsc-early, and takes the other when it has compared the two
	clock=/sys/devices/system/clocksource/clocksource0/current_clocksource
	for i in $(seq 60); do [ "$(cat $clock)" = tsc-early ] || break; sleep 0.5; done
	cat $clock
' </dev/null >env.txt
is "mounts, control groups, lo, writable root, clock" "$(echo $(cat env.txt))" "xsc-guest tsc"

# a terminal of its own: 30 rows, 100 columns; Ctrl-C reaches the guest
cat >term.py <<'EOF'
import os, pty, sys, time, fcntl, termios, struct
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
seen = b""
def until(want, limit=120):
    global seen
    end = time.time() + limit
    while want not in seen and time.time() < end:
        try:
            seen += os.read(fd, 4096)
        except OSError:
            break
    if want not in seen:
        sys.exit("no %r in %r" % (want, seen))
    seen = seen[seen.index(want) + len(want):]
until(b"# ")
os.write(fd, b"stty size; tty\r")
until(b"30 100")
until(b"/dev/pts/0")
os.write(fd, b"sleep 1000; echo sta''tus $?\r")
time.sleep(1)
os.write(fd, b"\x03")
time.sleep(0.5)
os.write(fd, b"echo sta''tus $?\r")
until(b"status 130")
os.write(fd, b"exit 9\r")
try:
    while os.read(fd, 4096):
        pass
except OSError:
    pass
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
EOF
python3 term.py "$VM" >pty.out 2>&1
is "a shell on a terminal: window size, Ctrl-C, exit status" "$?:$(cat pty.out)" "9:"

"$VM" -- sh -c 'auditd && sleep 1 && auditctl -a always,exit -S mkdirat -S mkdir -k tkey >/dev/null && mkdir /tmp/d &&
	sleep 2 && ausearch -k tkey 2>/dev/null | grep -c "key=\"tkey\""' </dev/null >audit.txt 2>audit.err
is "auditd can be started, ausearch finds" "$(cat audit.txt)" 2

done_testing

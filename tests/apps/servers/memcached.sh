# memcached.sh - memcached with four threads and eight clients at once
. "$APPS/tap.bash"
. "$APPS/servers/both.bash"

both memcached 300 <<'END'
memcached -u root -l 127.0.0.1 -p 11211 -t 4 -m 64 &
server=$!
cat >client.py <<'PY'
import hashlib, socket, threading, time

def connect():
    for _ in range(100):
        try:
            return socket.create_connection(("127.0.0.1", 11211))
        except OSError:
            time.sleep(.1)

def client(n, out):
    s = connect()
    f = s.makefile("rwb")
    h = hashlib.sha256()
    for i in range(300):
        v = b"%d " % (n * i) * (i % 50 + 1)
        f.write(b"set k%d-%d 0 0 %d\r\n%s\r\n" % (n, i, len(v), v))
    f.flush()
    for i in range(300):
        assert f.readline() == b"STORED\r\n"
    for i in range(300):
        f.write(b"get k%d-%d\r\n" % (n, i))
        f.flush()
        _, key, _, size = f.readline().split()
        h.update(key + f.read(int(size) + 2))
        assert f.readline() == b"END\r\n"
        f.write(b"incr count 1\r\n")
        f.flush()
        f.readline()
    out[n] = h.hexdigest()

s = connect()
s.sendall(b"set count 0 0 1\r\n0\r\n")
assert s.recv(100) == b"STORED\r\n"
out = {}
t = [threading.Thread(target=client, args=(n, out)) for n in range(8)]
[x.start() for x in t]
[x.join() for x in t]
for n in sorted(out):
    print(n, out[n])
s.sendall(b"get count\r\n")
print(s.recv(100))
PY
python3 client.py
kill $server
wait $server || echo "ended with $?"
END
done_testing

#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""echo-talk.py PORT CHECK [NUMBER] - talk to xsc-echo; exit status 0 if it answered as it must"""
import os
import selectors
import socket
import struct
import sys
import time

PORT, CHECK = int(sys.argv[1]), sys.argv[2]


def connect():
    s = socket.create_connection(("127.0.0.1", PORT), timeout=60)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s


def read_all(s):
    data = b""
    while chunk := s.recv(65536):
        data += chunk
    return data


def ask(text, want):
    s = connect()
    s.sendall(text)
    s.shutdown(socket.SHUT_WR)
    got = read_all(s)
    if got != want:
        sys.exit(f"to {text[:60]!r} came {got[:200]!r}, not {want[:200]!r}")


def words():
    ask(b"ECHO  two  words \nECHO\nECHO \nSET k\nGET k\nSET k v w\nGET k\nDEL k\nDEL k\nGET k\n",
        b" two  words \n\n\nOK\nVALUE \nOK\nVALUE v w\nOK\nNONE\nNONE\n")
    ask(b"\nGET\nget k\nSET\nDEL \nBOTH k\n",
        b"ERROR unknown request\nERROR no key\nERROR unknown request\n" + b"ERROR no key\n" * 2 +
        b"ERROR unknown request\n")
    ask(b"ECHO a\0b\xff\n", b"a\0b\xff\n")
    # a line without its end is no request
    ask(b"ECHO whole\nECHO half", b"whole\n")
    ask(b"ECHO 1\nQUIT\nECHO 2\n", b"1\nBYE\n")


def pieces():
    """a byte at a time"""
    s = connect()
    for b in b"SET slow and steady\nGET slow\nECHO end\n":
        s.sendall(bytes([b]))
    s.shutdown(socket.SHUT_WR)
    assert read_all(s) == b"OK\nVALUE and steady\nend\n"


def long_lines():
    text = b"x" * (16384 - len(b"ECHO \n"))
    ask(b"ECHO " + text + b"\n", text + b"\n")
    s = connect()
    # the reply comes even if more was sent than is read
    s.sendall(b"ECHO " + b"x" * 200000 + b"\nECHO behind\n")
    assert read_all(s) == b"ERROR line too long\n"


def big_replies():
    """a request of eight bytes, a reply of 16000: the output is full long before the input is used"""
    value = b"v" * 16000
    ask(b"SET big " + value + b"\n" + b"GET big\n" * 1500, b"OK\n" + (b"VALUE " + value + b"\n") * 1500)


def early():
    """clients that go without a word, in the middle of a line, with replies unread, with a reset"""
    for n in range(60):
        s = connect()
        if n % 3 == 1:
            s.sendall(b"SET half a val")
        elif n % 3 == 2:
            s.sendall(b"ECHO " + b"y" * 8000 + b"\n")
            s.sendall(b"ECHO z\n" * 500)
        if n % 2:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.close()
    ask(b"ECHO still here\n", b"still here\n")


def slow_reader():
    """one that asks for 40 MB and reads nothing does not stop the others"""
    s = connect()
    s.settimeout(2)
    line = b"ECHO " + b"w" * 16000 + b"\n"
    sent = 0
    try:
        for _ in range(2500):
            sent += s.send(line)
    except TimeoutError:
        pass
    else:
        sys.exit("the server took 40 MB and nobody has read a reply")
    for _ in range(20):
        ask(b"ECHO others\n", b"others\n")
    s.settimeout(60)
    s.shutdown(socket.SHUT_WR)
    got = read_all(s)
    want = sent // len(line)
    assert got == (b"w" * 16000 + b"\n") * want, f"{len(got)} bytes for {want} lines"


def idle(seconds):
    """silent connections are closed, and none too early, wherever in the server's tick it began"""
    sel = selectors.DefaultSelector()
    for _ in range(3):
        s = connect()
        s.sendall(b"ECHO begun")
        sel.register(s, selectors.EVENT_READ, time.monotonic())
        time.sleep(1.5)
    while sel.get_map():
        events = sel.select(60)
        assert events, "it was not closed"
        for key, _ in events:
            silent = time.monotonic() - key.data
            assert key.fileobj.recv(1) == b"" and silent >= seconds, f"closed after {silent} s"
            sel.unregister(key.fileobj)


def cpu(pid):
    """seconds"""
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        fields = f.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def descriptors(pid):
    """a server with none left waits for one without being busy, and then goes on"""
    conns = [connect() for _ in range(40)]
    for s in conns:
        s.sendall(b"ECHO here\n")
    time.sleep(1)
    used, begin = cpu(pid), time.monotonic()
    time.sleep(2)
    share = (cpu(pid) - used) / (time.monotonic() - begin)
    assert share < .2, f"{share} of a CPU"
    conns[-1].setblocking(False)
    try:
        sys.exit(f"it had enough: {conns[-1].recv(10)}")
    except BlockingIOError:
        conns[-1].settimeout(60)
    for s in conns[:30]:
        s.close()
    for s in conns[30:]:
        assert s.recv(10) == b"here\n"


globals()[CHECK](*map(int, sys.argv[3:]))

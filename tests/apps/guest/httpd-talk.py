#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""httpd-talk.py PORT ROOT CHECK - talk to xsc-httpd; exit status 0 if it answered as it must"""
import email.utils
import hashlib
import http.client
import os
import selectors
import socket
import struct
import sys

PORT, ROOT, CHECK = int(sys.argv[1]), sys.argv[2], sys.argv[3]


def connect():
    return socket.create_connection(("127.0.0.1", PORT), timeout=60)


def read_all(s):
    data = b""
    while chunk := s.recv(1 << 16):
        data += chunk
    return data


def raw(text):
    """what comes back to these bytes, until the connection is closed"""
    with connect() as s:
        s.sendall(text)
        s.shutdown(socket.SHUT_WR)
        return read_all(s)


def reply(text):
    """the status, and what comes behind the head"""
    got = raw(text)
    assert got.startswith(b"HTTP/1.1 "), (text[:80], got[:80])
    return int(got[9:12]), got.partition(b"\r\n\r\n")[2]


def status(text):
    return reply(text)[0]


def ask(conn, path, method="GET", **headers):
    conn.request(method, path, headers={k.replace("_", "-"): v for k, v in headers.items()})
    r = conn.getresponse()
    return r, r.read()


def want(conn, code, path, method="GET", **headers):
    r, body = ask(conn, path, method, **headers)
    assert r.status == code, (method, path, headers, r.status, code)
    return r, body


def content(name):
    with open(os.path.join(ROOT, name), "rb") as f:
        return f.read()


def files():
    """on one connection that stays open"""
    conn = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
    want(conn, 200, "/")
    sock = conn.sock
    for path, name, kind in (("/", "index.html", "text/html; charset=utf-8"),
                             ("/sub/", "sub/index.html", "text/html; charset=utf-8"),
                             ("/text.txt", "text.txt", "text/plain; charset=utf-8"),
                             ("/text.txt?query=1&x=/..", "text.txt", "text/plain; charset=utf-8"),
                             ("//sub///./text.txt", "sub/text.txt", "text/plain; charset=utf-8"),
                             ("/a%20b%25%C3%A9.JPG", "a b%é.JPG", "image/jpeg"),
                             ("/inside", "text.txt", "application/octet-stream"),
                             ("/empty.css", "empty.css", "text/css; charset=utf-8"),
                             ("/page", "page", "application/octet-stream")):
        r, body = want(conn, 200, path)
        assert body == content(name), path
        assert r.headers["Content-Type"] == kind, (path, r.headers["Content-Type"])
        assert int(r.headers["Content-Length"]) == len(body)
        assert r.headers["Last-Modified"] == email.utils.formatdate(int(os.stat(os.path.join(ROOT, name)).st_mtime), usegmt=True)
        h, body = want(conn, 200, path, "HEAD")
        assert not body and h.headers["Content-Length"] == r.headers["Content-Length"] and h.headers["ETag"] == r.headers["ETag"]
    assert conn.sock is sock, "the connection was closed"


def refused():
    conn = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
    # an index that is a directory is none: no redirection, which would come back with one slash more each time
    for path in ("/nothing", "/text.txt/", "/text.txt/x", "/noindex/", "/outside", "/outside-dir/passwd", "/loop",
                 "/" + "x" * 300, "/fifo/", "/dirindex/", "/dirindex//", "/dirindex/.", "/dirindex%2f"):
        want(conn, 404, path)
    for path in ("/../etc/passwd", "/sub/../../etc/passwd", "/%2e%2e/etc/passwd", "/sub/%2e./text.txt", "/..%2fetc/passwd",
                 "/..", "/secret", "/fifo"):
        want(conn, 403, path)
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        r, _ = want(conn, 405, "/text.txt", method)
        assert r.headers["Allow"] == "GET, HEAD"
    want(conn, 405, "/text.txt", "POST", Content_Length="0")
    r, _ = want(conn, 301, "/sub")
    assert r.headers["Location"] == "/sub/"
    r, _ = want(conn, 301, "//sub")
    assert r.headers["Location"] == "/sub/"
    r, _ = want(conn, 301, "/dirindex")
    assert r.headers["Location"] == "/dirindex/"
    host = b"Host: x\r\n"
    for line, code in ((b"GET / HTTP/1.1\r\n", 400), (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n", 400), (b"GET /\r\n", 400),
                       (b"GET  / HTTP/1.1\r\n" + host, 400), (b"GET / HTTP/2.0\r\n" + host, 505), (b"GET / HTTX/1.1\r\n" + host, 400),
                       (b"BREW / HTTP/1.1\r\n" + host, 501), (b"G T / HTTP/1.1\r\n" + host, 400), (b"GET /%zz HTTP/1.1\r\n" + host, 400),
                       (b"GET /%00 HTTP/1.1\r\n" + host, 400), (b"GET /\0 HTTP/1.1\r\n" + host, 400), (b"GET x HTTP/1.1\r\n" + host, 400),
                       (b"GET / HTTP/1.1\r\nHost : x\r\n", 400), (b"GET / HTTP/1.1\r\n" + host + b" folded\r\n", 400),
                       (b"GET / HTTP/1.1\r\n" + host + b"X: " + b"y" * 9000 + b"\r\n", 431),
                       (b"GET /" + b"y" * 9000 + b" HTTP/1.1\r\n" + host, 414),
                       (b"GET / HTTP/1.0\r\n", 200), (b"\r\n\r\nGET / HTTP/1.1\r\n" + host, 200), (b"GET / HTTP/1.1\nHost: x\n", 200),
                       (b"GET http://h/sub/ HTTP/1.1\r\n" + host, 200)):
        got = status(line + b"\r\n")
        assert got == code, (line[:60], got, code)
    # what is refused of HEAD has no body either
    for line, code in ((b"/ HTTP/1.1\r\n", 400), (b"/\r\n" + host, 400), (b"/ HTTP/2.0\r\n" + host, 505), (b"/ HTTX/1.1\r\n" + host, 400),
                       (b"/%zz HTTP/1.1\r\n" + host, 400), (b"/\0 HTTP/1.1\r\n" + host, 400), (b"/.. HTTP/1.1\r\n" + host, 403),
                       (b"/ HTTP/1.1\r\n" + host + b"X: " + b"y" * 9000 + b"\r\n", 431), (b"/" + b"y" * 9000 + b" HTTP/1.1\r\n" + host, 414)):
        got = reply(b"HEAD " + line + b"\r\n")
        assert got == (code, b""), (line[:60], got, code)
    # a body that is not read is not taken for a request
    got = raw(b"POST /text.txt HTTP/1.1\r\nHost: x\r\nContent-Length: 30\r\n\r\nGET /text.txt HTTP/1.1\r\nHost: x\r\n\r\n")
    assert got.count(b"HTTP/1.1 ") == 1 and b"\r\nConnection: close\r\n" in got, got


def ranges():
    conn = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
    data = content("large.bin")
    size = len(data)
    for text, first, last in (("0-0", 0, 0), ("0-99", 0, 99), ("100-", 100, size - 1), ("-100", size - 100, size - 1),
                              (f"{size - 1}-", size - 1, size - 1), (f"5-{size * 2}", 5, size - 1), (f"-{size * 2}", 0, size - 1),
                              (f"{size - 200000}-{size - 70000}", size - 200000, size - 70000)):
        r, body = want(conn, 206, "/large.bin", Range="bytes=" + text)
        assert body == data[first:last + 1] and r.headers["Content-Range"] == f"bytes {first}-{last}/{size}", text
    for text in (f"bytes={size}-", "bytes=-0"):
        r, _ = want(conn, 416, "/large.bin", Range=text)
        assert r.headers["Content-Range"] == f"bytes */{size}"
    want(conn, 416, "/empty.css", Range="bytes=0-")
    for text in ("bytes=5-4", "bytes=a-b", "bytes=", "bytes=-", "bytes=0-1,4-5", "lines=0-1", "bytes=1-2x"):
        assert want(conn, 200, "/large.bin", Range=text)[1] == data, text
    # ranges are of GET alone
    for text in ("bytes=0-99", f"bytes={size}-"):
        r, body = want(conn, 200, "/large.bin", "HEAD", Range=text)
        assert not body and r.headers["Content-Length"] == str(size) and not r.headers["Content-Range"], text
    tag, date = r.headers["ETag"], r.headers["Last-Modified"]
    for value in (tag, date):
        want(conn, 206, "/large.bin", Range="bytes=0-99", If_Range=value)
    for value in ('"other"', "Thu, 01 Jan 1970 00:00:00 GMT", "W/" + tag, "x" * 500):
        want(conn, 200, "/large.bin", Range="bytes=0-99", If_Range=value)


def conditions():
    conn = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
    r, _ = want(conn, 200, "/text.txt")
    tag, date = r.headers["ETag"], r.headers["Last-Modified"]
    t = email.utils.parsedate_to_datetime(date)
    for since in (date, t.strftime("%A, %d-%b-%y %H:%M:%S GMT"), t.strftime("%a %b %e %H:%M:%S %Y"), "Fri, 01 Jan 2100 00:00:00 GMT"):
        r, body = want(conn, 304, "/text.txt", If_Modified_Since=since)
        assert not body and r.headers["ETag"] == tag
    for since in ("Mon, 01 Jan 2001 00:00:00 GMT", "yesterday", ""):
        want(conn, 200, "/text.txt", If_Modified_Since=since)
    for tags in (tag, "W/" + tag, '"a", ' + tag + ', "b"', "*"):
        want(conn, 304, "/text.txt", If_None_Match=tags)
    # a tag decides, not a date
    for tags in ('"a", "b"', '"' + "x" * 500 + '"', ""):
        want(conn, 200, "/text.txt", If_None_Match=tags, If_Modified_Since=date)
    want(conn, 304, "/text.txt", "HEAD", If_None_Match=tag)
    want(conn, 404, "/nothing", If_None_Match="*")


def pipeline():
    """many requests ahead, in pieces; the replies in their order"""
    request = b"GET /text.txt HTTP/1.1\r\nHost: x\r\n\r\nHEAD /nothing HTTP/1.1\r\nHost: x\r\n\r\n"
    text = content("text.txt")
    with connect() as s:
        for n in range(0, len(request) * 40, 13):
            s.sendall((request * 40)[n:n + 13])
        s.shutdown(socket.SHUT_WR)
        got = read_all(s)
    assert got.count(b"HTTP/1.1 200 OK") == 40 and got.count(text) == 40 and got.count(b"HTTP/1.1 404") == 40


def large():
    """20 MB to eight at once, each checked"""
    sel = selectors.DefaultSelector()
    left = {}
    for _ in range(8):
        s = connect()
        s.sendall(b"GET /huge.bin HTTP/1.0\r\n\r\n")
        sel.register(s, selectors.EVENT_READ)
        left[s] = bytearray()
    sha = hashlib.sha256(content("huge.bin")).digest()
    while left:
        for key, _ in sel.select(60):
            s = key.fileobj
            chunk = s.recv(1 << 20)
            left[s] += chunk
            if not chunk:
                head, _, body = left.pop(s).partition(b"\r\n\r\n")
                assert head.startswith(b"HTTP/1.1 200") and hashlib.sha256(body).digest() == sha
                sel.unregister(s)
                s.close()


def many():
    """200 connections with requests in turn, each reply checked"""
    names = ["index.html", "text.txt", "sub/text.txt", "page", "medium.bin"]
    data = [content(n) for n in names]
    conns = [http.client.HTTPConnection("127.0.0.1", PORT, timeout=60) for _ in range(200)]
    for turn in range(3):
        for n, c in enumerate(conns):
            c.request("GET", "/" + names[(n + turn) % len(names)])
        for n, c in enumerate(conns):
            r = c.getresponse()
            assert r.status == 200 and r.read() == data[(n + turn) % len(names)]
    for c in conns:
        c.close()


def early():
    """clients that go in the middle: of a request, of a reply, with a reset"""
    for n in range(60):
        s = connect()
        if n % 3:
            s.sendall(b"GET /huge.bin HTTP/1.1\r\nHost: x\r\n" + (b"\r\n" if n % 3 == 1 else b""))
        if n % 3 == 1 and n % 4 == 1:
            s.recv(1000)
        if n % 2:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.close()
    assert status(b"GET / HTTP/1.0\r\n\r\n") == 200


def root_index():
    """for a server whose root has a directory of that name: Location: // would be another host's"""
    conn = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
    for path in ("/", "//", "/.", "/?"):
        want(conn, 404, path)


def shrinking():
    """a file that becomes shorter while it is sent: the connection ends, since the length was promised"""
    path = os.path.join(ROOT, "shrinking.bin")
    with open(path, "wb") as f:
        f.write(bytes(30 << 20))
    with connect() as s:
        s.sendall(b"GET /shrinking.bin HTTP/1.1\r\nHost: x\r\n\r\n")
        s.recv(100)
        os.truncate(path, 1000)
        assert len(read_all(s)) < 30 << 20
    assert status(b"GET / HTTP/1.0\r\n\r\n") == 200


globals()[CHECK]()

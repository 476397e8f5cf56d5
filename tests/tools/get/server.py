#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A TLS server whose answers are as odd as the path asks for.

server.py CERT KEY FILE LOG

Prints its port. Writes a line to LOG for each connection ("connection") and each request (its path
and the values of Range and If-Range). FILE is what most answers have in them.
"""
import socket
import ssl
import sys
import threading
import time

CERT, KEY, FILE, LOG = sys.argv[1:5]
DATA = open(FILE, "rb").read()
LOCK = threading.Lock()
COUNTS = {}
MODIFIED = "Last-Modified: Mon, 01 Jun 2026 00:00:00 GMT"
DATE = "Date: Mon, 30 Nov 2026 00:00:00 GMT"


def log(text):
    with LOCK, open(LOG, "a", encoding="ascii") as out:
        out.write(text + "\n")


def count(path):
    with LOCK:
        COUNTS[path] = COUNTS.get(path, 0) + 1
        return COUNTS[path]


def head(status, fields, phrase="Whatever"):
    return (f"HTTP/1.1 {status} {phrase}\r\n" + "".join(f + "\r\n" for f in fields) + "\r\n").encode()


def sized(data, *fields):
    return head(200, (f"Content-Length: {len(data)}",) + fields) + data


def chunked(data, size):
    out = [head(200, ["Transfer-Encoding: chunked"])]
    for at in range(0, len(data), size):
        piece = data[at:at + size]
        out.append(b"%x;a=b\r\n" % len(piece) + piece + b"\r\n")
    return b"".join(out) + b"0\r\nTrailer: x\r\n\r\n"


def part(kind, request):
    """The rest that was asked for, in a 206 that is odd in one way."""
    start = request.get("range", "")
    if not start:
        return sized(DATA, 'ETag: "one"', MODIFIED, DATE)
    first = int(start[6:].rstrip("-"))
    fields = {
        "two": ['ETag: "two"'], "weak": ['ETag: W/"one"'], "none": [], "star": ['ETag: "one"'],
        "length": ['ETag: "one"'], "upper": ['ETag: "one"'],
        "date": [MODIFIED], "undated": [], "later": [MODIFIED.replace("2026", "2027")],
    }[kind]
    last, total = len(DATA) - 1, len(DATA)
    if kind == "star":
        last, total = first + 9, "*"
    body = DATA[first:last + 1]
    if kind == "length":
        body = body[:-1]
    unit = "Bytes" if kind == "upper" else "bytes"
    return head(206, [f"Content-Range: {unit} {first}-{last}/{total}",
                      f"Content-Length: {len(body)}"] + fields) + body


def ranged(request, tag):
    """Honours Range as long as If-Range names `tag`."""
    start = request.get("range", "")
    if not start.startswith("bytes=") or request.get("if-range") != tag:
        return sized(DATA, f"ETag: {tag}")
    first = int(start[6:].rstrip("-"))
    if first >= len(DATA):
        return head(416, [f"Content-Range: bytes */{len(DATA)}", "Content-Length: 0"])
    return head(206, [f"Content-Range: bytes {first}-{len(DATA) - 1}/{len(DATA)}",
                      f"Content-Length: {len(DATA) - first}", f"ETag: {tag}"]) + DATA[first:]


class Server:
    """One connection; each answer returns how it goes on: keep, notify (close), cut (FIN only)."""

    def __init__(self, conn):
        self.conn = conn
        self.stream = conn.makefile("rb")

    def request(self):
        line = self.stream.readline()
        fields = {}
        for field in iter(self.stream.readline, b"\r\n"):
            if not field:
                return None, None
            name, _, value = field.decode().partition(":")
            fields[name.lower()] = value.strip()
        words = line.split()
        return (words[1].decode(), fields) if len(words) == 3 else (None, None)

    def say(self, data, then="keep"):
        self.conn.sendall(data)
        return then

    def answer(self, path, request):
        half = len(DATA) // 2
        kind = path.split("/")[1]
        if kind == "redirect":
            left = int(path.split("/")[2])
            to = f"redirect/{left - 1}/file" if left else "plain/file"
            if left % 2:
                return self.say(head(302, [f"Location: ../../{to}#x", "Content-Length: 5"]) + b"moved")
            return self.say(head(301, [f"Location: /x/../{to}", "Connection: close"]), "notify")
        simple = {
            "plain": lambda: sized(DATA),
            "chunked": lambda: chunked(DATA, 5000),
            "tiny-chunks": lambda: chunked(DATA[:3000], 1),
            "bad-chunk": lambda: head(200, ["Transfer-Encoding: chunked"]) + b"5\r\nhello\r\nZZ\r\n",
            "empty": lambda: sized(b""),
            "surplus": lambda: sized(DATA) + b"more than was promised",
            "hundred": lambda: head(100, []) + head(103, ["Link: x"]) + sized(DATA),
            "compressed": lambda: sized(DATA, "Content-Encoding: gzip"),
            "absent": lambda: head(404, ["Content-Length: 4"], "Not Found") + b"none",
            "secret": lambda: head(403, ["Content-Length: 0"], "Forbidden"),
            "busy": lambda: head(503, ["Transfer-Encoding: chunked"], "Busy") + b"3\r\nbad\r\n0\r\n\r\n",
            "nothing": lambda: head(204, []),
            "to-http": lambda: head(302, ["Location: http://127.0.0.1/x", "Content-Length: 0"]),
            "circle": lambda: head(302, ["Location: /circle/file", "Content-Length: 0"]),
            "nowhere": lambda: head(302, ["Location: https://:bad host/", "Content-Length: 0"]),
            "two-lengths": lambda: head(200, ["Content-Length: 5", "Content-Length: 6"]) + b"hello",
            "bad-length": lambda: head(200, ["Content-Length: 5x"]) + b"hello",
            "bad-coding": lambda: head(200, ["Transfer-Encoding: gzip, chunked"]) + b"hello",
            "garbage": lambda: b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
            "endless-head": lambda: b"HTTP/1.1 200 OK\r\n" + b"A: " + b"b" * 100000,
            "upgrade": lambda: head(101, ["Upgrade: x"]),
            "range": lambda: ranged(request, '"one"'),
            "other": lambda: ranged(request, '"two"'),
            "provisional": lambda: head(103, ["Link: x"]) * 1000 + sized(DATA),
            "long-extension": lambda: head(200, ["Transfer-Encoding: chunked"]) + b"5;" + b"a" * 200000
            + b"\r\nhello\r\n0\r\n\r\n",
            "long-trailer": lambda: head(200, ["Transfer-Encoding: chunked"]) + b"5\r\nhello\r\n0\r\n"
            + b"A: b\r\n" * 50000 + b"\r\n",
            "no-blank": lambda: b"HTTP/1.1 200\r\n" + sized(DATA).partition(b"\r\n")[2],
            "folded": lambda: head(200, [f"Content-Length:\r\n\t{len(DATA)}", "ETag:\r\n  \"one\""]) + DATA,
            "much-later": lambda: head(503, ["Retry-After: 86400", "Content-Length: 0"], "Later"),
            "part": lambda: part(path.split("/")[2], request),
            "weak": lambda: sized(DATA, 'ETag: W/"weak"'),
            "lying-range": lambda: head(206, [f"Content-Range: bytes 7-99/{len(DATA)}", "Content-Length: 93"])
            + DATA[7:100] if request.get("range") else sized(DATA, 'ETag: "one"'),
        }
        if kind in simple:
            return self.say(simple[kind]())
        if kind == "until-close":
            return self.say(head(200, []) + DATA, "notify")
        if kind == "http10":
            return self.say(b"HTTP/1.0 200 OK\r\n\r\n" + DATA, "notify")
        if kind == "cut":
            return self.say(head(200, []) + DATA[:half], "cut")
        if kind == "short":
            return self.say(head(200, [f"Content-Length: {len(DATA)}", 'ETag: "one"']) + DATA[:half], "notify")
        if kind == "short-date":
            return self.say(head(200, [f"Content-Length: {len(DATA)}", MODIFIED, DATE]) + DATA[:half], "notify")
        if kind == "flaky":
            turn = count(path)
            if turn == 1:
                return self.say(head(503, ["Content-Length: 0"], "Busy"))
            if turn == 2:
                return self.say(head(200, [f"Content-Length: {len(DATA)}", 'ETag: "one"']) + DATA[:half], "cut")
            return self.say(ranged(request, '"one"'))
        if kind == "short-cut":
            return self.say(head(200, [f"Content-Length: {len(DATA)}"]) + DATA[:half], "cut")
        if kind == "short-chunks":
            return self.say(chunked(DATA, 5000)[:half], "notify")
        if kind == "no-answer":
            return "notify"
        if kind == "stale":  # an idle connection ends as the next request comes
            return "cut" if count(self) == 2 else self.say(sized(DATA))
        if kind == "silent":
            self.say(head(200, [f"Content-Length: {len(DATA)}"]) + DATA[:half])
            self.stream.read(1)
            return "cut"
        if kind == "slow":
            answer = sized(DATA[:4000])
            for at in range(0, len(answer), 97):
                self.conn.sendall(answer[at:at + 97])
                time.sleep(0.005)
            return "keep"
        return self.say(head(404, ["Content-Length: 0"], "Not Found"))

    def serve(self):
        then = "keep"
        while then == "keep":
            path, request = self.request()
            if not path:
                break
            log(f"{path} {request.get('range', '-')} {request.get('if-range', '-')}")
            then = self.answer(path, request)
        if then == "cut":
            self.conn.shutdown(socket.SHUT_WR)
            self.conn.recv(1 << 16)
        else:
            self.conn.unwrap()


def serve(sock, context):
    try:
        with context.wrap_socket(sock, server_side=True) as conn:
            log("connection")
            Server(conn).serve()
    except (OSError, ssl.SSLError, ValueError) as error:
        log(f"error {error}")


def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERT, KEY)
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    while True:
        sock, _ = listener.accept()
        threading.Thread(target=serve, args=(sock, context), daemon=True).start()


main()

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Requests that two programs could understand differently, and paths that want out.

strict.py PORT smuggling    each row on a connection of its own: the statuses that come, and
                            whether the connection ends with them
strict.py PORT paths        every path in every disguise: never what lies outside

Prints what is not as it should be, and how many rows there were; status 1 when anything was wrong.
"""
import itertools
import re
import socket
import ssl
import sys

HOST = b"Host: x\r\n"
# What a smuggler wants to be taken for a request of its own.
INNER = b"GET /inner HTTP/1.1\r\nHost: x\r\n\r\n"


def get(fields, rest=b"", line=b"GET /a HTTP/1.1\r\n"):
    return line + fields + b"\r\n" + rest


# (bytes, statuses); a minus: the connection ends after that answer.
SMUGGLING = [
    # what is well formed
    (get(HOST) * 2, "200 200"),
    (get(HOST + b"Content-Length: 5\r\n", b"hello") + get(HOST), "200 200"),
    (get(HOST + b"Content-Length: 0\r\n") + get(HOST), "200 200"),
    (get(HOST + b"content-LENGTH:  5 \t\r\n", b"hello") + get(HOST), "200 200"),
    (b"\r\n" + get(HOST) + get(HOST), "200 200"),
    # a body's length
    (get(HOST + b"Content-Length: 5\r\nContent-Length: 5\r\n", b"hello" + INNER), "400-"),
    (get(HOST + b"Content-Length: 0\r\nContent-Length: 35\r\n", INNER), "400-"),
    (get(HOST + b"Content-Length: 0, 35\r\n", INNER), "400-"),
    (get(HOST + b"Content-Length: +5\r\n", INNER), "400-"),
    (get(HOST + b"Content-Length: -0\r\n", INNER), "400-"),
    (get(HOST + b"Content-Length: 0x5\r\n", INNER), "400-"),
    (get(HOST + b"Content-Length: 5.0\r\n", INNER), "400-"),
    (get(HOST + b"Content-Length: 5 5\r\n", INNER), "400-"),
    (get(HOST + b"Content-Length: \r\n", INNER), "400-"),
    (get(HOST + b"Content-Length: \"5\"\r\n", INNER), "400-"),
    (get(HOST + b"Content-Length: 99999999999999999999\r\n", INNER), "400-"),
    (get(HOST + b"Content-Length: 18446744073709551616\r\n", INNER), "400-"),
    (get(HOST + b"Content-Length: 99999999\r\n", INNER), "413-"),
    (get(HOST + b"Content-Length : 35\r\n", INNER), "400-"),
    (get(HOST + b"Content-Length\t: 35\r\n", INNER), "400-"),
    (get(HOST + b" Content-Length: 35\r\n", INNER), "400-"),
    (get(HOST + b"Content-Length:\r\n 35\r\n", INNER), "400-"),
    # how it is coded
    (get(HOST + b"Transfer-Encoding: chunked\r\n", b"0\r\n\r\n" + INNER), "200-"),
    (get(HOST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", b"0\r\n\r\n" + INNER), "400-"),
    (get(HOST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n" + INNER), "400-"),
    (get(HOST + b"Content-Length: 5\r\nTransfer-Encoding: xchunked\r\n", INNER), "400-"),
    (get(HOST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", INNER), "400-"),
    (get(HOST + b"Transfer-Encoding: xchunked\r\n", INNER), "501-"),
    (get(HOST + b"Transfer-Encoding: chunked, identity\r\n", INNER), "501-"),
    (get(HOST + b"Transfer-Encoding: identity\r\n", INNER), "501-"),
    (get(HOST + b"Transfer-Encoding: \"chunked\"\r\n", INNER), "501-"),
    (get(HOST + b"Transfer-Encoding: chunked;a=b\r\n", INNER), "501-"),
    (get(HOST + b"Transfer-Encoding:\r\n", INNER), "501-"),
    (get(HOST + b"Transfer-Encoding: \x0bchunked\r\n", INNER), "400-"),
    (get(HOST + b"Transfer-Encoding : chunked\r\n", INNER), "400-"),
    (get(HOST + b"Transfer-Encoding\r\n: chunked\r\n", INNER), "400-"),
    (get(HOST + b"X: y\r\n Transfer-Encoding: chunked\r\n", INNER), "400-"),
    (get(HOST + b"X: y\rTransfer-Encoding: chunked\r\n", INNER), "400-"),
    (get(HOST + b"X: y\nTransfer-Encoding: chunked\r\n", INNER), "400-"),
    (get(b"Transfer-Encoding: chunked\r\n", INNER, b"GET /a HTTP/1.0\r\n"), "400-"),
    # lines
    (b"GET /a HTTP/1.1\nHost: x\n\n" + INNER, "400-"),
    (b"GET /a HTTP/1.1\r\nHost: x\n\r\n" + INNER, "400-"),
    (b"GET /a HTTP/1.1\rHost: x\r\n\r\n" + INNER, "400-"),
    (b"GET /a HTTP/1.1\r\nHost: x\r\r\n\r\n" + INNER, "400-"),
    (b"\n" + get(HOST), "400-"),
    (get(HOST + b"X: a\r\n\tb\r\n"), "400-"),
    (b"GET /a HTTP/1.1\r\n X: y\r\nHost: x\r\n\r\n", "400-"),
    (get(HOST + b"X\r\n"), "400-"),
    (get(HOST + b": y\r\n"), "400-"),
    (get(HOST + b"X: a\x00b\r\n"), "400-"),
    (get(HOST + b"X\x00: b\r\n"), "400-"),
    (get(HOST + b"X: a\x7fb\r\n"), "400-"),
    (get(HOST + b"X\xff: b\r\n"), "400-"),
    (get(HOST + b"X(: b\r\n"), "400-"),
    # the request line
    (get(HOST, line=b"GET /a\r\n"), "400-"),
    (get(b"", line=b"GET /a\r\n"), "400-"),
    (get(HOST, line=b"GET  /a HTTP/1.1\r\n"), "400-"),
    (get(HOST, line=b"GET /a  HTTP/1.1\r\n"), "400-"),
    (get(HOST, line=b"GET\t/a\tHTTP/1.1\r\n"), "400-"),
    (get(HOST, line=b" GET /a HTTP/1.1\r\n"), "400-"),
    (get(HOST, line=b"GET /a HTTP/1.1 \r\n"), "400-"),
    (get(HOST, line=b"GET /a b HTTP/1.1\r\n"), "400-"),
    (get(HOST, line=b"GET /a\x00 HTTP/1.1\r\n"), "400-"),
    (get(HOST, line=b"GET /a\x0b HTTP/1.1\r\n"), "400-"),
    (get(HOST, line=b"GET a HTTP/1.1\r\n"), "400-"),
    (get(HOST, line=b"GET * HTTP/1.1\r\n"), "400-"),
    (get(HOST, line=b"G(T /a HTTP/1.1\r\n"), "400-"),
    (get(HOST, line=b"get /a HTTP/1.1\r\n"), "501"),
    (get(HOST, line=b"GET /a http/1.1\r\n"), "400-"),
    (get(HOST, line=b"GET /a HTTP/1.01\r\n"), "400-"),
    (get(HOST, line=b"GET /a HTTP/1\r\n"), "400-"),
    (get(HOST, line=b"GET /a HTTP/01.1\r\n"), "400-"),
    (get(HOST, line=b"GET /a HTTP/1,1\r\n"), "400-"),
    (get(HOST, line=b"GET /a HTTP/2.0\r\n"), "505-"),
    (get(HOST, line=b"GET /a HTTP/0.9\r\n"), "505-"),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505-"),
    # the host
    (get(b""), "400-"),
    (get(HOST + b"Host: x\r\n"), "400-"),
    (get(HOST + b"Host: y\r\n"), "400-"),
    (get(b"Host : x\r\n"), "400-"),
    (get(b"Host: x y\r\n"), "400-"),
    (get(b"Host: x@y\r\n"), "400-"),
    (get(b"Host: x/../y\r\n"), "400-"),
    (get(b"Host: x:y\r\n"), "400-"),
    (get(b"Host:\r\n"), "400-"),
    (get(HOST, line=b"GET https://x/a HTTP/1.1\r\n"), "200"),
    (get(HOST, line=b"GET https://y/a HTTP/1.1\r\n"), "200"),
    (get(HOST, line=b"GET https://x@y/a HTTP/1.1\r\n"), "400-"),
    (get(HOST, line=b"GET http://x/a HTTP/1.1\r\n"), "400-"),
    (get(HOST, line=b"GET file:///a HTTP/1.1\r\n"), "400-"),
    (get(HOST, line=b"GET //x/a HTTP/1.1\r\n"), "404"),
    # what may come once
    (get(HOST + b"Range: bytes=0-0\r\nRange: bytes=1-1\r\n"), "400-"),
    (get(HOST + b"If-Range: \"a\"\r\nIf-Range: \"b\"\r\n"), "400-"),
]


def connect(port):
    sock = socket.create_connection(("127.0.0.1", port), 60)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(sock, suppress_ragged_eofs=False)


class Reader:
    """Answers, one after the other, by their Content-Length alone."""

    def __init__(self, sock):
        self.sock = sock
        self.data = b""

    def more(self):
        piece = self.sock.recv(65536)
        self.data += piece
        return piece

    def answer(self):
        """(status, head, content), or None at a clean end."""
        while b"\r\n\r\n" not in self.data:
            if not self.more():
                return ("half an answer", b"", b"") if self.data else None
        head, self.data = self.data.split(b"\r\n\r\n", 1)
        length = re.search(rb"\r\nContent-Length: (\d+)", head)
        length = int(length.group(1)) if length else 0
        while len(self.data) < length and self.more():
            pass
        content, self.data = self.data[:length], self.data[length:]
        return head.split(b" ")[1].decode(), head, content


def statuses(port, data):
    """What comes; when no end comes by itself a last request shows that the connection lives."""
    last = b"GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    got = []
    with connect(port) as sock:
        sock.sendall(data + last)
        reader = Reader(sock)
        while True:
            answer = reader.answer()
            if not answer:
                break
            if b"the inner file" in answer[2]:
                return "the inner request was answered"
            got.append("last" if b"the last file" in answer[2] else answer[0])
    if got and got[-1] == "last":
        return " ".join(got[:-1])
    return " ".join(got) + "-"


def smuggling(port):
    wrong = 0
    for data, expected in SMUGGLING:
        got = statuses(port, data)
        if got != expected:
            print(f"{got} instead of {expected} for {data!r}")
            wrong += 1
    print(f"{len(SMUGGLING)} rows")
    return wrong


DOTS = ["..", "%2e%2e", ".%2e", "%2E.", "%252e%252e", "%c0%ae%c0%ae", "%e0%80%ae%e0%80%ae", "%u002e%u002e",
        "..%00", "..;", "...", ".%20.", "..%20", "%2e%2e%2e", "\xff..", "..%0d", "..%5c.."]
SLASHES = ["/", "//", "%2f", "%5c", "\\", "%252f", "%c0%af", "%e0%80%af", "/./", "/;/", "%00/", "/%20/"]
TARGETS = ["secret", "www/../secret", "etc/passwd", "secret%00.html", "secret/", "secret?a", "%73ecret"]
PATHS = [
    "/out", "/out/", "/absolute", "/up/secret", "/up/www/a", "/folder/up/secret", "/chain", "/loop", "/loop/a",
    "/proc-root/etc/passwd", "/proc-cwd/secret", "/proc-fd/0", "/proc-exe", "/fifo", "/socket", "/null", "/zero",
    "/.git/config", "/%2egit/config", "/folder/.hidden", "/.well-known/../secret", "/.well-known/.hidden",
    "/.well-known/up/secret", "/a/../../secret", "/a/", "/a/..", "/.", "/..", "/folder/.",
    "/folder/..", "/%", "/%%32%65", "/%2", "/a%0", "/%00", "/a%00", "/a%00.txt", "/C:/secret", "/c:%5csecret",
    "/~root/secret", "/file:///etc/passwd", "/%2fetc%2fpasswd", "//etc/passwd", "///etc/passwd", "/folder//../../secret",
    "/*", "/a*", "/[a]", "/$HOME", "/`id`", "/|id", "/a|id", "/a%0d%0aX:%20y", "/" + "a/" * 2000, "/" + "../" * 300,
    "/" + "%2e%2e/" * 300 + "etc/passwd", "/" + "a" * 300, "/folder/" + "x" * 3000,
]


def disguises():
    for up, slash, target in itertools.product(DOTS, SLASHES, TARGETS):
        yield f"/{up}{slash}{target}"
        yield f"/folder{slash}{up}{slash}{up}{slash}{target}"
        yield f"{slash}{up}{slash}{target}" if slash.startswith("/") else f"/{slash}{up}{slash}{target}"


def paths(port):
    wrong = 0
    rows = PATHS + sorted(set(disguises()))
    for start in range(0, len(rows), 50):
        batch = rows[start:start + 50]
        with connect(port) as sock:
            sock.sendall(b"".join(b"GET " + row.encode("latin-1") + b" HTTP/1.1\r\nHost: x\r\n\r\n" for row in batch))
            reader = Reader(sock)
            for row in batch:
                answer = reader.answer()
                if not answer or answer[0] not in ("400", "404") or \
                        any(word in answer[2] for word in (b"the secret", b"root:", b"hidden", b"the a file")):
                    print(f"{answer} for {row!r}")
                    wrong += 1
                if not answer:
                    break
    print(f"{len(rows)} paths")
    return wrong


def main():
    port, what = int(sys.argv[1]), sys.argv[2]
    wrong = {"smuggling": smuggling, "paths": paths}[what](port)
    sys.exit(1 if wrong else 0)


main()

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An HTTP/2 client that misbehaves: http2_raw.py PORT CASE[,CASE]... [PATH]

Prints one word for each thing that happens, in order of their coming:
goaway=CODE, reset=CODE, status=NNN, data=BYTES (of a stream that ended), closed.
"""
import random
import select
import socket
import ssl
import struct
import sys
import time

DATA, HEADERS, PRIORITY, RST, SETTINGS, PING, GOAWAY, WINDOW, CONTINUATION = 0, 1, 2, 3, 4, 6, 7, 8, 9
END_STREAM, END_HEADERS, PADDED, ACK = 1, 4, 8, 1
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def text(value):
    value = value.encode()
    if len(value) < 127:
        return bytes([len(value)]) + value
    rest, out = len(value) - 127, b"\x7f"
    while rest >= 128:
        out += bytes([rest % 128 | 128])
        rest //= 128
    return out + bytes([rest]) + value


def fields(*pairs):
    """Literal, not indexed."""
    return b"".join(b"\x00" + text(name) + text(value) for name, value in pairs)


def get(path, *more, method="GET"):
    return fields((":method", method), (":scheme", "https"), (":path", path), (":authority", "localhost"), *more)


class Client:
    def __init__(self, port, settings=b"", preface=PREFACE, buffer=0):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_alpn_protocols(["h2"])
        sock = socket.socket()
        if buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        sock.settimeout(60)
        sock.connect(("127.0.0.1", port))
        self.sock = context.wrap_socket(sock)
        self.got = b""
        self.bytes = {}
        self.window = {0: 65535, 1: 65535}
        self.over = self.reset = False
        # Without a table each status comes as it is.
        self.send(preface + frame(SETTINGS, 0, 0, settings + struct.pack(">HI", 1, 0)))

    def send(self, data):
        """What the server does not want to hear any more does not matter."""
        try:
            self.sock.sendall(data)
        except (ssl.SSLError, OSError):
            self.over = True

    def gone(self):
        """Has the server said that it goes? Whoever goes on sending may lose its last words."""
        while not self.over and (self.sock.pending() or select.select([self.sock], [], [], 0)[0]):
            try:
                data = self.sock.recv(65536)
            except (ssl.SSLError, OSError):
                data = b""
            self.over = not data
            self.got += data
        at = 0
        while at + 9 <= len(self.got):
            self.over |= self.got[at + 3] == GOAWAY
            at += 9 + int.from_bytes(self.got[at:at + 3], "big")
        return self.over

    def frames(self):
        while True:
            while len(self.got) >= 9 and len(self.got) >= 9 + int.from_bytes(self.got[:3], "big"):
                length = int.from_bytes(self.got[:3], "big")
                kind, flags = self.got[3], self.got[4]
                stream = int.from_bytes(self.got[5:9], "big") & 0x7FFFFFFF
                payload, self.got = self.got[9:9 + length], self.got[9 + length:]
                yield kind, flags, stream, payload
            try:
                data = self.sock.recv(65536)
            except (ssl.SSLError, OSError):
                data = b""
            if not data:
                return
            self.got += data

    def listen(self, until=None):
        """Print what comes, until the server closes or until(kind, stream) says so."""
        for kind, flags, stream, payload in self.frames():
            if kind == GOAWAY:
                print(f"goaway={int.from_bytes(payload[4:8], 'big')}", flush=True)
            elif kind == RST:
                print(f"reset={int.from_bytes(payload, 'big')}", flush=True)
                self.reset = True
            elif kind == HEADERS:
                print(f"status={status(payload)}", flush=True)
            elif kind == DATA:
                padding = 1 + payload[0] if flags & PADDED else 0
                self.bytes[stream] = self.bytes.get(stream, 0) + len(payload) - padding
                if flags & END_STREAM:
                    print(f"data={self.bytes[stream]}", flush=True)
            elif kind == WINDOW and stream in self.window:
                self.window[stream] += int.from_bytes(payload, "big")
            elif kind == SETTINGS and not flags & ACK:
                self.send(frame(SETTINGS, ACK, 0))
            elif kind == PING and not flags & ACK:
                self.send(frame(PING, ACK, 0, payload))
            if until and until(kind, flags, stream):
                return
        print("closed", flush=True)

    def upload(self, stream, data):
        while min(self.window[0], self.window[stream]) < len(data) and not self.reset:
            self.listen(lambda kind, flags, which: kind in (WINDOW, RST))
        if not self.reset:
            self.send(frame(DATA, 0, stream, data))
            self.window[0] -= len(data)
            self.window[stream] -= len(data)


def status(block):
    known = {0x88: 200, 0x89: 204, 0x8A: 206, 0x8B: 304, 0x8C: 400, 0x8D: 404, 0x8E: 500}
    while block and 0x20 <= block[0] < 0x40:        # a new size of the table
        block = block[1:]
    if block[0] in known:
        return known[block[0]]
    # A literal whose name is :status; its value may be in Huffman's code, of which digits have 5 bits or 6.
    length, value = block[1] & 0x7F, block[2:2 + (block[1] & 0x7F)]
    if not block[1] & 0x80:
        return int(value)
    bits, out = bin(int.from_bytes(b"\x01" + value, "big"))[3:], ""
    while len(out) < 3:
        size = 5 if bits[:5] in ("00000", "00001", "00010") else 6
        out += "012"[int(bits[:5], 2)] if size == 5 else str(int(bits[:6], 2) - 0x19 + 3)
        bits = bits[size:]
    return int(out)


def settings(**values):
    ids = {"window": 4, "table": 1}
    return b"".join(struct.pack(">HI", ids[name], value) for name, value in values.items())


def ended(stream):
    return lambda kind, flags, which: which == stream and (kind == RST or kind in (DATA, HEADERS) and flags & END_STREAM)


def one(client, block, stream=1):
    client.send(frame(HEADERS, END_STREAM | END_HEADERS, stream, block))
    client.listen(ended(stream))


def requests(client, make):
    """make(stream) again and again."""
    for i in range(1, 40001, 2):
        client.send(make(i))
        if i % 50 == 1 and client.gone():
            break
    client.listen()


def rapid_reset(port, path):
    requests(Client(port), lambda i: frame(HEADERS, END_STREAM | END_HEADERS, i, get(path)) +
             frame(RST, 0, i, struct.pack(">I", 8)))


def made_reset(port, path):
    """The server is made to reset: a window that overflows is an error of its stream."""
    requests(Client(port), lambda i: frame(HEADERS, END_STREAM | END_HEADERS, i, get(path)) +
             frame(WINDOW, 0, i, struct.pack(">I", 0x7fffffff)))


def malformed(port, path):
    requests(Client(port), lambda i: frame(HEADERS, END_STREAM | END_HEADERS, i, get("no-path")))


def repeat(client, data, count):
    for _ in range(0, count, 100):
        client.send(data * 100)
        if client.gone():
            break
    client.listen()


def continuation(client, path, payload):
    client.send(frame(HEADERS, END_STREAM, 1, get(path)))
    repeat(client, frame(CONTINUATION, 0, 1, payload), 20000)


def bomb(port, path):
    """A field of 4,000 bytes goes into the table, then is named in one byte each."""
    block = get(path) + b"\x40" + text("x-bomb") + text("b" * 4000) + b"\xbe" * 12000
    requests(Client(port), lambda i: frame(HEADERS, END_STREAM | END_HEADERS, i,
                                           block if i == 1 else get(path) + b"\xbe" * 16000))


def post(port, path, pieces=3):
    client = Client(port)
    client.send(frame(HEADERS, END_HEADERS, 1, get(path, method="POST")))
    client.listen(ended(1))
    while pieces and not client.reset:
        client.upload(1, b"x" * 16000)
        pieces -= 1
    if not client.reset:
        client.send(frame(DATA, END_STREAM, 1))
    one(client, get(path), 3)


def priorities(port, path, first=(), second=()):
    """Two files at once: which ends first?"""
    client = Client(port, settings(window=1 << 30))
    client.send(frame(WINDOW, 0, 0, struct.pack(">I", 1 << 30)) +
                frame(HEADERS, END_STREAM | END_HEADERS, 1, get(path, *first)) +
                frame(HEADERS, END_STREAM | END_HEADERS, 3, get("/1048577", *second)))
    left = {1, 3}

    def both(kind, flags, stream):
        if ended(stream)(kind, flags, stream):
            left.discard(stream)
        return not left

    client.listen(both)


def reset_mid_file(port, path):
    """Leaves one stream and goes on with another: nothing of the first comes in between any more."""
    client = Client(port, settings(window=100000))
    client.send(frame(WINDOW, 0, 0, struct.pack(">I", 1 << 30)))
    client.send(frame(HEADERS, END_STREAM | END_HEADERS, 1, get(path)))
    client.listen(lambda kind, flags, stream: client.bytes.get(1, 0) >= 50000)
    client.send(frame(RST, 0, 1, struct.pack(">I", 8)))
    client.send(frame(HEADERS, END_STREAM | END_HEADERS, 3, get("/small")))
    client.listen(ended(3))


def stuck(port, path):
    """All streams there may be, none of which may send; then nothing, until the input ends."""
    client = Client(port, settings(window=0))
    for i in range(1, 201, 2):
        client.send(frame(HEADERS, END_STREAM | END_HEADERS, i, get(path)))
    print("stuck", flush=True)
    sys.stdin.read()


def hoard(port, path):
    """Requests for 100 files on each of 12 connections, none of which may send; then nothing, until the
    input ends. path: of the first file, whose number is counted up."""
    clients = []
    for _ in range(12):
        client = Client(port, settings(window=0))
        for i in range(100):
            client.send(frame(HEADERS, END_STREAM | END_HEADERS, 2 * i + 1, get(f"{path}{i}")))
        clients.append(client)
    print("stuck", flush=True)
    sys.stdin.read()


def short(path):
    """As few bytes as a request can have."""
    return b"\x82\x87" + (b"\x84" if path == "/" else b"\x04" + text(path)) + b"\x01" + text("a")


def rude(client, data):
    client.send(data)
    client.listen()


def number(i, block, *more):
    """A request on the stream of this number, and other frames of that stream."""
    stream = 2 * i + 1001
    return frame(HEADERS, END_STREAM | END_HEADERS, stream, block) + \
        b"".join(frame(kind, 0, stream, payload) for kind, payload in more)


UNREAD = {
    "refused": lambda i, path: number(i, short("/")),
    "reset": lambda i, path: number(i, short("/"), (RST, struct.pack(">I", 8))),
    "malformed": lambda i, path: number(i, short("/") + fields(("X", "y"))),
    "window": lambda i, path: number(i, short("/"), (WINDOW, struct.pack(">I", 0))),
    "small": lambda i, path: number(i, short("/small")),
    "missing": lambda i, path: number(i, short("/missing")),
    "ping": lambda i, path: frame(PING, 0, 0, b"12345678"),
    "settings": lambda i, path: frame(SETTINGS, 0, 0, struct.pack(">HI", 3, 100)),
    "closed": lambda i, path: frame(DATA, 0, 1, b"x"),
    "again": lambda i, path: frame(HEADERS, END_STREAM | END_HEADERS, 1, get(path)),
}


def pour(client, make, limit):
    """Sends what make(i) gives until the server closes or takes no more, or `limit` bytes."""
    sent = i = 0
    client.sock.settimeout(5)
    while sent < limit and not client.over:
        data = b"".join(make(i + j) for j in range(400))
        client.send(data)
        i += 400
        sent += len(data)
    print(f"sent={sent}", flush=True)


def unread(kind):
    def case(port, path):
        """Reads nothing: the server must not keep what it cannot send. Ends with the input."""
        client = Client(port, settings(window=0x7fffffff), buffer=4096)
        client.send(frame(WINDOW, 0, 0, struct.pack(">I", 0x7fff0000 - 1)))
        for i in range(60):
            client.send(frame(HEADERS, END_STREAM | END_HEADERS, 2 * i + 1, get(path)))
        time.sleep(0.5)
        pour(client, lambda i: UNREAD[kind](i, path), 25000000)
        sys.stdin.read()
    return case


def listings(port, path):
    """Two connections of HTTP/1.1 that ask for the heads of listings, pipelined, until the input ends."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    socks = [context.wrap_socket(socket.create_connection(("127.0.0.1", port), 60)) for _ in range(2)]
    lines = "".join(f"HEAD {path}{i}/?sort={sort} HTTP/1.1\r\nHost: x\r\n\r\n"
                    for i in range(6) for sort in ("name", "-name", "size", "-size", "time", "-time")).encode()
    for sock in socks:
        sock.sendall(lines)
        sock.setblocking(False)
    print("pouring", flush=True)
    heads = [0] * len(socks)
    while not select.select([sys.stdin], [], [], 0.01)[0]:
        for i, sock in enumerate(socks):
            try:
                heads[i] += sock.recv(65536).count(b"HTTP/1.1 200")
            except ssl.SSLWantReadError:
                continue
            if heads[i] > 18:
                sock.setblocking(True)
                sock.sendall(lines)
                sock.setblocking(False)
                heads[i] -= 36


def late_acks(port, path):
    """Acknowledges PINGs that nobody sent, after the last request that the connection may have."""
    client = Client(port, settings(window=0))
    for i in range(3):
        client.send(frame(HEADERS, END_STREAM | END_HEADERS, 2 * i + 1, get(path)))
    time.sleep(0.5)
    pour(client, lambda i: frame(PING, ACK, 0, b"12345678"), 25000000)
    sys.stdin.read()


def shrinks(port, path):
    """A window at a time; between the first and the rest waits for a line of input."""
    client = Client(port, settings(window=20000))
    client.send(frame(HEADERS, END_STREAM | END_HEADERS, 1, get(path)))
    client.listen(lambda kind, flags, stream: client.bytes.get(1, 0) == 20000)
    print("waits", flush=True)
    sys.stdin.readline()
    client.send(frame(WINDOW, 0, 0, struct.pack(">I", 1000000)))
    client.send(frame(WINDOW, 0, 1, struct.pack(">I", 1000000)))
    client.listen(ended(1))
    one(client, get("/small"), 3)


def hold(port, path):
    """A request when a line of input says so; the connection stays."""
    client = Client(port)
    stream = 1
    one(client, get(path), stream)
    for line in sys.stdin:
        stream += 2
        one(client, get(line.strip()), stream)
    client.listen()


def crumbs(port, path):
    """The window is opened by a byte at a time."""
    client = Client(port, settings(window=1))
    client.send(frame(HEADERS, END_STREAM | END_HEADERS, 1, get(path)))
    repeat(client, frame(WINDOW, 0, 1, b"\0\0\0\1"), 100000)


def storm(port, path):
    """Frames at random, most of them nearly right; the seed stands in the path."""
    chance = random.Random(path)
    paths = ["/small", "/large", "/nothing", "/", "no-path", "/small?x", "/%zz"]
    kinds = [HEADERS] * 6 + [DATA, PRIORITY, RST, RST, SETTINGS, PING, GOAWAY, WINDOW, WINDOW, CONTINUATION, 5, 16, 99]
    for _ in range(40):
        client = Client(port, settings(window=chance.choice([0, 1, 100, 65535, 1000000])))
        client.sock.settimeout(0.01)
        stream, last = 1, 1
        for _ in range(chance.randrange(1, 150)):
            kind = chance.choice(kinds)
            flags = chance.choice([END_STREAM | END_HEADERS, END_HEADERS, 0, 255, chance.randrange(256)])
            number = chance.choice([0, last, last, stream, chance.randrange(200)])
            payload = chance.randbytes(chance.choice([0, 4, 5, 6, 8, 8, 100]))
            if kind == HEADERS and chance.random() < 0.9:
                flags, number, last = chance.choice([5, 5, 5, 4, 1]), stream, stream
                stream += 2
                payload = get(chance.choice(paths), *[("range", "bytes=%d-" % chance.randrange(12))] * chance.randrange(3),
                              method=chance.choice(["GET", "GET", "HEAD", "POST"]))
            elif kind in (WINDOW, RST):
                payload = struct.pack(">I", chance.choice([0, 1, 8, 10000, 0x7fffffff]))
            client.send(frame(kind, flags, number, payload))
            if client.over:
                break
        try:
            client.sock.recv(65536)
        except (ssl.SSLError, OSError):
            pass
        client.sock.close()


def empty_data(port, path):
    client = Client(port)
    client.send(frame(HEADERS, END_HEADERS, 1, get(path)))
    repeat(client, frame(DATA, 0, 1), 100000)


def half_head(port, path):
    """Its end comes a byte at a time, and never whole."""
    client = Client(port)
    client.send(frame(HEADERS, END_STREAM, 1, get(path)))
    for byte in frame(CONTINUATION, 0, 1, b"\x00" + text("x") + text("y" * 10000)):
        client.send(bytes([byte]))
        if client.gone():
            break
        select.select([client.sock], [], [], 0.2)
    client.listen()


def garbage(port, path):
    client = Client(port)
    client.send(b"\xff" * 1000)
    client.listen()


def no_preface(port, path):
    client = Client(port, preface=b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    client.listen()


CASES = {
    "malformed": malformed,
    "storm": storm,
    "half_head": half_head,
    "crumbs": crumbs,
    "empty_data": empty_data,
    "garbage": garbage,
    "no_preface": no_preface,
    "rapid_reset": rapid_reset,
    "made_reset": made_reset,
    "settings": lambda port, path: repeat(Client(port), frame(SETTINGS, 0, 0, settings(table=4096)), 20000),
    "ping": lambda port, path: repeat(Client(port), frame(PING, 0, 0, b"01234567"), 100000),
    "priority": lambda port, path: repeat(Client(port), frame(PRIORITY, 0, 1, b"\0\0\0\0\1"), 100000),
    "window": lambda port, path: repeat(Client(port), frame(WINDOW, 0, 0, b"\0\0\0\1"), 100000),
    "continuation": lambda port, path: continuation(Client(port), path, fields(("x", "y"))),
    "continuation_empty": lambda port, path: continuation(Client(port), path, b""),
    "bomb": bomb,
    "post": post,
    "long_post": lambda port, path: post(port, path, 100),
    "in_order": priorities,
    "urgent": lambda port, path: priorities(port, path, [("priority", "u=5")], [("priority", "u=1")]),
    "incremental": lambda port, path: priorities(port, path, [("priority", "i")], [("priority", "i")]),
    "reset_mid_file": reset_mid_file,
    "stuck": stuck,
    "hoard": hoard,
    "late_acks": late_acks,
    "listings": listings,
    **{f"unread_{kind}": unread(kind) for kind in UNREAD},
    "shrinks": shrinks,
    "hold": hold,
    "large": lambda port, path: one(Client(port), get(path, *[("x-%d" % i, "y" * 150) for i in range(99)])),
    "many": lambda port, path: one(Client(port), get(path, *[("x", "")] * 200)),
    "twice": lambda port, path: one(Client(port), get(path, ("range", "bytes=1-2"), ("range", "bytes=3-4"))),
    "other_host": lambda port, path: one(Client(port), get(path, ("host", "elsewhere"))),
    "same_host": lambda port, path: one(Client(port), get(path, ("host", "LocalHost:443"))),
    "no_path": lambda port, path: one(Client(port), get("elsewhere")),
    "upper_case": lambda port, path: one(Client(port), get(path, ("Range", "bytes=1-2"))),
    "connection": lambda port, path: one(Client(port), get(path, ("connection", "close"))),
    "late_pseudo": lambda port, path: one(Client(port), fields(("x", "y")) + get(path)),
    "no_scheme": lambda port, path: one(Client(port), fields((":method", "GET"), (":path", path), (":authority", "a"))),
    "path_twice": lambda port, path: one(Client(port), get(path, (":path", path))),
    "unknown_pseudo": lambda port, path: one(Client(port), fields((":evil", "x")) + get(path)),
    "no_host": lambda port, path: one(Client(port), fields((":method", "GET"), (":scheme", "https"), (":path", path),
                                                           (":authority", ""))),
    "priority_of_none": lambda port, path: rude(Client(port), frame(PRIORITY, 0, 0, b"\0\0\0\0\1")),
    "good": lambda port, path: one(Client(port), get(path)),
}

for name in sys.argv[2].split(","):
    CASES[name](int(sys.argv[1]), sys.argv[3] if len(sys.argv) > 3 else "/small")

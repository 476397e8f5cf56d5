#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Servers that are none: each kind listens on a port of its own, and "KIND PORT" is printed for it.

strangers.py PORT       PORT: of a TLS server whose answers "flip" passes on with one wrong bit
                            in its first packets, another one for each connection
"""
import itertools
import random
import socket
import struct
import sys
import threading

REAL = int(sys.argv[1])
FLIPS = itertools.count()
HELLO = bytes.fromhex("160303007a0200007603032122232425262728292a2b2c2d2e2f30313233343536")


def noise(seed, size):
    return random.Random(seed).randbytes(size)


def alert(level, what):
    return bytes([21, 3, 3, 0, 2, level, what])


KINDS = {
    "plain-http": b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
    "ssh": b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n",
    "smtp": b"220 mail.example ESMTP\r\n",
    "empty": b"",
    "noise": noise(1, 4096),
    "zeros": bytes(4096),
    "half-hello": HELLO,
    "huge-record": b"\x16\x03\x03\xff\xff" + noise(2, 70000),
    "noise-in-record": b"\x16\x03\x03\x04\x00" + noise(3, 1024),
    "empty-records": b"\x16\x03\x03\x00\x00" * 500,
    "data-first": b"\x17\x03\x03\x00\x10" + noise(4, 16),
    "refused": alert(2, 40),
    "old": alert(2, 70),
    "no-such-name": alert(2, 112),
    "close-notify": alert(1, 0),
}


def say(sock, kind):
    sock.recv(65536)
    if kind == "reset":
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    elif kind == "silent":
        sock.recv(65536)
    elif kind == "flip":
        flip(sock, next(FLIPS))
    else:
        sock.sendall(KINDS[kind])
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(65536):
            pass


def pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    sink.close()


def flip(sock, number):
    """What the client said first goes to the real server too."""
    with socket.create_connection(("127.0.0.1", REAL)) as server:
        server.sendall(sock.first)
        threading.Thread(target=pump, args=(sock, server), daemon=True).start()
        data = bytearray(server.recv(65536))
        at = random.Random(number).randrange(min(len(data), 900))
        data[at] ^= 1 << (number % 8)
        sock.sendall(data)
        while more := server.recv(65536):
            sock.sendall(more)
        sock.shutdown(socket.SHUT_WR)


class Client:
    """A socket that remembers what came first."""

    def __init__(self, sock):
        self.sock = sock
        self.first = b""

    def __getattr__(self, name):
        return getattr(self.sock, name)

    def recv(self, size):
        data = self.sock.recv(size)
        self.first = self.first or data
        return data


def serve(sock, kind):
    with sock:
        try:
            say(Client(sock), kind)
        except OSError:
            pass


def listen(listener, kind):
    while True:
        sock, _ = listener.accept()
        threading.Thread(target=serve, args=(sock, kind), daemon=True).start()


def main():
    threads = []
    for kind in [*KINDS, "reset", "silent", "flip"]:
        listener = socket.create_server(("127.0.0.1", 0))
        print(kind, listener.getsockname()[1])
        threads.append(threading.Thread(target=listen, args=(listener, kind)))
        threads[-1].start()
    print("all 0", flush=True)


main()

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Slow clients, a third of each kind: heads and bodies that trickle, answers that nobody reads.

slow.py PORT COUNT     says "ready" when all are connected, then how many the server has ended
"""
import select
import socket
import ssl
import sys
import time

HEAD = b"GET /large HTTP/1.1\r\nHost: x\r\n"
KINDS = [HEAD, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\n\r\n", HEAD + b"\r\n"]
MORE = [b"X-A: b\r\n", b"x", b""]


def connect(port, context, kind):
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.settimeout(60)
    raw.connect(("127.0.0.1", port))
    sock = context.wrap_socket(raw)
    sock.sendall(KINDS[kind])
    sock.setblocking(False)
    return sock


def ended(sock, kind):
    """Sends a little more; has the server had enough?"""
    try:
        if MORE[kind]:
            sock.send(MORE[kind])
            # Not the third kind: its data stays where it is.
            return not sock.recv(1024) if kind == 0 else sock.recv(1024) == b""
        poller = select.poll()
        poller.register(sock.fileno(), select.POLLRDHUP)
        return any(event & (select.POLLRDHUP | select.POLLHUP | select.POLLERR) for _, event in poller.poll(0))
    except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
        return False
    except OSError:
        return True


def main():
    port, count = int(sys.argv[1]), int(sys.argv[2])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    left = [(connect(port, context, i % 3), i % 3) for i in range(count)]
    print("ready", flush=True)
    while left:
        left = [(sock, kind) for sock, kind in left if not ended(sock, kind)]
        time.sleep(0.5)
    print(count)


main()

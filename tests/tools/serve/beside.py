#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How long another client waits: beside.py PORT PATH [SECONDS]

Requests PATH every 20 ms, each third time on a new connection, for SECONDS or until its input ends.
Prints requests, failures, and milliseconds: "count=N failed=N p50=MS p99=MS max=MS".
"""
import select
import socket
import ssl
import sys
import time

context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE


def connect(port):
    return context.wrap_socket(socket.create_connection(("127.0.0.1", port), 20))


def request(sock, path):
    sock.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    got = b""
    while b"\r\n\r\n" not in got:
        data = sock.recv(65536)
        if not data:
            raise OSError("closed")
        got += data
    head, _, body = got.partition(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    while len(body) < length:
        body += sock.recv(65536)
    if not head.startswith(b"HTTP/1.1 200 "):
        raise OSError(head.split(b"\r\n")[0].decode())


def main():
    port, path = int(sys.argv[1]), sys.argv[2]
    end = time.monotonic() + float(sys.argv[3]) if len(sys.argv) > 3 else None
    times, failed, sock = [], 0, None
    while True:
        if end and time.monotonic() > end:
            break
        if not end and select.select([sys.stdin], [], [], 0)[0]:
            break
        start = time.monotonic()
        try:
            if not sock or len(times) % 3 == 0:
                if sock:
                    sock.close()
                sock = connect(port)
            request(sock, path)
        except (OSError, IndexError, ValueError) as error:
            print(f"failed after {time.monotonic() - start:.1f} s: {error!r}", file=sys.stderr)
            failed, sock = failed + 1, None
        times.append((time.monotonic() - start) * 1000)
        time.sleep(0.02)
    times.sort()
    print(f"count={len(times)} failed={failed} p50={times[len(times) // 2]:.1f} "
          f"p99={times[len(times) * 99 // 100]:.1f} max={times[-1]:.1f}")


main()

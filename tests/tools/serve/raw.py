#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Send standard input as it is and print what comes back.

raw.py PORT tcp|tls END     END: read (until the server ends), fin (end our side first),
                            reset (vanish), hold (say nothing more until the server ends)
"""
import socket
import ssl
import struct
import sys


def connect(port, tls):
    sock = socket.create_connection(("127.0.0.1", port), 30)
    if not tls:
        return sock
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(sock, suppress_ragged_eofs=False)


def main():
    port, tls, end = int(sys.argv[1]), sys.argv[2] == "tls", sys.argv[3]
    sock = connect(port, tls)
    sock.sendall(sys.stdin.buffer.read())
    if end == "reset":
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        socket.close(sock.detach())
        return
    if end == "fin":
        sock.shutdown(socket.SHUT_WR)
    while True:
        try:
            data = sock.recv(65536)
        except (ConnectionError, ssl.SSLError) as error:
            print(f"\nraw: {error}")
            return
        if not data:
            return
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()


main()

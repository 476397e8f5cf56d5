# SPDX-License-Identifier: MIT
"""Python's end of an exchange (see ours.c): peer.py CERT KEY serve|PORT VERSION [UP DOWN]"""
import hashlib
import socket
import ssl
import sys

PATTERN = bytes((i * i >> 7 ^ i) & 255 for i in range(65521))


def context(side, cert, key, version):
	ctx = ssl.SSLContext(side)
	ctx.minimum_version = ctx.maximum_version = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}[version]
	if side == ssl.PROTOCOL_TLS_SERVER:
		ctx.load_cert_chain(cert, key)
	else:
		ctx.load_verify_locations(cert)
	return ctx


def put(conn, length):
	digest = hashlib.sha256()
	while length:
		piece = PATTERN[:length]
		digest.update(piece)
		conn.sendall(piece)
		length -= len(piece)
	return digest.hexdigest()


def get(conn, length):
	digest = hashlib.sha256()
	while length:
		piece = conn.recv(min(length, 65536))
		if not piece:
			sys.exit(f"{length} bytes are missing")
		digest.update(piece)
		length -= len(piece)
	return digest.hexdigest()


def get_line(conn):
	line = b""
	while not line.endswith(b"\n"):
		byte = conn.recv(1)
		if not byte:
			sys.exit("no line")
		line += byte
	return line.decode().split()


def ask(conn, up, down):
	conn.sendall(f"{up} {down}\n".encode())
	sent = put(conn, up)
	want = [sent, get(conn, down)]
	got = get_line(conn)
	if got != want:
		sys.exit(f"expected {want} got {got}")
	conn.unwrap()


def answer(conn):
	up, down = (int(word) for word in get_line(conn))
	received = get(conn, up)
	sent = put(conn, down)
	conn.sendall(f"{received} {sent}\n".encode())
	if conn.recv(1):
		sys.exit("more than was said")
	conn.unwrap()


def main():
	cert, key, what, version = sys.argv[1:5]
	if what == "serve":
		listener = socket.create_server(("127.0.0.1", 0))
		print("port", listener.getsockname()[1], flush=True)
		with context(ssl.PROTOCOL_TLS_SERVER, cert, key, version).wrap_socket(
				listener.accept()[0], server_side=True, suppress_ragged_eofs=False) as conn:
			answer(conn)
	else:
		with context(ssl.PROTOCOL_TLS_CLIENT, cert, key, version).wrap_socket(
				socket.create_connection(("127.0.0.1", int(what))), server_hostname="localhost",
				suppress_ragged_eofs=False) as conn:
			ask(conn, int(sys.argv[5]), int(sys.argv[6]))


main()

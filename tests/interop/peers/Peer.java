// SPDX-License-Identifier: MIT
// Java's end of exchanges (see ours.c). One machine does many, since starting it takes long:
//
//	java Peer KEYSTORE LIMIT CASE...
//
// KEYSTORE is a PKCS #12 file ("secret") with a key, its certificate and nothing else; LIMIT, in
// bytes, is how much an AES-GCM key of TLS 1.3 may seal or open before it is changed. A CASE is
// VERSION:CIPHER:PORT:UP:DOWN of a client, or VERSION:CIPHER:serve of a server, which prints
// "port N" and answers one connection. After each "ok" or "failed: WHY" is printed.
import java.io.*;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.*;
import java.util.*;
import javax.net.ssl.*;

public class Peer {
	static final byte[] pattern = new byte[16384];

	static SSLContext context(String file) throws Exception {
		char[] secret = "secret".toCharArray();
		KeyStore own = KeyStore.getInstance("PKCS12"), trusted = KeyStore.getInstance("PKCS12");
		try (InputStream in = new FileInputStream(file)) {
			own.load(in, secret);
		}
		trusted.load(null, null);
		trusted.setCertificateEntry("ca", own.getCertificate(own.aliases().nextElement()));
		KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
		keys.init(own, secret);
		TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
		trust.init(trusted);
		SSLContext context = SSLContext.getInstance("TLS");
		context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
		return context;
	}

	static String hex(MessageDigest digest) {
		StringBuilder text = new StringBuilder();
		for (byte b : digest.digest())
			text.append(String.format("%02x", b));
		return text.toString();
	}

	static String put(OutputStream out, long length) throws Exception {
		MessageDigest digest = MessageDigest.getInstance("SHA-256");
		while (length > 0) {
			int piece = (int)Math.min(length, pattern.length);
			digest.update(pattern, 0, piece);
			out.write(pattern, 0, piece);
			length -= piece;
		}
		out.flush();
		return hex(digest);
	}

	static String get(InputStream in, long length) throws Exception {
		MessageDigest digest = MessageDigest.getInstance("SHA-256");
		byte[] space = new byte[16384];
		while (length > 0) {
			int got = in.read(space, 0, (int)Math.min(length, space.length));
			if (got < 0)
				throw new EOFException(length + " bytes are missing");
			digest.update(space, 0, got);
			length -= got;
		}
		return hex(digest);
	}

	static String line(InputStream in) throws Exception {
		StringBuilder text = new StringBuilder();
		for (int c = in.read(); c != '\n'; c = in.read()) {
			if (c < 0)
				throw new EOFException("no line");
			text.append((char)c);
		}
		return text.toString();
	}

	static void write(OutputStream out, String line) throws Exception {
		out.write((line + "\n").getBytes(StandardCharsets.US_ASCII));
		out.flush();
	}

	static void ask(SSLSocket socket, long up, long down) throws Exception {
		InputStream in = socket.getInputStream();
		OutputStream out = socket.getOutputStream();
		write(out, up + " " + down);
		String sent = put(out, up), received = get(in, down), want = sent + " " + received, got = line(in);
		if (!got.equals(want))
			throw new IOException("expected " + want + " got " + got);
		socket.shutdownOutput();
		if (in.read() >= 0)
			throw new IOException("more than was asked for");
	}

	static void answer(SSLSocket socket) throws Exception {
		InputStream in = socket.getInputStream();
		OutputStream out = socket.getOutputStream();
		String[] request = line(in).split(" ");
		String received = get(in, Long.parseLong(request[0])), sent = put(out, Long.parseLong(request[1]));
		write(out, received + " " + sent);
		if (in.read() >= 0)
			throw new IOException("more than was said");
	}

	static void serve(SSLContext context, String version, String cipher) throws Exception {
		InetAddress here = InetAddress.getByAddress(new byte[] { 127, 0, 0, 1 });
		try (SSLServerSocket listener = (SSLServerSocket)context.getServerSocketFactory()
				.createServerSocket(0, 8, here)) {
			listener.setEnabledProtocols(new String[] { version });
			listener.setEnabledCipherSuites(new String[] { cipher });
			System.out.println("port " + listener.getLocalPort());
			try (SSLSocket socket = (SSLSocket)listener.accept()) {
				answer(socket);
			}
		}
	}

	static void connect(SSLContext context, String[] field) throws Exception {
		try (SSLSocket socket = (SSLSocket)context.getSocketFactory().createSocket()) {
			socket.connect(new InetSocketAddress("127.0.0.1", Integer.parseInt(field[2])));
			SSLParameters parameters = socket.getSSLParameters();
			parameters.setProtocols(new String[] { field[0] });
			parameters.setCipherSuites(new String[] { field[1] });
			parameters.setServerNames(List.of(new SNIHostName("localhost")));
			socket.setSSLParameters(parameters);
			ask(socket, Long.parseLong(field[3]), Long.parseLong(field[4]));
		}
	}

	public static void main(String[] args) throws Exception {
		Security.setProperty("jdk.tls.keyLimits", "AES/GCM/NoPadding KeyUpdate " + args[1]);
		for (int i = 0; i < pattern.length; i++)
			pattern[i] = (byte)(i * i >> 7 ^ i);
		for (int i = 2; i < args.length; i++) {
			String[] field = args[i].split(":");
			try {
				SSLContext context = context(args[0]);
				if (field[2].equals("serve"))
					serve(context, field[0], field[1]);
				else
					connect(context, field);
				System.out.println("ok");
			} catch (Exception e) {
				System.out.println("failed: " + e);
			}
		}
	}
}

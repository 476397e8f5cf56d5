// SPDX-License-Identifier: MIT

// Go's end of an exchange (see ours.c):
//
//	go serve CERT KEY VERSION		prints "port N", answers one connection
//	go connect CERT PORT VERSION UP DOWN
package main

import (
	"bufio"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
)

func check(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func version(text string) uint16 {
	if text == "1.2" {
		return tls.VersionTLS12
	}
	return tls.VersionTLS13
}

func number(text string) int64 {
	value, err := strconv.ParseInt(text, 10, 64)
	check(err)
	return value
}

// The pattern goes on for ever.
type pattern struct{ at int }

func (p *pattern) Read(to []byte) (int, error) {
	for i := range to {
		to[i] = byte(p.at*p.at>>7 ^ p.at)
		p.at = (p.at + 1) % 65521
	}
	return len(to), nil
}

func put(to io.Writer, length int64) string {
	digest := sha256.New()
	_, err := io.CopyN(io.MultiWriter(to, digest), &pattern{}, length)
	check(err)
	return fmt.Sprintf("%x", digest.Sum(nil))
}

func get(from io.Reader, length int64) string {
	digest := sha256.New()
	_, err := io.CopyN(digest, from, length)
	check(err)
	return fmt.Sprintf("%x", digest.Sum(nil))
}

// The other end's close_notify: io.EOF and nothing else.
func end(from io.Reader) {
	if _, err := from.Read(make([]byte, 1)); err != io.EOF {
		check(fmt.Errorf("no clean end: %v", err))
	}
}

func serve(cert, key, limit string) {
	pair, err := tls.LoadX509KeyPair(cert, key)
	check(err)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair},
		MinVersion: version(limit), MaxVersion: version(limit)})
	check(err)
	fmt.Println("port", listener.Addr().(*net.TCPAddr).Port)
	conn, err := listener.Accept()
	check(err)
	in := bufio.NewReader(conn)
	var up, down int64
	_, err = fmt.Fscanf(in, "%d %d\n", &up, &down)
	check(err)
	received := get(in, up)
	_, err = fmt.Fprintf(conn, "%s %s\n", received, put(conn, down))
	check(err)
	end(in)
	check(conn.Close())
}

func connect(cert, port, limit string, up, down int64) {
	pem, err := os.ReadFile(cert)
	check(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	conn, err := tls.Dial("tcp", "127.0.0.1:"+port, &tls.Config{RootCAs: roots, ServerName: "localhost",
		MinVersion: version(limit), MaxVersion: version(limit)})
	check(err)
	_, err = fmt.Fprintf(conn, "%d %d\n", up, down)
	check(err)
	in := bufio.NewReader(conn)
	want := put(conn, up)
	want += " " + get(in, down) + "\n"
	got, err := in.ReadString('\n')
	check(err)
	if got != want {
		check(errors.New("expected " + want + "got " + got))
	}
	check(conn.CloseWrite())
	end(in)
	check(conn.Close())
}

func main() {
	args := os.Args[1:]
	if args[0] == "serve" {
		serve(args[1], args[2], args[3])
	} else {
		connect(args[1], args[2], args[3], number(args[4]), number(args[5]))
	}
}

// SPDX-License-Identifier: MIT
/* The server without TLS: its routes, its parser, the redirect, and a crowd of clients. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include "tests/ktap.h"
#include "tools/serve/cleartext/cleartext.h"
#include "tools/serve/cleartext/redirect.h"

static struct cleartext *cleartext;
static struct sockaddr_in cleartext_at;
static int cleartext_fd;

static void cleartext_hello(struct cleartext_response *out, const struct http_request *request,
			    void *user)
{
	(void)request;
	out->status = 200;
	out->type = "text/x-hello";
	out->body = strdup(user);
	out->body_len = strlen(user);
}

static struct redirect https = { .port = 443 }, other = { .port = 8443 };
static const struct cleartext_route routes[] = {
	{ .path = "/hello", .respond = cleartext_hello, .user = "hello" },
	{ .respond = redirect_respond, .any_method = true, .user = &https },
};

static void serve(const struct cleartext_route *table, size_t count)
{
	socklen_t len = sizeof(cleartext_at);

	cleartext_at = (struct sockaddr_in){ .sin_family = AF_INET,
					     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	cleartext_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(!bind(cleartext_fd, (struct sockaddr *)&cleartext_at, len) &&
	      !listen(cleartext_fd, 512));
	CHECK(!getsockname(cleartext_fd, (struct sockaddr *)&cleartext_at, &len));
	CHECK(!cleartext_start(&cleartext, &cleartext_fd, 1, table, count, NULL));
}

static int dial(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK(!connect(fd, (struct sockaddr *)&cleartext_at, sizeof(cleartext_at)));
	return fd;
}

/* The whole response; static. */
static const char *ask(const char *request)
{
	static char response[65536];
	size_t used = 0;
	ssize_t len;
	int fd = dial();

	EQ(write(fd, request, strlen(request)), strlen(request));
	while ((len = read(fd, response + used, sizeof(response) - 1 - used)) > 0)
		used += (size_t)len;
	EQ(len, 0);
	response[used] = '\0';
	close(fd);
	return response;
}

static void expect(const char *request, const char *status, const char *part)
{
	const char *response = ask(request);

	if (strncmp(response, status, strlen(status)) || !strstr(response, part))
		FAIL("%s was answered with %s", request, response);
}

TEST(routes_answer)
{
	serve(routes, 2);
	expect("GET /hello?x HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK\r\n", "\r\n\r\nhello");
	expect("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200",
	       "Content-Type: text/x-hello\r\n");
	expect("HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200",
	       "Content-Length: 5\r\n\r\n");
	CHECK(!strstr(ask("HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n"), "\r\n\r\nh"));
	expect("POST /hello HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 405",
	       "Allow: GET, HEAD\r\n");
	cleartext_stop(cleartext);
	serve(routes, 1);
	expect("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 404", "404 Not Found\n");
	cleartext_stop(cleartext);
}

TEST(redirects)
{
	const struct cleartext_route elsewhere = { .respond = redirect_respond,
						   .any_method = true,
						   .user = &other };

	serve(routes, 2);
	expect("GET /a/b%20c?d=e HTTP/1.1\r\nHost: example.org:80\r\n\r\n", "HTTP/1.1 301",
	       "Location: https://example.org/a/b%20c?d=e\r\n");
	expect("POST /form HTTP/1.1\r\nHost: example.org\r\nContent-Length: 3\r\n\r\nabc",
	       "HTTP/1.1 308", "Location: https://example.org/form\r\n");
	expect("GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", "HTTP/1.1 301",
	       "Location: https://[::1]/\r\n");
	expect("GET http://example.org/a?b HTTP/1.1\r\nHost: example.org:80\r\n\r\n",
	       "HTTP/1.1 301", "Location: https://example.org/a?b\r\n");
	expect("GET http://example.org HTTP/1.1\r\nHost: example.org\r\n\r\n", "HTTP/1.1 301",
	       "Location: https://example.org/\r\n");
	expect("GET http://example.com/ HTTP/1.1\r\nHost: example.org\r\n\r\n", "HTTP/1.1 301",
	       "Location: https://example.com/\r\n");
	expect("GET / HTTP/1.1\r\nHost:\r\n\r\n", "HTTP/1.1 400", "");
	expect("GET / HTTP/1.0\r\n\r\n", "HTTP/1.1 400", "400 Bad Request\n");
	cleartext_stop(cleartext);
	serve(&elsewhere, 1);
	expect("GET / HTTP/1.1\r\nHost: [::1]\r\n\r\n", "HTTP/1.1 301",
	       "Location: https://[::1]:8443/\r\n");
	cleartext_stop(cleartext);
}

TEST(parser_is_strict)
{
	serve(routes, 2);
	expect("GET / HTTP/1.1\nHost: a\n\n", "HTTP/1.1 400", "");
	expect("GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400", "");
	expect("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "HTTP/1.1 400", "");
	expect("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "HTTP/1.1 400", "");
	expect("GET / HTTP/2.0\r\n\r\n", "HTTP/1.1 505", "");
	cleartext_stop(cleartext);
}

TEST(a_crowd_of_silent_clients_does_not_stop_it)
{
	static int fds[400];

	serve(routes, 2);
	for (size_t i = 0; i < 400; i++) {
		fds[i] = dial();
		EQ(write(fds[i], "GET ", 4), 4);
	}
	expect("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK\r\n", "\r\n\r\nhello");
	cleartext_stop(cleartext);
	for (size_t i = 0; i < 400; i++)
		close(fds[i]);
}

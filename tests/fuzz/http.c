// SPDX-License-Identifier: MIT
/* The head of a request of HTTP/1.1, and what is made of its path, ranges and fields. */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/ranges.h"
#include "tools/http/accept.h"
#include "tools/http/request1.h"
#include "tools/http/condition.h"
#include "tools/http/path.h"

static void path_is_inside(const char *path, enum http_path_dots dots)
{
	must(*path != '/' && !strstr(path, "//"));
	for (const char *name = path; *name; name += strcspn(name, "/"), name += *name == '/') {
		size_t len = strcspn(name, "/");

		must(!(len == 1 && *name == '.') && !(len == 2 && !strncmp(name, "..", 2)));
		if (*name == '.' && dots == HTTP_PATH_HIDE_DOTS)
			must(name == path && !strncmp(path, ".well-known/", 12));
	}
}

static void try_path(const struct http_text *raw, enum http_path_dots dots)
{
	char path[HTTP_PATH_MAX], again[HTTP_PATH_MAX], encoded[3 * HTTP_PATH_MAX];
	int status = http_path_decode(raw->at, raw->len, dots, path);
	size_t len;

	must(status == 0 || status == 400 || status == 404);
	if (status)
		return;
	path_is_inside(path, dots);
	len = http_path_encode(path, encoded, sizeof(encoded));
	must(len && !http_path_decode(encoded, len, dots, again) && !strcmp(path, again));
}

static void try_request(const struct http_request *request)
{
	const struct http_validator validator = { "\"1-2-3\"", 784111777, 784111778 };
	const struct http_encoding *encodings[HTTP_ENCODINGS + 1];
	int status = http_condition(request, &validator);

	must(status == 0 || status == 304 || status == 412);
	http_condition_range(request, &validator);
	http_accept_encoding(&request->accept_encoding, encodings);
	must(http_request_host_valid(&request->host));
	if (request->path.at) {
		must(*request->path.at == '/');
		try_path(&request->path, HTTP_PATH_HIDE_DOTS);
		try_path(&request->path, HTTP_PATH_SHOW_DOTS);
	}
	if (request->range.at)
		ranges_try(request->range.at, request->range.len);
}

/* Nothing behind the head may change what is understood, and nothing less may be enough. */
static void try_again(const char *data, int head, const struct http1_head *first)
{
	char *copy = malloc((size_t)head);
	struct http1_head other;
	const char *why;

	memcpy(copy, data, (size_t)head);
	must(http1_head_parse(copy, (size_t)head, HTTP_HEAD_LIMIT, HTTP_SCHEME_HTTPS, &other, &why) == head);
	must(other.body == first->body && other.keep_alive == first->keep_alive &&
	     other.request.path.len == first->request.path.len &&
	     other.request.refused == first->request.refused);
	must(!http1_head_parse(copy, (size_t)head - 1, HTTP_HEAD_LIMIT, HTTP_SCHEME_HTTPS, &other, &why));
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size ? size : 1);
	struct http1_head head;
	const char *why;
	int ret;

	memcpy(copy, data, size);
	ret = http1_head_parse(copy, size, HTTP_HEAD_LIMIT, HTTP_SCHEME_HTTPS, &head, &why);
	must(ret <= (int)size && (ret >= 0 || *why));
	if (ret > 0) {
		must(!memcmp(copy + ret - 4, "\r\n\r\n", 4) && head.body <= HTTP_BODY_LIMIT);
		must(!head.endless || !head.keep_alive);
		try_request(&head.request);
		try_again(copy, ret, &head);
	}
	free(copy);
	return 0;
}

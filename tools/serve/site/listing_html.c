// SPDX-License-Identifier: MIT
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tools/common/clock.h"
#include "tools/common/html.h"
#include "tools/common/number.h"
#include "tools/http/path.h"
#include "tools/serve/site/listing.h"

/* Behind html_style. Narrow screens show size and date below the name. */
static const char listing_style[] =
	":root{--hover:#8881;--link:#0b57d0}"
	"@media(prefers-color-scheme:dark){:root{--link:#8ab4f8}}"
	"body{max-width:60rem}"
	"h1{font-size:1.25rem;font-weight:600;margin:0 0 1rem;padding:0 .5rem;"
	"overflow-wrap:anywhere}"
	"a{color:var(--link);text-decoration:none}a:hover{text-decoration:underline}"
	"th{font-size:.85rem;color:var(--dim)}"
	"button{font:inherit;color:inherit;background:none;border:0;padding:0;cursor:pointer}"
	"[aria-sort]{color:inherit}[aria-sort=ascending] button::after{content:' \\2191'}"
	"[aria-sort=descending] button::after{content:' \\2193'}"
	"th,td{padding:.4rem .5rem;border-bottom:1px solid var(--line)}"
	"tbody tr:hover{background:var(--hover)}"
	".n{overflow-wrap:anywhere;width:100%}.d a{font-weight:600}"
	".s,.t{white-space:nowrap;color:var(--dim)}.s{text-align:right}"
	"p{color:var(--dim);font-size:.85rem}"
	"@media(max-width:36rem){thead{display:none}tr{display:flex;flex-wrap:wrap;"
	"border-bottom:1px solid var(--line);padding:.4rem 0}h1,td{padding:0 .25rem}"
	"td{border:0;font-size:.85rem}td.n{font-size:1rem}.t{order:-1}.n{order:-2}}";

static void html_href(FILE *out, const char *path)
{
	char href[3 * HTTP_PATH_MAX];
	size_t len = http_path_encode(path, href, sizeof(href));

	fwrite(href, 1, len, out);
}

/* Links to each folder of the path. */
static void html_path(FILE *out, const char *path)
{
	char above[HTTP_PATH_MAX];

	fputs("<a href=\"/\">/</a>", out);
	for (const char *at = path, *slash; (slash = strchr(at, '/')); at = slash + 1) {
		size_t len = (size_t)(slash + 1 - path);

		memcpy(above, path, len);
		above[len] = '\0';
		fputs("<a href=\"", out);
		html_href(out, above);
		fputs("\">", out);
		html_text(out, at, (size_t)(slash - at));
		fputs("/</a>", out);
	}
}

static void html_size(FILE *out, uint64_t size)
{
	char text[NUMBER_BYTES];

	fprintf(out, "<td class=s title=\"%" PRIu64 " bytes\">%s", size, number_bytes(size, text));
}

static void html_time(FILE *out, time_t when)
{
	char iso[CLOCK_ISO];

	clock_iso(when, iso);
	fprintf(out, "<td class=t><time datetime=\"%s\">%.10s %.5s</time>", iso, iso,
		*iso ? iso + 11 : "");
}

/* A column's header: a button, which crawlers do not follow, that sorts by it, or the other way
 * round. */
static void html_column(FILE *out, const struct listing *listing, enum listing_sort up,
			const char *class, const char *title)
{
	enum listing_sort sort = listing->form.sort, next = sort == up ? up | 1 : up;
	const char *state = sort == up ? "ascending" : "descending";

	fprintf(out, "<th scope=col%s", class);
	if ((sort | 1) == (up | 1))
		fprintf(out, " aria-sort=%s", state);
	fprintf(out, "><button name=sort value=%s>%s</button>", listing_sort_name(next), title);
}

static void html_entry(FILE *out, const struct listing_entry *entry)
{
	char href[3 * 256 + 1];
	size_t len = http_path_encode(entry->name, href, sizeof(href));
	const char *slash = entry->folder ? "/" : "";

	fprintf(out, "<tr><td class=\"n%s\"><a href=\"%.*s%s\">", entry->folder ? " d" : "",
		len ? (int)len - 1 : 0, href + 1, slash);
	html_text(out, entry->name, strlen(entry->name));
	fprintf(out, "%s</a>", slash);
	if (entry->folder)
		fputs("<td class=s>", out);
	else
		html_size(out, entry->size);
	html_time(out, entry->modified);
	fputc('\n', out);
}

char *listing_html(const struct listing *listing, const char *path, size_t *len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, len);

	if (!out)
		return NULL;
	fputs("<!DOCTYPE html>\n<html lang=en><meta charset=utf-8>"
	      "<meta name=viewport content=\"width=device-width,initial-scale=1\"><title>/", out);
	html_text(out, path, strlen(path));
	fprintf(out, "</title><style>%s%s</style>\n<h1>", html_style, listing_style);
	html_path(out, path);
	fputs("</h1>\n<form><table><thead><tr>", out);
	html_column(out, listing, LISTING_BY_NAME, "", "Name");
	html_column(out, listing, LISTING_BY_SIZE, " class=s", "Size");
	html_column(out, listing, LISTING_BY_TIME, "", "Modified (UTC)");
	fputs("\n<tbody>\n", out);
	if (*path)
		fputs("<tr><td class=\"n d\"><a href=\"../\">../</a><td class=s><td class=t>\n",
		      out);
	for (size_t i = 0; i < listing->count; i++)
		html_entry(out, &listing->entries[i]);
	fputs("</table></form>\n", out);
	if (listing->cut)
		fprintf(out, "<p>There are more: only %d are shown.</p>\n", LISTING_MAX);
	else if (!listing->count)
		fputs("<p>This folder is empty.</p>\n", out);
	if (!fclose(out))
		return text;
	free(text);
	return NULL;
}

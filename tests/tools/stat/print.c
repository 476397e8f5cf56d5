// SPDX-License-Identifier: MIT
/* What `tlsring stat` prints of a snapshot, which is made up here: no kernel TLS is needed. */
#include <netinet/in.h>
#include <stdlib.h>
#include <jansson.h>
#include "tests/ktap.h"
#include "tools/stat/print.h"

static struct snapshot_row rows[2];
static struct snapshot_counter counters[] = { { "tx_tls_ctx", 7, 0 }, { "tx_tls_ooo", 0, 0 } };
static struct snapshot_counter kernel[] = { { "TlsCurrTxSw", 2, 0 }, { "TlsTxSw", 9, 1 } };
static struct snapshot_device device = {
	.name = "eth0", .driver = "mlx5_core", .tx_can = true, .tx_on = true, .tx_listed = 2,
	.tx_lost = 1, .counters = { counters, 2 },
};

static struct snapshot made_up(void)
{
	struct snapshot s = {
		.rows = rows, .count = 2, .devices = &device, .device_count = 1,
		.system = { kernel, 2 }, .sent = { 0, 3000000, 1000000 }, .tx_unsure = true,
		.connections = { 0, 1, 1 },
	};

	for (int i = 0; i < 2; i++) {
		struct tlsring_socket *socket = &rows[i].socket;
		struct sockaddr_in6 *own = (struct sockaddr_in6 *)&socket->own;

		*own = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(443) };
		memset(&own->sin6_addr, 0x20 + i, sizeof(own->sin6_addr));
		socket->peer = socket->own;
		socket->version = "TLSv1.2";
		socket->cipher = "AES-128-GCM";
		socket->sent = i ? 3000000 : 1000000;
		socket->tx.path = i ? TLSRING_PATH_KERNEL : TLSRING_PATH_NIC;
		socket->tx.reason = i ? TLSRING_REASON_NIC_VLAN : TLSRING_REASON_NONE;
		rows[i].pid = 4711;
		snprintf(rows[i].process, sizeof(rows[i].process), "%s", "a \"b\" \\");
	}
	return s;
}

static char *printed(const struct print_options *options)
{
	struct snapshot s = made_up();
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	print_text(&s, options, out);
	fclose(out);
	return text;
}

static size_t widest(const char *text)
{
	size_t most = 0;

	for (; *text; text += strcspn(text, "\n") + 1)
		if (strcspn(text, "\n") > most)
			most = strcspn(text, "\n");
	return most;
}

TEST(for_people)
{
	char *text = printed(&(struct print_options){ .lines = 9 });

	CHECK(strstr(text, "2 connections: 1 on a NIC, 1 in the kernel, 0 only receiving there\n"));
	CHECK(strstr(text, "sent       at most nic  25.0 % (977 KiB)  kernel  75.0 % (2.9 MiB)"));
	CHECK(strstr(text, "eth0 (mlx5_core)  sending on, receiving no\n"));
	CHECK(strstr(text, "it has lost 1 sending, 0 receiving"));
	CHECK(strstr(text, "  tx_tls_ctx ") && !strstr(text, "  tx_tls_ooo "));
	CHECK(strstr(text, " TLSv1.2 AES-128-GCM  nic    user   -        -  a \"b\" \\(4711)\n"));
	CHECK(strstr(text, " TLSv1.2 AES-128-GCM  kernel user   -        nic-vlan  a "));
	CHECK(strstr(text, "\nnic-vlan: in software: "));
	free(text);
}

TEST(fits)
{
	char *wide = printed(&(struct print_options){ .lines = 9 });

	for (unsigned width = 60; width < 260; width++) {
		char *text = printed(
			&(struct print_options){ .lines = 9, .width = width, .zeroes = true });

		CHECK(widest(text) <= width);
		/* Version and cipher are left out before the paths are cut. */
		CHECK(width < 140 || strstr(text, " kernel user "));
		CHECK(strstr(text, "nic-vlan: "));
		CHECK(!strstr(text, "TLSv1.2") || strstr(text, "nic-vlan  a "));
		free(text);
	}
	CHECK(widest(wide) > 160);
	free(wide);
}

TEST(some_lines)
{
	char *text = printed(&(struct print_options){ .lines = 1, .rates = true });

	CHECK(strstr(text, "... and 1 more (--lines 0 shows all)\n"));
	CHECK(strstr(text, "0 B/s"));
	free(text);
}

TEST(json)
{
	struct snapshot s = made_up();
	json_t *whole, *row;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	EQ(print_json(&s, true, out), 0);
	fclose(out);
	whole = json_loads(text, 0, NULL);
	CHECK(whole);
	row = json_array_get(json_object_get(whole, "connections"), 1);
	EQ_STR(json_string_value(json_object_get(row, "process")), "a \"b\" \\");
	EQ_STR(json_string_value(json_object_get(json_object_get(row, "tx"), "reason")),
	       "nic-vlan");
	EQ(strchr(text, '\n') - text, (long)len - 1);
	json_decref(whole);
	free(text);
}

TEST(prometheus)
{
	struct snapshot s = made_up();
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	print_prometheus(&s, out);
	fclose(out);
	CHECK(strstr(text, "\ntlsring_connections_sent_bytes{path=\"nic\"} 1000000\n"));
	CHECK(strstr(text, "\ntlsring_nic_lost_connections{device=\"eth0\",direction=\"tx\"} 1\n"));
	CHECK(strstr(text,
		     "\ntlsring_nic_counter_total{device=\"eth0\",counter=\"tx_tls_ctx\"} 7\n"));
	CHECK(strstr(text, "\ntlsring_kernel_sockets{counter=\"TlsCurrTxSw\"} 2\n"));
	CHECK(strstr(text, "\ntlsring_kernel_counter_total{counter=\"TlsTxSw\"} 9\n"));
	free(text);
}

/* Rates count where there are some; the order is the same each time. */
TEST(order)
{
	struct snapshot s = made_up();

	rows[0].socket.cookie = 1;
	rows[1].socket.cookie = 2;
	rows[0].sent_rate = 5;
	snapshot_sort(&s, SNAPSHOT_BY_BOTH, false);
	EQ(rows[0].socket.cookie, 2);
	snapshot_sort(&s, SNAPSHOT_BY_SENT, true);
	EQ(rows[0].socket.cookie, 1);
	snapshot_sort(&s, SNAPSHOT_BY_RECEIVED, true);
	EQ(rows[0].socket.cookie, 1);
}

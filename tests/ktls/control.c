// SPDX-License-Identifier: MIT
#include <linux/tls.h>
#include "ktls/control.h"
#include "tests/ktap.h"

TEST(encoded_as_the_kernel_reads_it)
{
	_Alignas(struct cmsghdr) uint8_t space[KTLS_CMSG_SPACE];
	struct msghdr msg = { 0 };
	struct cmsghdr *head;

	ktls_control_encode(&msg, space, KTLS_RECORD_ALERT);
	CHECK(msg.msg_control == space);
	EQ(msg.msg_controllen, sizeof(space));
	head = CMSG_FIRSTHDR(&msg);
	CHECK(head);
	EQ(head->cmsg_level, SOL_TLS);
	EQ(head->cmsg_type, TLS_SET_RECORD_TYPE);
	EQ(head->cmsg_len, CMSG_LEN(1));
	EQ(*CMSG_DATA(head), KTLS_RECORD_ALERT);
	CHECK(!CMSG_NXTHDR(&msg, head));
}

static size_t put(uint8_t *at, int level, int type, const void *data, size_t len)
{
	struct cmsghdr head = { .cmsg_level = level, .cmsg_type = type, .cmsg_len = CMSG_LEN(len) };

	memset(at, 0, CMSG_SPACE(len));
	memcpy(at, &head, sizeof(head));
	memcpy(at + CMSG_LEN(0), data, len);
	return CMSG_SPACE(len);
}

TEST(round_trip)
{
	uint8_t space[KTLS_CMSG_SPACE];
	struct msghdr msg = { .msg_control = space, .msg_controllen = sizeof(space) };

	for (unsigned type = 0; type < 256; type++) {
		uint8_t byte = (uint8_t)type;

		put(space, SOL_TLS, TLS_GET_RECORD_TYPE, &byte, 1);
		EQ(ktls_control_type(&msg), type);
		/* recvmsg does not count the padding after the last control message. */
		EQ(ktls_control_type_of(space, CMSG_LEN(1), 0), type);
	}
}

TEST(among_others_and_unaligned)
{
	uint8_t buf[1 + 3 * CMSG_SPACE(16)];
	const uint8_t type = KTLS_RECORD_HANDSHAKE;
	size_t len;

	for (size_t shift = 0; shift < 2; shift++) {
		len = put(buf + shift, SOL_SOCKET, SO_TIMESTAMP, "0123456789abcdef", 16);
		len += put(buf + shift + len, SOL_TLS, TLS_GET_RECORD_TYPE, &type, 1);
		EQ(ktls_control_type_of(buf + shift, len, 0), KTLS_RECORD_HANDSHAKE);
	}
}

TEST(nothing_came)
{
	struct msghdr msg = { 0 };
	uint8_t space[KTLS_CMSG_SPACE];
	uint8_t type = KTLS_RECORD_ALERT;

	EQ(ktls_control_type(&msg), KTLS_RECORD_APPLICATION);
	EQ(ktls_control_type_of(NULL, 0, 0), KTLS_RECORD_APPLICATION);
	put(space, SOL_SOCKET, TLS_GET_RECORD_TYPE, &type, 1);
	EQ(ktls_control_type_of(space, sizeof(space), 0), KTLS_RECORD_APPLICATION);
}

TEST(malformed)
{
	uint8_t space[KTLS_CMSG_SPACE];
	uint8_t type = KTLS_RECORD_ALERT;
	struct cmsghdr head = { .cmsg_level = SOL_TLS, .cmsg_type = TLS_GET_RECORD_TYPE };

	put(space, SOL_TLS, TLS_GET_RECORD_TYPE, &type, 1);
	EQ(ktls_control_type_of(space, sizeof(space), MSG_CTRUNC), -EBADMSG);
	for (size_t len = 0; len < CMSG_LEN(0); len++) {
		head.cmsg_len = len;
		memcpy(space, &head, sizeof(head));
		EQ(ktls_control_type_of(space, sizeof(space), 0), -EBADMSG);
	}
	head.cmsg_len = sizeof(space) + 1;
	memcpy(space, &head, sizeof(head));
	EQ(ktls_control_type_of(space, sizeof(space), 0), -EBADMSG);
	head.cmsg_len = (size_t)-1;
	memcpy(space, &head, sizeof(head));
	EQ(ktls_control_type_of(space, sizeof(space), 0), -EBADMSG);
	head.cmsg_len = CMSG_LEN(0);	/* the type is missing */
	memcpy(space, &head, sizeof(head));
	EQ(ktls_control_type_of(space, CMSG_LEN(0), 0), KTLS_RECORD_APPLICATION);
}

TEST(alerts)
{
	EQ_STR(ktls_alert_name(KTLS_ALERT_CLOSE_NOTIFY), "close_notify");
	EQ_STR(ktls_alert_name(KTLS_ALERT_UNEXPECTED_MESSAGE), "unexpected_message");
	EQ_STR(ktls_alert_name(20), "bad_record_mac");
	EQ_STR(ktls_alert_name(116), "certificate_required");
	EQ_STR(ktls_alert_name(120), "no_application_protocol");
	EQ_STR(ktls_alert_name(255), "unknown");
	EQ_STR(ktls_alert_name(ktls_alert_for_errno(EBADMSG)), "bad_record_mac");
	EQ_STR(ktls_alert_name(ktls_alert_for_errno(EMSGSIZE)), "record_overflow");
	EQ_STR(ktls_alert_name(ktls_alert_for_errno(EINVAL)), "protocol_version");
	EQ(ktls_alert_for_errno(ECONNRESET), 0);
	EQ(ktls_alert_for_errno(0), 0);
}

/* A socket without the ULP ignores control messages of SOL_TLS; errors are -errno. */
TEST(errors_come_back)
{
	uint8_t buf[4];
	int type, flags;

	EQ(ktls_control_send(-1, KTLS_RECORD_ALERT, "\1", 2, 0), -EBADF);
	EQ(ktls_control_recv(-1, buf, sizeof(buf), &type, &flags), -EBADF);
}

// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include "ktls/control.h"
#include "ktls/uapi.h"

/* A third of such a send buffer, at which poll() says that a socket is writable, holds a record. */
#define CONTROL_LAST_ROOM	(96 * 1024)

#define ALERT_BAD_RECORD_MAC	20
#define ALERT_RECORD_OVERFLOW	22
#define ALERT_PROTOCOL_VERSION	70

void ktls_control_encode(struct msghdr *msg, void *cbuf, uint8_t type)
{
	struct cmsghdr head = {
		.cmsg_level = SOL_TLS, .cmsg_type = TLS_SET_RECORD_TYPE,
		.cmsg_len = CMSG_LEN(sizeof(type)),
	};

	memset(cbuf, 0, KTLS_CMSG_SPACE);
	memcpy(cbuf, &head, sizeof(head));
	memcpy((uint8_t *)cbuf + CMSG_LEN(0), &type, sizeof(type));
	msg->msg_control = cbuf;
	msg->msg_controllen = KTLS_CMSG_SPACE;
}

/* CMSG_NXTHDR wants an alignment that a control buffer inside a ring's buffer need not have. */
int ktls_control_type_of(const void *control, size_t len, int msg_flags)
{
	const uint8_t *at = control;
	struct cmsghdr head;

	if (msg_flags & MSG_CTRUNC)
		return -EBADMSG;
	while (len >= sizeof(head)) {
		size_t step;

		memcpy(&head, at, sizeof(head));
		if (head.cmsg_len < CMSG_LEN(0) || head.cmsg_len > len)
			return -EBADMSG;
		if (head.cmsg_level == SOL_TLS && head.cmsg_type == TLS_GET_RECORD_TYPE &&
		    head.cmsg_len > CMSG_LEN(0))
			return at[CMSG_LEN(0)];
		step = CMSG_ALIGN(head.cmsg_len);
		if (step >= len)
			break;
		at += step;
		len -= step;
	}
	return KTLS_RECORD_APPLICATION;
}

int ktls_control_type(const struct msghdr *msg)
{
	return ktls_control_type_of(msg->msg_control, msg->msg_controllen, msg->msg_flags);
}

long ktls_control_send(int fd, uint8_t type, const void *data, size_t len, int flags)
{
	struct iovec iov = { .iov_base = (void *)data, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	uint8_t space[KTLS_CMSG_SPACE];
	ssize_t sent;

	ktls_control_encode(&msg, space, type);
	sent = sendmsg(fd, &msg, flags | MSG_NOSIGNAL);
	return sent < 0 ? -errno : sent;
}

static long control_recvmsg(int fd, void *data, size_t len, int how, int *type, int *flags)
{
	struct iovec iov = { .iov_base = data, .iov_len = len };
	uint8_t space[KTLS_CMSG_SPACE];
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = space, .msg_controllen = sizeof(space),
	};
	ssize_t got = recvmsg(fd, &msg, how);

	if (got < 0)
		return -errno;
	*type = ktls_control_type(&msg);
	*flags = msg.msg_flags;
	return got;
}

long ktls_control_recv(int fd, void *data, size_t len, int *type, int *flags)
{
	return control_recvmsg(fd, data, len, 0, type, flags);
}

long ktls_control_peek(int fd, int *type)
{
	uint8_t byte;
	int flags;
	long got = control_recvmsg(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT, type, &flags);

	return got < 0 ? got : 0;
}

int ktls_control_last(int fd)
{
	struct pollfd writable = { .fd = fd, .events = POLLOUT };
	int room = 0, any = -1, wanted = CONTROL_LAST_ROOM;
	socklen_t len = sizeof(room);

	if (!(fcntl(fd, F_GETFL) & O_NONBLOCK))
		return 0;
	/* The kernel doubles the value that is set. */
	if (!getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, &len) && room < 2 * wanted)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &wanted, sizeof(wanted));
	setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &any, sizeof(any));
	return poll(&writable, 1, 0) == 1 ? 0 : -EAGAIN;
}

void ktls_control_excuse(int fd)
{
	int error;
	socklen_t len = sizeof(error);

	/* Reading SO_ERROR clears what tls_err_abort() left in sk_err. */
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
}

/* RFC 8446, 6, and RFC 5246, 7.2, for those of TLS 1.2. */
static const char *const alerts[256] = {
	[0] = "close_notify",
	[10] = "unexpected_message",
	[20] = "bad_record_mac",
	[21] = "decryption_failed",
	[22] = "record_overflow",
	[30] = "decompression_failure",
	[40] = "handshake_failure",
	[41] = "no_certificate",
	[42] = "bad_certificate",
	[43] = "unsupported_certificate",
	[44] = "certificate_revoked",
	[45] = "certificate_expired",
	[46] = "certificate_unknown",
	[47] = "illegal_parameter",
	[48] = "unknown_ca",
	[49] = "access_denied",
	[50] = "decode_error",
	[51] = "decrypt_error",
	[60] = "export_restriction",
	[70] = "protocol_version",
	[71] = "insufficient_security",
	[80] = "internal_error",
	[86] = "inappropriate_fallback",
	[90] = "user_canceled",
	[100] = "no_renegotiation",
	[109] = "missing_extension",
	[110] = "unsupported_extension",
	[111] = "certificate_unobtainable",
	[112] = "unrecognized_name",
	[113] = "bad_certificate_status_response",
	[114] = "bad_certificate_hash_value",
	[115] = "unknown_psk_identity",
	[116] = "certificate_required",
	[120] = "no_application_protocol",
};

const char *ktls_alert_name(uint8_t description)
{
	return alerts[description] ? alerts[description] : "unknown";
}

uint8_t ktls_alert_for_errno(int error)
{
	switch (error) {
	case EBADMSG:
		return ALERT_BAD_RECORD_MAC;
	case EMSGSIZE:
		return ALERT_RECORD_OVERFLOW;
	case EINVAL:	/* a wrong version in the record's header */
		return ALERT_PROTOCOL_VERSION;
	case EPROTO:	/* a type that is not allowed; only from records opened in user space */
		return KTLS_ALERT_UNEXPECTED_MESSAGE;
	}
	return 0;
}

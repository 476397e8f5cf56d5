/* SPDX-License-Identifier: MIT */
#ifndef KTLS_CONTROL_H
#define KTLS_CONTROL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum ktls_record {		/* RFC 8446, 5.1 */
	KTLS_RECORD_CHANGE_CIPHER_SPEC = 20,
	KTLS_RECORD_ALERT = 21,
	KTLS_RECORD_HANDSHAKE = 22,
	KTLS_RECORD_APPLICATION = 23,
};

#define KTLS_ALERT_WARNING	1
#define KTLS_ALERT_FATAL	2
#define KTLS_ALERT_CLOSE_NOTIFY		0
#define KTLS_ALERT_UNEXPECTED_MESSAGE	10
#define KTLS_ALERT_ILLEGAL_PARAMETER	47
#define KTLS_ALERT_DECODE_ERROR		50
#define KTLS_ALERT_USER_CANCELED	90
#define KTLS_ALERT_NO_RENEGOTIATION	100

/* Room for the one control message the tls ULP reads or writes. */
#define KTLS_CMSG_SPACE		CMSG_SPACE(sizeof(uint8_t))

/* Point msg at cbuf and make it a record of `type` (tls_sw_sendmsg, TLS_SET_RECORD_TYPE). */
void ktls_control_encode(struct msghdr *msg, void *cbuf, uint8_t type);
/* Record type of what was received; KTLS_RECORD_APPLICATION when no cmsg came
 * (a socket without RX offload), -EBADMSG on MSG_CTRUNC. */
int ktls_control_type(const struct msghdr *msg);
/* Same over a bare control buffer, as multishot recvmsg delivers it. */
int ktls_control_type_of(const void *control, size_t len, int msg_flags);
/* sendmsg() of one control record, with these flags (MSG_DONTWAIT). Bytes sent or -errno. */
long ktls_control_send(int fd, uint8_t type, const void *data, size_t len, int flags);
/* One recvmsg. Bytes or -errno; *type is the record type, *flags msg_flags. */
long ktls_control_recv(int fd, void *data, size_t len, int *type, int *flags);

/* Which type comes next, without taking it (MSG_PEEK | MSG_DONTWAIT). 0 or -errno. */
long ktls_control_peek(int fd, int *type);

/* Before the last record and FIN. On a socket that does not block the kernel may have sealed records
 * that TCP had no room for: they follow the next one that is sent, but a FIN would overtake them.
 * This makes room for them all, so that the next record takes them along. 0; -EAGAIN: not before
 * the socket is writable (tls_push_sg() in net/tls/tls_main.c leaves them, tls_tx_records() sends them). */
int ktls_control_last(int fd);

/* After a receive failed: the kernel holds the error against sending too, until it is asked for.
 * Without this the alert that answers it would not leave. */
void ktls_control_excuse(int fd);

/* RFC name of an alert ("bad_record_mac"); "unknown" otherwise. */
const char *ktls_alert_name(uint8_t description);
/* Which fatal alert answers what the kernel reported; 0 (close_notify) when none does. */
uint8_t ktls_alert_for_errno(int error);

#endif

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

/* Room for one control message of the tls ULP. */
#define KTLS_CMSG_SPACE		CMSG_SPACE(sizeof(uint8_t))

/* Make msg send a record of `type`, by a control message (TLS_SET_RECORD_TYPE) in cbuf. */
void ktls_control_encode(struct msghdr *msg, void *cbuf, uint8_t type);
/* The record type of a received message. KTLS_RECORD_APPLICATION if there is no control message (a
 * socket without RX offload), -EBADMSG if it was cut (MSG_CTRUNC). */
int ktls_control_type(const struct msghdr *msg);
/* The same from a control buffer, as multishot recvmsg delivers it. */
int ktls_control_type_of(const void *control, size_t len, int msg_flags);
/* Send one control record. flags are sendmsg's, say MSG_DONTWAIT. Returns bytes sent or -errno. */
long ktls_control_send(int fd, uint8_t type, const void *data, size_t len, int flags);
/* Receive once. Returns bytes or -errno; sets *type to the record type, *flags to msg_flags. */
long ktls_control_recv(int fd, void *data, size_t len, int *type, int *flags);

/* Set *type to that of the next record, and leave the record there. Does not wait. Returns 0 or
 * -errno. */
long ktls_control_peek(int fd, int *type);

/* Prepare for the last record and FIN. On a non-blocking socket the kernel may hold sealed
 * records that TCP had no room for (tls_push_sg() in net/tls/tls_main.c). The next record that
 * is sent takes them along (tls_tx_records()), but a FIN would overtake them. This makes room
 * for all of them. Returns 0; -EAGAIN if the socket must become writable first. */
int ktls_control_last(int fd);

/* Clear the error of a failed receive, which would fail the next send too: that of the alert. */
void ktls_control_excuse(int fd);

/* The RFC's name of an alert, such as "bad_record_mac", or "unknown". */
const char *ktls_alert_name(uint8_t description);
/* The fatal alert for an error of receiving; 0 (close_notify): none. */
uint8_t ktls_alert_for_errno(int error);

#endif

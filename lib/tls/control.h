/* SPDX-License-Identifier: MIT */
#ifndef LIB_TLS_CONTROL_H
#define LIB_TLS_CONTROL_H

#include "lib/tls/state.h"

/* Take a record, or a piece of one, that the kernel or record_next() opened. True: it is
 * application data to deliver. */
bool conn_record(struct conn *conn, int type, const void *data, size_t len, bool end);
/* Take the error (-errno) of a receive from a kernel that holds the RX key, or of record_next().
 * True: go on receiving. */
bool conn_record_error(struct conn *conn, int error);

/* Write the control record that is to be sent through the kernel now into buf, which has room for 8
 * bytes. Returns its type, 0 when none is due. conn_control_sent() must follow when the socket has
 * taken the record. */
uint8_t conn_control(const struct conn *conn, uint8_t *buf, size_t *len);
void conn_control_sent(struct conn *conn);
/* Where records are sealed here: seal all that is due into the output. */
void control_seal(struct conn *conn);

/* Make the direction's next key if a KeyUpdate made it due. True: it is to be installed, for TX
 * with nothing in flight, and conn_rekeyed() must follow with the result. */
bool conn_rekey(struct conn *conn, enum ktls_direction dir);
void conn_rekeyed(struct conn *conn, enum ktls_direction dir, int result);
/* Take the result of installing the current RX key again, which conn->rx_stalled asks for. */
void conn_unstalled(struct conn *conn, int result);

/* Count bytes that are about to be sealed. Makes a KeyUpdate due before the key is used up. False:
 * it is used up and cannot be changed, so the connection must be closed. */
bool conn_account(struct conn *conn, uint64_t bytes);

/* May conn_update() be called? */
bool conn_updatable(const struct conn *conn);
/* Make a KeyUpdate due. TLS 1.3, OPEN. */
void conn_update(struct conn *conn, bool request);

#endif

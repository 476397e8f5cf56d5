/* SPDX-License-Identifier: MIT */
#ifndef KTLS_UAPI_H
#define KTLS_UAPI_H

/* linux/tls.h, and constants that the headers of Linux 6.1 lack. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <linux/tls.h>

#ifndef SOL_TLS
#define SOL_TLS 282
#endif
#ifndef TLS_TX_MAX_PAYLOAD_LEN
#define TLS_TX_MAX_PAYLOAD_LEN 5	/* uint16_t */
#endif
#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

#endif

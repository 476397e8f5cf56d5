/* SPDX-License-Identifier: MIT */
#ifndef KTLS_UAPI_H
#define KTLS_UAPI_H

/* linux/tls.h, and what newer kernels have than the oldest headers we build against (6.1). */
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

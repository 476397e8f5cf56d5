// SPDX-License-Identifier: MIT
#include <stddef.h>
#include "ktls/tlsring_reason.h"

struct reason {
	const char *name, *text, *remedy;
};

static const struct reason reasons[TLSRING_REASON_COUNT] = {
	[TLSRING_REASON_NONE] = { "none", "nothing stands in the way", "" },
	[TLSRING_REASON_POLICY_OFF] = {
		"policy-off", "the configuration says not to offload",
		"allow it (--offload auto, or the context's offload and directions options)" },
	[TLSRING_REASON_NO_MODULE] = {
		"no-module", "this kernel has no \"tls\" module, or has not loaded it",
		"load it as root: modprobe tls (for every boot: echo tls > "
		"/etc/modules-load.d/tls.conf); "
		"if there is none, use a kernel with CONFIG_TLS" },
	[TLSRING_REASON_NOT_ESTABLISHED] = {
		"not-established", "the socket is not connected, or its peer has already closed",
		"hand the connection over while both sides of it are open" },
	[TLSRING_REASON_MPTCP] = {
		"mptcp", "the socket is Multipath TCP, which kernel TLS cannot sit on",
		"create listening sockets with IPPROTO_TCP, and do not run the program under "
		"mptcpize" },
	[TLSRING_REASON_ULP_TAKEN] = {
		"ulp-taken", "another protocol (or kernel TLS itself) is already attached to the "
		"socket",
		"hand a socket over once, switch off the TLS library's own kernel TLS "
		"(SSL_OP_ENABLE_KTLS), "
		"and keep sockmap programs away from it" },
	[TLSRING_REASON_NOT_TCP] = {
		"not-tcp", "the descriptor is not a TCP socket",
		"kernel TLS needs a TCP socket over IPv4 or IPv6" },
	[TLSRING_REASON_VERSION] = {
		"version", "the negotiated protocol is neither TLS 1.2 nor TLS 1.3",
		"require TLS 1.2 or newer of the peer" },
	[TLSRING_REASON_CIPHER] = {
		"cipher", "kernel TLS has no such cipher suite",
		"prefer AES-GCM or ChaCha20-Poly1305 suites" },
	[TLSRING_REASON_CIPHER_MISSING] = {
		"cipher-missing", "this kernel lacks the negotiated cipher",
		"prefer AES-GCM suites, or load the cipher's module (see /proc/crypto)" },
	[TLSRING_REASON_RECORD_SIZE] = {
		"record-size", "smaller records were agreed on or asked for than the kernel would "
		"send",
		"do not set a maximum fragment length, or accept user space for peers that ask "
		"for one" },
	[TLSRING_REASON_PADDING] = {
		"padding", "record padding was asked for, and the kernel does not pad",
		"remove the record padding settings of the SSL or the SSL_CTX" },
	[TLSRING_REASON_NO_SECRETS] = {
		"no-secrets", "the connection's secrets were not seen from its start",
		"prepare every SSL_CTX (also those that a server-name callback switches to) and "
		"watch the SSL "
		"before its first byte, and leave the keylog and message callbacks alone after "
		"that" },
	[TLSRING_REASON_COMPRESSION] = {
		"compression", "the connection uses TLS compression",
		"set SSL_OP_NO_COMPRESSION; TLS compression is not safe anyway" },
	[TLSRING_REASON_KERNEL_REFUSED] = {
		"kernel-refused", "the kernel refused without naming a known cause",
		"look at the error beside this reason, and at dmesg; low memory is the usual "
		"cause" },
	[TLSRING_REASON_KERNEL_BUG] = {
		"kernel-bug", "this kernel's implementation has a known bug that is avoided",
		"install your distribution's current kernel" },
	[TLSRING_REASON_NO_REKEY] = {
		"no-rekey", "this kernel cannot change the keys of a connection",
		"use Linux 6.14 or newer where connections outlive one key" },
	[TLSRING_REASON_NIC_VERSION] = {
		"nic-version", "in software: network cards take TLS 1.2 only",
		"where the card must do the work, limit the connection to TLS 1.2" },
	[TLSRING_REASON_NIC_CIPHER] = {
		"nic-cipher", "in software: the network card does not take this cipher",
		"prefer AES-128-GCM suites: all cards take these, some AES-256-GCM, none another" },
	[TLSRING_REASON_NIC_ABSENT] = {
		"nic-absent", "in software: no network card with TLS offload carries this "
		"connection", "" },
	[TLSRING_REASON_NIC_FEATURE_OFF] = {
		"nic-feature-off", "in software: the network card could, but its TLS offload is "
		"switched off",
		"switch it on: ethtool -K DEVICE tls-hw-tx-offload on tls-hw-rx-offload on" },
	[TLSRING_REASON_PERMISSION] = {
		"permission", "this process may not use kernel TLS",
		"allow setsockopt TCP_ULP and SOL_TLS in the seccomp filter or security policy (a "
		"container's?)" },
	[TLSRING_REASON_NIC_REFUSED] = {
		"nic-refused",
		"in software: the network card did not take this connection when it began",
		"look at the card's own limits and counters (tlsring stat --devices) and at its "
		"link; connections that are made while the link is down, or beyond the card's "
		"contexts, stay in software" },
	[TLSRING_REASON_NIC_UNKNOWN] = {
		"nic-unknown", "this process may not see whether the network card does the work",
		"give it CAP_NET_ADMIN (setcap cap_net_admin+ep PROGRAM, or AmbientCapabilities= "
		"in a systemd unit)" },
	[TLSRING_REASON_NIC_VLAN] = {
		"nic-vlan", "in software: the kernel does not offload through a VLAN device",
		"let the switch add the tag (an access port), or send through the card itself" },
	[TLSRING_REASON_NIC_LOST] = {
		"nic-lost",
		"in software: the network card lost the connection when its link went down",
		"new connections are taken again; close long-lived ones after a link failure" },
	[TLSRING_REASON_USER_FASTER] = {
		"user-faster",
		"sealing in user space costs less on this machine, and the fastest was asked for",
		"" },
	[TLSRING_REASON_NOT_YET] = {
		"not-yet", "the keys have not been handed to the kernel yet", "" },
};

static const struct reason unknown = { "unknown", "an unknown reason", "" };

static const struct reason *reason_of(enum tlsring_reason reason)
{
	if ((size_t)reason >= TLSRING_REASON_COUNT || !reasons[reason].name)
		return &unknown;
	return &reasons[reason];
}

const char *tlsring_reason_name(enum tlsring_reason reason)
{
	return reason_of(reason)->name;
}

const char *tlsring_reason_text(enum tlsring_reason reason)
{
	return reason_of(reason)->text;
}

const char *tlsring_reason_remedy(enum tlsring_reason reason)
{
	return reason_of(reason)->remedy;
}

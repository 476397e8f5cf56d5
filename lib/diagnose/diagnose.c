// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include "ktls/probe.h"
#include "lib/diagnose/diagnose.h"
#include "lib/tls/context.h"
#include "uring/caps.h"

/* ---- kernel TLS ---- */

static void diagnose_module(struct diagnose *d, const struct ktls_caps *caps)
{
	struct utsname kernel;

	uname(&kernel);
	if (caps->ulp)
		diagnose_find(d, "ktls.module", TLSRING_GOOD, "",
			      "the tls module is there (Linux %s)", kernel.release);
	else
		diagnose_find(d, "ktls.module", TLSRING_MISSING,
			      tlsring_reason_remedy(caps->why_not), "%s (Linux %s: %s)",
			      tlsring_reason_text(caps->why_not), kernel.release,
			      strerror(caps->ulp_error));
	diagnose_find(d, "ktls.ulps", diagnose_state(strstr(caps->ulp_list, "tls")),
		      "load the module: modprobe tls", "net.ipv4.tcp_available_ulp: %s",
		      caps->ulp_list[0] ? caps->ulp_list : "(empty)");
}

/* Has an earlier suite the same kernel cipher and version? All suites of one share one finding. */
static bool diagnose_cipher_seen(unsigned index)
{
	const struct ktls_cipher *cipher = ktls_cipher_at(index);

	for (unsigned i = 0; i < index; i++)
		if (ktls_cipher_at(i)->kernel_id == cipher->kernel_id &&
		    ktls_cipher_at(i)->version == cipher->version)
			return true;
	return false;
}

static void diagnose_ciphers(struct diagnose *d, const struct ktls_caps *caps)
{
	const struct ktls_cipher *cipher;

	for (unsigned i = 0; (cipher = ktls_cipher_at(i)); i++) {
		bool tx = caps->tx_ciphers >> i & 1, rx = caps->rx_ciphers >> i & 1;
		bool library = context_has_cipher(cipher->name);
		char name[64];

		if (diagnose_cipher_seen(i))
			continue;
		snprintf(name, sizeof(name), "ktls.cipher.%s", cipher->name);
		diagnose_find(d, name, diagnose_state(tx && rx && library),
			      library ? "connections that use it stay in user space; prefer AES-GCM"
				      : "nothing to do: this OpenSSL does not negotiate it either",
			      "%s (%s): sending %s, receiving %s%s", cipher->name,
			      cipher->version >= KTLS_TLS13 ? "TLS 1.3" : "TLS 1.2", tx ? "yes" : "no",
			      rx ? "yes" : "no", library ? "" : ", not in OpenSSL");
	}
}

static void diagnose_options(struct diagnose *d, const struct ktls_caps *caps)
{
	diagnose_find(d, "ktls.rekey", diagnose_state(caps->rekey_tx && caps->rekey_rx),
		      "connections end cleanly when a key is used up or the peer changes it; "
		      "Linux 6.14 and later can follow",
		      "change of keys (KeyUpdate): sending %s, receiving %s",
		      caps->rekey_tx ? "yes" : "no", caps->rekey_rx ? "yes" : "no");
	diagnose_find(d, "ktls.zerocopy", diagnose_state(caps->tx_zerocopy_ro),
		      "only matters with a NIC that offloads TLS",
		      "zero-copy sendfile (TLS_TX_ZEROCOPY_RO): %s",
		      caps->tx_zerocopy_ro ? "yes" : "no");
	diagnose_find(d, "ktls.no-pad", diagnose_state(caps->rx_expect_no_pad),
		      "receiving costs a little more without it",
		      "receiving without padding (TLS_RX_EXPECT_NO_PAD): %s",
		      caps->rx_expect_no_pad ? "yes" : "no");
	diagnose_find(d, "ktls.max-payload", diagnose_state(caps->max_payload),
		      "connections whose peer asks for small records stay in user space",
		      "limit of the record size (TLS_TX_MAX_PAYLOAD_LEN): %s",
		      caps->max_payload ? "yes" : "no");
}

static void diagnose_bug(struct diagnose *d, const char *name, bool has, const char *text)
{
	diagnose_find(d, name, has ? TLSRING_BROKEN : TLSRING_GOOD,
		      "install your distribution's current kernel; "
		      "until then the library avoids it",
		      "%s: %s", text, has ? "this kernel has it" : "not known of this kernel");
}

static void diagnose_bugs(struct diagnose *d, const struct ktls_caps *caps)
{
	diagnose_bug(d, "bug.no-pad", caps->bug_no_pad,
		     "TLS_RX_EXPECT_NO_PAD corrupts (CVE-2026-74611)");
	diagnose_bug(d, "bug.splice-rx", caps->bug_splice_rx,
		     "splice from a TLS socket loses data");
	diagnose_bug(d, "bug.nic", caps->bug_nic, "NIC offload writes out of bounds");
	diagnose_bug(d, "bug.signal", caps->bug_signal,
		     "a signal during a send aborts the connection");
}

/* ---- io_uring ---- */

static void diagnose_ring(struct diagnose *d, const struct uring_caps *caps)
{
	const char *remedy = "the library uses epoll instead";

	if (caps->ring_error == EPERM)
		remedy = caps->disabled_sysctl > 0 ?
			"sysctl kernel.io_uring_disabled=0 (or 1 and a member of "
			"io_uring_group); until then epoll is used" :
			"a seccomp filter (a container's?) forbids it: allow io_uring_setup, "
			"_enter and _register; until then epoll is used";
	if (caps->ring)
		diagnose_find(d, "uring.setup", TLSRING_GOOD, "", "io_uring may be used");
	else
		diagnose_find(d, "uring.setup", TLSRING_MISSING, remedy,
			      "io_uring may not be used (%s)", strerror(caps->ring_error));
}

static void diagnose_uring(struct diagnose *d, const struct uring_caps *caps)
{
	const struct {
		const char *name, *text;
		bool has;
	} features[] = {
		{ "uring.multishot-accept", "multishot accept", caps->multishot_accept },
		{ "uring.multishot-recv", "multishot recvmsg", caps->multishot_recv },
		{ "uring.buffer-ring", "provided buffer rings", caps->buffer_ring },
		{ "uring.single-issuer", "single issuer", caps->single_issuer },
		{ "uring.defer-taskrun", "deferred task running", caps->defer_taskrun },
		{ "uring.direct-descriptors", "direct descriptors", caps->direct_descriptors },
		{ "uring.socket-command", "socket commands", caps->socket_command },
	};

	diagnose_ring(d, caps);
	for (size_t i = 0; caps->ring && i < sizeof(features) / sizeof(features[0]); i++)
		diagnose_find(d, features[i].name, diagnose_state(features[i].has),
			      "works without, a little slower; newer kernels have it",
			      "%s: %s", features[i].text, features[i].has ? "yes" : "no");
}

/* ---- the process ---- */

static void diagnose_user(struct diagnose *d)
{
	struct rlimit limit;

	if (!getrlimit(RLIMIT_NOFILE, &limit))
		diagnose_find(d, "user.descriptors", diagnose_state(limit.rlim_cur >= 4096),
			      "ulimit -n 65536 (LimitNOFILE= in a systemd unit)",
			      "descriptors this process may open: %llu",
			      (unsigned long long)limit.rlim_cur);
	if (!getrlimit(RLIMIT_MEMLOCK, &limit))
		diagnose_find(d, "user.memlock", diagnose_state(limit.rlim_cur >= 1 << 20),
			      "ulimit -l 8192 (LimitMEMLOCK=8M in a systemd unit): "
			      "keys beyond it can reach swap",
			      "memory this process may lock: %llu KiB",
			      (unsigned long long)(limit.rlim_cur >> 10));
}

int tlsring_diagnose(int (*each)(const struct tlsring_finding *finding, void *user), void *user)
{
	struct diagnose d = { .each = each, .user = user };
	const struct ktls_caps *caps = ktls_probe();
	struct uring_caps uring = uring_probe();

	d.area = "kernel TLS";
	diagnose_module(&d, caps);
	if (caps->ulp) {
		diagnose_ciphers(&d, caps);
		diagnose_options(&d, caps);
	}
	d.area = "known kernel bugs";
	diagnose_bugs(&d, caps);
	diagnose_nics(&d);
	d.area = "io_uring";
	diagnose_uring(&d, &uring);
	d.area = "OpenSSL";
	diagnose_find(&d, "openssl.version", TLSRING_GOOD, "", "%s", context_library());
	d.area = "user";
	diagnose_user(&d);
	return d.stop ? d.stop : d.count;
}

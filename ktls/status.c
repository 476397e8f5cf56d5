// SPDX-License-Identifier: MIT
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/capability.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <linux/tls.h>
#include "ktls/nic_netlink.h"
#include "ktls/status.h"

struct status_reply {
	struct ktls_status *out;
	bool found;			/* the reply had a part about TLS */
};

static int status_ulp(int fd)
{
	char name[16] = "";
	socklen_t len = sizeof(name);

	if (getsockopt(fd, IPPROTO_TCP, TCP_ULP, name, &len))
		return -errno;
	return strncmp(name, "tls", sizeof(name)) ? -ENOENT : 0;
}

static void status_take_address(const struct sockaddr_storage *addr, __be32 ip[4], __be16 *port)
{
	if (addr->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)addr;

		memcpy(ip, &in6->sin6_addr, 16);
		*port = in6->sin6_port;
	} else {
		const struct sockaddr_in *in = (const struct sockaddr_in *)addr;

		memcpy(ip, &in->sin_addr, 4);
		*port = in->sin_port;	/* NOLINT: getsockname() wrote it */
	}
}

/* Name the socket by its addresses, and by its cookie, so that no other socket answers. */
static int status_request(int fd, struct inet_diag_req_v2 *req)
{
	struct sockaddr_storage own = { 0 }, peer = { 0 };
	socklen_t own_len = sizeof(own), peer_len = sizeof(peer), cookie_len = sizeof(uint64_t);
	uint64_t cookie;

	if (getsockname(fd, (struct sockaddr *)&own, &own_len) ||
	    getpeername(fd, (struct sockaddr *)&peer, &peer_len) ||
	    getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &cookie_len))
		return -errno;
	req->sdiag_family = (uint8_t)own.ss_family;
	req->sdiag_protocol = IPPROTO_TCP;
	/* The kernel sends the ULP's part only together with tcp_info. */
	req->idiag_ext = 1 << (INET_DIAG_INFO - 1);
	req->idiag_states = ~0u;
	req->id.idiag_cookie[0] = (uint32_t)cookie;
	req->id.idiag_cookie[1] = (uint32_t)(cookie >> 32);
	status_take_address(&own, req->id.idiag_src, &req->id.idiag_sport);
	status_take_address(&peer, req->id.idiag_dst, &req->id.idiag_dport);
	if (own.ss_family == AF_INET6)
		req->id.idiag_if = ((struct sockaddr_in6 *)&own)->sin6_scope_id;
	return 0;
}

static enum ktls_path status_path(uint16_t conf)
{
	switch (conf) {
	case TLS_CONF_SW:
		return KTLS_PATH_SOFTWARE;
	case TLS_CONF_HW:
	case TLS_CONF_HW_RECORD:
		return KTLS_PATH_NIC;
	}
	return KTLS_PATH_NONE;
}

static int status_on_tls(const struct nlattr *attr, void *data)
{
	struct ktls_status *out = data;

	switch (mnl_attr_get_type(attr)) {
	case TLS_INFO_VERSION:
		out->version = mnl_attr_get_u16(attr);
		break;
	case TLS_INFO_CIPHER:
		out->kernel_cipher = mnl_attr_get_u16(attr);
		break;
	case TLS_INFO_TXCONF:
		out->tx = status_path(mnl_attr_get_u16(attr));
		break;
	case TLS_INFO_RXCONF:
		out->rx = status_path(mnl_attr_get_u16(attr));
		break;
	case TLS_INFO_ZC_RO_TX:
		out->zc_ro_tx = true;
		break;
	case TLS_INFO_RX_NO_PAD:
		out->no_pad_rx = true;
		break;
	}
	return MNL_CB_OK;
}

static int status_on_ulp(const struct nlattr *attr, void *data)
{
	struct status_reply *reply = data;

	if (mnl_attr_get_type(attr) != INET_ULP_INFO_TLS)
		return MNL_CB_OK;
	reply->found = true;
	return mnl_attr_parse_nested(attr, status_on_tls, reply->out);
}

static int status_on_attr(const struct nlattr *attr, void *data)
{
	if (mnl_attr_get_type(attr) != INET_DIAG_ULP_INFO)
		return MNL_CB_OK;
	return mnl_attr_parse_nested(attr, status_on_ulp, data);
}

static int status_on_message(const struct nlmsghdr *head, void *data)
{
	return mnl_attr_parse(head, sizeof(struct inet_diag_msg), status_on_attr, data);
}

static struct nlmsghdr *status_message(void *buf, const struct inet_diag_req_v2 *req,
				       uint16_t flags)
{
	struct nlmsghdr *head = mnl_nlmsg_put_header(buf);

	head->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	head->nlmsg_flags = flags;
	*(struct inet_diag_req_v2 *)mnl_nlmsg_put_extra_header(head, sizeof(*req)) = *req;
	return head;
}

int ktls_status_read(int fd, struct ktls_status *out)
{
	_Alignas(struct nlmsghdr) char buf[256];
	struct inet_diag_req_v2 req = { 0 };
	struct status_reply reply = { .out = out };
	int ret;

	memset(out, 0, sizeof(*out));
	ret = status_ulp(fd);
	if (!ret)
		ret = status_request(fd, &req);
	if (!ret)
		ret = nic_netlink_ask(NETLINK_SOCK_DIAG, status_message(buf, &req, 0),
				      status_on_message, &reply);
	if (ret == -ENOENT)
		return status_ulp(fd) ? ret : -ESRCH;
	if (!ret && !reply.found)
		ret = -EPERM;
	return ret;
}

/* ---- all sockets ---- */

bool ktls_may_look(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	return !syscall(SYS_capget, &head, data) && data[0].effective >> CAP_NET_ADMIN & 1;
}

/* The states in which a socket may have TLS: ESTABLISHED, FIN_WAIT1 and 2, CLOSE_WAIT, LAST_ACK and
 * CLOSING. Numbers, since linux/tcp.h, which has bytes_acked, lacks the names. */
#define STATUS_STATES	(1u << 1 | 1u << 4 | 1u << 5 | 1u << 8 | 1u << 9 | 1u << 11)

struct status_walk {
	int (*each)(const struct ktls_socket *socket, void *user);
	void *user;
	struct ktls_socket *socket;	/* being parsed */
	struct status_reply reply;
	int stop;
};

static void status_give_address(struct sockaddr_storage *addr, uint8_t family, const __be32 ip[4],
				__be16 port)
{
	memset(addr, 0, sizeof(*addr));
	addr->ss_family = family;
	if (family == AF_INET6) {
		struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)addr;

		memcpy(&in6->sin6_addr, ip, 16);
		in6->sin6_port = port;
	} else {
		struct sockaddr_in *in = (struct sockaddr_in *)addr;

		memcpy(&in->sin_addr, ip, 4);
		in->sin_port = port;
	}
}

static void status_on_info(const struct nlattr *attr, struct ktls_socket *socket)
{
	struct tcp_info info = { 0 };
	size_t len = mnl_attr_get_payload_len(attr);

	memcpy(&info, mnl_attr_get_payload(attr), len < sizeof(info) ? len : sizeof(info));
	socket->sent = info.tcpi_bytes_acked;
	socket->received = info.tcpi_bytes_received;
	socket->transmitted = info.tcpi_bytes_sent;
	socket->retransmitted = info.tcpi_bytes_retrans;
}

static int status_on_socket_attr(const struct nlattr *attr, void *data)
{
	struct status_walk *walk = data;

	if (mnl_attr_get_type(attr) == INET_DIAG_INFO)
		status_on_info(attr, walk->socket);
	return status_on_attr(attr, &walk->reply);
}

static int status_on_socket(const struct nlmsghdr *head, void *data)
{
	const struct inet_diag_msg *msg = mnl_nlmsg_get_payload(head);
	const struct inet_diag_sockid *id = &msg->id;
	struct status_walk *walk = data;
	struct ktls_socket socket = {
		.inode = msg->idiag_inode,
		.uid = msg->idiag_uid,
		.bound = id->idiag_if,
		.cookie = id->idiag_cookie[0] | (uint64_t)id->idiag_cookie[1] << 32,
	};

	walk->socket = &socket;
	walk->reply = (struct status_reply){ .out = &socket.status };
	mnl_attr_parse(head, sizeof(*msg), status_on_socket_attr, walk);
	if (!walk->reply.found || walk->stop)
		return MNL_CB_OK;
	status_give_address(&socket.own, msg->idiag_family, id->idiag_src, id->idiag_sport);
	status_give_address(&socket.peer, msg->idiag_family, id->idiag_dst, id->idiag_dport);
	walk->stop = walk->each(&socket, walk->user);
	return MNL_CB_OK;
}

int ktls_status_each(int (*each)(const struct ktls_socket *socket, void *user), void *user)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	struct status_walk walk = { .each = each, .user = user };
	struct inet_diag_req_v2 req = {
		.sdiag_protocol = IPPROTO_TCP,
		.idiag_ext = 1 << (INET_DIAG_INFO - 1),
		.idiag_states = STATUS_STATES,
	};
	_Alignas(struct nlmsghdr) char buf[256];
	int ret = 0;

	for (size_t i = 0; i < sizeof(families) && !ret && !walk.stop; i++) {
		req.sdiag_family = families[i];
		ret = nic_netlink_ask(NETLINK_SOCK_DIAG, status_message(buf, &req, NLM_F_DUMP),
				      status_on_socket, &walk);
	}
	return ret ? ret : walk.stop;
}

// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include "ktls/nic_netlink.h"

static int nic_netlink_receive(struct mnl_socket *nl, mnl_cb_t each, void *data)
{
	unsigned port = mnl_socket_get_portid(nl);
	char *buf = malloc(NIC_NETLINK_BUFFER);
	int ret = MNL_CB_OK;

	if (!buf)
		return -ENOMEM;
	while (ret > MNL_CB_STOP) {
		ssize_t got = mnl_socket_recvfrom(nl, buf, NIC_NETLINK_BUFFER);

		if (got < 0 && errno == EINTR)
			continue;
		ret = got < 0 ? -1 : mnl_cb_run(buf, (size_t)got, 1, port, each, data);
	}
	ret = ret < 0 ? -errno : 0;
	free(buf);
	return ret;
}

int nic_netlink_ask(int bus, struct nlmsghdr *head, mnl_cb_t each, void *data)
{
	struct mnl_socket *nl = mnl_socket_open2(bus, SOCK_CLOEXEC);
	int ret;

	if (!nl)
		return -errno;
	head->nlmsg_seq = 1;
	head->nlmsg_flags |= NLM_F_REQUEST;
	if ((head->nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP)
		head->nlmsg_flags |= NLM_F_ACK;
	if (mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    mnl_socket_sendto(nl, head, head->nlmsg_len) < 0)
		ret = -errno;
	else
		ret = nic_netlink_receive(nl, each, data);
	mnl_socket_close(nl);
	return ret;
}

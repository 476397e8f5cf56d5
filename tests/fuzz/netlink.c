// SPDX-License-Identifier: MIT
/*
 * What the kernel answers over netlink: any attributes in any order and of any length. The calls of
 * libmnl that reach for the kernel are defined here.
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <netinet/in.h>
#include "ktls/nic.h"
#include "ktls/nic_netlink.h"
#include "ktls/status.h"
#include "tests/fuzz/fuzz.h"

static struct fuzz_input input;

struct mnl_socket *mnl_socket_open2(int bus, int flags)
{
	(void)bus, (void)flags;
	return (struct mnl_socket *)&input;
}

int mnl_socket_bind(struct mnl_socket *nl, unsigned int groups, pid_t pid)
{
	(void)nl, (void)groups, (void)pid;
	return 0;
}

ssize_t mnl_socket_sendto(const struct mnl_socket *nl, const void *req, size_t len)
{
	(void)nl, (void)req;
	return (ssize_t)len;
}

unsigned int mnl_socket_get_portid(const struct mnl_socket *nl)
{
	(void)nl;
	return 7;
}

int mnl_socket_close(struct mnl_socket *nl)
{
	(void)nl;
	return 0;
}

/* A message of the next piece; at the input's end there are no more. */
ssize_t mnl_socket_recvfrom(const struct mnl_socket *nl, void *buf, size_t room)
{
	struct nlmsghdr *head = buf;
	size_t len;
	char *piece;

	(void)nl;
	if (!input.size) {
		errno = EIO;
		return -1;
	}
	memset(buf, 0xff, room);
	*head = (struct nlmsghdr){ .nlmsg_seq = 1, .nlmsg_pid = 7 };
	head->nlmsg_flags = NLM_F_MULTI;
	head->nlmsg_type = fuzz_byte(&input) % 8 ? NLMSG_MIN_TYPE : NLMSG_DONE;
	piece = fuzz_piece(&input, &len);
	memcpy(head + 1, piece, len);
	free(piece);
	head->nlmsg_len = (uint32_t)(sizeof(*head) + len);
	return (ssize_t)NLMSG_ALIGN(head->nlmsg_len);
}

static int on_socket(const struct ktls_socket *socket, void *user)
{
	(void)user;
	must(socket->status.tx <= KTLS_PATH_NIC && socket->status.rx <= KTLS_PATH_NIC);
	return 0;
}

static int on_nic(const struct ktls_nic *nic, void *user)
{
	(void)user;
	must(memchr(nic->name, '\0', sizeof(nic->name)));
	return 0;
}

/* Input: the question, then the answers. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sockaddr_in any = { .sin_family = AF_INET };
	struct ktls_nic nic;
	bool vlan;

	input = (struct fuzz_input){ data, size };
	switch (fuzz_byte(&input) % 4) {
	case 0:
		ktls_status_each(on_socket, NULL);
		break;
	case 1:
		ktls_nic_list(on_nic, NULL);
		break;
	case 2:
		ktls_nic_read("eth0", &nic);
		break;
	case 3:
		ktls_nic_route((struct sockaddr *)&any, (struct sockaddr *)&any, 0, &vlan);
		break;
	}
	return 0;
}

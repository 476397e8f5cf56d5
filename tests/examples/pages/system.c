// SPDX-License-Identifier: MIT
/* What this system can do, and does. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <tlsring.h>

/* page: tlsring_diagnose tlsring_diagnose_device */
static int print_finding(const struct tlsring_finding *finding, void *user)
{
	(void)user;
	if (finding->state != TLSRING_GOOD)
		printf("%s: %s (%s)\n", finding->name, finding->text, finding->remedy);
	return 0;
}

static int diagnose(const char *device)
{
	int ret = tlsring_diagnose(print_finding, NULL);

	if (ret >= 0)
		ret = tlsring_diagnose_device(device, print_finding, NULL);
	return ret < 0 ? ret : 0;
}
/* page end */

/* page: tlsring_report_sockets */
static int count_socket(const struct tlsring_socket *socket, void *user)
{
	unsigned *by_path = user;

	by_path[socket->tx.path]++;
	return 0;
}

static int count_sockets(void)
{
	unsigned by_path[TLSRING_PATH_FAILED + 1] = { 0 };
	int ret = tlsring_report_sockets(count_socket, by_path);

	if (!ret)
		printf("sealed by the kernel: %u, by a card: %u\n", by_path[TLSRING_PATH_KERNEL],
		       by_path[TLSRING_PATH_NIC]);
	return ret;
}
/* page end */

/* page: tlsring_report_counters */
static int print_counter(const char *name, uint64_t value, void *user)
{
	(void)user;
	if (value)
		printf("%s %" PRIu64 "\n", name, value);
	return 0;
}

static void print_counters(void)
{
	if (tlsring_report_counters(NULL, print_counter, NULL) == -ENOENT)
		printf("kernel TLS is not loaded\n");
}
/* page end */

/* page: tlsring_report_devices tlsring_device_switch */
static int switch_on(const struct tlsring_device *device, void *user)
{
	char text[160];
	int ret = 0;

	(void)user;
	if (device->tx_can && !device->tx_on)
		ret = tlsring_device_switch(device->name, "tls-hw-tx-offload", true);
	if (ret)
		printf("%s: %s\n", device->name, tlsring_strerror(ret, text, sizeof(text)));
	return 0;
}

static int switch_all_on(void)
{
	return tlsring_report_devices(switch_on, NULL);
}
/* page end */

/* page: tlsring_costs */
static void print_costs(void)
{
	struct tlsring_costs costs = { .size = sizeof(costs) };

	if (!tlsring_costs(&costs))
		printf("a MiB costs %" PRIu64 " us in the kernel, %" PRIu64 " us in user space\n",
		       costs.kernel_ns / 1000, costs.user_ns / 1000);
}
/* page end */

int main(void)
{
	int ret = diagnose("lo");

	if (!ret)
		ret = count_sockets();
	print_counters();
	print_costs();
	if (!ret)
		ret = switch_all_on();
	/* A system without kernel TLS, or one that does not let us look, is none of our faults. */
	return ret && ret != -ENOENT && ret != -EPERM && ret != -EOPNOTSUPP;
}

// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <jansson.h>
#include "tlsring.h"
#include "tools/common/log.h"
#include "tools/common/options.h"
#include "tools/doctor/nic.h"
#include "tools/doctor/private_net.h"
#include "tools/tools.h"

static const char *const doctor_states[] = {
	[TLSRING_GOOD] = "good", [TLSRING_MISSING] = "missing", [TLSRING_BROKEN] = "broken",
};

/* A report that is being made. */
struct doctor {
	json_t *findings;		/* owned; NULL: print for people */
	unsigned counts[3];		/* findings, by state */
	bool kernel_tls, cipher, uring;	/* findings about these are good */
	bool nic;			/* all findings about the network card are good */
	bool colour;
	struct tlsring_costs costs;	/* of the whole machine's report */
	char area[64];			/* of the finding printed last */
};

static void doctor_count(struct doctor *d, const struct tlsring_finding *f)
{
	bool good = f->state == TLSRING_GOOD;

	d->counts[f->state]++;
	if (!strcmp(f->name, "ktls.module"))
		d->kernel_tls = good;
	else if (!strncmp(f->name, "ktls.cipher.", 12))
		d->cipher |= good;
	else if (!strcmp(f->name, "uring.setup"))
		d->uring = good;
}

static void doctor_print(struct doctor *d, const struct tlsring_finding *f)
{
	static const char *const colours[] = {
		[TLSRING_GOOD] = "\033[32m",
		[TLSRING_MISSING] = "\033[33m",
		[TLSRING_BROKEN] = "\033[31m",
	};

	if (strcmp(d->area, f->area)) {
		printf("%s%s\n", d->area[0] ? "\n" : "", f->area);
		snprintf(d->area, sizeof(d->area), "%s", f->area);
	}
	printf("  %s%-7s%s  %s\n", d->colour ? colours[f->state] : "", doctor_states[f->state],
	       d->colour ? "\033[0m" : "", f->text);
	if (f->remedy[0])
		printf("           -> %s\n", f->remedy);
}

static int doctor_each(const struct tlsring_finding *f, void *user)
{
	struct doctor *d = user;

	doctor_count(d, f);
	if (!d->findings) {
		doctor_print(d, f);
		return 0;
	}
	if (json_array_append_new(d->findings,
				  json_pack("{s:s, s:s, s:s, s:s, s:s}", "area", f->area, "name",
					    f->name, "state", doctor_states[f->state], "text",
					    f->text, "remedy", f->remedy)))
		return -ENOMEM;
	return 0;
}

static int doctor_json(struct doctor *d)
{
	json_t *all = json_pack("{s:O, s:{s:b, s:b, s:i, s:i, s:i}, s:{s:I, s:I}}", "findings",
				d->findings, "summary", "kernel_tls", d->kernel_tls && d->cipher,
				"io_uring", d->uring, "good", d->counts[TLSRING_GOOD], "missing",
				d->counts[TLSRING_MISSING], "broken", d->counts[TLSRING_BROKEN],
				"costs", "kernel_ns", (json_int_t)d->costs.kernel_ns, "user_ns",
				(json_int_t)d->costs.user_ns);
	int ret = all ? json_dumpf(all, stdout, JSON_INDENT(2)) : -1;

	putchar('\n');
	json_decref(all);
	return ret;
}

/* Print the processor time for a MiB that is sealed and sent. */
static void doctor_print_costs(const struct tlsring_costs *costs)
{
	fputs("\nsealing a MiB takes ", stdout);
	if (costs->kernel_ns)
		printf("%.0f us of CPU in the kernel, ", (double)costs->kernel_ns / 1000);
	printf("%.0f us%s in user space (serve --offload fastest goes by this)\n",
	       (double)costs->user_ns / 1000, costs->kernel_ns ? "" : " of CPU");
}

static void doctor_summary(const struct doctor *d)
{
	doctor_print_costs(&d->costs);
	printf("kernel TLS: %s; io_uring: %s; %u good, %u missing, %u broken\n",
	       d->kernel_tls && d->cipher ? "usable" : "not usable",
	       d->uring ? "usable" : "not usable", d->counts[TLSRING_GOOD],
	       d->counts[TLSRING_MISSING], d->counts[TLSRING_BROKEN]);
}

static int doctor_ignore(const struct tlsring_finding *f, void *user)
{
	(void)f;
	(void)user;
	return 0;
}

/* Have the library ask the kernel by sockets with kernel TLS, which it does once in a process, and
 * measure the costs, if they are wanted. */
static void doctor_probe(void *user)
{
	struct tlsring_costs *costs = user;

	if (costs)
		tlsring_costs(costs);
	tlsring_diagnose(doctor_ignore, NULL);
}

static int doctor_report(struct doctor *d)
{
	int ret;

	d->costs.size = sizeof(d->costs);
	private_net_run(doctor_probe, &d->costs);
	ret = tlsring_diagnose(doctor_each, d);
	if (ret >= 0 && d->findings)
		ret = doctor_json(d);
	else if (ret >= 0)
		doctor_summary(d);
	if (ret < 0 || fflush(stdout) || ferror(stdout)) {
		log_line("cannot write the findings");
		return TOOLS_FAILED;
	}
	return d->kernel_tls && d->cipher && d->uring ? 0 : TOOLS_FAILED;
}

/* ---- one network card ---- */

static int doctor_nic_json(struct doctor *d, const char *device)
{
	json_t *all = json_pack("{s:O, s:{s:s, s:b}}", "findings", d->findings, "summary", "device",
				device, "offloads", d->nic);
	int ret = all ? json_dumpf(all, stdout, JSON_INDENT(2)) : -1;

	putchar('\n');
	json_decref(all);
	return ret;
}

static int doctor_nic(struct doctor *d, const char *device)
{
	char text[128];
	int ret;

	private_net_run(doctor_probe, NULL);
	ret = tlsring_diagnose_device(device, doctor_each, d);
	if (ret < 0) {
		log_line("%s: %s", device, tlsring_strerror(ret, text, sizeof(text)));
		return TOOLS_FAILED;
	}
	d->nic = !d->counts[TLSRING_MISSING] && !d->counts[TLSRING_BROKEN];
	if (d->findings && doctor_nic_json(d, device))
		return TOOLS_FAILED;
	if (!d->findings)
		printf("\n%s: %s\n", device,
		       d->nic ? "seals and opens TLS 1.2 records with AES-GCM" :
				"not everything is as it should be");
	return d->nic ? 0 : TOOLS_FAILED;
}

/* ---- options ---- */

struct doctor_options {
	const char *nic;		/* device; NULL: this machine */
	bool json, fix, undo;
};

#define AT(member) .at = offsetof(struct doctor_options, member)

static const struct options_row doctor_rows[] = {
	{ "json", 0, NULL, "findings as JSON", options_set_true, AT(json) },
	{ "nic", 0, "DEVICE",
	  "instead: can that network card do TLS, does it, what stands in the way "
	  "(status 0: it does)",
	  options_set_text, AT(nic) },
	{ "fix", 0, NULL, "with --nic: switch on what is off", options_set_true, AT(fix) },
	{ "undo", 0, NULL, "with --nic: switch off what --fix switched on", options_set_true,
	  AT(undo) },
};

static const struct options_table doctor_table = {
	.command = "doctor",
	.usage = "usage: tlsring doctor [OPTION]...\n\n"
		 "Shows what this kernel, this OpenSSL and this user can do, and what to do\n"
		 "about the rest. Status 0: kernel TLS and io_uring are usable; 1: one of them is "
		 "not.\n\n",
	.rows = doctor_rows,
	.count = sizeof(doctor_rows) / sizeof(doctor_rows[0]),
};

static int doctor_check(const struct doctor_options *o, int argc, char **argv)
{
	if (argc)
		log_line("doctor takes no argument: %s", argv[0]);
	else if ((o->fix || o->undo) && (!o->nic || o->json || (o->fix && o->undo)))
		log_line("--fix and --undo need --nic DEVICE, and nothing else beside it");
	else
		return 0;
	return TOOLS_USAGE;
}

static int doctor_run(const struct doctor_options *o)
{
	struct doctor d = { .colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR") };
	int ret;

	if (o->fix)
		return doctor_nic_fix(o->nic);
	if (o->undo)
		return doctor_nic_undo(o->nic);
	if (o->json)
		d.findings = json_array();
	ret = o->nic ? doctor_nic(&d, o->nic) : doctor_report(&d);
	json_decref(d.findings);
	return ret;
}

int doctor_main(int argc, char **argv)
{
	struct doctor_options options = { 0 };
	int ret = options_parse(&doctor_table, &options, &argc, &argv);

	if (!ret)
		ret = doctor_check(&options, argc, argv);
	if (ret)
		return ret < 0 ? 0 : ret;
	return doctor_run(&options);
}

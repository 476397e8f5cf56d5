// SPDX-License-Identifier: MIT
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <jansson.h>
#include "tools/doctor/nic.h"
#include "tools/common/log.h"
#include "tlsring.h"
#include "tools/tools.h"

static const char doctor_usage[] =
	"usage: tlsring doctor [OPTION]...\n"
	"\n"
	"Says what this kernel, this OpenSSL and this user can do, and what to do about the rest.\n"
	"Status 0: kernel TLS and io_uring are usable; 1: one of them is not.\n"
	"\n"
	"      --json    findings as JSON\n"
	"      --nic DEVICE\n"
	"                instead: can that network card do TLS, does it, what stands in the way\n"
	"                (status 0: it does)\n"
	"      --fix     with --nic: switch on what is off\n"
	"      --undo    with --nic: switch off what --fix switched on\n"
	"  -h, --help    this text\n";

static const char *const doctor_states[] = {
	[TLSRING_GOOD] = "good", [TLSRING_MISSING] = "missing", [TLSRING_BROKEN] = "broken",
};

struct doctor {
	json_t *findings;	/* NULL: print for people */
	unsigned counts[3];	/* by state */
	bool kernel_tls, cipher, uring;
	bool nic;		/* it seals and opens */
	bool colour;
	char area[64];		/* whose heading was printed last */
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
		[TLSRING_GOOD] = "\033[32m", [TLSRING_MISSING] = "\033[33m", [TLSRING_BROKEN] = "\033[31m",
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
	if (json_array_append_new(d->findings, json_pack("{s:s, s:s, s:s, s:s, s:s}", "area", f->area,
							 "name", f->name, "state", doctor_states[f->state],
							 "text", f->text, "remedy", f->remedy)))
		return -ENOMEM;
	return 0;
}

static int doctor_json(struct doctor *d)
{
	json_t *all = json_pack("{s:O, s:{s:b, s:b, s:i, s:i, s:i}}", "findings", d->findings, "summary",
				"kernel_tls", d->kernel_tls && d->cipher, "io_uring", d->uring,
				"good", d->counts[TLSRING_GOOD], "missing", d->counts[TLSRING_MISSING],
				"broken", d->counts[TLSRING_BROKEN]);
	int ret = all ? json_dumpf(all, stdout, JSON_INDENT(2)) : -1;

	putchar('\n');
	json_decref(all);
	return ret;
}

static void doctor_summary(const struct doctor *d)
{
	printf("\nkernel TLS: %s; io_uring: %s; %u good, %u missing, %u broken\n",
	       d->kernel_tls && d->cipher ? "usable" : "not usable", d->uring ? "usable" : "not usable",
	       d->counts[TLSRING_GOOD], d->counts[TLSRING_MISSING], d->counts[TLSRING_BROKEN]);
}

static int doctor_report(struct doctor *d)
{
	int ret = tlsring_diagnose(doctor_each, d);

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
	json_t *all = json_pack("{s:O, s:{s:s, s:b}}", "findings", d->findings, "summary", "device", device,
				"offloads", d->nic);
	int ret = all ? json_dumpf(all, stdout, JSON_INDENT(2)) : -1;

	putchar('\n');
	json_decref(all);
	return ret;
}

static int doctor_nic(struct doctor *d, const char *device)
{
	int ret = tlsring_diagnose_device(device, doctor_each, d);
	char text[128];

	if (ret < 0) {
		log_line("%s: %s", device, tlsring_strerror(ret, text, sizeof(text)));
		return TOOLS_FAILED;
	}
	d->nic = !d->counts[TLSRING_MISSING] && !d->counts[TLSRING_BROKEN];
	if (d->findings && doctor_nic_json(d, device))
		return TOOLS_FAILED;
	if (!d->findings)
		printf("\n%s: %s\n", device, d->nic ? "seals and opens TLS 1.2 records with AES-GCM" :
							"not everything is as it could be");
	return d->nic ? 0 : TOOLS_FAILED;
}

int doctor_main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "nic", required_argument, NULL, 'n' },
		{ "fix", no_argument, NULL, 'f' },
		{ "undo", no_argument, NULL, 'u' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct doctor d = { .colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR") };
	const char *nic = NULL;
	bool json = false;
	int option, ret, act = 0;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (option == 'h') {
			fputs(doctor_usage, stdout);
			return 0;
		}
		if (option == 'n')
			nic = optarg;
		else if ((option == 'f' || option == 'u') && !act)
			act = option;
		else if (option == 'j')
			json = true;
		else
			goto usage;
	}
	if (optind < argc) {
		log_line("doctor takes no argument: %s", argv[optind]);
		goto usage;
	}
	if (act && (!nic || json)) {
		log_line("--fix and --undo go with --nic DEVICE alone, and one at a time");
		goto usage;
	}
	if (act)
		return act == 'f' ? doctor_nic_fix(nic) : doctor_nic_undo(nic);
	if (json)
		d.findings = json_array();
	ret = nic ? doctor_nic(&d, nic) : doctor_report(&d);
	json_decref(d.findings);
	return ret;
usage:
	fputs("tlsring: `tlsring doctor --help` lists the options\n", stderr);
	return TOOLS_USAGE;
}

// SPDX-License-Identifier: MIT
/* Messages between two machines of `tlsring bench`: any bytes in the place of one. */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>
#include <jansson.h>
#include "tests/fuzz/fuzz.h"
#include "tools/bench/remote/message.h"

/* What was unpacked is the same when it is packed and unpacked again. */
static void try_report(json_t *object)
{
	struct bench_report report, again;
	json_t *packed, *second;

	if (bench_message_unpack_report(&report, object))
		return;
	packed = bench_message_pack_report(&report);
	must(packed && !bench_message_unpack_report(&again, packed));
	second = bench_message_pack_report(&again);
	must(json_equal(packed, second));
	json_decref(packed);
	json_decref(second);
}

static void try_snapshot(json_t *object)
{
	struct bench_snapshot snapshot = { 0 }, again = { 0 };
	json_t *packed, *second;

	if (bench_message_unpack_snapshot(&snapshot, object))
		return;
	packed = bench_message_pack_snapshot(&snapshot);
	must(packed && !bench_message_unpack_snapshot(&again, packed));
	second = bench_message_pack_snapshot(&again);
	must(json_equal(packed, second));
	json_decref(packed);
	json_decref(second);
}

/* Input: what comes from the socket before its end. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *message;
	int ends[2];

	if (size > 60000)	/* more than the socket takes at once */
		return 0;
	must(!socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	must(write(ends[0], data, size) == (ssize_t)size);
	close(ends[0]);
	while ((message = bench_message_receive(ends[1], NULL))) {
		try_report(message);
		try_snapshot(message);
		json_decref(message);
	}
	must(errno == EBADMSG || errno == ECONNRESET);
	close(ends[1]);
	return 0;
}

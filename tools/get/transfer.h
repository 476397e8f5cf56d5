/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_GET_TRANSFER_H
#define TOOLS_GET_TRANSFER_H

#include "tools/get/options.h"
#include "tools/get/tls.h"
#include "tools/get/connection.h"
#include "tools/get/file.h"
#include "tools/get/progress.h"
#include "tools/get/response.h"

#define TRANSFER_TICKS	4	/* a second */
#define TRANSFER_PIECE	65536

enum transfer_stage {
	TRANSFER_IDLE,		/* no answer is expected */
	TRANSFER_CONNECT,
	TRANSFER_HEAD,
	TRANSFER_BODY,
	TRANSFER_FLUSH,		/* the answer arrived; its last bytes wait for the output stream */
	TRANSFER_WAIT,		/* for the next attempt */
};

/* What to do at the end of an answer's body. */
enum transfer_then { TRANSFER_THEN_FINISH, TRANSFER_THEN_AGAIN, TRANSFER_THEN_FAIL };

/* All URLs of one run, one after the other, over as few connections as possible. */
struct transfer {
	const struct get_options *options;
	struct tlsring_engine *engine;
	struct get_tls *tls;
	struct connection *connection;		/* NULL: none; frees itself */
	struct connection_handlers handlers;
	size_t index;			/* of the current URL */
	struct url url;			/* the current one, after redirections */
	struct file file;
	struct response response;
	struct response_body body;
	struct progress progress;
	uint64_t passed;		/* bytes of an unwanted body that were skipped */
	uint64_t total;			/* size of the complete file, or PROGRESS_UNKNOWN */
	unsigned hops;			/* redirections followed */
	unsigned silent;		/* ticks since the server sent something */
	unsigned interim;		/* 1xx answers to the current request */
	unsigned attempts;		/* that failed, of the current URL */
	unsigned wait;			/* ticks until the next attempt */
	int stream;			/* descriptor of an output that is no file, else -1 */
	enum transfer_stage stage;
	enum transfer_then then;
	bool wanted;			/* the body is written to the file */
	bool anew;			/* fetch the whole file, do not continue a part */
	bool retried;			/* after a kept connection was closed */
	bool waiting;			/* for the stream to be writable */
	enum get_status failure;	/* for TRANSFER_THEN_FAIL */
	enum get_status status;		/* of the first URL that failed */
	char piece[TRANSFER_PIECE];
};

/* Start with the first URL; tlsring_engine_run() does the rest and ends after the last. */
void transfer_start(struct transfer *transfer);
/* Call TRANSFER_TICKS times per second. */
void transfer_tick(struct transfer *transfer);
/* Give up the current and all further URLs; unfinished parts are kept. */
void transfer_interrupt(struct transfer *transfer);

#endif

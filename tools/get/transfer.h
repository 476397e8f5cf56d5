/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_GET_TRANSFER_H
#define TOOLS_GET_TRANSFER_H

#include "tools/get/options.h"
#include "tools/get/tls.h"
#include "tools/get/connection.h"
#include "tools/get/file.h"
#include "tools/get/progress.h"
#include "tools/get/response.h"

#define FETCH_TICKS	4	/* a second */
#define FETCH_PIECE	65536

enum fetch_stage {
	FETCH_IDLE,		/* no answer is awaited */
	FETCH_CONNECT,
	FETCH_HEAD,
	FETCH_BODY,
	FETCH_FLUSH,		/* the answer is here, its last bytes wait for the stream */
};

/* What follows when an answer's body is over. */
enum fetch_then { FETCH_THEN_FINISH, FETCH_THEN_AGAIN, FETCH_THEN_FAIL };

/* All URLs of one run, one after the other, over as few connections as they need. */
struct fetch {
	const struct get_options *options;
	struct tlsring_engine *engine;
	struct get_tls *tls;
	struct link *link;		/* NULL: none; frees itself */
	struct link_user link_user;
	size_t index;			/* of the URL under way */
	struct url url;			/* where it is looked for, after redirections */
	struct output output;
	struct response response;
	struct response_body body;
	struct progress progress;
	uint64_t passed;		/* bytes of a body that nobody wants */
	uint64_t total;			/* bytes that the file shall have, PROGRESS_UNKNOWN */
	unsigned hops;			/* redirections */
	unsigned silent;			/* ticks since something came */
	int stream;			/* the output's descriptor if it is a stream, else -1 */
	enum fetch_stage stage;
	enum fetch_then then;
	bool wanted;			/* the body is the file's */
	bool anew;			/* do not continue */
	bool retried;
	bool waiting;			/* for the stream */
	bool failed;			/* one of them */
	char piece[FETCH_PIECE];
};

/* Begin with the first; the rest happens inside tlsring_engine_run(), which ends with the last. */
void fetch_start(struct fetch *fetch);
/* A tick of the clock has passed. */
void fetch_tick(struct fetch *fetch);
/* Give up all that is not done; what has come is kept. */
void fetch_interrupt(struct fetch *fetch);

#endif

// SPDX-License-Identifier: MIT
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include "ktls/session.h"
#include "tests/ktap.h"

static bool all_zero(const void *data, size_t len)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < len; i++)
		if (bytes[i])
			return false;
	return true;
}

/* Find the line that starts with `field` in /proc/self/smaps, for the mapping of an address. */
static void smaps(const void *address, const char *field, char *line, size_t room)
{
	FILE *file = fopen("/proc/self/smaps", "r");
	bool inside = false;

	CHECK(file);
	while (fgets(line, (int)room, file)) {
		unsigned long start, end;

		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			inside = (uintptr_t)address >= start && (uintptr_t)address < end;
		else if (inside && !strncmp(line, field, strlen(field)))
			break;
	}
	CHECK(!feof(file));
	fclose(file);
}

TEST(pages_are_locked_undumped_and_wiped_on_fork)
{
	struct ktls_session *session;
	char line[512];

	EQ(ktls_session_new(&session), 0);
	smaps(session, "VmFlags:", line, sizeof(line));
	CHECK(strstr(line, " dd"));
	CHECK(strstr(line, " wf"));
	/* The address sanitizer makes mlock() do nothing. */
	CHECK(strstr(line, " lo") || getenv("TLSRING_SANITIZED"));
	ktls_session_free(session);
}

TEST(without_permission_to_lock_it_still_works)
{
	const struct rlimit none = { 0, 0 };
	struct ktls_session *session;
	char line[512];

	EQ(setrlimit(RLIMIT_MEMLOCK, &none), 0);
	if (geteuid() == 0 && setresuid(65534, 65534, 65534))
		SKIP("cannot become another user");
	EQ(ktls_session_new(&session), 0);
	memset(session->dir[0].bytes, 1, sizeof(session->dir[0].bytes));
	smaps(session, "VmFlags:", line, sizeof(line));
	CHECK(strstr(line, " dd") && strstr(line, " wf") && !strstr(line, " lo"));
	ktls_session_free(session);
}

TEST(a_child_finds_zeroes_and_can_go_on)
{
	struct ktls_session *session, *other;
	int status;
	pid_t child;

	EQ(ktls_session_new(&session), 0);
	memset(&session->dir, 0xa5, sizeof(session->dir));
	child = fork();
	if (!child) {
		if (!all_zero(session, sizeof(*session)))
			_exit(1);
		ktls_session_free(session);
		if (ktls_session_new(&other) || !all_zero(other, sizeof(*other)))
			_exit(2);
		memset(&other->dir, 0x5a, sizeof(other->dir));
		ktls_session_free(other);
		_exit(0);
	}
	CHECK(waitpid(child, &status, 0) == child);
	EQ(status, 0);
	EQ(session->dir[0].bytes[0], 0xa5);
	ktls_session_free(session);
}

TEST(freed_is_wiped_and_used_again)
{
	struct ktls_session *session, *again;

	EQ(ktls_session_new(&session), 0);
	CHECK(all_zero(session, sizeof(*session)));
	memset(session, 0xa5, sizeof(*session));
	ktls_session_free(session);
	CHECK(all_zero(session, sizeof(*session)));	/* the page is not unmapped */
	EQ(ktls_session_new(&again), 0);
	CHECK(again == session);
	ktls_session_free(again);
	ktls_session_free(NULL);
}

TEST(forgets_one_direction)
{
	struct ktls_session *session;

	EQ(ktls_session_new(&session), 0);
	memset(&session->dir, 0xa5, sizeof(session->dir));
	session->version = 0x0304;
	ktls_session_forget(session, KTLS_RX);
	CHECK(all_zero(session->dir[KTLS_RX].bytes, sizeof(session->dir[KTLS_RX].bytes)));
	EQ(session->dir[KTLS_RX].len, 0);
	EQ(session->dir[KTLS_RX].seq, 0xa5a5a5a5a5a5a5a5);
	EQ(session->dir[KTLS_TX].bytes[0], 0xa5);
	EQ(session->version, 0x0304);
	ktls_session_free(session);
}

#define MANY 10000

TEST(ten_thousand)
{
	static struct ktls_session *sessions[MANY];

	for (int round = 0; round < 2; round++) {
		for (unsigned i = 0; i < MANY; i++) {
			EQ(ktls_session_new(&sessions[i]), 0);
			CHECK(all_zero(sessions[i], sizeof(*sessions[i])));
			sessions[i]->dir[0].seq = i + 1;
		}
		for (unsigned i = 0; i < MANY; i++)
			EQ(sessions[i]->dir[0].seq, i + 1);
		for (unsigned i = 0; i < MANY; i++)
			ktls_session_free(sessions[(i * 7919u) % MANY]);
	}
	CHECK(sizeof(struct ktls_session) <= 160);
}

static void *churn(void *arg)
{
	struct ktls_session *held[32] = { NULL };
	uint64_t mark = (uintptr_t)arg;

	for (unsigned i = 0; i < 20000; i++) {
		struct ktls_session **slot = &held[i * 31 % 32];

		if (*slot && (*slot)->dir[1].seq != mark)
			return "shared";
		ktls_session_free(*slot);
		if (ktls_session_new(slot))
			return "no memory";
		(*slot)->dir[1].seq = mark;
	}
	for (unsigned i = 0; i < 32; i++)
		ktls_session_free(held[i]);
	return NULL;
}

TEST(threads)
{
	pthread_t threads[4];
	void *trouble;

	for (uintptr_t i = 0; i < 4; i++)
		CHECK(!pthread_create(&threads[i], NULL, churn, (void *)(i + 1)));
	for (int i = 0; i < 4; i++) {
		CHECK(!pthread_join(threads[i], &trouble));
		if (trouble)
			FAIL("%s", (char *)trouble);
	}
}

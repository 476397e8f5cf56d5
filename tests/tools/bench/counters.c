// SPDX-License-Identifier: MIT
/* What `tlsring bench` reads of a processor's counters, from files like theirs: few machines have any. */
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include "tests/ktap.h"
#include <jansson.h>
#include "tools/bench/remote/message.h"
#include "tools/bench/modes.h"
#include "tools/bench/result.h"

/* ---- events ---- */

static bool event(uint64_t count, uint64_t enabled, uint64_t running, uint64_t *out)
{
	const uint64_t value[] = { count, enabled, running };
	int fds[2];
	bool good;

	CHECK(!pipe(fds) && write(fds[1], value, sizeof(value)) == sizeof(value));
	good = bench_event_read(fds[0], out);
	close(fds[0]);
	close(fds[1]);
	return good;
}

TEST(events)
{
	uint64_t value;

	CHECK(event(1000, 50, 50, &value) && value == 1000);
	/* For a quarter of the time only. */
	CHECK(event(1000, 80, 20, &value) && value == 4000);
	CHECK(event(1ull << 62, 7, 7, &value) && value == 1ull << 62);
	/* It never had its turn; nothing has run yet. */
	CHECK(!event(0, 80, 0, &value));
	CHECK(event(0, 0, 0, &value) && value == 0);
	CHECK(!bench_event_read(-1, &value));
}

TEST(events_that_end_early)
{
	uint64_t value = 1;
	int fds[2];

	CHECK(!pipe(fds) && write(fds[1], &value, sizeof(value)) == sizeof(value));
	CHECK(!bench_event_read(fds[0], &value));
}

/* ---- resctrl: a folder like its own ---- */

static char base[64];

static void put(const char *name, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", base, name);
	for (char *at = path + strlen(base) + 1; (at = strchr(at, '/')); at++) {
		*at = '\0';
		mkdir(path, 0700);
		*at = '/';
	}
	file = fopen(path, "w");
	CHECK(file && fputs(text, file) >= 0 && !fclose(file));
}

static void start(const char *features)
{
	strcpy(base, "/tmp/tlsring-test.XXXXXX");
	CHECK(mkdtemp(base));
	put("info/L3_MON/mon_features", features);
}

static void end(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r %s", base);
	CHECK(!system(command));
}

TEST(traffic_is_the_sum_of_all_controllers)
{
	char group[256], tasks[300], text[16] = "";
	uint64_t bytes;
	FILE *file;

	start("llc_occupancy\nmbm_total_bytes\nmbm_local_bytes\n");
	put("mon_groups/some/tasks", "");
	put("mon_groups/some/mon_data/mon_L3_00/mbm_total_bytes", "5000000000\n");
	put("mon_groups/some/mon_data/mon_L3_01/mbm_total_bytes", "17\n");
	put("mon_groups/some/mon_data/mon_MB_00/other", "3\n");
	CHECK(bench_resctrl_open(group, sizeof(group), base, "some", 4711));
	snprintf(tasks, sizeof(tasks), "%s/tasks", group);
	file = fopen(tasks, "r");
	CHECK(file && fgets(text, sizeof(text), file) && !fclose(file));
	EQ_STR(text, "4711");
	CHECK(bench_resctrl_read(group, &bytes));
	EQ(bytes, 5000000017);
	EQ_STR(bench_counters_memory(base), "counted");
	put("mon_groups/some/mon_data/mon_L3_01/mbm_total_bytes", "Unavailable\n");
	CHECK(!bench_resctrl_read(group, &bytes));
	end();
}

TEST(no_traffic_is_counted)
{
	char group[256];
	uint64_t bytes;

	start("llc_occupancy\nmbm_local_bytes\n");
	put("mon_groups/some/tasks", "");
	CHECK(!bench_resctrl_open(group, sizeof(group), base, "some", 1) && !*group);
	CHECK(strstr(bench_counters_memory(base), "processor does not"));
	end();
	/* There is no such folder at all. */
	CHECK(!bench_resctrl_open(group, sizeof(group), base, "some", 1) && !*group);
	CHECK(!bench_resctrl_read(group, &bytes));
	CHECK(strstr(bench_counters_memory(base), "has none"));
	CHECK(!mkdir(base, 0700) && strstr(bench_counters_memory(base), "mount -t resctrl") && !rmdir(base));
}

/* A group that cannot be joined goes; so do those of processes that are gone. */
TEST(groups_are_not_left)
{
	char group[256], path[300];
	pid_t gone = fork();

	if (!gone)
		_exit(0);
	CHECK(gone > 0 && waitpid(gone, NULL, 0) == gone);
	start("mbm_total_bytes\n");
	put("mon_groups/other/tasks", "");
	snprintf(path, sizeof(path), "%s/mon_groups/tlsring-bench-%d", base, (int)gone);
	CHECK(!mkdir(path, 0700));
	CHECK(!bench_resctrl_open(group, sizeof(group), base, "mine", 1) && !*group);
	CHECK(access(path, F_OK) && errno == ENOENT);
	snprintf(path, sizeof(path), "%s/mon_groups/mine", base);
	CHECK(access(path, F_OK) && errno == ENOENT);
	end();
}

/* ---- what becomes of it ---- */

TEST(what_is_not_counted_stays_so_from_afar)
{
	struct bench_report report = { .cpu = 5, .counted = { { 7, 0, 1ull << 40 }, { true, false, true } } }, other;
	json_t *object = bench_message_pack_report(&report);

	CHECK(!bench_message_unpack_report(&other, object));
	json_decref(object);
	for (unsigned i = 0; i < BENCH_COUNTERS; i++)
		CHECK(other.counted.there[i] == report.counted.there[i] && other.counted.values[i] == report.counted.values[i]);
}

TEST(measures_that_are_there)
{
	struct bench_result result = { .mode = &bench_modes[0], .counted = { true, false, true } };

	CHECK(bench_result_has(&result, BENCH_P50) && bench_result_has(&result, BENCH_GBITS));
	CHECK(bench_result_has(&result, BENCH_CYCLES_BYTE) && bench_result_has(&result, BENCH_CYCLES_REQUEST));
	CHECK(!bench_result_has(&result, BENCH_INSNS_BYTE) && !bench_result_has(&result, BENCH_INSNS_REQUEST));
	CHECK(bench_result_has(&result, BENCH_TRAFFIC_BYTE) && bench_result_has(&result, BENCH_TRAFFIC));
	CHECK(!bench_result_has(&result, BENCH_MEMORY));
}

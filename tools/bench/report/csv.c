// SPDX-License-Identifier: MIT
#include <stdio.h>
#include "tools/bench/modes.h"
#include "tools/bench/options.h"
#include "tools/bench/report/csv.h"
#include "tools/bench/report/stats.h"
#include "tools/bench/result.h"

void bench_csv_print(const struct bench_outcome *o)
{
	const char *direction = bench_directions[o->options->direction];

	puts("mode,measure,median,min,max,mad,runs,sealed_by_nic,sealed_by_kernel,sealed_by_user,"
	     "as_asked,direction,from_disk");
	for (unsigned i = 0; i < BENCH_MODES; i++) {
		const struct bench_result *r = &o->results[i];
		char disk[24] = "";

		if (o->options->cache == BENCH_COLD)
			snprintf(disk, sizeof(disk), "%.2f", bench_result_from_disk(r));
		for (unsigned m = 0; m < BENCH_MEASURES && r->mode; m++) {
			struct bench_summary s;

			bench_stats_of(&s, r, m);
			if (s.count && bench_result_has(r, m))
				printf("%s,%s,%.6g,%.6g,%.6g,%.6g,%zu,%.2f,%.2f,%.2f,%s,%s,%s\n",
				       r->mode->name, bench_measures[m], s.median, s.min, s.max,
				       s.mad, s.count, bench_result_share(&r->path, BENCH_NIC),
				       bench_result_share(&r->path, BENCH_KERNEL),
				       bench_result_share(&r->path, BENCH_USER),
				       r->astray ? "no" : "yes", direction, disk);
			else if (!s.count && !m)
				printf("%s,%s,,,,,0,,,,,%s,\n", r->mode->name,
				       r->why || r->lack ? "not possible" : "not measured",
				       direction);
		}
	}
}

// SPDX-License-Identifier: MIT
#include <limits.h>
#include <sys/resource.h>
#include "tools/bench/machine/descriptors.h"

unsigned bench_descriptors_raise(unsigned count)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return 0;
	if (limit.rlim_cur < count) {
		struct rlimit more = { count, limit.rlim_max < count ? count : limit.rlim_max };

		/* root may have more than the limit for all. */
		if (setrlimit(RLIMIT_NOFILE, &more)) {
			more = (struct rlimit){ limit.rlim_max, limit.rlim_max };
			setrlimit(RLIMIT_NOFILE, &more);
		}
		getrlimit(RLIMIT_NOFILE, &limit);
	}
	return limit.rlim_cur > UINT_MAX ? UINT_MAX : (unsigned)limit.rlim_cur;
}

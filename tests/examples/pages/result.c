// SPDX-License-Identifier: MIT
/* Results and reasons in words. */
#include <errno.h>
#include <stdio.h>
#include <tlsring.h>

/* page: tlsring_strerror tlsring_result_alert tlsring_result_is_alert_sent */
static void explain(int result)
{
	char text[160];

	printf("%d: %s\n", result, tlsring_strerror(result, text, sizeof(text)));
	if (tlsring_result_is_alert_received(result) && tlsring_result_alert(result) == 48)
		printf("the peer does not know the authority that signed our certificate\n");
	else if (tlsring_result_is_alert_sent(result))
		printf("the peer broke the protocol: alert %d\n", tlsring_result_alert(result));
}
/* page end */

/* page: tlsring_result_alert_sent */
static bool is_bad_certificate(int result)
{
	return result == tlsring_result_alert_received(42);
}
/* page end */

/* page: tlsring_path_name tlsring_reason_name tlsring_reason_text tlsring_reason_remedy */
static void show(const char *what, const struct tlsring_direction *direction)
{
	const char *remedy = tlsring_reason_remedy(direction->reason);

	printf("%s: %s", what, tlsring_path_name(direction->path));
	if (direction->reason != TLSRING_REASON_NONE)
		printf(" (%s: %s%s%s)", tlsring_reason_name(direction->reason),
		       tlsring_reason_text(direction->reason), *remedy ? "; " : "", remedy);
	putchar('\n');
}
/* page end */

int main(void)
{
	const struct tlsring_direction kernel = { TLSRING_PATH_KERNEL, TLSRING_REASON_NONE };
	const struct tlsring_direction user = { TLSRING_PATH_USER, TLSRING_REASON_NO_MODULE };

	explain(-ECONNRESET);
	explain(TLSRING_EALERT_RECEIVED(48));
	explain(TLSRING_EALERT_SENT(10));
	show("sending", &kernel);
	show("receiving", &user);
	return is_bad_certificate(tlsring_result_alert_sent(42));
}

// SPDX-License-Identifier: MIT
/* Names for people of what this library returns. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "ktls/control.h"
#include "lib/tlsring.h"

int tlsring_result_alert_sent(uint8_t alert)
{
	return TLSRING_EALERT_SENT(alert);
}

int tlsring_result_alert_received(uint8_t alert)
{
	return TLSRING_EALERT_RECEIVED(alert);
}

bool tlsring_result_is_alert_sent(int result)
{
	return result <= TLSRING_EALERT_SENT(0) && result >= TLSRING_EALERT_SENT(UINT8_MAX);
}

bool tlsring_result_is_alert_received(int result)
{
	return result <= TLSRING_EALERT_RECEIVED(0) && result >= TLSRING_EALERT_RECEIVED(UINT8_MAX);
}

int tlsring_result_alert(int result)
{
	if (tlsring_result_is_alert_sent(result))
		return TLSRING_EALERT_SENT(0) - result;
	if (tlsring_result_is_alert_received(result))
		return TLSRING_EALERT_RECEIVED(0) - result;
	return -1;
}

const char *tlsring_strerror(int result, char *buf, size_t len)
{
	char text[128];

	if (!len)
		return buf;
	if (result >= 0)
		snprintf(buf, len, "no error");
	else if (result == -EPIPE)
		snprintf(buf, len, "the peer ended the stream without close_notify");
	else if (result >= -4095)
		snprintf(buf, len, "%s", strerror_r(-result, text, sizeof(text)));
	else if (tlsring_result_is_alert_sent(result))
		snprintf(buf, len, "alert sent: %s",
			 ktls_alert_name((uint8_t)tlsring_result_alert(result)));
	else if (tlsring_result_is_alert_received(result))
		snprintf(buf, len, "alert received: %s",
			 ktls_alert_name((uint8_t)tlsring_result_alert(result)));
	else if (result == TLSRING_ELIBRARY)
		snprintf(buf, len, "OpenSSL failed");
	else if (result == TLSRING_EREFUSED)
		snprintf(buf, len, "the handshake was ended in an orderly way");
	else
		snprintf(buf, len, "unknown result %d", result);
	return buf;
}

const char *tlsring_path_name(enum tlsring_path path)
{
	static const char *const names[] = {
		[TLSRING_PATH_USER] = "user", [TLSRING_PATH_KERNEL] = "kernel",
		[TLSRING_PATH_NIC] = "nic", [TLSRING_PATH_FAILED] = "failed",
	};

	return (unsigned)path < sizeof(names) / sizeof(*names) ? names[path] : "unknown";
}

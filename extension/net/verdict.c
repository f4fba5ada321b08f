/*
 * What came of a transfer. The words are ours, short, and tell neither addresses nor names: whoever gave the URL reads them,
 * and must not learn from them what is to be found inside our network.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "net/transfer.h"

/* No wait is longer than this; whoever asks has bounds of their own. */
#define RETRY_AFTER_MAX_S 1000000000

/* The answer that has no body and tells no length (RFC 9110, 8.6). */
#define HTTP_NO_CONTENT 204

/* Of OpenSSL's x509_vfy.h. libcurl compares the name first, and then has not asked for a result yet. */
#define NOT_ASKED 1L
#define CERTIFICATE_EXPIRED 10L

void
verdict_set(Transfer *transfer, TransferPhase phase, const char *error)
{
	transfer->result.phase = phase;
	snprintf(transfer->result.error, sizeof(transfer->result.error), "%s", error);
}

/* --- where it ended ---------------------------------------------------------------------------------------------- */

static bool
has_sent_all(const Transfer *transfer)
{
	curl_off_t sent = 0;

	curl_easy_getinfo(transfer->easy, CURLINFO_SIZE_UPLOAD_T, &sent);
	return sent >= (curl_off_t) transfer->body_length;
}

/* The step that was under way, by what has been seen. */
static TransferPhase
reached_phase(const Transfer *transfer)
{
	if (transfer->is_connected)
		return transfer->header_bytes > 0 || has_sent_all(transfer) ? TRANSFER_RESPONSE
																	: TRANSFER_SEND;
	if (!transfer->has_address)
		return TRANSFER_RESOLVE;
	return transfer->is_in_tls ? TRANSFER_TLS : TRANSFER_CONNECT;
}

/* --- why ----------------------------------------------------------------------------------------------------------- */

static const char *
connect_error(CURL *easy)
{
	long os_error = 0;

	curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &os_error);
	switch (os_error)
	{
		case ECONNREFUSED:
			return "connection refused";
		case ENETUNREACH:
		case EHOSTUNREACH:
			return "no route to the host";
		default:
			return "connection failed";
	}
}

static const char *
certificate_error(CURL *easy)
{
	long verified = -1;

	curl_easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, &verified);
	switch (verified)
	{
		case NOT_ASKED:
			return "certificate is for another name";
		case CERTIFICATE_EXPIRED:
			return "certificate expired";
		default:
			return "certificate not trusted";
	}
}

bool
verdict_on_connection(Transfer *transfer, CURL *easy, CURLcode code, TransferPhase reached)
{
	switch (code)
	{
		case CURLE_OUT_OF_MEMORY:
			verdict_set(transfer, reached, "out of memory");
			return true;
		case CURLE_OPERATION_TIMEDOUT:
			verdict_set(transfer, reached, "timed out");
			return true;
		case CURLE_COULDNT_RESOLVE_HOST:
			verdict_set(transfer, TRANSFER_RESOLVE, "name could not be resolved");
			return true;
		case CURLE_COULDNT_CONNECT:
			verdict_set(transfer, TRANSFER_CONNECT, connect_error(easy));
			return true;
		case CURLE_PEER_FAILED_VERIFICATION:
			verdict_set(transfer, TRANSFER_TLS, certificate_error(easy));
			return true;
		case CURLE_SSL_CACERT_BADFILE:
			verdict_set(transfer, TRANSFER_TLS, "trusted certificates cannot be read");
			return true;
		case CURLE_SSL_CONNECT_ERROR:
			verdict_set(transfer, TRANSFER_TLS, "TLS handshake failed");
			return true;
		case CURLE_RECV_ERROR:
			verdict_set(transfer, reached, "connection lost");
			return true;
		default:
			return false;
	}
}

/* Before there was a connection, libcurl's complaint can only be about the request. */
static void
judge_request_or_answer(Transfer *transfer, const char *answer_error)
{
	if (transfer->is_connected)
		verdict_set(transfer, TRANSFER_RESPONSE, answer_error);
	else
		verdict_set(transfer, TRANSFER_PREPARE, "the request cannot be sent");
}

static void
judge_failure(Transfer *transfer, CURLcode code)
{
	if (verdict_on_connection(transfer, transfer->easy, code, reached_phase(transfer)))
		return;
	switch (code)
	{
		case CURLE_SEND_ERROR:
			verdict_set(transfer, TRANSFER_SEND, "connection lost");
			break;
		case CURLE_GOT_NOTHING:
			verdict_set(transfer, TRANSFER_RESPONSE, "closed without an answer");
			break;
		case CURLE_PARTIAL_FILE:
			verdict_set(transfer, TRANSFER_RESPONSE, "answer cut short");
			break;
		case CURLE_UNSUPPORTED_PROTOCOL:
		case CURLE_WEIRD_SERVER_REPLY:
			judge_request_or_answer(transfer, "not an HTTP answer");
			break;
		default:
			judge_request_or_answer(transfer, "answer could not be read");
	}
}

static int
answer_status(const Transfer *transfer)
{
	long status = 0;

	curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
	return status >= 200 ? (int) status : 0;
}

/* A single line that is longer than libcurl takes is "out of memory" to it. */
static bool
has_long_headers(const Transfer *transfer, CURLcode code)
{
	return transfer->is_flooded || (code == CURLE_OUT_OF_MEMORY && transfer->header_bytes > 0);
}

/* What keeps a whole answer from being one that can be kept; NULL = nothing does. */
static const char *
unfit_answer(const Transfer *transfer, CURLcode code)
{
	if (!transfer->keeps_answer)
		return NULL;
	if (transfer->is_long)
		return "the answer is too long";
	if (code == CURLE_OK && !transfer->tells_end && transfer->result.status != HTTP_NO_CONTENT)
		return "the answer tells no length";
	return NULL;
}

void
verdict_reach(Transfer *transfer, CURLcode code)
{
	const char *unfit;

	transfer->result.elapsed_ms = (int) (now_ms() - transfer->begun_ms);
	transfer->result.status = transfer->is_connected ? answer_status(transfer) : 0;
	transfer->result.retry_after_s = transfer->retry_after_s;
	unfit = unfit_answer(transfer, code);
	if (unfit)
		verdict_set(transfer, TRANSFER_RESPONSE, unfit);
	else if (code == CURLE_OK || transfer->is_long)
		verdict_set(transfer, TRANSFER_DONE, "");
	else if (has_long_headers(transfer, code))
		verdict_set(transfer, TRANSFER_RESPONSE, "response headers too long");
	else if (transfer->was_refused && !transfer->is_connected)
		verdict_set(transfer, TRANSFER_ADDRESS, "address not allowed");
	else
		judge_failure(transfer, code);
}

/* --- Retry-After ----------------------------------------------------------------------------------------------------- */

/* Digits alone; larger ones than RETRY_AFTER_MAX_S are as good as it. */
static int64_t
read_seconds(const char *digits)
{
	int64_t seconds = 0;

	for (; *digits >= '0' && *digits <= '9'; digits++)
	{
		seconds = seconds * 10 + (*digits - '0');
		if (seconds > RETRY_AFTER_MAX_S)
			seconds = RETRY_AFTER_MAX_S;
	}
	return *digits ? -1 : seconds;
}

/* Each of the three forms of an HTTP date (RFC 9110, 5.6.7) begins with the name of a day; other dates are none. */
static bool
begins_with_day(const char *text)
{
	static const char *const days[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };

	for (size_t i = 0; i < sizeof(days) / sizeof(days[0]); i++)
	{
		if (strncasecmp(text, days[i], 3) == 0)
			return true;
	}
	return false;
}

int64_t
retry_after_seconds(const char *value, size_t len, int64_t now)
{
	char text[64];
	time_t date;

	while (len > 0 && (*value == ' ' || *value == '\t'))
		value++, len--;
	while (len > 0 && strchr(" \t\r\n", value[len - 1]))
		len--;
	if (len == 0 || len >= sizeof(text) || memchr(value, 0, len))
		return -1;
	memcpy(text, value, len);
	text[len] = 0;
	if (!begins_with_day(text))
		return read_seconds(text);
	date = curl_getdate(text, NULL);
	if (date == -1)
		return -1;
	return date > now ? date - now : 0;
}

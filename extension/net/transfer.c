/*
 * One request in libcurl's terms: the options that make it an HTTP/1.1 request and nothing else, and the callbacks that judge
 * addresses, bound the answer, and note how far it got.
 *
 * An address is judged twice. When a socket is about to be opened, the address is the one that will be connected to, however
 * the URL spells it and whatever a name server has said before. When a request is about to be sent, the connection may be an
 * old one, from before the list was changed, or one of the operator's, that nobody has judged.
 */
#include "net/transfer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>

/* Seconds: how long certificates that were read are kept, and after how long a connection is made anew. */
#define CERTIFICATES_KEPT_S 300L
#define CONNECTION_KEPT_S 300L

/* What an answer that is kept is given at first; it doubles. */
#define ANSWER_ROOM_BYTES 4096

/* --- addresses --------------------------------------------------------------------------------------------------- */

static bool
may_connect(const Transfer *transfer, const struct sockaddr *address)
{
	struct Transport *transport = transfer->transport;
	bool may;

	if (transfer->kind != REQUEST_GUARDED_POST)
		return true;
	pthread_mutex_lock(&transport->lock);
	may = transfer->is_https ? egress_is_allowed(address, &transport->allow)
							 : egress_is_listed(address, &transport->allow);
	pthread_mutex_unlock(&transport->lock);
	return may;
}

/* CURLOPT_OPENSOCKETFUNCTION. */
static curl_socket_t
open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	Transfer *transfer = arg;

	transfer->has_address = true;
	transfer->is_in_tls = false;
	transfer->is_connected = false;
	if (purpose != CURLSOCKTYPE_IPCXN || !may_connect(transfer, &address->addr))
	{
		transfer->was_refused = true;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
				  address->protocol);
}

/* CURLOPT_SSL_CTX_FUNCTION: connected, TLS begins. */
static CURLcode
before_tls(CURL *easy, void *tls, void *arg)
{
	Transfer *transfer = arg;

	transfer->is_in_tls = true;
	return CURLE_OK;
}

static bool
may_send_to(const Transfer *transfer, const char *ip)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };

	if (inet_pton(AF_INET, ip, &v4.sin_addr) == 1)
		return may_connect(transfer, (const struct sockaddr *) &v4);
	return inet_pton(AF_INET6, ip, &v6.sin6_addr) == 1 &&
		   may_connect(transfer, (const struct sockaddr *) &v6);
}

/* CURLOPT_PREREQFUNCTION: connected, TLS is done, nothing of the request has been sent. */
static int
before_request(void *arg, char *remote_ip, char *local_ip, int remote_port, int local_port)
{
	Transfer *transfer = arg;

	transfer->tries++;
	transfer->is_connected = may_send_to(transfer, remote_ip);
	if (transfer->is_connected)
		return CURL_PREREQFUNC_OK;
	transfer->was_refused = true;
	return CURL_PREREQFUNC_ABORT;
}

/* --- the answer -------------------------------------------------------------------------------------------------- */

static bool
begins_with(const char *line, size_t len, const char *beginning)
{
	size_t n = strlen(beginning);

	return len >= n && strncasecmp(line, beginning, n) == 0;
}

/* CURLOPT_HEADERFUNCTION: one line, of the last answer after those of status 1xx. */
static size_t
read_header(const char *line, size_t size, size_t n, void *arg)
{
	static const char name[] = "Retry-After:";
	Transfer *transfer = arg;
	size_t len = size * n;

	transfer->header_bytes += len;
	if (transfer->header_bytes > ANSWER_HEADER_BYTES)
	{
		transfer->is_flooded = true;
		return 0;
	}
	if (begins_with(line, len, "HTTP/"))
	{
		transfer->retry_after_s = -1;
		transfer->tells_end = false;
	}
	else if (begins_with(line, len, "Content-Length:") ||
			 begins_with(line, len, "Transfer-Encoding:"))
		transfer->tells_end = true;
	else if (begins_with(line, len, name))
		transfer->retry_after_s =
			retry_after_seconds(line + sizeof(name) - 1, len - sizeof(name) + 1, time(NULL));
	return len;
}

/* Makes room for an answer of that length, which its limit allows; false = out of memory. */
static bool
make_room(Transfer *transfer, size_t length)
{
	size_t room = transfer->answer_room ? transfer->answer_room : ANSWER_ROOM_BYTES;
	char *longer;

	if (transfer->answer && length <= transfer->answer_room)
		return true;
	while (room < length)
		room *= 2;
	longer = realloc(transfer->answer, room + 1);
	if (!longer)
		return false;
	transfer->answer = longer;
	transfer->answer_room = room;
	return true;
}

bool
transfer_keep(Transfer *transfer, const char *data, size_t length)
{
	size_t left = transfer->answer_limit - transfer->answer_length;

	if (!transfer->keeps_answer)
		return true;
	if (length > left)
		length = left;
	if (!make_room(transfer, transfer->answer_length + length))
		return false;
	memcpy(transfer->answer + transfer->answer_length, data, length);
	transfer->answer_length += length;
	transfer->answer[transfer->answer_length] = 0;
	return true;
}

/* CURLOPT_WRITEFUNCTION. */
static size_t
read_body(const char *data, size_t size, size_t n, void *arg)
{
	Transfer *transfer = arg;
	size_t len = size * n;

	if (!transfer_keep(transfer, data, len))
		return 0;
	transfer->body_bytes += len;
	transfer->is_long = transfer->body_bytes > transfer->answer_limit;
	return transfer->is_long ? 0 : len;
}

/* --- options ----------------------------------------------------------------------------------------------------- */

/* What holds for every request. */
static CURLcode
set_options(Transfer *transfer)
{
	CURL *easy = transfer->easy;
	CURLcode code = CURLE_OK;

	SET(CURLOPT_PRIVATE, transfer);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_QUICK_EXIT, 1L); /* a resolver that hangs is left behind */
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_REDIR_PROTOCOLS_STR, "https");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_PROXY, ""); /* not the environment's either */
	SET(CURLOPT_NOPROXY, "*");
	SET(CURLOPT_NETRC, (long) CURL_NETRC_IGNORED);
	SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	SET(CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_HTTP09_ALLOWED, 0L);
	SET(CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	SET(CURLOPT_CA_CACHE_TIMEOUT, CERTIFICATES_KEPT_S);
	SET(CURLOPT_MAXLIFETIME_CONN, CONNECTION_KEPT_S);
	SET(CURLOPT_UPLOAD_BUFFERSIZE, 16384L);
	SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
	SET(CURLOPT_OPENSOCKETDATA, transfer);
	SET(CURLOPT_SSL_CTX_FUNCTION, before_tls);
	SET(CURLOPT_SSL_CTX_DATA, transfer);
	SET(CURLOPT_PREREQFUNCTION, before_request);
	SET(CURLOPT_PREREQDATA, transfer);
	SET(CURLOPT_HEADERFUNCTION, read_header);
	SET(CURLOPT_HEADERDATA, transfer);
	SET(CURLOPT_WRITEFUNCTION, read_body);
	SET(CURLOPT_WRITEDATA, transfer);
	return code;
}

/*
 * The file of the settings, or what libcurl was built with. A folder is looked at only where there is no file: with one,
 * libcurl would read all certificates anew for each connection.
 */
CURLcode
transfer_set_certificates(CURL *easy, const char *ca_file)
{
	const curl_version_info_data *built = curl_version_info(CURLVERSION_NOW);
	const char *file = *ca_file ? ca_file : built->cainfo;
	CURLcode code = CURLE_OK;

	SET(CURLOPT_CAINFO, file);
	SET(CURLOPT_CAPATH, file ? NULL : built->capath);
	return code;
}

struct curl_slist *
transfer_connect_to(const char *pairs, bool *is_made)
{
	struct curl_slist *list = NULL;
	struct curl_slist *longer = NULL;
	char pair[1024];

	*is_made = true;
	while (*pairs && *is_made)
	{
		size_t n;

		pairs += strspn(pairs, ", ");
		n = strcspn(pairs, ", ");
		if (n == 0 || n >= sizeof(pair))
			break;
		memcpy(pair, pairs, n);
		pair[n] = 0;
		pairs += n;
		longer = curl_slist_append(list, pair);
		*is_made = longer != NULL;
		list = longer ? longer : list;
	}
	return list;
}

bool
transfer_has_control_character(const char *text)
{
	for (; *text; text++)
	{
		if ((unsigned char) *text < ' ' || *text == 0x7f)
			return true;
	}
	return false;
}

static CURLcode
add_header(Transfer *transfer, const char *header)
{
	struct curl_slist *longer;

	if (transfer_has_control_character(header))
		return CURLE_BAD_FUNCTION_ARGUMENT;
	longer = curl_slist_append(transfer->headers, header);
	if (!longer)
		return CURLE_OUT_OF_MEMORY;
	transfer->headers = longer;
	return CURLE_OK;
}

/* "Expect:" without a value keeps libcurl from asking for leave to send a long body. */
static CURLcode
add_headers(Transfer *transfer, const char *const *headers)
{
	CURLcode code = add_header(transfer, "Expect:");

	for (; headers && code == CURLE_OK && *headers; headers++)
		code = add_header(transfer, *headers);
	return code;
}

static void
forget_facts(Transfer *transfer)
{
	transfer->was_refused = false;
	transfer->has_address = false;
	transfer->is_in_tls = false;
	transfer->is_connected = false;
	transfer->tries = 0;
	transfer->is_long = false;
	transfer->tells_end = false;
	transfer->is_flooded = false;
	transfer->body_bytes = 0;
	transfer->header_bytes = 0;
	transfer->retry_after_s = -1;
}

static size_t
limit_of(const TransportRequest *request)
{
	if (request->answer_limit == 0)
		return ANSWER_LIMIT;
	return request->answer_limit < MAX_ANSWER_LIMIT ? request->answer_limit : MAX_ANSWER_LIMIT;
}

void
transfer_begin(Transfer *transfer, const TransportRequest *request)
{
	forget_facts(transfer);
	transfer->kind = request->kind;
	transfer->keeps_answer = request->keeps_answer;
	transfer->answer_limit = limit_of(request);
	transfer->result = (TransferResult) { .tag = request->tag, .retry_after_s = -1 };
	transfer->begun_ms = now_ms();
}

/*
 * A handle counts over all its requests how often an old connection was dead and a new one was tried, and from the fifth time
 * on fails instead (libcurl 7.88). Only a reset takes that back.
 */
static CURLcode
make_ready(Transfer *transfer)
{
	CURLcode code;

	if (transfer->is_ready && transfer->tries <= 1)
		return CURLE_OK;
	curl_easy_reset(transfer->easy);
	code = set_options(transfer);
	transfer->is_ready = code == CURLE_OK;
	return code;
}

/* One that is custom is to libcurl a GET or, with a body, a POST that is called otherwise. */
typedef struct Method
{
	const char *name;
	bool has_body;
	bool is_custom;
} Method;

/* NULL = there is none such, or not for this kind of request. */
static const Method *
find_method(const TransportRequest *request)
{
	static const Method methods[] = { { "POST", true, false },
									  { "GET", false, false },
									  { "PATCH", true, true },
									  { "DELETE", false, true } };

	if (!request->method)
		return &methods[0];
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
	{
		if (request->kind == REQUEST_OPERATOR && strcmp(request->method, methods[i].name) == 0)
			return &methods[i];
	}
	return NULL;
}

/* All of it, for the handle knows the request before. */
static CURLcode
set_method(Transfer *transfer, const TransportRequest *request)
{
	const Method *method = find_method(request);
	CURL *easy = transfer->easy;
	CURLcode code = CURLE_OK;

	if (!method || (!method->has_body && request->body_length > 0))
		return CURLE_BAD_FUNCTION_ARGUMENT;
	SET(CURLOPT_CUSTOMREQUEST, method->is_custom ? method->name : NULL);
	SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) request->body_length);
	SET(CURLOPT_POSTFIELDS, request->body ? request->body : ""); /* or it would read stdin */
	SET(method->has_body ? CURLOPT_POST : CURLOPT_HTTPGET, 1L);
	return code;
}

static CURLcode
set_request(Transfer *transfer, const TransportRequest *request)
{
	const TransferSettings *settings = &transfer->transport->settings;
	CURL *easy = transfer->easy;
	CURLcode code = set_method(transfer, request);
	bool is_made;

	if (code == CURLE_OK)
		code = add_headers(transfer, request->headers);
	transfer->connect_to = transfer_connect_to(settings->connect_to, &is_made);
	if (!is_made)
		return CURLE_OUT_OF_MEMORY;
	SET(CURLOPT_CONNECT_TO, transfer->connect_to);
	SET(CURLOPT_URL, request->url);
	SET(CURLOPT_HTTPHEADER, transfer->headers);
	SET(CURLOPT_USERAGENT, settings->user_agent);
	SET(CURLOPT_TIMEOUT_MS, settings->timeout_ms);
	SET(CURLOPT_CONNECTTIMEOUT_MS, settings->connect_timeout_ms);
	return code == CURLE_OK ? transfer_set_certificates(easy, settings->ca_file) : code;
}

CURLcode
transfer_prepare(Transfer *transfer, const TransportRequest *request)
{
	CURLcode code = make_ready(transfer);

	transfer_begin(transfer, request);
	transfer->body_length = request->body_length;
	transfer->is_https = strncasecmp(request->url, "https://", 8) == 0;
	return code == CURLE_OK ? set_request(transfer, request) : code;
}

void
transfer_forget(Transfer *transfer)
{
	curl_slist_free_all(transfer->headers);
	curl_slist_free_all(transfer->connect_to);
	transfer->headers = NULL;
	transfer->connect_to = NULL;
}

Transfer *
transfer_make(struct Transport *transport)
{
	Transfer *transfer = calloc(1, sizeof(*transfer));

	if (!transfer)
		return NULL;
	transfer->transport = transport;
	transfer->easy = curl_easy_init();
	if (transfer->easy)
		return transfer;
	free(transfer);
	return NULL;
}

void
transfer_free(Transfer *transfer)
{
	curl_easy_cleanup(transfer->easy);
	transfer_forget(transfer);
	free(transfer->request);
	free(transfer->answer);
	free(transfer);
}

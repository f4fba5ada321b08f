/*
 * The copy of a request that is handed over to the transport's thread: one block of memory, with the texts behind the
 * pointers to them.
 */
#include <stdlib.h>
#include <string.h>

#include "net/transfer.h"

static size_t
text_size(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

/* Puts the bytes to *end, which it moves on. */
static const char *
place(char **end, const char *bytes, size_t size)
{
	char *placed = *end;

	if (!bytes)
		return NULL;
	memcpy(placed, bytes, size);
	*end += size;
	return placed;
}

TransportRequest *
request_copy(const TransportRequest *request)
{
	size_t size = sizeof(TransportRequest) + sizeof(char *);
	size_t nheaders = 0;
	TransportRequest *copy;
	const char **headers;
	char *end;

	for (; request->headers && request->headers[nheaders]; nheaders++)
		size += sizeof(char *) + text_size(request->headers[nheaders]);
	size += text_size(request->method) + text_size(request->url) + request->body_length +
			text_size(request->mail_from) + text_size(request->mail_to) +
			text_size(request->username) + text_size(request->password);
	copy = malloc(size);
	if (!copy)
		return NULL;
	*copy = *request;
	headers = (const char **) (copy + 1);
	end = (char *) (headers + nheaders + 1);
	for (size_t i = 0; i < nheaders; i++)
		headers[i] = place(&end, request->headers[i], text_size(request->headers[i]));
	headers[nheaders] = NULL;
	copy->headers = headers;
	copy->method = place(&end, request->method, text_size(request->method));
	copy->url = place(&end, request->url, text_size(request->url));
	copy->body = place(&end, request->body, request->body_length);
	copy->mail_from = place(&end, request->mail_from, text_size(request->mail_from));
	copy->mail_to = place(&end, request->mail_to, text_size(request->mail_to));
	copy->username = place(&end, request->username, text_size(request->username));
	copy->password = place(&end, request->password, text_size(request->password));
	return copy;
}

/*
 * The log; the words are in log.h. A line is written by one call, so lines of several threads do not mix.
 */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "text.h"

/* The second's text is kept, for lines come many a second. */
static void
add_time(Text *line)
{
	static _Thread_local time_t last = -1;
	static _Thread_local char second[32];
	struct timespec now;
	struct tm utc;

	clock_gettime(CLOCK_REALTIME, &now);
	if (now.tv_sec != last)
	{
		gmtime_r(&now.tv_sec, &utc);
		strftime(second, sizeof(second), "%Y-%m-%dT%H:%M:%S", &utc);
		last = now.tv_sec;
	}
	text_add(line, "\"time\":\"");
	text_add(line, second);
	text_add(line, ".");
	text_add_padded(line, (unsigned long long) now.tv_nsec / 1000000, 3);
	text_add(line, "Z\"");
}

static void
add_member(Text *line, const char *name, const char *value)
{
	if (!value)
		return;
	text_add(line, ",\"");
	text_add(line, name);
	text_add(line, "\":");
	text_add_json(line, value);
}

static void
write_line(Text *line)
{
	size_t done = 0;

	text_add(line, "}\n");
	while (done < line->len)
	{
		ssize_t n = write(STDERR_FILENO, line->data + done, line->len - done);

		if (n <= 0)
			break;
		done += (size_t) n;
	}
	text_clear(line);
}

void
log_request(const RequestRecord *record)
{
	static _Thread_local Text line;

	text_add(&line, "{");
	add_time(&line);
	add_member(&line, "level", record->status >= 500 ? "error" : "info");
	add_member(&line, "requestId", record->request_id);
	add_member(&line, "client", record->client);
	add_member(&line, "method", record->method);
	add_member(&line, "route", record->route);
	text_add(&line, ",\"status\":");
	text_add_number(&line, (unsigned long long) record->status);
	text_add(&line, ",\"ms\":");
	text_add_number(&line, (unsigned long long) record->duration_us / 1000);
	text_add(&line, ".");
	text_add_padded(&line, (unsigned long long) record->duration_us % 1000, 3);
	text_add(&line, ",\"bytes\":");
	text_add_number(&line, record->bytes);
	add_member(&line, "code", record->code);
	add_member(&line, "sqlstate", record->sqlstate);
	add_member(&line, "cause", record->cause);
	write_line(&line);
}

void
log_message(const char *level, const char *format, ...)
{
	Text line = { 0 };
	char message[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	text_add(&line, "{");
	add_time(&line);
	add_member(&line, "level", level);
	add_member(&line, "message", message);
	write_line(&line);
	text_free(&line);
}

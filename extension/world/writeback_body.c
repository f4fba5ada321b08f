/*
 * Events of the provider's; the words are in writeback_body.h.
 */
#include "world/writeback_body.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "pure/iso.h"
#include "settings.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "world/google.h"

#define DESCRIPTION_MAX 8000
#define LINK_MAX 500 /* as bookings_meeting_url_check has it */

static void
put_text(StringInfo json, const char *name, const char *value)
{
	appendStringInfo(json, ",\"%s\":", name);
	escape_json(json, value);
}

/* The instant, and the zone that the host's calendar shows it in. */
static void
put_time(StringInfo json, const char *name, int64 instant, const char *timezone)
{
	char text[ISO_MAX_LENGTH + 1];
	IsoDate cache = ISO_NO_DATE;

	*iso_write_utc(text, &cache, instant) = '\0';
	appendStringInfo(json, ",\"%s\":{\"dateTime\":\"%s\"", name, text);
	put_text(json, "timeZone", timezone);
	appendStringInfoChar(json, '}');
}

/* A group's is named by what it is alone: those who come read it, too. */
static char *
summary_of(const EventFacts *facts)
{
	if (facts->is_group || facts->nattendees == 0)
		return facts->name;
	return psprintf("%s – %s", facts->name, facts->attendee_names[0]);
}

/* Who comes and what they have answered, unless others would read it; and where the host finds it, by no link that acts. */
static char *
description_of(const EventFacts *facts)
{
	StringInfoData text;

	initStringInfo(&text);
	if (!facts->is_group && facts->nattendees > 0)
	{
		appendStringInfo(&text, "%s <%s>\n", facts->attendee_names[0], facts->attendee_emails[0]);
		for (int i = 0; i < facts->nanswers; i++)
			appendStringInfo(&text, "%s: %s\n", facts->answer_labels[i], facts->answer_values[i]);
	}
	if (text.len > DESCRIPTION_MAX)
	{
		text.len = pg_mbcliplen(text.data, text.len, DESCRIPTION_MAX);
		text.data[text.len] = '\0';
	}
	if (settings_base_url && *settings_base_url)
		appendStringInfo(&text, "%s/console#/bookings/%s", settings_base_url, facts->booking_id);
	return text.data;
}

static void
put_attendees(StringInfo json, const EventFacts *facts)
{
	appendStringInfoString(json, ",\"attendees\":[");
	for (int i = 0; i < facts->nattendees; i++)
	{
		appendStringInfo(json, "%s{\"responseStatus\":\"accepted\"", i > 0 ? "," : "");
		put_text(json, "email", facts->attendee_emails[i]);
		put_text(json, "displayName", facts->attendee_names[i]);
		appendStringInfoChar(json, '}');
	}
	appendStringInfoChar(json, ']');
}

/* Under the event's own name a repeated request makes no second link. */
static void
put_link_request(StringInfo json, const Writeback *writeback)
{
	appendStringInfoString(json, ",\"conferenceData\":{\"createRequest\":{"
								 "\"conferenceSolutionKey\":{\"type\":\"hangoutsMeet\"}");
	put_text(json, "requestId", writeback->event);
	appendStringInfoString(json, "}}");
}

char *
writeback_body(const Writeback *writeback, bool with_id)
{
	const EventFacts *facts = writeback->facts;
	StringInfoData json;

	initStringInfo(&json);
	appendStringInfoString(&json, "{\"status\":\"confirmed\"");
	if (with_id)
		put_text(&json, "id", writeback->event);
	put_text(&json, "summary", summary_of(facts));
	put_text(&json, "description", description_of(facts));
	put_text(&json, "location", facts->place ? facts->place : "");
	put_time(&json, "start", facts->starts_at, facts->timezone);
	put_time(&json, "end", facts->ends_at, facts->timezone);
	if (writeback->has_attendees)
		put_attendees(&json, facts);
	appendStringInfo(&json, ",\"guestsCanSeeOtherGuests\":%s", facts->is_group ? "false" : "true");
	appendStringInfoString(&json, ",\"guestsCanInviteOthers\":false,\"guestsCanModify\":false"
								  ",\"reminders\":{\"useDefault\":true}");
	appendStringInfo(&json, ",\"extendedProperties\":{\"private\":{\"opencalendly\":\"%s\"}}",
					 facts->meeting_id);
	if (writeback->asks_link)
		put_link_request(&json, writeback);
	appendStringInfoChar(&json, '}');
	return json.data;
}

/* --- links --------------------------------------------------------------------------------------------------------- */

/* A member that is an object or array; NULL: it is none, or not there. */
static JsonbContainer *
container_in(const JsonbContainer *object, const char *name)
{
	JsonbValue *value = object && JsonContainerIsObject(object)
							? getKeyJsonValueFromContainer((JsonbContainer *) object, name,
														   (int) strlen(name), NULL)
							: NULL;

	return value && value->type == jbvBinary ? value->val.binary.data : NULL;
}

/* The address of the entry point for video, palloc'ed; NULL: there is none. */
static char *
video_entry(const Jsonb *event)
{
	JsonbContainer *entries =
		container_in(container_in(&event->root, "conferenceData"), "entryPoints");
	uint32 n = entries && JsonContainerIsArray(entries) ? JsonContainerSize(entries) : 0;

	for (uint32 i = 0; i < n; i++)
	{
		JsonbValue *entry = getIthJsonbValueFromContainer(entries, i);
		Jsonb *object = entry->type == jbvBinary ? JsonbValueToJsonb(entry) : NULL;
		char *type = object ? google_json_text(object, "entryPointType", NULL) : NULL;

		if (type && strcmp(type, "video") == 0)
			return google_json_text(object, "uri", (char *) NULL);
	}
	return NULL;
}

static bool
is_usable(const char *link)
{
	if (!link || strncmp(link, "https://", 8) != 0 || strlen(link) > LINK_MAX || !link[8])
		return false;
	for (const char *c = link; *c; c++)
		if (*c <= ' ' || *c == 0x7f)
			return false;
	return true;
}

LinkState
writeback_link(const Jsonb *event, char **link)
{
	char *status;

	*link = google_json_text(event, "hangoutLink", (char *) NULL);
	if (!*link)
		*link = video_entry(event);
	if (is_usable(*link))
		return LINK_MADE;
	*link = NULL;
	status = google_json_text(event, "conferenceData", "createRequest", "status", "statusCode",
							  (char *) NULL);
	return status && strcmp(status, "pending") == 0 ? LINK_PENDING : LINK_NONE;
}

/*
 * Facts of mails; the words are in mail_facts.h.
 */
#include "world/mail_facts.h"

#include "catalog/pg_type_d.h"
#include "data/keys.h"
#include "data/values.h"
#include "errors.h"
#include "settings.h"
#include "time/civil.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#define LOGIN_MINUTES 15

/* The columns of facts_query, in its order. */
enum
{
	ID = 1,
	ATTEMPT,
	MAX_ATTEMPTS,
	KIND,
	KEY,
	SENDS_AT,
	IS_TO_USER,
	TO_ADDRESS,
	READER_NAME,
	LANGUAGE,
	ZONE,
	BOOKING_ID,
	STARTS_AT,
	ENDS_AT,
	STATUS,
	INVITEE_NAME,
	INVITEE_EMAIL,
	BOOKING_KEY_ID,
	CANCEL_REASON,
	CANCELED_BY,
	SEQUENCE,
	SEATS,
	IS_NO_SHOW,
	OLD_STARTS_AT,
	OLD_ENDS_AT,
	MEETING_ID,
	EVENT_NAME,
	LOCATION_TYPE,
	LOCATION,
	POLICY,
	HOST_NAMES,
	ORGANIZER_EMAIL,
	TEAM_NAME,
	PAGE,
	ANSWER_LABELS,
	ANSWER_VALUES,
	IS_PLANNED,
	LOGIN_ID,
	LOGIN_KEY_ID,
	IS_LOGIN_OPEN,
	WEBHOOK_URL,
	PAUSED_REASON,
	INVITING_TEAM,
	INVITER_NAME,
	IS_INVITED,
	CALENDAR_ACCOUNT,
	IS_CALENDAR_BROKEN,
	IS_IN_CALENDAR
};

static SavedQuery facts_query = {
	/* clang-format off */
	.text =
		"SELECT d.id, d.attempt, d.max_attempts, d.kind, d.idempotency_key, d.sends_at, d.user_id IS NOT NULL,"
		" COALESCE(u.email, d.email), COALESCE(u.display_name, u.username, b.invitee_name),"
		" COALESCE(u.language, b.language, l.language, 'en'), COALESCE(u.timezone, b.timezone, 'UTC'),"
		" b.id, b.starts_at, b.ends_at, b.status, b.invitee_name, b.invitee_email, b.link_key_id,"
		" b.cancel_reason, b.canceled_by, b.sequence, b.seats, b.no_show_at IS NOT NULL,"
		" p.starts_at, p.ends_at, d.meeting_id,"
		" e.name, e.location_type, COALESCE(b.meeting_url, e.location_value), e.cancellation_policy,"
		" ARRAY(SELECT COALESCE(h.display_name, h.username) FROM ROWS FROM"
		"   (pg_catalog.unnest(COALESCE(b.host_ids, ARRAY[b.organizer_id]))) WITH ORDINALITY AS i (id, place)"
		"   JOIN opencalendly.users AS h ON h.id" EQ "i.id ORDER BY i.place),"
		" o.email, t.name,"
		" CASE WHEN t.id IS NULL THEN pg_catalog.concat('/', o.username, '/', e.slug)"
		"  ELSE pg_catalog.concat('/team/', t.slug, '/', e.slug) END,"
		" ARRAY(SELECT q.question OPERATOR(pg_catalog.->>) 'label' FROM"
		"   pg_catalog.jsonb_array_elements(e.questions) WITH ORDINALITY AS q (question, place)"
		"   WHERE d.user_id IS NOT NULL AND b.answers OPERATOR(pg_catalog.?) (q.question OPERATOR(pg_catalog.->>) 'id')"
		"   ORDER BY q.place),"
		" ARRAY(SELECT b.answers OPERATOR(pg_catalog.->>) (q.question OPERATOR(pg_catalog.->>) 'id') FROM"
		"   pg_catalog.jsonb_array_elements(e.questions) WITH ORDINALITY AS q (question, place)"
		"   WHERE d.user_id IS NOT NULL AND b.answers OPERATOR(pg_catalog.?) (q.question OPERATOR(pg_catalog.->>) 'id')"
		"   ORDER BY q.place),"
		" COALESCE(r.is_enabled, false),"
		" l.id, l.link_key_id, COALESCE(l.used_at IS NULL AND l.expires_at" GT "pg_catalog.clock_timestamp(), false),"
		" s.url, s.paused_reason,"
		" m.name, COALESCE(w.display_name, w.username), COALESCE(v.status" EQ "'pending', false),"
		" k.account_email, COALESCE(k.state" EQ "'broken', false),"
		" EXISTS (SELECT FROM opencalendly.calendar_entries AS x"
		"   JOIN opencalendly.calendars AS y ON y.id" EQ "x.calendar_id"
		"   JOIN opencalendly.calendar_connections AS z ON z.id" EQ "y.connection_id AND z.state" EQ "'active'"
		"  WHERE x.user_id" EQ "d.user_id AND x.meeting_id" EQ "d.meeting_id)"
		" FROM opencalendly.email_deliveries AS d"
		" LEFT JOIN opencalendly.users AS u ON u.id" EQ "d.user_id"
		" LEFT JOIN opencalendly.bookings AS b ON b.id" EQ "d.booking_id"
		" LEFT JOIN opencalendly.bookings AS p ON p.id" EQ "b.rescheduled_from"
		" LEFT JOIN opencalendly.event_types AS e ON e.id" EQ "b.event_type_id"
		" LEFT JOIN opencalendly.users AS o ON o.id" EQ "b.organizer_id"
		" LEFT JOIN opencalendly.team_event_types AS g ON g.event_type_id" EQ "e.id"
		" LEFT JOIN opencalendly.teams AS t ON t.id" EQ "g.team_id"
		" LEFT JOIN opencalendly.notification_rules AS r ON r.id" EQ "d.subject_id"
		" LEFT JOIN opencalendly.login_links AS l ON l.id" EQ "d.subject_id AND d.kind" EQ "'login_link' AND l.email" EQ "d.email"
		" LEFT JOIN opencalendly.webhook_subscriptions AS s ON s.id" EQ "d.subject_id"
		" LEFT JOIN opencalendly.teams AS m ON m.id" EQ "d.subject_id"
		" LEFT JOIN opencalendly.users AS w ON w.id" EQ "m.owner_id"
		" LEFT JOIN opencalendly.team_members AS v ON v.team_id" EQ "m.id AND v.user_id" EQ "d.user_id"
		" LEFT JOIN opencalendly.calendar_connections AS k ON k.id" EQ "d.subject_id"
		" WHERE d.id OPERATOR(pg_catalog.=) ANY ($1) ORDER BY d.sends_at, d.id",
	/* clang-format on */
	.nargs = 1,
	.types = { UUIDARRAYOID },
};

static MailKind
read_kind(const char *name)
{
	static const char *const names[MAIL_KINDS] = {
		[MAIL_BOOKING_CONFIRMED] = "booking_confirmed",
		[MAIL_BOOKING_RESCHEDULED] = "booking_rescheduled",
		[MAIL_BOOKING_CANCELED] = "booking_canceled",
		[MAIL_REMINDER] = "reminder",
		[MAIL_FOLLOW_UP] = "follow_up",
		[MAIL_LOGIN_LINK] = "login_link",
		[MAIL_WEBHOOK_PAUSED] = "webhook_paused",
		[MAIL_TEAM_INVITATION] = "team_invitation",
		[MAIL_CALENDAR_BROKEN] = "calendar_broken",
	};

	for (int i = 0; i < MAIL_KINDS; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	elog(ERROR, "unknown kind of mail: %s", name);
}

/* Why it is not to be sent any more; NULL: it is. */
static const char *
find_why_not(uint64 row, MailKind kind, bool has_booking, int64 now)
{
	const char *status = has_booking ? row_text(row, STATUS) : "";

	switch (kind)
	{
		case MAIL_BOOKING_CONFIRMED:
		case MAIL_BOOKING_RESCHEDULED:
		case MAIL_BOOKING_CANCELED:
			return has_booking ? NULL : "not sent: the booking is gone";
		case MAIL_REMINDER:
		case MAIL_FOLLOW_UP:
			if (strcmp(status, "confirmed") != 0)
				return "not sent: the booking was canceled or moved";
			if (!row_bool(row, IS_PLANNED))
				return "not sent: the rule is gone or off";
			if (kind == MAIL_REMINDER && row_instant(row, STARTS_AT) <= now)
				return "not sent: the meeting has begun";
			if (kind == MAIL_FOLLOW_UP && row_bool(row, IS_NO_SHOW))
				return "not sent: the invitee did not show up";
			return NULL;
		case MAIL_LOGIN_LINK:
			return row_bool(row, IS_LOGIN_OPEN) ? NULL
												: "not sent: the link was used or has expired";
		case MAIL_WEBHOOK_PAUSED:
			return row_text_or_null(row, PAUSED_REASON) ? NULL
														: "not sent: the endpoint is not paused";
		case MAIL_TEAM_INVITATION:
			return row_bool(row, IS_INVITED) ? NULL : "not sent: the invitation is gone";
		case MAIL_CALENDAR_BROKEN:
			return row_bool(row, IS_CALENDAR_BROKEN)
					   ? NULL
					   : "not sent: the calendar is connected again, or gone";
	}
	pg_unreachable();
}

static MailTime
mail_time(int64 instant, pg_tz *zone)
{
	CivilReading reading = civil_reading(zone, instant);

	return (MailTime) { .year = reading.year,
						.month = reading.month,
						.day = reading.day,
						.weekday = reading.weekday,
						.minute = reading.minute,
						.utc_offset_minutes = reading.offset_minutes };
}

/* An array's texts, palloc'ed; a null is "". */
static char **
row_texts(uint64 row, int column, int *n)
{
	bool isnull;
	Datum value = row_datum(row, column, &isnull);
	Datum *elements;
	bool *nulls;
	char **texts;

	deconstruct_array(DatumGetArrayTypeP(value), TEXTOID, -1, false, TYPALIGN_INT, &elements,
					  &nulls, n);
	texts = palloc((*n + 1) * sizeof(char *));
	for (int i = 0; i < *n; i++)
		texts[i] = nulls[i] ? "" : TextDatumGetCString(elements[i]);
	return texts;
}

static void
read_answers(uint64 row, MailFacts *facts)
{
	int nvalues;
	char **labels = row_texts(row, ANSWER_LABELS, &facts->nanswers);
	char **values = row_texts(row, ANSWER_VALUES, &nvalues);
	MailAnswer *answers = palloc((facts->nanswers + 1) * sizeof(MailAnswer));

	for (int i = 0; i < facts->nanswers; i++)
		answers[i] = (MailAnswer) { labels[i], values[i] };
	facts->answers = answers;
}

/*
 * The calendar's event. A group's hosts would have one for each of its invitees; they get none. Nor do hosts whose calendar
 * has it already, by a write-back.
 */
static void
read_calendar(uint64 row, MailDelivery *mail)
{
	MailFacts *facts = &mail->facts;
	bool isnull;
	Datum meeting = row_datum(row, MEETING_ID, &isnull);

	facts->has_calendar =
		(facts->kind == MAIL_BOOKING_CONFIRMED || facts->kind == MAIL_BOOKING_RESCHEDULED ||
		 facts->kind == MAIL_BOOKING_CANCELED) &&
		!(facts->is_to_host && (row_int(row, SEATS) > 1 || row_bool(row, IS_IN_CALENDAR)));
	facts->uid = psprintf("%s@opencalendly", id_text(DatumGetUUIDP(meeting)));
	facts->sequence = (int) row_int(row, SEQUENCE) + (facts->kind == MAIL_BOOKING_CANCELED ? 1 : 0);
	facts->stamp = mail->sends_at;
	facts->organizer_name = facts->nhosts > 0 ? facts->host_names[0] : NULL;
	facts->organizer_email = row_text(row, ORGANIZER_EMAIL);
}

/* The zone that times are told in: UTC where this machine does not know the reader's. */
static pg_tz *
find_zone(MailFacts *facts)
{
	pg_tz *zone = pg_tzset(facts->timezone);

	if (zone)
		return zone;
	facts->timezone = "UTC";
	return pg_tzset("UTC");
}

static void
read_times(uint64 row, MailFacts *facts)
{
	pg_tz *zone = find_zone(facts);

	facts->starts_at = row_instant(row, STARTS_AT);
	facts->ends_at = row_instant(row, ENDS_AT);
	facts->starts = mail_time(facts->starts_at, zone);
	facts->ends = mail_time(facts->ends_at, zone);
	if (facts->kind != MAIL_BOOKING_RESCHEDULED)
		return;
	facts->old_starts = mail_time(row_instant(row, OLD_STARTS_AT), zone);
	facts->old_ends = mail_time(row_instant(row, OLD_ENDS_AT), zone);
}

/* Who answers a mail writes to the other side. */
static void
read_reply_to(MailDelivery *mail)
{
	MailFacts *facts = &mail->facts;

	mail->reply_to = facts->is_to_host ? facts->invitee_email : facts->organizer_email;
	mail->reply_to_name = facts->is_to_host ? facts->invitee_name : facts->organizer_name;
}

static void
read_booking(uint64 row, MailDelivery *mail)
{
	MailFacts *facts = &mail->facts;

	mail->link_id = row_uuid(row, BOOKING_ID);
	mail->link_key_id = (int32) row_int(row, BOOKING_KEY_ID);
	mail->page = row_text(row, PAGE);
	facts->event_name = row_text(row, EVENT_NAME);
	facts->host_names = (const char *const *) row_texts(row, HOST_NAMES, &facts->nhosts);
	facts->team_name = row_text_or_null(row, TEAM_NAME);
	facts->invitee_name = row_text(row, INVITEE_NAME);
	facts->invitee_email = row_text(row, INVITEE_EMAIL);
	facts->location_type = row_text(row, LOCATION_TYPE);
	facts->location = row_text_or_null(row, LOCATION);
	facts->cancellation_policy = row_text_or_null(row, POLICY);
	facts->canceled_by = row_text_or_null(row, CANCELED_BY);
	facts->cancel_reason = row_text_or_null(row, CANCEL_REASON);
	read_times(row, facts);
	read_answers(row, facts);
	read_calendar(row, mail);
	read_reply_to(mail);
}

static void
read_login_link(uint64 row, MailDelivery *mail)
{
	mail->link_id = row_uuid(row, LOGIN_ID);
	mail->link_key_id = (int32) row_int(row, LOGIN_KEY_ID);
	mail->facts.login_minutes = LOGIN_MINUTES;
}

/* In the mail's own context. */
static void
read_mail(uint64 row, MailDelivery *mail, int64 now)
{
	MailFacts *facts = &mail->facts;
	bool has_no_booking;

	row_datum(row, BOOKING_ID, &has_no_booking);
	mail->base.id = row_uuid(row, ID);
	mail->base.attempt = (int) row_int(row, ATTEMPT);
	mail->base.max_attempts = (int) row_int(row, MAX_ATTEMPTS);
	mail->key = row_text(row, KEY);
	mail->sends_at = row_instant(row, SENDS_AT);
	mail->to = row_text(row, TO_ADDRESS);
	facts->kind = read_kind(row_text(row, KIND));
	facts->is_to_host = row_bool(row, IS_TO_USER);
	facts->reader_name = row_text_or_null(row, READER_NAME);
	facts->language = mail_language(row_text(row, LANGUAGE));
	facts->timezone = row_text(row, ZONE);
	mail->why_not = find_why_not(row, facts->kind, !has_no_booking, now);
	if (mail->why_not)
		return;
	if (!has_no_booking)
		read_booking(row, mail);
	else if (facts->kind == MAIL_LOGIN_LINK)
		read_login_link(row, mail);
	facts->webhook_url = row_text_or_null(row, WEBHOOK_URL);
	facts->pause_reason = row_text_or_null(row, PAUSED_REASON);
	if (facts->kind == MAIL_TEAM_INVITATION)
		facts->team_name = row_text_or_null(row, INVITING_TEAM);
	facts->inviter_name = row_text_or_null(row, INVITER_NAME);
	facts->calendar_account = row_text_or_null(row, CALENDAR_ACCOUNT);
}

/*
 * What is wrong with one mail's rows must not keep the others from being sent: it is that mail's failure. Nothing but memory
 * is held where something is raised, so no subtransaction is needed.
 */
static void
read_mail_or_problem(uint64 row, MailDelivery *mail, int64 now)
{
	PG_TRY();
	{
		read_mail(row, mail, now);
	}
	PG_CATCH();
	{
		ErrorData *problem;

		MemoryContextSwitchTo(mail->context);
		problem = CopyErrorData();
		FlushErrorState();
		mail->problem = problem->message;
	}
	PG_END_TRY();
}

int
mail_facts_load(Datum ids, MemoryContext context, Delivery **deliveries)
{
	MemoryContext callers = CurrentMemoryContext;
	TimestampTz now = GetCurrentTimestamp();
	int n = (int) query_write(&facts_query, (QueryArg[]) { ARG(ids) });

	for (int i = 0; i < n; i++)
	{
		MemoryContext own = AllocSetContextCreate(context, "mail", ALLOCSET_SMALL_SIZES);
		MailDelivery *mail = MemoryContextAllocZero(own, sizeof(MailDelivery));

		MemoryContextSwitchTo(own);
		mail->context = own;
		read_mail_or_problem(i, mail, now);
		deliveries[i] = &mail->base;
	}
	MemoryContextSwitchTo(callers);
	SPI_freetuptable(SPI_tuptable);
	return n;
}

/* --- links --------------------------------------------------------------------------------------------------------- */

static char *
page_url(const char *path)
{
	return psprintf("%s%s", settings_base_url, path);
}

static char *
token_url(const char *path, LinkAction action, const MailDelivery *mail)
{
	char *token = keys_link_token(action, &mail->link_id, mail->link_key_id);

	return psprintf("%s%s%s", settings_base_url, path, token);
}

static void
add_booking_links(MailDelivery *mail)
{
	MailFacts *facts = &mail->facts;

	if (facts->is_to_host)
	{
		facts->booking_url = page_url(psprintf("/console#/bookings/%s", id_text(&mail->link_id)));
		return;
	}
	facts->booking_url = page_url(mail->page);
	facts->cancel_url = token_url("/bookings/actions/", LINK_CANCEL, mail);
	facts->reschedule_url = token_url("/bookings/actions/", LINK_RESCHEDULE, mail);
}

void
mail_facts_add_links(MailDelivery *mail)
{
	MailFacts *facts = &mail->facts;

	if (!settings_base_url || !*settings_base_url)
		ereport(ERROR, errcode(ERRCODE_OC_SETTING_MISSING),
				errmsg("opencalendly.base_url is not set"));
	if (facts->kind == MAIL_LOGIN_LINK)
		facts->login_url = token_url("/auth/verify?token=", LINK_LOGIN, mail);
	else if (facts->kind == MAIL_WEBHOOK_PAUSED)
		facts->webhooks_url = page_url("/console#/webhooks");
	else if (facts->kind == MAIL_CALENDAR_BROKEN)
		facts->calendars_url = page_url("/console#/calendars");
	else if (facts->kind == MAIL_TEAM_INVITATION)
		facts->teams_url = page_url("/console#/teams");
	else
		add_booking_links(mail);
}

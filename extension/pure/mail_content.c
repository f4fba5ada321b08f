/*
 * What is in a mail of each kind, whatever its form: the facts that it tells, in order, the links that lead on from it, and
 * its last sentences.
 */
#include "pure/mail_writer.h"

#include <stdio.h>
#include <string.h>

/* Hosts that are named; of more, the number. */
#define HOSTS_IN_FACTS 10

/* --- facts ----------------------------------------------------------------------------------------------------------- */

static bool
is_booking_kind(MailKind kind)
{
	return kind <= MAIL_FOLLOW_UP;
}

/* Whether it is to take place, as far as the mail knows. */
static bool
is_ahead(MailKind kind)
{
	return kind == MAIL_BOOKING_CONFIRMED || kind == MAIL_BOOKING_RESCHEDULED ||
		   kind == MAIL_REMINDER;
}

static bool
has_fact(const MailFacts *facts, MailWord fact)
{
	bool is_booking = is_booking_kind(facts->kind);

	switch (fact)
	{
		case WORD_EVENT:
		case WORD_WHEN:
			return is_booking;
		case WORD_INVITEE:
			return is_booking && facts->is_to_host;
		case WORD_HOSTS:
			return is_booking && facts->nhosts > (facts->is_to_host ? 1 : 0);
		case WORD_TEAM:
			return is_booking && mail_is_told(facts->team_name);
		case WORD_BEFORE:
			return facts->kind == MAIL_BOOKING_RESCHEDULED;
		case WORD_WHERE:
			return is_ahead(facts->kind) && (facts->location_type || mail_is_told(facts->location));
		case WORD_POLICY:
			return is_ahead(facts->kind) && !facts->is_to_host &&
				   mail_is_told(facts->cancellation_policy);
		case WORD_CANCELED_BY:
			return facts->kind == MAIL_BOOKING_CANCELED && facts->canceled_by;
		case WORD_REASON:
			return (facts->kind == MAIL_BOOKING_CANCELED && mail_is_told(facts->cancel_reason)) ||
				   (facts->kind == MAIL_WEBHOOK_PAUSED && mail_is_told(facts->pause_reason));
		case WORD_ENDPOINT:
			return facts->kind == MAIL_WEBHOOK_PAUSED && mail_is_told(facts->webhook_url);
		case WORD_ACCOUNT:
			return facts->kind == MAIL_CALENDAR_BROKEN && mail_is_told(facts->calendar_account);
		default:
			return false;
	}
}

int
mail_facts_told(const MailFacts *facts, MailWord told[MAIL_FACTS_MOST])
{
	static const MailWord order[] = { WORD_EVENT,   WORD_WHEN,        WORD_BEFORE, WORD_WHERE,
									  WORD_HOSTS,   WORD_INVITEE,     WORD_TEAM,   WORD_ENDPOINT,
									  WORD_ACCOUNT, WORD_CANCELED_BY, WORD_REASON, WORD_POLICY };
	int n = 0;

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if (has_fact(facts, order[i]))
			told[n++] = order[i];
	return n;
}

static MailWord
kind_of_place(const MailFacts *facts)
{
	static const struct
	{
		const char *name;
		MailWord word;
	} kinds[] = { { "video", WORD_VIDEO },
				  { "phone", WORD_PHONE },
				  { "in_person", WORD_IN_PERSON },
				  { "custom", WORD_CUSTOM } };

	for (size_t i = 0; facts->location_type && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].name, facts->location_type) == 0)
			return kinds[i].word;
	return WORD_CUSTOM;
}

/* An address as part of a URL: nothing in it asks a mail program for more than a mail to it (RFC 6068). */
static void
put_mailto(const MailWriter *writer, const char *address)
{
	static const char safe[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$*+@";

	mail_put(writer, "mailto:");
	for (; *address; address++)
	{
		char text[4] = { *address };

		if (!strchr(safe, *address))
			snprintf(text, sizeof(text), "%%%02X", (unsigned char) *address);
		mail_put(writer, text);
	}
}

static void
put_link(const MailWriter *writer, const char *address, bool is_mail)
{
	if (writer->form != FORM_HTML)
	{
		mail_put_address(writer, address);
		return;
	}
	mail_put(writer, "<a class=\"accent\" href=\"");
	if (is_mail)
		put_mailto(writer, address);
	else
		mail_put_address(writer, address);
	mail_put(writer, "\" style=\"color:#0b5cad\">");
	mail_put_address(writer, address);
	mail_put(writer, "</a>");
}

static void
put_place(const MailWriter *writer)
{
	const MailFacts *facts = writer->facts;
	MailWord kind = kind_of_place(facts);
	bool is_told = mail_is_told(facts->location);

	if (kind != WORD_CUSTOM || !is_told)
		mail_put_word(writer, kind);
	if (!is_told)
		return;
	if (mail_is_link(facts->location))
	{
		mail_put(writer, writer->form == FORM_HTML ? "<br>\n" : "\n");
		put_link(writer, facts->location, false);
		return;
	}
	mail_put(writer, kind != WORD_CUSTOM ? ": " : "");
	mail_put_typed(writer, facts->location, false);
}

static void
put_when(const MailWriter *writer)
{
	const MailFacts *facts = writer->facts;

	mail_put_range(writer, &facts->starts, &facts->ends);
	mail_put(writer, writer->form == FORM_HTML ? "<br>\n" : "\n  ");
	mail_put_zone(writer, &facts->starts, &facts->ends);
}

static void
put_whole_invitee(const MailWriter *writer)
{
	mail_put_name(writer, writer->facts->invitee_name);
	if (!mail_is_told(writer->facts->invitee_email))
		return;
	mail_put(writer, writer->form == FORM_HTML ? "<br>\n" : ", ");
	put_link(writer, writer->facts->invitee_email, true);
}

static void
put_who_canceled(const MailWriter *writer)
{
	const MailFacts *facts = writer->facts;

	if (strcmp(facts->canceled_by, "host") != 0)
		mail_put_name(writer, facts->invitee_name);
	else if (facts->nhosts == 1)
		mail_put_hosts(writer, 1);
	else
		mail_put_word(writer, WORD_A_HOST);
}

static void
put_reason(const MailWriter *writer)
{
	const MailFacts *facts = writer->facts;

	if (facts->kind == MAIL_WEBHOOK_PAUSED)
		mail_put_typed(writer, facts->pause_reason, false);
	else
		mail_put_typed(writer, facts->cancel_reason, true);
}

void
mail_put_fact(const MailWriter *writer, MailWord fact)
{
	const MailFacts *facts = writer->facts;

	switch (fact)
	{
		case WORD_EVENT:
			mail_put_name(writer, facts->event_name);
			break;
		case WORD_WHEN:
			put_when(writer);
			break;
		case WORD_BEFORE:
			mail_put_range(writer, &facts->old_starts, &facts->old_ends);
			break;
		case WORD_WHERE:
			put_place(writer);
			break;
		case WORD_HOSTS:
			mail_put_hosts(writer, HOSTS_IN_FACTS);
			break;
		case WORD_INVITEE:
			put_whole_invitee(writer);
			break;
		case WORD_TEAM:
			mail_put_name(writer, facts->team_name);
			break;
		case WORD_ENDPOINT:
			mail_put_address(writer, facts->webhook_url);
			break;
		case WORD_ACCOUNT:
			mail_put_name(writer, facts->calendar_account);
			break;
		case WORD_CANCELED_BY:
			put_who_canceled(writer);
			break;
		case WORD_REASON:
			put_reason(writer);
			break;
		case WORD_POLICY:
			mail_put_typed(writer, facts->cancellation_policy, false);
			break;
		default:
			break;
	}
}

/* --- links, and the end ------------------------------------------------------------------------------------------------ */

/* Whether the invitee of a meeting that is over or canceled is shown the way to another one. */
static bool
offers_another(const MailFacts *facts)
{
	return !facts->is_to_host &&
		   (facts->kind == MAIL_BOOKING_CANCELED || facts->kind == MAIL_FOLLOW_UP);
}

int
mail_links(const MailFacts *facts, MailLink links[MAIL_LINKS_MOST])
{
	bool is_booking = is_booking_kind(facts->kind);
	bool can_change = is_ahead(facts->kind) && !facts->is_to_host;
	const struct
	{
		bool is_shown;
		MailLink link;
	} all[] = {
		{ facts->kind == MAIL_LOGIN_LINK, { WORD_SIGN_IN, facts->login_url } },
		{ facts->kind == MAIL_WEBHOOK_PAUSED, { WORD_SEE_WEBHOOKS, facts->webhooks_url } },
		{ facts->kind == MAIL_CALENDAR_BROKEN, { WORD_SEE_CALENDARS, facts->calendars_url } },
		{ facts->kind == MAIL_TEAM_INVITATION, { WORD_SEE_INVITATION, facts->teams_url } },
		{ is_booking && facts->is_to_host, { WORD_OPEN, facts->booking_url } },
		{ offers_another(facts), { WORD_AGAIN, facts->booking_url } },
		{ can_change, { WORD_MOVE, facts->reschedule_url } },
		{ can_change, { WORD_CANCEL, facts->cancel_url } },
	};
	int n = 0;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (n < MAIL_LINKS_MOST && all[i].is_shown && mail_is_told(all[i].link.url))
			links[n++] = all[i].link;
	return n;
}

MailWord
mail_last_words(const MailFacts *facts)
{
	switch (facts->kind)
	{
		case MAIL_LOGIN_LINK:
			return WORD_NOT_ASKED;
		case MAIL_TEAM_INVITATION:
			return WORD_NOT_WANTED;
		default:
			return MAIL_WORDS;
	}
}

MailWord
mail_reason_to_write(const MailFacts *facts)
{
	if (is_booking_kind(facts->kind))
		return facts->is_to_host ? WORD_WHY_HOST : WORD_WHY_INVITEE;
	if (facts->kind == MAIL_CALENDAR_BROKEN)
		return WORD_WHY_CALENDAR;
	return facts->kind == MAIL_WEBHOOK_PAUSED ? WORD_WHY_WEBHOOK : MAIL_WORDS;
}

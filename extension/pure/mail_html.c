/*
 * Mails as HTML: one layout for all, of tables and inline styles, because that is what mail programs draw; nothing remote,
 * no image, no script. Colours are those of the booking pages (style.css); a program that knows prefers-color-scheme draws
 * the dark ones, by the classes. Every pair of colours has a contrast of at least 4.5.
 *
 *   brand
 *   +--------------------------------------+
 *   | title, greeting, what has happened   |
 *   | +----+ event                         |
 *   | |leaf| time, zone                    |
 *   | +----+                               |
 *   | the other facts, the answers         |
 *   | [ button ] [ button ]                |
 *   +--------------------------------------+
 *   why the reader gets this
 */
#include "pure/mail.h"

#include <stdio.h>

#include "pure/mail_writer.h"

#define FONT \
	"font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue','Noto Sans',Arial,sans-serif;"
#define TEXT "color:#1a1f24;"
#define QUIET "color:#55606a;"
#define TABLE "<table role=\"presentation\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\""
#define LONG_WORDS "overflow-wrap:anywhere;word-break:break-word;"

static const char head[] =
	"<meta charset=\"utf-8\">\n"
	"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	"<meta name=\"color-scheme\" content=\"light dark\">\n"
	"<meta name=\"supported-color-schemes\" content=\"light dark\">\n"
	"<meta name=\"format-detection\" content=\"telephone=no, date=no, address=no, email=no, url=no\">\n"
	"<meta name=\"x-apple-disable-message-reformatting\">\n"
	"<style>\n"
	":root { color-scheme: light dark; supported-color-schemes: light dark; }\n"
	"@media (prefers-color-scheme: dark) {\n"
	"  .ground { background-color: #14171a !important; }\n"
	"  .surface { background-color: #1d2125 !important; }\n"
	"  .line { border-color: #363d44 !important; }\n"
	"  .text { color: #eceff1 !important; }\n"
	"  .quiet { color: #a9b4bd !important; }\n"
	"  .accent { color: #8cc2ff !important; }\n"
	"  .fill { background-color: #8cc2ff !important; border-color: #8cc2ff !important; color: #06203b !important; }\n"
	"  .fill-good { background-color: #7fd6a0 !important; color: #0c2415 !important; }\n"
	"  .fill-bad { background-color: #ff9d94 !important; color: #3a0f0c !important; }\n"
	"  .plain { border-color: #7f8b95 !important; color: #eceff1 !important; }\n"
	"}\n"
	"@media (max-width: 480px) {\n"
	"  .outer { padding: 16px 8px !important; }\n"
	"  .inner { padding: 20px 18px !important; }\n"
	"  .button { display: block !important; text-align: center !important; margin-inline-end: 0 !important; }\n"
	"}\n"
	"</style>\n";

/* What kind of news it is: the colour of the card's upper edge and of the leaf's. */
typedef struct Tone
{
	const char *class_name;
	const char *colour;
} Tone;

static Tone
tone_of(const MailFacts *facts)
{
	switch (facts->kind)
	{
		case MAIL_BOOKING_CONFIRMED:
			return (Tone) { "fill-good", "#1b6e3c" };
		case MAIL_BOOKING_CANCELED:
		case MAIL_WEBHOOK_PAUSED:
		case MAIL_CALENDAR_BROKEN:
			return (Tone) { "fill-bad", "#a8201a" };
		default:
			return (Tone) { "fill", "#0b5cad" };
	}
}

/* For programs that show the beginning of a mail beside its subject; the blanks keep what comes next out of it. */
static void
put_preheader(const MailWriter *writer)
{
	const MailFacts *facts = writer->facts;

	mail_put(
		writer,
		"<div style=\"display:none;max-height:0;max-width:0;overflow:hidden;opacity:0;mso-hide:all\">");
	if (facts->kind <= MAIL_REMINDER)
	{
		mail_put_range(writer, &facts->starts, &facts->ends);
		mail_put(writer, ", ");
		mail_put_zone(writer, &facts->starts, &facts->ends);
	}
	else
		mail_put_message(writer, mail_words_of_kind(writer)->lead);
	for (int i = 0; i < 40; i++)
		mail_put(writer, "&#8199;&#847;");
	mail_put(writer, "</div>\n");
}

static void
put_paragraph(const MailWriter *writer, MailWord word, const char *message)
{
	mail_put(writer, "<p class=\"text\" style=\"margin:0 0 16px;" TEXT "\">");
	if (message)
		mail_put_message(writer, message);
	else
		mail_put_word(writer, word);
	mail_put(writer, "</p>\n");
}

/* --- the meeting ----------------------------------------------------------------------------------------------------- */

/* A calendar's leaf with the day of the meeting; it says nothing that does not stand beside it. */
static void
put_leaf(const MailWriter *writer)
{
	MailWriter leaf = *writer;
	Tone tone = tone_of(writer->facts);

	leaf.time = &writer->facts->starts;
	leaf.has_short_names = true;
	mail_put(
		&leaf,
		"<td aria-hidden=\"true\" width=\"64\" style=\"width:64px;vertical-align:top;padding:0 16px 0 0\">\n" TABLE
		" width=\"64\" class=\"line surface\" style=\"width:64px;border:1px solid #d9dee2;border-radius:10px;"
		"border-collapse:separate;overflow:hidden;background-color:#ffffff;text-align:center\">\n"
		"<tr><td class=\"");
	mail_put(&leaf, tone.class_name);
	mail_put(&leaf, "\" style=\"background-color:");
	mail_put(&leaf, tone.colour);
	mail_put(&leaf, ";color:#ffffff;font-size:12px;line-height:16px;font-weight:700;padding:4px 0;"
					"border-radius:9px 9px 0 0\">");
	mail_put_message(&leaf, "{month}");
	mail_put(&leaf, "</td></tr>\n<tr><td class=\"text\" style=\"" TEXT
					"font-size:26px;line-height:30px;font-weight:700;padding:5px 0 0\">");
	mail_put_message(&leaf, "{day}");
	mail_put(&leaf, "</td></tr>\n<tr><td class=\"quiet\" style=\"" QUIET
					"font-size:12px;line-height:16px;padding:0 0 6px\">");
	mail_put_message(&leaf, "{weekday}");
	mail_put(&leaf, "</td></tr>\n</table>\n</td>\n");
}

static void
put_meeting(const MailWriter *writer)
{
	const MailFacts *facts = writer->facts;
	bool is_off = facts->kind == MAIL_BOOKING_CANCELED;

	mail_put(writer, TABLE " width=\"100%\" style=\"margin:0 0 20px\"><tr>\n");
	put_leaf(writer);
	mail_put(writer, "<td style=\"vertical-align:top;" LONG_WORDS "\">\n"
					 "<div class=\"text\" style=\"" TEXT
					 "font-size:18px;line-height:24px;font-weight:700\">");
	mail_put_fact(writer, WORD_EVENT);
	mail_put(writer, "</div>\n<div class=\"text\" style=\"" TEXT "padding:2px 0 0");
	mail_put(writer, is_off ? ";text-decoration:line-through\">" : "\">");
	mail_put_range(writer, &facts->starts, &facts->ends);
	mail_put(writer,
			 "</div>\n<div class=\"quiet\" style=\"" QUIET "font-size:14px;line-height:20px\">");
	mail_put_zone(writer, &facts->starts, &facts->ends);
	mail_put(writer, "</div>\n</td>\n</tr></table>\n");
}

/* --- facts and answers ----------------------------------------------------------------------------------------------- */

static void
begin_label(const MailWriter *writer)
{
	mail_put(writer,
			 "<tr><td style=\"padding:0 0 14px;" LONG_WORDS
			 "\">\n<div class=\"quiet\" style=\"" QUIET "font-size:14px;line-height:20px\">");
}

static void
begin_value(const MailWriter *writer, bool is_gone)
{
	mail_put(writer, "</div>\n<div class=\"text\" dir=\"auto\" style=\"" TEXT);
	mail_put(writer, is_gone ? "text-decoration:line-through\">" : "\">");
}

static void
end_value(const MailWriter *writer)
{
	mail_put(writer, "</div>\n</td></tr>\n");
}

static void
put_facts(const MailWriter *writer)
{
	MailWord told[MAIL_FACTS_MOST];
	int n = mail_facts_told(writer->facts, told);

	for (int i = 0; i < n; i++)
	{
		if (told[i] == WORD_EVENT || told[i] == WORD_WHEN)
			continue;
		begin_label(writer);
		mail_put_word(writer, told[i]);
		begin_value(writer, told[i] == WORD_BEFORE);
		mail_put_fact(writer, told[i]);
		end_value(writer);
	}
}

static void
put_answers(const MailWriter *writer)
{
	const MailFacts *facts = writer->facts;

	for (int i = 0; facts->is_to_host && i < facts->nanswers; i++)
	{
		if (!mail_is_told(facts->answers[i].value))
			continue;
		begin_label(writer);
		mail_put_typed(writer, facts->answers[i].label, false);
		begin_value(writer, false);
		mail_put_typed(writer, facts->answers[i].value, true);
		end_value(writer);
	}
}

/* --- links ----------------------------------------------------------------------------------------------------------- */

static void
put_button(const MailWriter *writer, MailWord label, const char *url, bool is_first)
{
	mail_put(writer, "<a class=\"button ");
	mail_put(writer, is_first ? "fill" : "plain");
	mail_put(writer, "\" href=\"");
	mail_put_address(writer, url);
	mail_put(
		writer,
		"\" style=\"display:inline-block;margin:0 8px 10px 0;padding:11px 18px;border-radius:7px;"
		"font-weight:600;line-height:20px;text-decoration:none;");
	mail_put(writer, is_first ? "background-color:#0b5cad;border:1px solid #0b5cad;color:#ffffff\">"
							  : "border:1px solid #7d8892;" TEXT "\">");
	mail_put_word(writer, label);
	mail_put(writer, "</a>\n");
}

/* A video call that is ahead has a button of its own, before the others. */
static bool
can_be_joined(const MailFacts *facts)
{
	return facts->kind != MAIL_BOOKING_CANCELED && facts->kind < MAIL_FOLLOW_UP &&
		   !facts->is_to_host && facts->location_type && facts->location_type[0] == 'v' &&
		   mail_is_link(facts->location);
}

static void
put_links(const MailWriter *writer)
{
	const MailFacts *facts = writer->facts;
	MailLink links[MAIL_LINKS_MOST];
	int n = mail_links(facts, links);
	bool has_call = can_be_joined(facts);

	if (n > 0 && links[0].label == WORD_AGAIN)
		put_paragraph(writer, WORD_AGAIN_TEXT, NULL);
	if (n > 0 || has_call)
		mail_put(writer, "<div style=\"padding:6px 0 0\">\n");
	if (has_call)
		put_button(writer, WORD_JOIN, facts->location, true);
	for (int i = 0; i < n; i++)
		put_button(writer, links[i].label, links[i].url,
				   i == 0 && links[i].label != WORD_MOVE && links[i].label != WORD_CANCEL);
	if (n > 0 || has_call)
		mail_put(writer, "</div>\n");
}

/* The login link once more, for whom the button does not work. */
static void
put_address_by_hand(const MailWriter *writer)
{
	if (writer->facts->kind != MAIL_LOGIN_LINK || !mail_is_told(writer->facts->login_url))
		return;
	mail_put(writer, "<p class=\"quiet\" style=\"margin:10px 0 0;" QUIET
					 "font-size:14px;line-height:20px;" LONG_WORDS "\">");
	mail_put_word(writer, WORD_BY_HAND);
	mail_put(writer, "<br>\n<a class=\"accent\" style=\"color:#0b5cad\" href=\"");
	mail_put_address(writer, writer->facts->login_url);
	mail_put(writer, "\">");
	mail_put_address(writer, writer->facts->login_url);
	mail_put(writer, "</a></p>\n");
}

/* --- the page -------------------------------------------------------------------------------------------------------- */

static void
put_head(const MailWriter *writer)
{
	mail_put(writer, "<!doctype html>\n<html lang=\"");
	mail_put(writer, writer->language->code);
	mail_put(writer, "\" dir=\"ltr\">\n<head>\n");
	mail_put(writer, head);
	mail_put(writer, "<title>");
	mail_put_message(writer, mail_words_of_kind(writer)->title);
	mail_put(writer, "</title>\n</head>\n");
}

static void
begin_card(const MailWriter *writer)
{
	Tone tone = tone_of(writer->facts);

	mail_put(
		writer,
		"<body class=\"ground\" style=\"margin:0;padding:0;background-color:#f6f6f4;-webkit-text-size-adjust:100%\">\n");
	put_preheader(writer);
	mail_put(
		writer, TABLE
		" width=\"100%\" class=\"ground\" style=\"background-color:#f6f6f4;" FONT
		"font-size:16px;line-height:24px\">\n"
		"<tr><td class=\"outer\" align=\"center\" style=\"padding:28px 16px\">\n" TABLE
		" width=\"600\" style=\"width:100%;max-width:600px;table-layout:fixed;text-align:left\">\n"
		"<tr><td class=\"quiet\" style=\"padding:0 4px 12px;" QUIET FONT
		"font-size:14px;line-height:20px;font-weight:600\">OpenCalendly</td></tr>\n"
		"<tr><td class=\"");
	mail_put(writer, tone.class_name);
	mail_put(
		writer,
		"\" height=\"4\" style=\"height:4px;font-size:0;line-height:4px;border-radius:10px 10px 0 0;background-color:");
	mail_put(writer, tone.colour);
	mail_put(
		writer,
		"\">&nbsp;</td></tr>\n"
		"<tr><td class=\"inner surface line\" style=\"padding:28px 32px;background-color:#ffffff;"
		"border:1px solid #d9dee2;border-top:0;border-radius:0 0 10px 10px;" FONT TEXT
		"font-size:16px;line-height:24px;" LONG_WORDS "\">\n");
}

static void
end_card(const MailWriter *writer)
{
	MailWord why = mail_reason_to_write(writer->facts);

	mail_put(writer, "</td></tr>\n<tr><td class=\"quiet\" style=\"padding:16px 4px 0;" QUIET FONT
					 "font-size:13px;line-height:19px\">");
	if (why != MAIL_WORDS)
	{
		mail_put_word(writer, why);
		mail_put(writer, "<br>\n");
	}
	mail_put_word(writer, WORD_RUNS_ON);
	mail_put(writer, "</td></tr>\n</table>\n</td></tr>\n</table>\n</body>\n</html>\n");
}

void
mail_html(const MailFacts *facts, OctetSink sink, void *arg)
{
	MailWriter writer = mail_writer(facts, FORM_HTML, sink, arg);
	const MailWordsOfKind *words = mail_words_of_kind(&writer);
	MailWord last = mail_last_words(facts);

	put_head(&writer);
	begin_card(&writer);
	mail_put(&writer, "<h1 class=\"text\" style=\"margin:0 0 14px;" TEXT
					  "font-size:24px;line-height:30px\">");
	mail_put_message(&writer, words->title);
	mail_put(&writer, "</h1>\n");
	put_paragraph(&writer, mail_is_told(facts->reader_name) ? WORD_HELLO : WORD_HELLO_ANYBODY,
				  NULL);
	put_paragraph(&writer, MAIL_WORDS, words->lead);
	if (facts->kind <= MAIL_FOLLOW_UP)
		put_meeting(&writer);
	mail_put(&writer, TABLE " width=\"100%\" style=\"table-layout:fixed\">\n");
	put_facts(&writer);
	put_answers(&writer);
	mail_put(&writer, "</table>\n");
	put_links(&writer);
	put_address_by_hand(&writer);
	if (last != MAIL_WORDS)
	{
		mail_put(&writer, "<p class=\"quiet\" style=\"margin:16px 0 0;" QUIET
						  "font-size:14px;line-height:20px\">");
		mail_put_word(&writer, last);
		mail_put(&writer, "</p>\n");
	}
	end_card(&writer);
}

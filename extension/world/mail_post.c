/*
 * Transports of mails; the words are in mail_post.h.
 */
#include "world/mail_post.h"

#include <sys/stat.h>
#include <unistd.h>

#include "data/keys.h"
#include "data/values.h"
#include "lib/stringinfo.h"
#include "pure/iso.h"
#include "pure/mime.h"
#include "settings.h"
#include "storage/fd.h"
#include "utils/json.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#define RESEND_URL "https://api.resend.com/emails"
#define INVITE_NAME "invite.ics"

/* --- the message --------------------------------------------------------------------------------------------------- */

static void
put_octets(void *arg, const char *octets, size_t n)
{
	appendBinaryStringInfo(arg, octets, (int) n);
}

typedef void (*Writer)(const MailFacts *facts, OctetSink sink, void *arg);

static char *
written_by(Writer write, const MailFacts *facts)
{
	StringInfoData text;

	initStringInfo(&text);
	write(facts, put_octets, &text);
	return text.data;
}

static MailParts
make_parts(const MailFacts *facts)
{
	const char *method = mail_calendar_method(facts);

	return (MailParts) { .subject = written_by(mail_subject, facts),
						 .text = written_by(mail_text, facts),
						 .html = written_by(mail_html, facts),
						 .calendar = method ? written_by(mail_calendar, facts) : NULL,
						 .method = method };
}

static char *
clean_name(const char *name)
{
	StringInfoData text;

	if (!name)
		return NULL;
	initStringInfo(&text);
	mail_name(name, put_octets, &text);
	return text.data;
}

/* The operator's address as it goes over the wire. */
static char *
sender_address(void)
{
	MimeMailbox mailbox;
	char out[MIME_ADDRESS_ROOM];

	if (!mime_read_mailbox(settings_mail_from, &mailbox) ||
		!mime_address(mailbox.address, mailbox.address_length, out))
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("opencalendly.mail_from is no address"));
	return pstrdup(out);
}

/* The key with dots for slashes, at the sender's domain. */
static char *
message_id(const MailDelivery *mail)
{
	const char *at = strrchr(sender_address(), '@');
	char *id = psprintf("%s%s", mail->key, at);
	char *end = id + strlen(mail->key);

	for (char *c = id; c < end; c++)
		if (*c == '/')
			*c = '.';
	return id;
}

/* As it goes over the wire, palloc'ed; NULL: nobody can be written to so. Two spellings of one address become one. */
static const char *
usable_address(const char *address)
{
	char out[MIME_ADDRESS_ROOM];

	return address && mime_address(address, strlen(address), out) ? pstrdup(out) : NULL;
}

static StringInfo
make_message(const MailDelivery *mail, const MailParts *parts)
{
	StringInfo message = makeStringInfo();
	char boundary[MIME_BOUNDARY_LENGTH + 1];

	if (!mime_boundary(mail->key, boundary))
		ereport(ERROR, errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not compute a boundary"));
	mail_message(&(MailEnvelope) { .from = settings_mail_from,
								   .to_name = clean_name(mail->facts.reader_name),
								   .to = mail->to,
								   .reply_to_name = clean_name(mail->reply_to_name),
								   .reply_to = usable_address(mail->reply_to),
								   .message_id = message_id(mail),
								   .boundary = boundary,
								   .date = mail->sends_at },
				 parts, put_octets, message);
	return message;
}

/* --- a folder ------------------------------------------------------------------------------------------------------ */

/* When it was meant to be sent and its id: again and again the same file. */
static char *
file_name(const MailDelivery *mail)
{
	char time[ISO_MAX_LENGTH + 1];

	*iso_write_basic(time, mail->sends_at) = '\0';
	return psprintf("%s-%s.eml", time, id_text(&mail->base.id));
}

static void
write_file(const char *path, const StringInfo message)
{
	char *hidden = psprintf("%s.tmp", path);
	int fd =
		OpenTransientFilePerm(hidden, O_CREAT | O_TRUNC | O_WRONLY | PG_BINARY, S_IRUSR | S_IWUSR);
	bool done = false;

	if (fd >= 0)
	{
		done = write(fd, message->data, message->len) == message->len && pg_fsync(fd) == 0;
		done = CloseTransientFile(fd) == 0 && done && rename(hidden, path) == 0;
	}
	if (!done)
		ereport(ERROR, errcode_for_file_access(),
				errmsg("the mail folder cannot be written to: %m"));
}

/* A line of the folder's list, mails.txt: reader, subject, file. What is lost of it is no mail. */
static void
add_to_list(const MailDelivery *mail, const MailParts *parts)
{
	char *line = psprintf("%s: %s (%s)\n", mail->to, parts->subject, file_name(mail));
	int fd = OpenTransientFilePerm(psprintf("%s/mails.txt", settings_mail_folder),
								   O_CREAT | O_APPEND | O_WRONLY | PG_BINARY, S_IRUSR | S_IWUSR);

	if (fd < 0)
		return;
	if (write(fd, line, strlen(line)) < 0)
		ereport(DEBUG1, errmsg("mails.txt could not be written to: %m"));
	CloseTransientFile(fd);
}

static void
post_to_folder(MailDelivery *mail, const MailParts *parts, Outcome *outcome)
{
	if (!settings_mail_folder || !*settings_mail_folder)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("opencalendly.mail_folder is not set"));
	write_file(psprintf("%s/%s", settings_mail_folder, file_name(mail)), make_message(mail, parts));
	add_to_list(mail, parts);
	*outcome = outcome_begin(&mail->base, "done");
	outcome->verdict = VERDICT_SUCCEEDED;
}

/* --- a mail server --------------------------------------------------------------------------------------------------- */

static bool
post_by_smtp(const TransportApi *api, Transport *transport, MailDelivery *mail,
			 const MailParts *parts)
{
	StringInfo message = make_message(mail, parts);
	bool logs_in = settings_smtp_user && *settings_smtp_user;
	char *password = logs_in ? keys_read_secret("smtp_password") : NULL;
	bool has_begun =
		api->begin(transport, &(TransportRequest) { .kind = REQUEST_MAIL,
													.url = settings_smtp_url,
													.body = message->data,
													.body_length = message->len,
													.tag = mail,
													.mail_from = sender_address(),
													.mail_to = mail->to,
													.username = logs_in ? settings_smtp_user : NULL,
													.password = password,
													.requires_tls = settings_smtp_requires_tls,
													.keeps_answer = true });

	if (password)
		crypto_forget(password, strlen(password));
	return has_begun;
}

/* --- Resend ---------------------------------------------------------------------------------------------------------- */

static void
put_member(StringInfo json, const char *name, const char *value)
{
	appendStringInfo(json, "%s\"%s\":", json->len > 1 ? "," : "", name);
	escape_json(json, value);
}

/* "Name <address>" of RFC 5322, as headers have it. */
static char *
mailbox_text(const char *name, const char *address)
{
	StringInfoData header;
	MimeMailbox mailbox = { .name = name,
							.name_length = name ? strlen(name) : 0,
							.address = address,
							.address_length = strlen(address) };
	char *text;

	initStringInfo(&header);
	mime_mailbox_header("To", &mailbox, put_octets, &header);
	if (header.len < 6)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("the address cannot be written to"));
	header.data[header.len - 2] = '\0';
	text = header.data + 4;
	for (char *c = text; *c; c++)
		if (*c == '\r' || *c == '\n')
			*c = ' ';
	return text;
}

static char *
base64_text(const char *octets)
{
	size_t n = strlen(octets);
	char *out = palloc(BASE64_LENGTH(n) + 1);

	base64_encode((const uint8_t *) octets, n, out);
	return out;
}

static char *
resend_body(const MailDelivery *mail, const MailParts *parts)
{
	StringInfoData json;
	const char *reply_to = usable_address(mail->reply_to);

	initStringInfo(&json);
	appendStringInfoChar(&json, '{');
	put_member(&json, "from", settings_mail_from);
	put_member(&json, "to", mailbox_text(clean_name(mail->facts.reader_name), mail->to));
	put_member(&json, "subject", parts->subject);
	put_member(&json, "html", parts->html);
	put_member(&json, "text", parts->text);
	if (reply_to)
		put_member(&json, "reply_to", mailbox_text(clean_name(mail->reply_to_name), reply_to));
	appendStringInfo(&json,
					 ",\"headers\":{\"Message-ID\":\"<%s>\",\"Auto-Submitted\":\"auto-generated\"}",
					 message_id(mail));
	if (parts->calendar)
		appendStringInfo(&json,
						 ",\"attachments\":[{\"filename\":\"" INVITE_NAME "\",\"content\":\"%s\","
						 "\"content_type\":\"text/calendar; charset=utf-8; method=%s\"}]",
						 base64_text(parts->calendar), parts->method);
	appendStringInfoChar(&json, '}');
	return json.data;
}

static bool
post_to_resend(const TransportApi *api, Transport *transport, MailDelivery *mail,
			   const MailParts *parts)
{
	char *key = keys_read_secret("resend_key");
	char *authorization = psprintf("Authorization: Bearer %s", key);
	char *body = resend_body(mail, parts);
	const char *headers[] = { "Content-Type: application/json", authorization,
							  psprintf("Idempotency-Key: %s", mail->key), NULL };
	bool has_begun = api->begin(transport, &(TransportRequest) { .kind = REQUEST_OPERATOR,
																 .url = RESEND_URL,
																 .headers = headers,
																 .body = body,
																 .body_length = strlen(body),
																 .tag = mail,
																 .keeps_answer = true });

	crypto_forget(key, strlen(key));
	crypto_forget(authorization, strlen(authorization));
	return has_begun;
}

static void
fail(Outcome *outcome)
{
	outcome->verdict = VERDICT_FAILED;
	outcome->delay_us = 0;
}

/* --- all of them ----------------------------------------------------------------------------------------------------- */

static bool
post(const TransportApi *api, Transport *transport, MailDelivery *mail, Outcome *outcome)
{
	MailParts parts;
	const char *address;
	bool has_begun = false;

	mail->transport = settings_mail_transport;
	if (settings_mail_transport == MAIL_BY_NONE)
	{
		outcome_fail_to_send(&mail->base, "opencalendly.mail_transport is none", outcome);
		return false;
	}
	address = usable_address(mail->to);
	if (!address)
	{
		outcome_fail_to_send(&mail->base, "the address cannot be written to", outcome);
		fail(outcome);
		return false;
	}
	mail->to = address;
	mail_facts_add_links(mail);
	parts = make_parts(&mail->facts);
	if (settings_mail_transport == MAIL_BY_FOLDER)
	{
		post_to_folder(mail, &parts, outcome);
		return false;
	}
	has_begun = settings_mail_transport == MAIL_BY_SMTP
					? post_by_smtp(api, transport, mail, &parts)
					: post_to_resend(api, transport, mail, &parts);
	if (!has_begun)
		outcome_fail_to_send(&mail->base, "out of memory", outcome);
	return has_begun;
}

/* Nothing but memory and files of this transaction are held where something is raised, so no subtransaction is needed. */
bool
mail_post(const TransportApi *api, Transport *transport, MailDelivery *mail, Outcome *outcome)
{
	MemoryContext callers = MemoryContextSwitchTo(mail->context);
	volatile bool is_under_way = false;

	PG_TRY();
	{
		is_under_way = post(api, transport, mail, outcome);
	}
	PG_CATCH();
	{
		ErrorData *problem;

		MemoryContextSwitchTo(mail->context);
		problem = CopyErrorData();
		FlushErrorState();
		outcome_fail_to_send(&mail->base, problem->message, outcome);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(callers);
	return is_under_way;
}

/* --- answers --------------------------------------------------------------------------------------------------------- */

/* The printable part of what the server has said, for the operator. */
static void
add_answer(const TransferResult *result, Outcome *outcome)
{
	size_t len = strlen(outcome->error);
	const char *answer = result->answer ? result->answer : "";

	if (result->answer_length == 0 || len + 3 >= sizeof(outcome->error))
		return;
	outcome->error[len++] = ':';
	outcome->error[len++] = ' ';
	for (size_t i = 0; i < result->answer_length && len < sizeof(outcome->error) - 1; i++)
		outcome->error[len++] = answer[i] >= ' ' && answer[i] <= '~' ? answer[i] : ' ';
	while (outcome->error[len - 1] == ' ')
		len--;
	outcome->error[len] = '\0';
}

static bool
says(const TransferResult *result, const char *word)
{
	return result->answer &&
		   memmem(result->answer, result->answer_length, word, strlen(word)) != NULL;
}

/* 421: the server goes; 4xx: not now; 5xx: never. */
static bool
judge_smtp(const MailDelivery *mail, const TransferResult *result, Outcome *outcome)
{
	if (result->status >= 200 && result->status <= 299)
	{
		outcome->verdict = VERDICT_SUCCEEDED;
		return false;
	}
	snprintf(outcome->error, sizeof(outcome->error), "answered %d", result->status);
	add_answer(result, outcome);
	outcome_retry(&mail->base, -1, outcome);
	if (result->status >= 500)
		fail(outcome);
	return result->status == 421;
}

/*
 * Under a key that it has seen Resend answers 409 to another body: the mail was sent before the words changed. A key that
 * is wrong (401, 403) is the operator's trouble and not the mail's, and so is a server's (5xx).
 */
static bool
judge_resend(const MailDelivery *mail, const TransferResult *result, Outcome *outcome)
{
	int status = result->status;
	bool is_trouble = status == 401 || status == 403 || status == 429 || status >= 500;

	if ((status >= 200 && status <= 299) ||
		(status == 409 && says(result, "invalid_idempotent_request")))
	{
		outcome->verdict = VERDICT_SUCCEEDED;
		return false;
	}
	snprintf(outcome->error, sizeof(outcome->error), "answered %d", status);
	add_answer(result, outcome);
	outcome_retry(&mail->base, result->retry_after_s, outcome);
	if (says(result, "quota_exceeded") || (!is_trouble && status != 408 && status != 409))
		fail(outcome);
	return is_trouble;
}

bool
mail_judge_answer(const MailDelivery *mail, const TransferResult *result, Outcome *outcome)
{
	*outcome = outcome_of_transfer(&mail->base, result);
	if (result->phase == TRANSFER_DONE)
		return mail->transport == MAIL_BY_RESEND ? judge_resend(mail, result, outcome)
												 : judge_smtp(mail, result, outcome);
	if (result->status > 0)
		add_answer(result, outcome);
	outcome_retry(&mail->base, result->retry_after_s, outcome);
	return result->phase != TRANSFER_PREPARE && result->phase != TRANSFER_RESPONSE;
}

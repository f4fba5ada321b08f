/*
 * Tokens of accounts at Google: what a consent's code is exchanged for, and new access tokens.
 *
 * The client's id is a setting, its secret in the file google_client_secret beside the secret key file.
 */
#ifndef OPENCALENDLY_CALENDAR_TOKEN_H
#define OPENCALENDLY_CALENDAR_TOKEN_H

#include "world/calendar_task.h"

#define TOKEN_URL "https://oauth2.googleapis.com/token"
#define REVOKE_URL "https://oauth2.googleapis.com/revoke"

/* What the token endpoint has answered (RFC 6749, 5.1); palloc'ed, to be forgotten. NULL: it is not there. */
typedef struct TokenAnswer
{
	char *access_token;
	char *refresh_token;
	char *id_token;
	char *scope;
	int expires_in; /* seconds */
} TokenAnswer;

/* False: it is no such answer. */
extern bool token_read(const TransferResult *result, TokenAnswer *answer);
extern void token_forget(TokenAnswer *answer);

/* An empty form, with room for what it will hold, so that no part of a secret is left behind where it grows. */
extern void token_form_make(StringInfo form);
extern void token_form_add(StringInfo form, const char *name, const char *value);

/* Who we are; raises OC011 if that is not set. */
extern void token_form_add_client(StringInfo form);

/* For task_begin and task_take: gets the task a new access token for its refresh token. */
extern bool token_begin_renewal(CalendarTask *task);
extern void token_take_renewal(CalendarTask *task, const TransferResult *result,
							   GoogleVerdict verdict, const char *error);

/* A token as an argument, palloc'ed; NULL stays. It is to be forgotten. */
extern text *token_text(const char *token);
extern void token_forget_text(text *token);

/* Writes the new tokens into the task's connection. False: it is somebody else's by now. */
extern bool token_write(CalendarTask *task);

/*
 * A sealed token of the task's connection, palloc'ed; whoever is done with it forgets it. Raises what keys_unseal does; the
 * other one returns NULL instead.
 */
extern char *token_unseal(const CalendarTask *task, const bytea *sealed);
extern char *token_try_unseal(const CalendarTask *task, const bytea *sealed);

#endif

/*
 * What a mail is about, read from the tables when it is leased, so that it tells what is true then; and whether it is still
 * to be sent at all.
 */
#ifndef OPENCALENDLY_MAIL_FACTS_H
#define OPENCALENDLY_MAIL_FACTS_H

#include "pure/mail.h"
#include "world/queue.h"

/* A leased mail; everything that it points to is in its context, and goes with it. */
typedef struct MailDelivery
{
	Delivery base;
	MemoryContext context;
	char *key; /* of the row: kind, subject, sequence and reader */
	int64 sends_at;
	const char *why_not; /* it makes no sense any more; NULL: it is to be sent */
	const char *problem; /* its rows could not be read; NULL: they could */
	const char *to;
	int transport; /* the MailTransport that it was sent by */
	const char *reply_to_name;
	const char *reply_to; /* NULL: nobody */
	MailFacts facts;      /* but for the links */
	pg_uuid_t link_id;    /* a booking's or a login link's */
	int32 link_key_id;    /* 0: the mail has no links that are derived */
	char *page;           /* where to book again: a path */
} MailDelivery;

/* Reads the mails of n ids, in the order in which they are to be sent; returns how many there are. They live in context. */
extern int mail_facts_load(Datum ids, MemoryContext context, Delivery **deliveries);

/* Fills in the links; raises OC011 without a key or a base URL. Allocates in the current context. */
extern void mail_facts_add_links(MailDelivery *mail);

#endif

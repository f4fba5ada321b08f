/*
 * How a mail leaves: as a message to the operator's mail server, as a request to Resend, or as a file in a folder.
 *
 * Every attempt sends the same octets, under the same Message-ID and the same key to Resend, which drops what it has seen.
 */
#ifndef OPENCALENDLY_MAIL_POST_H
#define OPENCALENDLY_MAIL_POST_H

#include "world/mail_facts.h"

/*
 * Sends it by the transport of the settings. True: it is under way. False: it is over already, and what came of it is in
 * outcome (a file was written, or nothing could be sent). Raises nothing but out of memory.
 */
extern bool mail_post(const TransportApi *api, Transport *transport, MailDelivery *mail,
					  Outcome *outcome);

/* What an answer means: of the mail, and whether it is trouble of the lane's (mail.h). */
extern bool mail_judge_answer(const MailDelivery *mail, const TransferResult *result,
							  Outcome *outcome);

#endif

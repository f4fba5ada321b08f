/* What a reader of mails (npm mailparser) makes of a message. */
import { createRequire } from 'node:module';

const require = createRequire(`${process.env.OPENCALENDLY_TOOLS}/node_modules/`);
const { simpleParser } = require('mailparser');
const people = (list) => list?.value.map(({ name, address }) => ({ name, address })) ?? [];

export async function parse(raw) {
  const mail = await simpleParser(raw, { skipImageLinks: true });

  return {
    id: mail.messageId, subject: mail.subject, from: people(mail.from), to: people(mail.to), reply_to: people(mail.replyTo),
    text: mail.text, html: mail.html, date: mail.date,
    attachments: mail.attachments.map(({ contentType, filename, content }) =>
      ({ contentType, filename, text: content.toString() })),
  };
}

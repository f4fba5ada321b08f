/* [{ code, name, isCurrent }] of all languages that there are messages in, as the page has it. */
export const LANGUAGES = JSON.parse(document.getElementById('languages').textContent);

/* Of them those that mails can be written in. */
export const MAIL_LANGUAGES = LANGUAGES.filter(({ code }) => ['en', 'de'].includes(code));

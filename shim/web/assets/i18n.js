/*
 * Words and formats: messages/LANG.json of the page's language, dates and numbers by the visitor's own locale of that language.
 *
 *   t('booking.heldFor', { time: '4:12' })      a message, its {names} filled in
 *   t('console.bookings', { count: 3 })         an object of plural forms {"one": …, "other": …} goes by count
 */

export const language = document.documentElement.lang || 'en';

/* "de-AT" on a German page; "de" if the visitor's own languages are others. */
export const locale = navigator.languages?.find((tag) => tag.split('-')[0] === language) ?? language;

/* 12 or 24 hours as the visitor's first locale has them, whatever the page's language. */
export const hourCycle = new Intl.DateTimeFormat(navigator.language, { hour: 'numeric' }).resolvedOptions().hourCycle ?? 'h23';

/* A page that needs few has them in itself. */
const own = document.getElementById('messages');
const messages = own ? JSON.parse(own.textContent)
  : await (await fetch(new URL(`./messages/${language}.json`, import.meta.url))).json();
const plurals = new Intl.PluralRules(language);

function find(key) {
  return key.split('.').reduce((part, name) => part?.[name], messages);
}

export function has(key) {
  return find(key) !== undefined;
}

export function t(key, values = {}) {
  let text = find(key);

  if (text !== null && typeof text === 'object') text = text[plurals.select(values.count)] ?? text.other;
  if (text === undefined) {
    console.error(`no message ${key}`);
    return key;
  }
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? formatValue(values[name]) : whole));
}

const numbers = new Intl.NumberFormat(locale);

/* Letters that run from right to left, and marks that turn what is around them. */
const TURNS = /[\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufefc]/;

/* A text that runs the other way is kept apart from the sentence around it. */
function formatValue(value) {
  if (typeof value === 'number') return numbers.format(value);
  return TURNS.test(value) ? `\u2068${value}\u2069` : String(value);
}

/* The visitor's sentence for an error of api.js: by its code and what was being done, else what the server said. */
export function errorText(error, keys = []) {
  for (const key of [...keys, 'errors'].flatMap((key) => [`${key}.${error.code}`, `${key}.status${error.status}`]))
    if (has(key)) return t(key, { retry: error.retryAfter ?? 60, message: error.message });
  return error.message;
}

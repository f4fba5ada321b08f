/* Short names in addresses (usernames, links of event types and teams): what one may be, and one made of a name. */
import { language } from '../i18n.js';

/* Letters that are no other letter with a mark. */
const LETTERS = { ß: 'ss', ł: 'l', ø: 'o', đ: 'd', æ: 'ae', œ: 'oe', ı: 'i' };
const GERMAN = { ä: 'ae', ö: 'oe', ü: 'ue' };
const isGerman = [language, ...navigator.languages].some((tag) => /^de\b/i.test(tag));

export const isSlug = (text) => /^[a-z0-9]+(-[a-z0-9]+)*$/.test(text ?? '') && text.length >= 2 && text.length <= 80;

/* "Café & Gespräch" -> "cafe-gespraech" for who reads German, "cafe-gesprach" for others. */
export function slugOf(name, most = 80) {
  const spelled = name.normalize('NFC').toLowerCase()
    .replace(/[äöüßłøđæœı]/g, (letter) => (isGerman && GERMAN[letter]) || LETTERS[letter] || letter);

  return spelled.normalize('NFKD').replace(/\p{M}/gu, '').replace(/[^a-z0-9]+/g, '-').replace(/^-+/, '').slice(0, most)
    .replace(/-+$/, '');
}

/* The name with a number behind that makes it none of those taken. */
export function untaken(name, taken) {
  let found = name;

  for (let n = 2; taken.includes(found); n++) found = `${name}-${n}`;
  return found;
}

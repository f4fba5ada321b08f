/*
 * An event type while it is edited: all values as the texts that stand in the form, and back to what the API takes. Lengths
 * are a number and a unit that hold the exact minutes; empty means "not set" wherever the API knows null.
 */
import { t } from '../i18n.js';
import { numberOf, rangeError } from './setup-fields.js';
import { isSlug } from './slug.js';

/* Minutes of the units of a length, the largest first. */
export const UNITS = { days: 1440, hours: 60, minutes: 1 };

const RANGES = {
  durationMinutes: [5, 240], slotIntervalMinutes: [5, 240], bufferBeforeMinutes: [0, 180], bufferAfterMinutes: [0, 180],
  maxDaysAhead: [1, 366], dailyBookingLimit: [1, 1000], weeklyBookingLimit: [1, 1000], monthlyBookingLimit: [1, 1000],
  seats: [1, 1000],
};
const NEEDED = new Set(['durationMinutes', 'slotIntervalMinutes', 'seats']);
const NOTICE = [0, 43_200];
const TEXTS = ['description', 'locationValue', 'cancellationPolicy', 'bookableFrom', 'bookableUntil', 'scheduleId'];

export const PROPOSED = {
  name: '', slug: '', description: null, durationMinutes: 30, locationType: 'video', locationValue: null, questions: [],
  slotIntervalMinutes: 15, bufferBeforeMinutes: null, bufferAfterMinutes: null, minNoticeMinutes: 240, maxDaysAhead: 60,
  bookableFrom: null, bookableUntil: null, dailyBookingLimit: null, weeklyBookingLimit: null, monthlyBookingLimit: null,
  seats: 1, scheduleId: null, isActive: true, isHidden: false, cancellationPolicy: null, conference: null,
};

/* Where it takes place, as one choice: its location type, or who makes the link of a video call. */
export const placeOf = ({ locationType, conference }) => conference ?? locationType;

export const ofPlace = (place) => (place === 'google_meet' ? { locationType: 'video', conference: place }
  : { locationType: place, conference: null });

/* Minutes in the largest unit that has a whole number of them: { value, unit }. */
export function lengthOf(minutes) {
  const unit = minutes === 0 ? 'hours' : Object.keys(UNITS).find((name) => minutes % UNITS[name] === 0);

  return { value: String(minutes / UNITS[unit]), unit };
}

export function draftOf(eventType) {
  const draft = { ...eventType, notice: lengthOf(eventType.minNoticeMinutes) };

  for (const name of Object.keys(RANGES)) draft[name] = String(eventType[name] ?? '');
  for (const name of TEXTS) draft[name] = eventType[name] ?? '';
  draft.questions = eventType.questions.map((question, i) => ({ ...question, key: `old-${i}`, idTyped: true }));
  return draft;
}

/* What the API takes of a draft. Numbers that are none are NaN: see errorsOf. */
export function bodyOf(draft) {
  const body = {
    name: draft.name.trim(), slug: draft.slug.trim(), locationType: draft.locationType, conference: draft.conference ?? null,
    isActive: draft.isActive, isHidden: draft.isHidden, minNoticeMinutes: minutesOf(draft.notice),
    questions: draft.questions.map(questionOf),
  };

  for (const name of Object.keys(RANGES)) body[name] = numberOf(draft[name]);
  for (const name of TEXTS) body[name] = draft[name].trim() || null;
  return body;
}

/* Rounded where binary fractions would miss a whole minute: 0.1 h is 6 min. */
export function minutesOf({ value, unit }) {
  const minutes = (numberOf(value) ?? 0) * UNITS[unit];

  return Math.abs(minutes - Math.round(minutes)) < 1e-6 ? Math.round(minutes) : minutes;
}

const questionOf = ({ id, label, required, placeholder }) => ({
  id, label: label.trim(), required: Boolean(required), placeholder: placeholder?.trim() || null,
});

/* A body or a part of it as a text, to compare; unlike JSON's, it tells a number that is none from one that is not set. */
export const textOf = (value) => JSON.stringify(value, (_, part) => (Number.isNaN(part) ? 'NaN' : part));

/* What of the body is other than in an event type that is there. */
export function changesOf(body, base) {
  const old = (name) => (name === 'questions' ? base.questions.map(questionOf) : base[name] ?? null);
  const same = (name) => textOf(old(name)) === textOf(body[name]);

  return Object.fromEntries(Object.entries(body).filter(([name]) => !same(name)));
}

/* { field: text } of what cannot be sent as it is; what stands as it was is not looked at. */
export function errorsOf(draft, changes) {
  const errors = {};
  const tell = (name, text) => {
    if (text && name in changes) errors[name] = text;
  };

  tell('name', changes.name === '' ? t('common.fillIn') : null);
  tell('slug', isSlug(changes.slug) ? null : t('eventTypes.errors.slug'));
  for (const [name, range] of Object.entries(RANGES)) tell(name, rangeError(changes[name], range, NEEDED.has(name)));
  tell('minNoticeMinutes', rangeError(changes.minNoticeMinutes, NOTICE) && t('eventTypes.errors.notice'));
  if (draft.bookableFrom && draft.bookableUntil && draft.bookableUntil < draft.bookableFrom)
    errors.bookableUntil = t('eventTypes.errors.until');
  return { ...errors, ...('questions' in changes ? questionErrors(draft.questions) : {}) };
}

function questionErrors(questions) {
  const errors = {};

  questions.forEach(({ key, id, label }, i) => {
    if (label.trim() === '') errors[`${key}-label`] = t('common.fillIn');
    if (!/^[A-Za-z0-9_-]{1,64}$/.test(id)) errors[`${key}-id`] = t('eventTypes.errors.questionId');
    else if (questions.findIndex((other) => other.id === id) < i) errors[`${key}-id`] = t('eventTypes.errors.questionTwice');
  });
  return errors;
}

/*
 * The fields of the event type form, in groups: the basics, and those that stay folded until they are wanted, each with a
 * line that tells what is set. form is the <oc-event-type-form>: its draft, its errors, its change(), its rules.
 */
import { h } from '../view.js';
import { errorText, language, t } from '../i18n.js';
import { formatDate, formatDuration, formatMinute } from '../time.js';
import { areaField, check, field, fieldProps, numberField, numberOf, select, selectField, textField } from './setup-fields.js';
import { UNITS, bodyOf, ofPlace, placeOf } from './event-type-draft.js';
import { mailIsOff } from './session.js';
import './meet-hint.js';
import './questions-editor.js';
import './reminders-editor.js';

const LENGTHS = [15, 30, 45, 60];
const PLACES = ['video', 'google_meet', 'phone', 'in_person', 'custom'];

/* What textField and its like need for a field of the draft that goes by the API's name. */
const of = (form, name, more = {}) => ({
  id: name, label: more.label ?? t(`eventTypes.fields.${name}`), value: form.draft[name], error: form.errors[name],
  oninput: (text) => form.change({ [name]: text }), ...more,
});
const hinted = (form, name, more) => of(form, name, { hint: t(`eventTypes.hints.${name}`), ...more });
const minutes = (form, name, more) => numberField(of(form, name, { suffix: t('setup.min'), maxlength: 4, ...more }));

export const basics = (form) => [
  h('h2', { class: 'unseen' }, t('eventTypes.basics')),
  textField(of(form, 'name', {
    maxlength: 120, required: true, placeholder: t('eventTypes.namePlaceholder'), autocomplete: 'off',
  })),
  slugField(form),
  durationField(form),
  h('div', { class: 'columns' },
    selectField(of(form, 'locationType', {
      value: placeOf(form.draft), error: form.errors.locationType ?? form.errors.conference,
      oninput: (place) => form.change(ofPlace(place)),
    }), PLACES.map((place) => [place, t(`place.${place}`)])),
    textField(of(form, 'locationValue', {
      maxlength: 500, optional: true, label: t(`eventTypes.place.${placeOf(form.draft)}`),
      hint: t(`eventTypes.placeHint.${placeOf(form.draft)}`),
    }))),
  form.draft.conference && h('oc-meet-hint', { key: 'meet', isOfTeam: form.team !== undefined }),
  areaField(hinted(form, 'description', { maxlength: 2000, optional: true, rows: 3 })),
];

function slugField(form) {
  const isOther = form.base && form.draft.slug !== form.base.slug;
  const spec = of(form, 'slug', { hint: isOther ? t('eventTypes.hints.slugChanged') : null });

  return field(spec, h('span', { class: 'prefixed' },
    h('span', { class: 'quiet prefix', 'aria-hidden': 'true' }, `${location.host}/${form.username.name}/`),
    h('input', {
      value: spec.value, maxlength: 80, autocomplete: 'off', spellcheck: 'false', autocapitalize: 'none', required: true,
      ...fieldProps(spec),
      oninput: (event) => form.change({ slug: event.target.value, slugTyped: event.target.value !== '' }),
    })));
}

function durationField(form) {
  const spec = of(form, 'durationMinutes', { maxlength: 4 });

  return field(spec, h('div', { class: 'row' },
    h('span', { class: 'with-unit' },
      h('input', {
        class: 'count numbers', inputmode: 'numeric', autocomplete: 'off', maxlength: 4, required: true, value: spec.value,
        ...fieldProps(spec),
        oninput: (event) => spec.oninput(event.target.value),
      }),
      h('span', { class: 'quiet' }, t('setup.min'))),
    h('span', { class: 'row tight-row' }, LENGTHS.map((length) => h('button', {
      type: 'button', class: 'small chip', 'aria-pressed': String(spec.value === String(length)),
      onclick: () => spec.oninput(String(length)),
    }, formatDuration(length))))));
}

/* --- the folded groups --------------------------------------------------------------------------------------------- */

export const groups = (form) => {
  const body = bodyOf(form.draft);

  return [
    { id: 'group-questions', title: t('eventTypes.groups.questions'), told: toldQuestions(body), content: questions(form) },
    { id: 'group-when', title: t('eventTypes.groups.when'), told: toldWhen(form, body), content: when(form) },
    { id: 'group-buffers', title: t('eventTypes.groups.buffers'), told: toldBuffers(body), content: buffers(form) },
    { id: 'group-caps', title: t('eventTypes.groups.caps'), told: toldCaps(body), content: caps(form) },
    { id: 'group-reminders', title: t('eventTypes.groups.reminders'), told: toldReminders(form), content: reminders(form) },
    { id: 'group-shown', title: t('eventTypes.groups.shown'), told: toldShown(body), content: shown(form) },
  ];
};

/* "4 h", "2 days", "1 h 30 min" */
export function lengthText(total) {
  if (total && total % UNITS.days === 0) return t('setup.days', { count: total / UNITS.days });
  return formatDuration(total);
}

const list = (...parts) => new Intl.ListFormat(language, { type: 'unit', style: 'short' }).format(parts.filter(Boolean));
const isNumber = Number.isFinite;

const toldQuestions = ({ questions: all }) =>
  (all.length ? t('eventTypes.told.questions', { count: all.length }) : t('eventTypes.told.noQuestions'));

const questions = (form) => [
  h('p', { class: 'quiet small' }, t('eventTypes.questions.intro')),
  h('oc-questions', {
    questions: form.draft.questions, errors: form.errors, id: 'questions', tabindex: '-1',
    'aria-invalid': form.errors.questions ? 'true' : null,
    onquestions: (event) => form.change({ questions: event.detail }),
  }),
  form.errors.questions && h('p', { class: 'error' }, form.errors.questions),
];

function toldWhen(form, body) {
  const schedule = form.schedules.find(({ id }) => id === body.scheduleId);
  const short = { day: 'numeric', month: 'short', year: 'numeric' };

  return list(
    isNumber(body.minNoticeMinutes) && body.minNoticeMinutes > 0
      && t('eventTypes.told.notice', { length: lengthText(body.minNoticeMinutes) }),
    isNumber(body.maxDaysAhead) ? t('eventTypes.told.ahead', { count: body.maxDaysAhead }) : t('eventTypes.told.forEver'),
    body.bookableFrom && t('eventTypes.told.from', { date: formatDate(body.bookableFrom, short) }),
    body.bookableUntil && t('eventTypes.told.until', { date: formatDate(body.bookableUntil, short) }),
    schedule && t('eventTypes.told.schedule', { name: schedule.name }));
}

const when = (form) => [
  selectField(hinted(form, 'scheduleId'), scheduleChoices(form)),
  noticeField(form),
  numberField(hinted(form, 'maxDaysAhead', { suffix: t('setup.daysUnit'), maxlength: 3, placeholder: t('setup.noLimit') })),
  h('fieldset', { class: 'stack tight' },
    h('legend', null, t('eventTypes.fields.dates')),
    h('p', { class: 'hint quiet small' }, t('eventTypes.hints.dates')),
    h('div', { class: 'columns' },
      textField(of(form, 'bookableFrom', { type: 'date' })),
      textField(of(form, 'bookableUntil', { type: 'date', min: form.draft.bookableFrom || null })))),
  minutes(form, 'slotIntervalMinutes', { hint: intervalHint(form) }),
];

function scheduleChoices({ schedules, draft }) {
  const usual = schedules.find((schedule) => schedule.isDefault);
  const named = schedules.filter((schedule) => !schedule.isDefault || schedule.id === draft.scheduleId);

  return [
    ['', t('eventTypes.usualSchedule', { name: usual?.name ?? '' })],
    ...named.map((schedule) => [schedule.id, t('eventTypes.namedSchedule', { name: schedule.name, zone: schedule.timezone })]),
  ];
}

function noticeField(form) {
  const { notice } = form.draft;
  const spec = {
    id: 'minNoticeMinutes', label: t('eventTypes.fields.minNoticeMinutes'), hint: t('eventTypes.hints.minNoticeMinutes'),
    error: form.errors.minNoticeMinutes,
  };

  return field(spec, h('span', { class: 'with-unit' },
    h('input', {
      class: 'count numbers', inputmode: 'decimal', autocomplete: 'off', maxlength: 8, value: notice.value, ...fieldProps(spec),
      oninput: (event) => form.change({ notice: { ...notice, value: event.target.value } }),
    }),
    select({
      id: 'minNoticeMinutes-unit', 'aria-label': t('eventTypes.noticeUnit'), class: 'short', value: notice.unit,
      oninput: (unit) => form.change({ notice: { ...notice, unit } }),
    }, Object.keys(UNITS).reverse().map((unit) => [unit, t(`setup.units.${unit}`)]))));
}

/* Tells what the interval means, by an example that follows it. */
function intervalHint({ draft }) {
  const step = numberOf(draft.slotIntervalMinutes);
  const start = (n) => formatMinute(9 * 60 + n * step);

  if (!Number.isInteger(step) || step < 5 || step > 240) return t('eventTypes.hints.slotIntervalMinutes');
  return t('eventTypes.hints.slotIntervalExample', { first: start(0), second: start(1), third: start(2) });
}

const toldBuffers = ({ bufferBeforeMinutes: before, bufferAfterMinutes: after }) => list(
  before !== null && t('eventTypes.told.before', { length: formatDuration(before || 0) }),
  after !== null && t('eventTypes.told.after', { length: formatDuration(after || 0) })) || t('eventTypes.told.usualBuffers');

const buffers = (form) => [
  h('p', { class: 'quiet small' }, t('eventTypes.hints.buffers')),
  h('div', { class: 'columns' },
    minutes(form, 'bufferBeforeMinutes', { placeholder: t('setup.asInHours') }),
    minutes(form, 'bufferAfterMinutes', { placeholder: t('setup.asInHours') })),
];

const toldCaps = (body) => list(
  body.seats > 1 && t('eventTypes.told.seats', { count: body.seats }),
  body.dailyBookingLimit > 0 && t('eventTypes.told.daily', { count: body.dailyBookingLimit }),
  body.weeklyBookingLimit > 0 && t('eventTypes.told.weekly', { count: body.weeklyBookingLimit }),
  body.monthlyBookingLimit > 0 && t('eventTypes.told.monthly', { count: body.monthlyBookingLimit }))
  || t('eventTypes.told.noCaps');

const cap = (form, name) => numberField(of(form, name, { maxlength: 4, placeholder: t('setup.noLimit') }));

const caps = (form) => [
  numberField(hinted(form, 'seats', { maxlength: 4 })),
  h('fieldset', { class: 'stack tight' },
    h('legend', null, t('eventTypes.fields.caps')),
    h('p', { class: 'hint quiet small' }, t('eventTypes.hints.caps')),
    h('div', { class: 'columns three' },
      cap(form, 'dailyBookingLimit'), cap(form, 'weeklyBookingLimit'), cap(form, 'monthlyBookingLimit'))),
];

/* Only those that are on count. */
function toldReminders({ rules: { list: all, error } }) {
  const on = (type) => all.filter((rule) => rule.isEnabled && rule.type === type).length;

  if (!all) return t(error ? 'reminders.notLoaded' : 'common.loading');
  return list(on('reminder') && t('eventTypes.told.reminders', { count: on('reminder') }),
    on('follow_up') && t('eventTypes.told.followUps', { count: on('follow_up') })) || t('eventTypes.told.noReminders');
}

const reminders = (form) => [
  h('p', { class: 'quiet small' }, t('reminders.intro')),
  mailIsOff() && h('p', { key: 'off', class: 'note warn' }, t('reminders.noMail')),
  rulesOf(form),
  form.errors.rules && h('p', { key: 'wrong', class: 'error' }, form.errors.rules),
];

function rulesOf(form) {
  const { rules, errors } = form;

  if (rules.error)
    return h('div', { key: 'failed', class: 'note bad stack tight', role: 'alert' },
      h('p', null, t('reminders.failed', { why: errorText(rules.error) })),
      h('p', null, h('button', { type: 'button', class: 'small', onclick: () => rules.loadAgain() }, t('common.retry'))));
  if (!rules.list) return h('p', { key: 'loading', class: 'quiet', role: 'status' }, t('common.loading'));
  return h('oc-reminders', {
    key: 'rules', id: 'rules', tabindex: '-1', list: rules.list, errors, 'aria-invalid': errors.rules ? 'true' : null,
    onrules: (event) => form.changeRules(event.detail),
  });
}

const toldShown = (body) => list(
  t(body.isActive ? 'eventTypes.told.active' : 'eventTypes.told.inactive'),
  body.isHidden && t('eventTypes.told.hidden'), body.cancellationPolicy && t('eventTypes.told.policy'));

const switchable = (form, name) => check({
  id: name, label: t(`eventTypes.fields.${name}`), hint: t(`eventTypes.hints.${name}`), checked: form.draft[name],
  oninput: (on) => form.change({ [name]: on }),
});

const shown = (form) => [
  switchable(form, 'isActive'),
  switchable(form, 'isHidden'),
  areaField(hinted(form, 'cancellationPolicy', { maxlength: 2000, optional: true, rows: 3 })),
];

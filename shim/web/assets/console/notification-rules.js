/*
 * The rules by which invitees are reminded, while an event type is edited: loaded beside it, and saved after it. A rule of the
 * form is { key, id, type, length: { value, unit }, isEnabled }.
 */
import { errorText, t } from '../i18n.js';
import { api } from './session.js';
import { UNITS, minutesOf, textOf } from './event-type-draft.js';

export const TYPES = ['reminder', 'follow_up'];
export const MOST = 20;
const RANGE = [1, 10_080];
/* What is proposed one after the other, in minutes; the first reminder for every new event type. */
const PROPOSED = { reminder: [1440, 60, 15, 2880, 10_080], follow_up: [60, 1440, 2880, 10_080] };

let made = 0;

const pathOf = (id) => `/v0/event-types/${id}/notification-rules`;

const bodyOf = ({ id, type, length, isEnabled }) => ({
  ...(id && { id }), notificationType: type, offsetMinutes: minutesOf(length), isEnabled,
});

const draftOf = ({ id, notificationType, offsetMinutes, isEnabled }) => ({
  key: `rule-${made += 1}`, id, type: notificationType, length: lengthOf(offsetMinutes), isEnabled,
});

/* A day is told as 24 hours, which it has whatever the clocks do; more are told as days. */
function lengthOf(minutes) {
  const unit = minutes >= 2 * UNITS.days && minutes % UNITS.days === 0 ? 'days' : minutes % UNITS.hours === 0 ? 'hours' : 'minutes';

  return { value: String(minutes / UNITS[unit]), unit };
}

/* A rule more, of a length that the list does not have yet; empty if all that are proposed are there. */
export function proposedRule(list, type) {
  const taken = list.filter((rule) => rule.type === type).map(({ length }) => minutesOf(length));
  const offsetMinutes = PROPOSED[type].find((minutes) => !taken.includes(minutes));
  const rule = draftOf({ notificationType: type, offsetMinutes: offsetMinutes ?? 0, isEnabled: true });

  return offsetMinutes ? rule : { ...rule, length: { value: '', unit: 'hours' } };
}

/* { KEY-length: text } of what cannot be sent as it is. */
export function ruleErrors(list) {
  const errors = {};

  list.forEach(({ key, type, length }, i) => {
    const minutes = minutesOf(length);
    const isSame = (other) => other.type === type && minutesOf(other.length) === minutes;

    if (length.value.trim() === '') errors[`${key}-length`] = t('common.fillIn');
    else if (!Number.isInteger(minutes) || minutes < RANGE[0] || minutes > RANGE[1]) errors[`${key}-length`] = t('reminders.range');
    else if (list.findIndex(isSame) < i) errors[`${key}-length`] = t('reminders.twice');
  });
  return errors;
}

/* What is wrong with rules is looked for anew once they are changed. */
export const withoutRuleErrors = (errors) =>
  Object.fromEntries(Object.entries(errors).filter(([name]) => name !== 'rules' && !name.startsWith('rule-')));

/*
 * The rules of a form. from: the id of the event type whose they are, or are copied (ids of another's rules mean nothing); null:
 * what is proposed. isNew: the event type has none yet. onchange is called when there is something else to see.
 */
export class Rules {
  list = null;
  error = null;

  constructor({ from, isNew, onchange }) {
    Object.assign(this, { from, isNew, onchange });
    if (from) this.load();
    else this.begin([{ notificationType: 'reminder', offsetMinutes: PROPOSED.reminder[0], isEnabled: true }]);
  }

  async load() {
    this.error = null;
    try {
      this.begin((await api.get(pathOf(this.from))).rules);
    } catch (error) {
      this.error = error;
    }
    this.onchange();
  }

  async loadAgain() {
    this.error = null;
    this.onchange();
    await this.load();
  }

  begin(rules) {
    this.list = rules.map(draftOf);
    this.begun = this.text();
    this.kept = this.isNew ? '[]' : this.begun;
  }

  text() {
    return textOf(this.list.map(bodyOf));
  }

  get unsaved() {
    return this.list !== null && this.text() !== this.begun;
  }

  errors() {
    return this.list && this.text() !== this.kept ? ruleErrors(this.list) : {};
  }

  /* After the event type of this id; an error has as "told" that this much is saved. */
  async save(id) {
    if (this.list === null || this.text() === this.kept) return;
    const text = this.text();

    try {
      await api.put(pathOf(id), { rules: JSON.parse(text) });
      this.kept = text;
    } catch (error) {
      throw Object.assign(error, { told: t('reminders.notSaved', { why: errorText(error, ['reminders.errors']) }) });
    }
  }
}

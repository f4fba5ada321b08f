/*
 * The form of a booking: name, mail address, the host's questions. Values and errors go by the API's names of the fields:
 * inviteeName, inviteeEmail, answers.ID.
 */
import { h } from './view.js';
import { t } from './i18n.js';

export function formFields(questions) {
  return [
    { name: 'inviteeName', label: t('booking.name'), isRequired: true, props: { maxlength: 120, autocomplete: 'name' } },
    { name: 'inviteeEmail', label: t('booking.email'), isRequired: true, hint: t('booking.emailHint'),
      props: { type: 'email', maxlength: 320, autocomplete: 'email', inputmode: 'email' } },
    ...questions.map(({ id, label, required, placeholder }) => ({
      name: `answers.${id}`, label, isRequired: required === true, isLong: true, props: { maxlength: 2000, placeholder, rows: 2 },
    })),
  ];
}

/* Messages by field, of what can be seen to be wrong here; the server has the last word. */
export function formErrors(fields, values) {
  const errors = {};

  for (const { name, isRequired } of fields) {
    const value = (values[name] ?? '').trim();

    if (isRequired && !value) errors[name] = t('common.fillIn');
    else if (name === 'inviteeEmail' && !/^[^\s@]+@[^\s@]+$/.test(value)) errors[name] = t('booking.emailWrong');
  }
  return errors;
}

/* What the API takes: { inviteeName, inviteeEmail, answers }. */
export function bodyOf(fields, values) {
  const value = (name) => (values[name] ?? '').trim();
  const answers = fields.map(({ name }) => name).filter((name) => name.startsWith('answers.') && value(name))
    .map((name) => [name.slice('answers.'.length), value(name)]);

  return { inviteeName: value('inviteeName'), inviteeEmail: value('inviteeEmail'), answers: Object.fromEntries(answers) };
}

function formField({ name, label, isRequired, isLong, hint, props }, value, error, oninput) {
  const id = `field-${name}`;
  const described = [error && `${id}-error`, hint && `${id}-hint`].filter(Boolean).join(' ');

  return h('div', { class: 'field', key: name },
    h('label', { for: id }, label, !isRequired && h('span', { class: 'quiet' }, ` (${t('common.optional')})`)),
    h(isLong ? 'textarea' : 'input', {
      ...props, id, name, value, required: isRequired,
      'aria-invalid': error ? 'true' : null, 'aria-describedby': described || null,
      oninput: (event) => oninput(name, event.target.value),
    }),
    error && h('p', { id: `${id}-error`, class: 'error' }, error),
    hint && h('p', { id: `${id}-hint`, class: 'hint' }, hint));
}

/* oninput(name, value), onsubmit() */
export function bookingForm({ fields, values, errors, problem, busy, oninput, onsubmit }) {
  return h('form', {
    class: 'stack', novalidate: true, 'aria-label': t('booking.details'),
    onsubmit: (event) => {
      event.preventDefault();
      if (!busy) onsubmit();
    },
  },
  fields.map((field) => formField(field, values[field.name] ?? '', errors[field.name], oninput)),
  problem && h('p', { class: 'note bad', role: 'alert' }, problem),
  h('button', { class: 'primary', 'aria-disabled': busy ? 'true' : null },
    t(busy ? 'booking.sending' : problem ? 'booking.sendAgain' : 'booking.send')));
}

/*
 * Form fields of the setup sections: a label, a control, a hint and an error, tied together by ids. What is typed lives in
 * the caller's draft, as text, and is told by oninput at every change.
 */
import { h } from '../view.js';
import { t } from '../i18n.js';

const described = (id, hint, error) => [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ') || null;

/* What a control needs of its field. */
export const fieldProps = ({ id, hint, error }) => ({
  id, 'aria-invalid': error ? 'true' : null, 'aria-describedby': described(id, hint, error),
});

/* The frame around a control. */
export const field = ({ id, label, hint, error, optional, width = '' }, ...control) =>
  h('div', { class: `field ${width}`, key: id },
    h('label', { for: id }, label, optional && h('span', { class: 'optional' }, ` (${t('common.optional')})`)),
    control,
    hint && h('p', { class: 'hint', id: `${id}-hint` }, hint),
    errorLine(id, error));

const errorLine = (id, error) => error && h('p', { class: 'error', id: `${id}-error` }, error);

const rest = ({ id, label, hint, error, optional, width, oninput, suffix, ...props }) => props;

export const textField = (spec) => field(spec, h('input', {
  ...rest(spec), ...fieldProps(spec), oninput: (event) => spec.oninput(event.target.value),
}));

export const areaField = (spec) => field(spec, h('textarea', {
  ...rest(spec), ...fieldProps(spec), oninput: (event) => spec.oninput(event.target.value),
}));

/* A whole number; suffix: its unit. */
export const numberField = (spec) => field(spec, h('span', { class: 'with-unit' },
  h('input', {
    inputmode: 'numeric', autocomplete: 'off', ...rest(spec), class: 'count numbers', ...fieldProps(spec),
    oninput: (event) => spec.oninput(event.target.value),
  }),
  spec.suffix && h('span', { class: 'quiet' }, spec.suffix)));

/* choices: [[value, text], …] */
export const selectField = (spec, choices) => field(spec, select(spec, choices));

export const select = (spec, choices) => h('select', {
  ...rest(spec), ...fieldProps(spec), oninput: (event) => spec.oninput(event.target.value),
}, choices.map(([value, text]) => h('option', { value, key: value, selected: value === spec.value }, text)));

export const check = ({ id, label, hint, checked, oninput }) => h('div', { class: 'field', key: id },
  h('label', { class: 'check' },
    h('input', {
      type: 'checkbox', id, checked, 'aria-describedby': hint ? `${id}-hint` : null,
      oninput: (event) => oninput(event.target.checked),
    }), label),
  hint && h('p', { class: 'hint', id: `${id}-hint` }, hint));

/* An on and off switch; label is what screen readers call it. */
export const toggle = ({ label, checked, oninput, disabled = false }) => h('input', {
  type: 'checkbox', role: 'switch', class: 'onoff', 'aria-label': label, checked, disabled,
  onchange: (event) => oninput(event.target.checked),
});

/* The number that a text stands for; null for an empty text, NaN for anything else. Takes a decimal comma, too. */
export function numberOf(text) {
  const plain = String(text ?? '').trim().replace(',', '.');

  if (plain === '') return null;
  return /^\d+(\.\d+)?$/.test(plain) ? Number(plain) : NaN;
}

/* The error of a number that must be whole and in a range; null if it is, or is empty and may be. */
export function rangeError(number, [least, most], needed = false) {
  if (number === null) return needed ? t('common.fillIn') : null;
  return Number.isInteger(number) && number >= least && number <= most ? null : t('setup.range', { least, most });
}

/* What the views of teams share: elements that load what they show, forms, and small pieces. */
import { View, focusOn, h } from '../view.js';
import { errorText, t } from '../i18n.js';
import { copyText } from './session.js';
import { icon } from './icons.js';
import { initials, nameOf } from './team-data.js';

/*
 * An element that shows what load() brings by content(data); waits and failures are shown here, and "focus" is moved to
 * its heading when the page would have lost it.
 */
export class Loaded extends View {
  data = null;
  error = null;

  start() {
    this.reload();
  }

  /* Only the answer to the last question counts. */
  async reload() {
    const turn = this.turn = (this.turn ?? 0) + 1;

    try {
      const data = await this.load();

      if (turn !== this.turn) return;
      Object.assign(this, { data, error: null });
    } catch (error) {
      if (turn !== this.turn) return;
      this.error = error;
    }
    this.update();
    if (this.isConnected && [null, document.body].includes(document.activeElement)) focusOn(this, 'h1');
  }

  view() {
    if (this.error)
      return h('div', { key: 'failed', class: 'note bad stack', role: 'alert' },
        h('p', null, errorText(this.error, ['teams.errors'])),
        h('p', null, button(t('common.retry'), () => this.reload())));
    if (this.data === null) return h('p', { key: 'loading', class: 'quiet', role: 'status' }, t('common.loading'));
    return this.content(this.data);
  }
}

/*
 * A form: draft has what is typed, errors a text for each wrong field. check() returns errors by field; send() does
 * the work. What the server refuses is shown at its field, or above the buttons.
 */
export class Form extends View {
  draft = {};
  errors = {};
  problem = null;
  busy = false;
  errorKeys = ['teams.errors'];

  /* The props of a field for setup-fields.js. */
  spec(name, rest = {}) {
    return {
      id: `${this.localName}-${name}`, label: rest.label ?? t(`teams.fields.${name}`),
      value: this.draft[name], error: this.errors[name],
      oninput: (value) => { this.draft[name] = value; }, ...rest,
    };
  }

  async submit(event) {
    event?.preventDefault();
    if (this.busy) return;
    this.set({ errors: this.check?.() ?? {}, problem: null });
    if (this.showErrors()) return;
    this.set({ busy: true });
    try {
      const result = await this.send();

      this.busy = false;
      this.emit('done', result);
    } catch (error) {
      this.refuse(error);
    }
    this.update();
  }

  refuse(error) {
    const text = errorText(error, this.errorKeys);

    this.busy = false;
    if (error.field in this.draft) this.errors = { [error.field]: text };
    else this.problem = text;
    this.update();
    if (!this.showErrors()) focusOn(this, '.note.bad');
  }

  /* Puts the focus into the first wrong field. */
  showErrors() {
    if (!Object.values(this.errors).some(Boolean)) return false;
    focusOn(this, '[aria-invalid="true"]');
    return true;
  }

  /* The end of a form: what went wrong, and its buttons. */
  buttons(label, ...others) {
    return [
      this.problem && h('p', { class: 'note bad', role: 'alert', tabindex: '-1' }, this.problem),
      h('div', { class: 'row dialog-acts' }, others,
        h('button', { type: 'submit', class: 'primary', 'aria-disabled': this.busy ? 'true' : null },
          this.busy ? t('teams.busy') : label)),
    ];
  }
}

export const button = (text, onclick, props = {}) => h('button', { type: 'button', onclick, ...props }, text);

/* A button that copies a text, and then says so. Property copy: { text, label, name }, name for screen readers. */
class CopyButton extends View {
  copy = null;
  copied = null;
  byHand = false;

  async act() {
    const { text } = this.copy;
    const isDone = await copyText(text);

    this.set({ copied: isDone ? text : null, byHand: !isDone });
  }

  view() {
    const { text, label, name } = this.copy;

    if (!this.byHand)
      return button(this.copied === text ? t('common.copied') : label, () => this.act(), { class: 'small', 'aria-label': name });
    return h('input', { readonly: true, value: text, 'aria-label': name ?? label, onfocus: (event) => event.target.select() });
  }
}

customElements.define('oc-copy', CopyButton);

export const noTeam = () => h('section', { class: 'card stack', key: 'gone' },
  h('h1', null, t('teams.gone.title')), h('p', null, t('teams.gone.text')),
  h('p', null, h('a', { href: '#/teams' }, t('teams.all'))));

export const backLink = (href, text) => h('p', { class: 'back', key: 'back' }, h('a', { href }, icon('previous', 16), text));

export const avatar = (member, classes = '') =>
  h('span', { class: `avatar ${classes}`, 'aria-hidden': 'true' }, initials(nameOf(member)));

/* Three hosts, and who of them attends: what a mode means at a glance. */
export function modePicture(mode) {
  const seats = [14, 36, 58];
  const isIn = (i) => mode === 'collective' || i === 1;

  return h('svg', { viewBox: '0 0 72 40', width: 72, height: 40, class: `mode-picture ${mode}`, 'aria-hidden': 'true' },
    mode === 'collective' && h('path', { class: 'tie', d: 'M14 30 H58' }),
    mode !== 'collective' && h('path', { class: 'way', d: 'M14 12 C22 2 28 2 35 9 M31 3.5 L35.3 9.3 L28.4 9.7' }),
    seats.map((x, i) => h('g', { class: isIn(i) ? 'in' : 'out' },
      h('circle', { cx: x, cy: 17, r: 5 }), h('path', { d: `M${x - 9} 36 C${x - 9} 21 ${x + 9} 21 ${x + 9} 36 Z` }))));
}

export const modeBadge = (mode) => h('span', { class: 'badge' }, t(`teams.modes.${mode}.name`));

/* A choice of one, each with what it means. choices: [value, name, text, picture?] */
export const choiceCards = ({ name, legend, hint, value, oninput }, choices) => h('fieldset', { class: 'choices', key: name },
  h('legend', null, legend),
  hint && h('p', { class: 'hint quiet small' }, hint),
  h('div', { class: 'choice-cards' }, choices.map(([one, title, text, picture]) =>
    h('label', { class: 'choice', key: one },
      h('input', { type: 'radio', name, value: one, checked: one === value, onchange: () => oninput(one) }),
      h('span', { class: 'choice-text' }, h('span', { class: 'strong' }, title), h('span', { class: 'quiet small' }, text)),
      picture))));

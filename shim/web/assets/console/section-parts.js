/* What sections share: elements that load what they show, forms, and small pieces. */
import { View, focusOn, h } from '../view.js';
import { errorText, t } from '../i18n.js';
import { copyText } from './session.js';
import { icon } from './icons.js';

/*
 * An element that shows what load() brings by content(data); waits and failures are shown here, and "focus" is moved to
 * its heading when the page would have lost it.
 */
export class Loaded extends View {
  data = null;
  error = null;
  errorKeys = [];

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

  /* Once more, and not a word if that fails. */
  async lookAgain() {
    const turn = this.turn = (this.turn ?? 0) + 1;
    const data = await this.load().catch(() => null);

    if (data !== null && turn === this.turn) this.set({ data, error: null });
  }

  view() {
    if (this.error)
      return h('div', { key: 'failed', class: 'note bad stack', role: 'alert' },
        h('p', null, errorText(this.error, this.errorKeys)),
        h('p', null, button(t('common.retry'), () => this.reload())));
    if (this.data === null) return h('p', { key: 'loading', class: 'quiet', role: 'status' }, t('common.loading'));
    return this.content(this.data);
  }
}

/*
 * A form: draft has what is typed, errors a text for each wrong field. check() returns errors by field; send() does
 * the work, labelOf() names a field. What the server refuses is shown at its field, or above the buttons.
 */
export class Form extends View {
  draft = {};
  errors = {};
  problem = null;
  busy = false;
  errorKeys = [];

  /* The props of a field for setup-fields.js. */
  spec(name, rest = {}) {
    return {
      id: `${this.localName}-${name}`, label: rest.label ?? this.labelOf(name),
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
    const text = error.told ?? errorText(error, this.errorKeys);

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
          this.busy ? t('common.busy') : label)),
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

export const backLink = (href, text) => h('p', { class: 'back', key: 'back' }, h('a', { href }, icon('previous', 16), text));

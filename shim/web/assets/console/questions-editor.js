/*
 * <oc-questions>: what invitees are asked when they book, one below the other, to be written, moved and taken out. Properties:
 * questions (of a draft: { key, id, label, required, placeholder, idTyped }), errors (by "KEY-label", "KEY-id"). Event
 * "questions" with the new list. The identifier is proposed from the label until it is typed, and stays when answers may
 * already be kept under it.
 */
import { View, announce, focusOn, h } from '../view.js';
import { t } from '../i18n.js';
import { check, textField } from './setup-fields.js';
import { icon, iconButton } from './icons.js';
import { slugOf, untaken } from './slug.js';

const MOST = 20;
let made = 0;

class Questions extends View {
  questions = [];
  errors = {};

  tell(questions) {
    this.questions = questions;
    this.update();
    this.emit('questions', questions);
  }

  change(key, fields) {
    this.tell(this.questions.map((question) => (question.key === key ? { ...question, ...fields } : question)));
  }

  relabel({ key, idTyped }, label) {
    const others = this.questions.filter((question) => question.key !== key).map((question) => question.id);
    const id = untaken(slugOf(label, 56) || 'question', others);

    this.change(key, idTyped ? { label } : { label, id });
  }

  addOne() {
    const key = `new-${++made}`;
    const id = untaken('question', this.questions.map((question) => question.id));

    this.tell([...this.questions, { key, id, label: '', required: false, placeholder: '', idTyped: false }]);
    focusOn(this, `[id="${key}-label"]`);
  }

  takeOut(at) {
    const rest = this.questions.filter((_, i) => i !== at);
    const next = rest[Math.min(at, rest.length - 1)];

    this.tell(rest);
    announce(t('eventTypes.questions.removed'));
    focusOn(this, next ? `[id="${next.key}-label"]` : '.add');
  }

  move(at, by) {
    const list = [...this.questions];

    list.splice(at + by, 0, ...list.splice(at, 1));
    this.tell(list);
    announce(t('eventTypes.questions.moved', { place: at + by + 1, count: list.length }));
    const item = this.querySelector(`[data-key="${list[at + by].key}"]`);
    const [same, other] = by < 0 ? ['.up', '.down'] : ['.down', '.up'];

    (item.querySelector(`${same}:not([disabled])`) ?? item.querySelector(other)).focus();
  }

  view() {
    return h('div', { class: 'stack' },
      this.questions.length === 0 && h('p', { class: 'quiet' }, t('eventTypes.questions.none')),
      this.questions.length > 0 && h('ol', { class: 'plain stack questions' },
        this.questions.map((question, i) => this.item(question, i))),
      h('div', null, h('button', {
        type: 'button', class: 'add small', disabled: this.questions.length >= MOST, onclick: () => this.addOne(),
      }, icon('add'), t('eventTypes.questions.add'))),
      this.questions.length >= MOST && h('p', { class: 'hint quiet small' }, t('eventTypes.questions.most', { count: MOST })));
  }

  item(question, i) {
    const { key, id, label, required, placeholder } = question;

    return h('li', { key, class: 'question', 'data-key': key },
      h('div', { class: 'row between' },
        h('span', { class: 'strong' }, t('eventTypes.questions.nth', { n: i + 1 })),
        this.acts(i)),
      textField({
        id: `${key}-label`, label: t('eventTypes.questions.label'), value: label, maxlength: 120,
        error: this.errors[`${key}-label`],
        oninput: (text) => this.relabel(question, text),
      }),
      h('div', { class: 'columns' },
        textField({
          id: `${key}-placeholder`, label: t('eventTypes.questions.placeholder'), optional: true,
          value: placeholder ?? '', maxlength: 160,
          oninput: (text) => this.change(key, { placeholder: text }),
        }),
        textField({
          id: `${key}-id`, label: t('eventTypes.questions.id'), hint: t('eventTypes.questions.idHint'), value: id, maxlength: 64,
          error: this.errors[`${key}-id`], autocomplete: 'off', spellcheck: 'false',
          oninput: (text) => this.change(key, { id: text, idTyped: true }),
        })),
      check({
        id: `${key}-required`, label: t('eventTypes.questions.required'), checked: Boolean(required),
        oninput: (on) => this.change(key, { required: on }),
      }));
  }

  acts(i) {
    const n = i + 1;

    return h('span', { class: 'row tight-row' },
      iconButton('up', t('eventTypes.questions.up', { n }), () => this.move(i, -1), { class: 'icon bare up', disabled: i === 0 }),
      iconButton('down', t('eventTypes.questions.down', { n }), () => this.move(i, 1),
        { class: 'icon bare down', disabled: i === this.questions.length - 1 }),
      iconButton('bin', t('eventTypes.questions.remove', { n }), () => this.takeOut(i)));
  }
}

customElements.define('oc-questions', Questions);

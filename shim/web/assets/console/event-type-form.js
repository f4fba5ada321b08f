/*
 * <oc-event-type-form>: an event type to make or to change. Properties: base (the event type, null for a new one), proposal
 * (what a new one begins with), schedules, username, taken (slugs in use). Events: "saved" with the event type, "leave",
 * "kept": it is saved, but not its reminders yet. What was typed stays through every error. The groups of fields are in
 * event-type-groups.js.
 */
import { View, announce, focusOn, h } from '../view.js';
import { errorText, t } from '../i18n.js';
import { api } from './session.js';
import { bodyOf, changesOf, draftOf, errorsOf, textOf } from './event-type-draft.js';
import { basics, groups } from './event-type-groups.js';
import { Rules, withoutRuleErrors } from './notification-rules.js';
import { slugOf, untaken } from './slug.js';

class EventTypeForm extends View {
  base = null;
  proposal = null;
  schedules = [];
  username = {};
  taken = [];

  draft = null;
  errors = {};
  trouble = null;
  busy = false;

  start() {
    if (!this.draft) {
      this.draft = draftOf(this.base ?? this.proposal);
      this.draft.slugTyped = Boolean(this.base) || this.draft.slug !== '';
      this.begun = textOf(bodyOf(this.draft));
      this.rules = new Rules({
        from: this.base?.id ?? this.proposal.id, isNew: !this.base, onchange: () => this.update(),
      });
    }
  }

  get unsaved() {
    return !this.isDone && (textOf(bodyOf(this.draft)) !== this.begun || this.rules.unsaved);
  }

  /* Changes fields of the draft; an error is gone once its field is touched. */
  change(fields) {
    Object.assign(this.draft, fields);
    if ('name' in fields && !this.draft.slugTyped) this.draft.slug = untaken(slugOf(fields.name), this.taken);
    for (const name of Object.keys(fields)) delete this.errors[name === 'notice' ? 'minNoticeMinutes' : name];
    this.update();
  }

  changeRules(list) {
    this.rules.list = list;
    this.set({ errors: withoutRuleErrors(this.errors) });
  }

  /* What is there of it: a new one, too, whose reminders could not be saved with it. */
  get present() {
    return this.made ?? this.base;
  }

  async submit(event) {
    event.preventDefault();
    if (this.busy) return;
    const body = bodyOf(this.draft);
    const changes = this.present ? changesOf(body, this.present) : body;

    this.errors = { ...errorsOf(this.draft, changes), ...this.rules.errors() };
    if (Object.keys(this.errors).length) return this.tellErrors();
    this.set({ busy: true, trouble: null });
    try {
      const eventType = await this.save(changes);
      await this.rules.save(eventType.id);
      this.isDone = true;
      this.emit('saved', { eventType, isNew: !this.base });
    } catch (error) {
      this.refused(error);
    }
    this.set({ busy: false });
  }

  async save(changes) {
    const { present } = this;

    if (present && !Object.keys(changes).length) return present;
    const { eventType } = present ? await api.patch(`/v0/event-types/${present.id}`, changes)
      : await api.post('/v0/event-types', changes);

    this.made = eventType;
    this.draft.slugTyped = true;
    this.begun = textOf(bodyOf(this.draft));
    this.emit('kept', eventType);
    return eventType;
  }

  /* An error of the API: at its field where there is one, else above the button. */
  refused(error) {
    const text = error.told ?? errorText(error, ['eventTypes.errors']);
    const name = error.field?.split(/[[.]/)[0] ?? (error.code === 'OC014' ? 'slug' : null);

    if (name && this.querySelector(`[id="${name}"]`)) {
      this.errors = { [name]: text };
      this.tellErrors();
    } else {
      this.set({ trouble: text });
      focusOn(this, '.trouble');
    }
  }

  /* Opens the groups with errors in them, and goes to the first. */
  tellErrors() {
    this.update();
    for (const details of this.querySelectorAll('details.group')) {
      if (details.querySelector('[aria-invalid="true"]')) details.open = true;
    }
    announce(t('setup.errors', { count: Object.keys(this.errors).length }));
    focusOn(this, '[aria-invalid="true"]');
  }

  view() {
    return h('form', { class: 'stack setup-form', novalidate: true, onsubmit: (event) => this.submit(event) },
      h('div', { class: 'card stack' }, basics(this)),
      groups(this).map(({ id, title, told, content }) => this.group(id, title, told, content)),
      this.trouble && h('p', { class: 'note bad trouble', role: 'alert', tabindex: '-1' }, this.trouble),
      h('div', { class: 'row form-acts' },
        h('button', { class: 'primary', 'aria-disabled': this.busy ? 'true' : null },
          t(this.present ? 'common.save' : 'eventTypes.create')),
        h('button', { type: 'button', onclick: () => this.emit('leave') }, t('common.cancel'))));
  }

  group(id, title, told, content) {
    return h('details', { class: 'card group', id, key: id },
      h('summary', null, h('h2', null, title), h('span', { class: 'quiet small told' }, told)),
      h('div', { class: 'stack' }, content));
  }
}

customElements.define('oc-event-type-form', EventTypeForm);

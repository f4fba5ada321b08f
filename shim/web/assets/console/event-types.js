/*
 * <oc-event-types>: the host's own event types. #/event-types is the list, …/new a new one, …/new/ID a copy, …/ID one to
 * change. Properties: rest (the path after the section), user. Teams' event types are with their team.
 */
import { View, announce, focusOn, h } from '../view.js';
import { errorText, t } from '../i18n.js';
import { formatDuration } from '../time.js';
import { api, confirmDialog, copyText } from './session.js';
import { bookingItems, bookingsOf } from './bookings-ahead.js';
import { openEmbedDialog, pagePath, pageUrl } from './embed-dialog.js';
import { toggle } from './setup-fields.js';
import { icon } from './icons.js';
import { PROPOSED, placeOf } from './event-type-draft.js';
import { lengthText } from './event-type-groups.js';
import { untaken } from './slug.js';
import './calendar-hint.js';
import './event-type-form.js';

const LIST = '#/event-types';

class EventTypes extends View {
  rest = [];
  user = null;

  eventTypes = null;
  schedules = [];
  trouble = null;
  note = null;
  /* by event type: what became of its last act */
  told = {};
  /* by event type: whether it shall be on, while that is being sent */
  wishes = {};

  start() {
    this.load();
  }

  /* The console asks before it leaves such a section. */
  get unsaved() {
    return this.querySelector('oc-event-type-form')?.unsaved ?? false;
  }

  /* Back in this tab: the list is asked for again. */
  async comeBack() {
    if (this.rest?.length || !this.eventTypes || Object.keys(this.wishes).length) return;
    const answer = await api.get('/v0/event-types').catch(() => null);

    if (answer && !Object.keys(this.wishes).length) this.set({ eventTypes: answer.eventTypes });
  }

  async load() {
    this.set({ trouble: null });
    try {
      const [{ eventTypes }, { schedules }] = await Promise.all([api.get('/v0/event-types'), api.get('/v0/me/schedules')]);
      this.set({ eventTypes, schedules });
    } catch (error) {
      this.set({ trouble: errorText(error) });
    }
  }

  pageOf(eventType) {
    return { username: this.user.username, eventSlug: eventType.slug };
  }

  put(eventType) {
    const known = this.eventTypes.some(({ id }) => id === eventType.id);

    this.eventTypes = known ? this.eventTypes.map((old) => (old.id === eventType.id ? eventType : old))
      : [...this.eventTypes, eventType];
  }

  tell(id, text, bad = false) {
    this.set({ told: { [id]: { text, bad } } });
    if (!bad) announce(text);
  }

  /* --- acts of the list -------------------------------------------------------------------------------------------- */

  /* One call at a time for each: what was wished for last is sent when the call before is answered. */
  async switchTo({ id }, isActive) {
    const isUnderWay = id in this.wishes;

    this.wishes[id] = isActive;
    if (isUnderWay) return;
    try {
      for (let sent; sent !== this.wishes[id];) {
        sent = this.wishes[id];
        this.put((await api.patch(`/v0/event-types/${id}`, { isActive: sent })).eventType);
      }
      this.tell(id, t(this.wishes[id] ? 'eventTypes.switchedOn' : 'eventTypes.switchedOff'));
    } catch (error) {
      this.tell(id, errorText(error), true);
    }
    delete this.wishes[id];
  }

  async copyLink(eventType) {
    const url = pageUrl(this.pageOf(eventType));

    this.tell(eventType.id, await copyText(url) ? t('eventTypes.linkCopied') : url);
  }

  async takeOut(eventType) {
    const bookings = await bookingsOf(eventType.id).catch(() => []);

    if (bookings.length) return this.offerSwitchOff(eventType, bookings);
    const sure = await confirmDialog({
      title: t('eventTypes.delete.title', { name: eventType.name }), text: t('eventTypes.delete.text'),
      confirmLabel: t('common.delete'), danger: true,
    });

    if (!sure) return undefined;
    try {
      await api.del(`/v0/event-types/${eventType.id}`);
      this.set({
        eventTypes: this.eventTypes.filter(({ id }) => id !== eventType.id),
        note: t('eventTypes.delete.done', { name: eventType.name }),
      });
      announce(this.note);
      focusOn(this, 'h1');
    } catch (error) {
      if (error.code === 'OC005') return this.offerSwitchOff(eventType, await bookingsOf(eventType.id).catch(() => []));
      this.tell(eventType.id, errorText(error), true);
    }
    return undefined;
  }

  /* It has bookings ahead: they are listed, and it can be switched off instead. */
  async offerSwitchOff(eventType, bookings) {
    const off = await confirmDialog({
      title: t('eventTypes.delete.booked', { count: bookings.length || 1, name: eventType.name }),
      text: t(eventType.isActive ? 'eventTypes.delete.switchOff' : 'eventTypes.delete.isOff'),
      items: bookingItems(bookings, this.user.timezone),
      confirmLabel: t(eventType.isActive ? 'eventTypes.delete.doSwitchOff' : 'eventTypes.delete.understood'),
    });

    if (off && eventType.isActive) await this.switchTo(eventType, false);
  }

  saved({ eventType, isNew }) {
    this.put(eventType);
    this.note = t(isNew ? 'eventTypes.created' : 'eventTypes.saved', { name: eventType.name });
    location.hash = LIST;
    announce(this.note);
  }

  /* --- what is shown ----------------------------------------------------------------------------------------------- */

  view() {
    if (this.trouble) return this.troubleView();
    if (!this.eventTypes) return [h('h1', null, t('eventTypes.title')), h('p', { class: 'quiet' }, t('common.loading'))];
    const [first, second] = this.rest ?? [];

    if (!first) return this.listView();
    const about = this.eventTypes.find(({ id }) => id === (first === 'new' ? second : first));
    if (first !== 'new' && !about) return this.goneView();
    return this.formView(first === 'new' ? null : about, about);
  }

  troubleView() {
    return [h('h1', null, t('eventTypes.title')), h('div', { class: 'note bad stack tight', role: 'alert' },
      h('p', null, this.trouble),
      h('p', null, h('button', { type: 'button', onclick: () => this.load() }, t('common.retry'))))];
  }

  goneView() {
    return [h('h1', null, t('eventTypes.title')), h('p', { class: 'note warn' }, t('eventTypes.gone')),
      h('p', null, h('a', { href: LIST }, t('eventTypes.toList')))];
  }

  formView(base, about) {
    const taken = this.eventTypes.map(({ slug }) => slug);
    const copy = about && {
      ...about, name: t('eventTypes.copyOf', { name: about.name }).slice(0, 120),
      slug: untaken(`${about.slug.slice(0, 75)}-2`, taken),
    };

    return h('div', { class: 'stack setup', key: `form-${this.rest.join('/')}` },
      h('p', null, h('a', { href: LIST, class: 'back' }, icon('previous'), t('eventTypes.toList'))),
      h('div', { class: 'row between' },
        h('h1', { tabindex: '-1' }, base ? base.name : t(about ? 'eventTypes.duplicateTitle' : 'eventTypes.newTitle')),
        base && h('a', { class: 'button small', href: pagePath(this.pageOf(base)), target: '_blank' },
          icon('open'), t('eventTypes.preview'))),
      h('oc-event-type-form', {
        key: this.rest.join('/'), base, proposal: copy ?? PROPOSED, taken, schedules: this.schedules,
        username: { name: this.user.username },
        onkept: (event) => this.put(event.detail),
        onsaved: (event) => this.saved(event.detail),
        onleave: () => {
          location.hash = LIST;
        },
      }));
  }

  listView() {
    const any = this.eventTypes.length > 0;

    return h('div', { class: 'stack setup', key: 'list' },
      h('div', { class: 'row between' },
        h('h1', { tabindex: '-1' }, t('eventTypes.title')),
        any && h('a', { class: 'button primary', href: `${LIST}/new` }, icon('add'), t('eventTypes.new'))),
      this.note && h('p', { class: 'note good', key: 'note' }, this.note),
      any && h('oc-calendar-hint', { key: 'calendars' }),
      any && this.noHours() && h('p', { class: 'note warn', key: 'hours' }, t('eventTypes.noHours'), ' ',
        h('a', { href: '#/hours' }, t('eventTypes.setHours'))),
      any ? h('ul', { class: 'plain stack', key: 'types' }, this.eventTypes.map((eventType) => this.item(eventType)))
        : this.emptyView());
  }

  noHours() {
    return this.schedules.every(({ rules, overrides }) => rules.length === 0 && overrides.length === 0);
  }

  emptyView() {
    return h('div', { class: 'empty teach', key: 'empty' },
      h('h2', null, t('eventTypes.empty.title')),
      h('p', null, t('eventTypes.empty.text')),
      h('ol', { class: 'plain teach-steps' },
        ['one', 'two', 'three'].map((step) => h('li', { key: step }, t(`eventTypes.empty.${step}`)))),
      h('p', null, h('a', { class: 'button primary', href: `${LIST}/new` }, icon('add'), t('eventTypes.empty.act'))));
  }

  item(eventType) {
    const { id, name, isActive } = eventType;
    const told = this.told[id];

    return h('li', { class: `card event-type${isActive ? '' : ' is-off'}`, key: id },
      h('div', { class: 'event-head' },
        h('div', { class: 'grow' },
          h('h2', null, h('a', { href: `${LIST}/${id}` }, name)),
          h('p', { class: 'quiet small' }, this.facts(eventType)),
          h('p', { class: 'small address' }, h('a', { href: pagePath(this.pageOf(eventType)), target: '_blank' },
            pageUrl(this.pageOf(eventType)).replace(/^https?:\/\//, ''),
            h('span', { class: 'unseen' }, ' ', t('setup.newTab'))))),
        h('span', { class: 'switched' },
          h('span', { class: `badge ${isActive ? 'good' : ''}`, 'aria-hidden': 'true' },
            t(isActive ? 'eventTypes.on' : 'eventTypes.off')),
          toggle({ label: t('eventTypes.switch', { name }), checked: isActive, oninput: (on) => this.switchTo(eventType, on) }))),
      this.badges(eventType),
      h('div', { class: 'row acts' }, this.acts(eventType)),
      told && h('p', { class: told.bad ? 'note bad' : 'quiet small', role: told.bad ? 'alert' : null, key: 'told' }, told.text));
  }

  facts({ minNoticeMinutes, ...eventType }) {
    return [formatDuration(eventType.durationMinutes), t(`place.${placeOf(eventType)}`),
      minNoticeMinutes > 0 && t('eventTypes.told.notice', { length: lengthText(minNoticeMinutes) })].filter(Boolean).join(' · ');
  }

  badges({ isHidden, seats, questions, scheduleId }) {
    const schedule = this.schedules.find(({ id }) => id === scheduleId);
    const all = [isHidden && t('eventTypes.told.hidden'), seats > 1 && t('eventTypes.told.seats', { count: seats }),
      questions.length > 0 && t('eventTypes.told.questions', { count: questions.length }), schedule?.name].filter(Boolean);

    return all.length > 0 && h('p', { class: 'row badges', key: 'badges' },
      all.map((text) => h('span', { class: 'badge' }, text)));
  }

  acts(eventType) {
    const { id, name } = eventType;
    const unseen = h('span', { class: 'unseen' }, `: ${name}`);
    const button = (drawing, text, onclick, style = '') =>
      h('button', { type: 'button', class: `small ${style}`, onclick }, icon(drawing), text, unseen.cloneNode(true));

    return [
      h('a', { class: 'button small', href: `${LIST}/${id}` }, icon('edit'), t('common.edit'), unseen.cloneNode(true)),
      h('a', { class: 'button small', href: pagePath(this.pageOf(eventType)), target: '_blank' },
        icon('open'), t('eventTypes.preview'), unseen.cloneNode(true)),
      button('link', t('eventTypes.copyLink'), () => this.copyLink(eventType)),
      button('embed', t('eventTypes.embed'), () => openEmbedDialog(this.pageOf(eventType), name)),
      h('a', { class: 'button small', href: `${LIST}/new/${id}` },
        icon('twice'), t('eventTypes.duplicate'), unseen.cloneNode(true)),
      button('bin', t('common.delete'), () => this.takeOut(eventType), 'danger-quiet'),
    ];
  }
}

customElements.define('oc-event-types', EventTypes);

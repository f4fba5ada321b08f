/*
 * <oc-calendar-connection>: a connected account: how it stands, which of its calendars count, and what can be done with it.
 * Property of: { connection, zone, connect() }. Event: "changed" with the connection as it is by now, null when it is gone.
 */
import { View, announce, focusOn, h } from '../view.js';
import { errorText, t } from '../i18n.js';
import { api, confirmDialog, mailIsOn } from './session.js';
import { toggle } from './setup-fields.js';
import { lengthText } from './event-type-groups.js';
import { icon } from './icons.js';
import { timeText } from './webhook-data.js';
import { failureText, inOrder, stateOf, statusOf } from './calendar-data.js';
import { openStaleness } from './calendar-staleness.js';

const LOOKS = { broken: 'bad', stale: 'bad', failing: 'warn', reading: '', fresh: 'good' };

class Connection extends View {
  of = null;
  /* the act that is under way */
  busy = null;
  /* what became of the last one: { text, look } */
  told = null;
  /* by calendar: whether it shall count, while that is being sent */
  wishes = {};

  get path() {
    return `/v0/calendar/connections/${this.of.connection.id}`;
  }

  tell(text, look = '') {
    this.set({ told: { text, look } });
    if (look !== 'bad') announce(text);
  }

  /* One act at a time. */
  async act(name, work) {
    if (this.busy) return this.update();
    this.set({ busy: name, told: null });
    try {
      await work();
    } catch (error) {
      this.tell(errorText(error, ['calendars.errors']), 'bad');
    }
    this.set({ busy: null });
    /* the button that was pressed may be gone */
    return document.activeElement === document.body && focusOn(this, 'h2');
  }

  /* --- acts -------------------------------------------------------------------------------------------------------- */

  /* One call at a time for each: what was wished for last is sent when the call before is answered. */
  async switchSource({ id, name }, isBusySource) {
    const isUnderWay = id in this.wishes;

    this.wishes[id] = isBusySource;
    if (isUnderWay) return;
    try {
      for (let sent; sent !== this.wishes[id];) {
        sent = this.wishes[id];
        const { connection } = await api.patch(this.path, { calendars: [{ id, isBusySource: sent }] });

        this.emit('changed', connection);
      }
      this.tell(t(this.wishes[id] ? 'calendars.counts' : 'calendars.countsNot', { name }));
    } catch (error) {
      this.tell(errorText(error, ['calendars.errors']), 'bad');
    }
    delete this.wishes[id];
    this.update();
  }

  sync() {
    return this.act('sync', async () => {
      try {
        await api.post(`${this.path}/sync`);
        this.tell(t('calendars.sync.done'), 'good');
      } finally {
        const { connections } = await statusOf();

        this.emit('changed', connections.find(({ id }) => id === this.of.connection.id) ?? null);
      }
    });
  }

  async changeStaleness() {
    const connection = await openStaleness(this.of.connection);

    if (!connection) return;
    this.emit('changed', connection);
    this.tell(t('common.saved'), 'good');
  }

  async takeOut() {
    const { externalEmail: email } = this.of.connection;
    const isSure = await confirmDialog({
      title: t('calendars.disconnect.title', { email }), text: t('calendars.disconnect.text'),
      items: ['busyTimes', 'events', 'google'].map((item) => t(`calendars.disconnect.${item}`)),
      confirmLabel: t('calendars.disconnect.act'), danger: true,
    });

    if (!isSure) return;
    await this.act('disconnect', async () => {
      await api.post(`${this.path}/disconnect`);
      announce(t('calendars.disconnect.done', { email }));
      this.emit('changed', null);
    });
  }

  /* --- what is shown ----------------------------------------------------------------------------------------------- */

  view() {
    const { connection } = this.of;
    const state = stateOf(connection);

    return h('div', { class: `card connection is-${state}` },
      h('div', { class: 'event-head' },
        h('div', { class: 'grow' },
          h('h2', null, connection.externalEmail),
          h('p', { class: 'quiet small' }, this.facts())),
        h('span', { class: `badge ${LOOKS[state]}` }, t(`calendars.states.${state}`))),
      this.notes(state),
      connection.calendars.length > 0 && this.sources(),
      this.staleness(),
      h('div', { class: 'row acts' }, this.acts(state)),
      this.told && h('p', { key: 'told', class: `note ${this.told.look}`, role: this.told.look === 'bad' ? 'alert' : null },
        this.told.text));
  }

  facts() {
    const { connection: { lastSyncedAt, nextSyncAt, state }, zone } = this.of;

    return ['Google', lastSyncedAt ? t('calendars.readAt', { at: timeText(lastSyncedAt, zone) }) : t('calendars.neverRead'),
      nextSyncAt && state === 'active' && t('calendars.nextAt', { at: timeText(nextSyncAt, zone) })].filter(Boolean).join(' · ');
  }

  notes(state) {
    const { connection: { isStale, lastError }, connect } = this.of;
    const stays = t(isStale ? 'calendars.offersNothing' : 'calendars.mirrorStays');

    return [
      state === 'broken' && h('div', { key: 'broken', class: 'note bad stack tight' },
        h('p', null, t('calendars.broken')),
        h('p', null, stays),
        h('p', null, h('button', { type: 'button', class: 'small', onclick: connect }, t('calendars.again'), this.unseenName()))),
      state !== 'broken' && lastError && h('div', { key: 'failing', class: `note ${isStale ? 'bad' : 'warn'} stack tight` },
        h('p', null, failureText(lastError)), h('p', null, stays), mailIsOn() && h('p', null, t('calendars.told'))),
      state === 'stale' && !lastError && h('p', { key: 'stale', class: 'note bad' }, t('calendars.stale'), ' ', stays),
      state === 'reading' && h('p', { key: 'reading', class: 'note' }, t('calendars.reading')),
    ];
  }

  sources() {
    const { calendars } = this.of.connection;

    return h('fieldset', { key: 'sources', class: 'stack tight' },
      h('legend', null, t('calendars.sources')),
      h('ul', { class: 'plain sources' }, inOrder(calendars).map((calendar) => h('li', { key: calendar.id, class: 'source' },
        this.source(calendar)))));
  }

  source(calendar) {
    const { id, name, isPrimary, isBusySource, isWriteTarget, lastError } = calendar;

    return [
      toggle({
        label: t('calendars.source', { name }), checked: this.wishes[id] ?? isBusySource,
        oninput: (on) => this.switchSource(calendar, on),
      }),
      h('div', { class: 'grow' },
        h('p', { class: 'row source-name' }, h('span', null, name),
          isPrimary && h('span', { class: 'badge' }, t('calendars.primary')),
          isWriteTarget && h('span', { class: 'badge good' }, t('calendars.isTarget'))),
        isBusySource && lastError && h('p', { class: 'error' }, failureText(lastError))),
    ];
  }

  staleness() {
    const { mode, afterMinutes } = this.of.connection.staleness;

    return h('p', { key: 'staleness', class: 'small' },
      mode === 'trust' ? t('calendars.staleness.trusts')
        : t('calendars.staleness.refuses', { length: lengthText(afterMinutes) }), ' ',
      h('button', { type: 'button', class: 'link', onclick: () => this.changeStaleness() },
        t('calendars.staleness.change'), this.unseenName()));
  }

  /* Said with the words of a button: there may be several accounts. */
  unseenName() {
    return h('span', { class: 'unseen' }, `: ${this.of.connection.externalEmail}`);
  }

  acts(state) {
    const button = (name, drawing, text, onclick, props = {}) => h('button', {
      key: name, type: 'button', class: 'small', onclick, 'aria-disabled': this.busy ? 'true' : null, ...props,
    }, icon(drawing), this.busy === name ? t(`calendars.${name}.busy`) : text, this.unseenName());

    return [
      state !== 'broken' && button('sync', 'sync', t('calendars.sync.act'), () => this.sync()),
      button('disconnect', 'off', t('calendars.disconnect.act'), () => this.takeOut(), { class: 'small danger-quiet' }),
    ];
  }
}

customElements.define('oc-calendar-connection', Connection);

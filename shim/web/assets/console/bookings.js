/*
 * <oc-bookings>: the host's meetings, as a list by day (#/bookings/upcoming, today, past, canceled) or as a week
 * (#/bookings/week/2026-06-01). #/bookings/ID opens one of them.
 */
import { View, announce, focusOn, h } from '../view.js';
import { errorText, t } from '../i18n.js';
import { dateIn, formatDate } from '../time.js';
import { api } from './session.js';
import { openBooking, openMeeting } from './booking-detail.js';
import { listOf } from './booking-lists.js';
import { byDay, hoursText, meetingsOf, nearText, stateBadge, theirTimeText, whoText } from './meetings.js';
import { icon } from './icons.js';
import './calendar-hint.js';
import './getting-started.js';
import './share-link.js';
import './week-view.js';

const VIEWS = ['upcoming', 'today', 'past', 'canceled'];
const UUID = /^[0-9a-f]{8}-[0-9a-f-]{27}$/;

class Bookings extends View {
  user = null;
  rest = [];
  list = null;
  shownView = null;
  busy = false;
  error = null;
  words = '';

  start() {
    this.ticking = setInterval(() => this.update(), 60_000);
    this.route();
  }

  stop() {
    clearInterval(this.ticking);
  }

  /* The address may have changed with this. */
  update() {
    if (this.isConnected && this.rest !== this.routed) this.route();
    super.update();
  }

  route() {
    const [view] = this.rest;

    this.routed = this.rest;
    if (UUID.test(view)) this.openById(view);
    this.mode = view === 'week' ? 'week' : 'list';
    this.current = VIEWS.includes(view) ? view : 'upcoming';
    if (this.mode === 'list' && this.shownView !== this.current) this.reload();
  }

  /* Back in this tab: the same list anew, in place of what is shown. */
  async comeBack() {
    if (this.mode === 'week') return this.querySelector('oc-week')?.load();
    if (this.busy || !this.list) return undefined;
    const { list } = this;
    const fresh = listOf(this.current, this.user.timezone);

    try {
      while (fresh.hasMore && fresh.bookings.length < Math.max(1, list.bookings.length)) await fresh.more();
    } catch {
      return undefined;
    }
    return this.list === list && !this.busy && this.set({ list: fresh, error: null });
  }

  reload() {
    this.shownView = this.current;
    this.list = listOf(this.current, this.user.timezone);
    return this.more();
  }

  async more() {
    const { list } = this;
    const before = this.querySelectorAll('.meeting').length;
    const known = list.bookings.length;

    this.set({ busy: true, error: null });
    try {
      await list.more();
      if (known > 0) announce(t('console.bookings.loaded', { count: list.bookings.length - known }));
    } catch (error) {
      if (list === this.list) this.error = error;
    }
    if (list !== this.list) return;
    this.set({ busy: false });
    /* the button that was pressed may be gone */
    if (known > 0 && document.activeElement === document.body) this.querySelectorAll('.meeting')[before]?.focus();
  }

  async openById(id) {
    try {
      const { booking } = await api.get(`/v0/bookings/${encodeURIComponent(id)}`);

      await this.open({ bookings: [booking] });
    } catch (error) {
      this.set({ error });
    }
    if (this.rest[0] === id) history.replaceState(history.state, '', '#/bookings');
  }

  async open(meeting) {
    const hasChanged = await (meeting.bookings.length === 1 ? openBooking(meeting.bookings[0], this.user)
      : openMeeting(meeting, this.user));

    if (!hasChanged || !this.isConnected) return;
    await this.changed();
    /* what was pressed may be gone */
    if (document.activeElement === document.body) focusOn(this, 'h1');
  }

  changed() {
    return this.mode === 'list' ? this.reload() : this.querySelector('oc-week')?.load();
  }

  /* Those of the list that have the words searched for. */
  found() {
    const words = this.words.toLowerCase().split(/\s+/).filter(Boolean);

    return this.list.bookings.filter(({ inviteeName, inviteeEmail, eventType }) => {
      const text = `${inviteeName} ${inviteeEmail} ${eventType.name}`.toLowerCase();

      return words.every((word) => text.includes(word));
    });
  }

  view() {
    return h('div', { class: 'stack roomy' },
      h('div', { class: 'row between section-head' }, h('h1', null, t('console.nav.bookings')), this.modes()),
      h('oc-getting-started', { user: this.user }),
      h('oc-calendar-hint'),
      this.mode === 'week'
        ? h('oc-week', { user: this.user, rest: this.rest, onopenmeeting: ({ detail }) => this.open(detail) })
        : this.lists());
  }

  modes() {
    const link = (mode, href) => h('a', { href, 'aria-current': this.mode === mode ? 'true' : null },
      t(`console.bookings.${mode}`));

    return h('div', { class: 'switch', role: 'group', 'aria-label': t('console.bookings.showAs') },
      link('list', '#/bookings'), link('week', '#/bookings/week'));
  }

  lists() {
    return h('div', { key: 'lists', class: 'stack roomy' },
      h('div', { class: 'row between' },
        h('nav', { 'aria-label': t('console.bookings.which') },
          h('ul', { class: 'plain tabs' }, VIEWS.map((view) => h('li', { key: view },
          h('a', { href: `#/bookings/${view}`, 'aria-current': view === this.current ? 'page' : null },
            t(`console.bookings.${view}`)))))),
        this.list.bookings.length + this.words.length > 0 && this.search()),
      this.days(),
      this.foot(),
      h('p', { key: 'zone', class: 'quiet small' }, t('console.week.zone', { zone: this.user.timezone.replaceAll('_', ' ') })));
  }

  search() {
    return h('div', { key: 'search', class: 'search' },
      h('label', { class: 'unseen', for: 'bookings-search' }, t('console.bookings.search')),
      h('input', {
        id: 'bookings-search', type: 'search', placeholder: t('console.bookings.search'), value: this.words,
        oninput: (event) => this.set({ words: event.target.value }),
      }));
  }

  days() {
    const zone = this.user.timezone;
    const today = dateIn(Date.now(), zone);

    return byDay(meetingsOf(this.found()), zone).map(({ date, meetings }) => h('section',
      { key: `${this.current} ${date}`, class: 'stack tight' },
      h('h2', { class: 'day-head' },
        nearText(date, today) && h('span', { class: 'near' }, nearText(date, today)),
        h('span', null, formatDate(date))),
      h('ul', { class: 'plain card meeting-list' },
        meetings.map((meeting) => h('li', { key: meeting.key }, this.row(meeting, zone))))));
  }

  row(meeting, zone) {
    const [booking] = meeting.bookings;
    const isOver = meeting.end <= Date.now() && this.current !== 'past';
    const theirs = meeting.bookings.length === 1 && theirTimeText(booking, zone);

    return h('button', { type: 'button', class: `meeting${isOver ? ' over' : ''}`, onclick: () => this.open(meeting) },
      h('span', { class: 'meeting-time numbers' }, hoursText(meeting, zone)),
      h('span', { class: 'meeting-what' },
        h('span', { class: 'strong' }, whoText(meeting)),
        h('span', { class: 'quiet meeting-event' }, icon(meeting.eventType.locationType, 16), meeting.eventType.name)),
      h('span', { class: 'meeting-more' }, theirs && h('span', { class: 'quiet small' }, theirs),
        meeting.team && h('span', { class: 'badge' }, t('console.bookings.team')),
        meeting.bookings.length === 1 && stateBadge(booking)));
  }

  foot() {
    if (this.error)
      return h('div', { key: 'error', class: 'note bad stack tight', role: 'alert' }, h('p', null, errorText(this.error)),
        h('p', null, h('button', { type: 'button', class: 'small', onclick: () => this.more() }, t('common.retry'))));
    if (this.busy) return h('p', { key: 'busy', class: 'quiet center', role: 'status' }, t('common.loading'));
    if (this.list.hasMore)
      return h('p', { key: 'more', class: 'center' }, h('button', { type: 'button', onclick: () => this.more() },
        t(this.list.from === undefined ? 'console.bookings.earlier' : 'console.bookings.more')));
    if (this.found().length > 0) return null;
    return this.words ? h('p', { key: 'none', class: 'empty' }, t('console.bookings.notFound', { words: this.words }))
      : this.empty();
  }

  empty() {
    const invites = this.current === 'upcoming' || this.current === 'today';

    return h('div', { key: 'empty', class: 'empty stack' },
      h('p', { class: 'strong' }, t(`console.bookings.empty.${this.current}`)),
      invites && h('p', null, t('console.bookings.empty.share')),
      invites && h('oc-share-link', { user: this.user }));
  }
}

customElements.define('oc-bookings', Bookings);

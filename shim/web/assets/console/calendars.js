/*
 * <oc-calendars>: the console's section of calendars: the accounts that are connected, with what becomes of them, and the calendar
 * that bookings are written into. #/calendars/connected is where the way back from Google ends.
 */
import { View, announce, focusOn, h } from '../view.js';
import { errorText, t } from '../i18n.js';
import { Loaded } from './section-parts.js';
import { icon } from './icons.js';
import { leaveForGoogle, rememberFailures, stateOf, statusOf, writebacksOf } from './calendar-data.js';
import './calendar-connection.js';
import './calendar-target.js';

/* How often, and every how many milliseconds, an account is looked at that is being read for the first time. */
const LOOKS = 40;
const PAUSE = 1000;

class Calendars extends View {
  rest = [];
  user = null;

  view() {
    return h('oc-calendar-list', { key: 'list', user: this.user, isBack: this.rest[0] === 'connected' });
  }

  comeBack() {
    return this.firstElementChild?.lookAgain();
  }
}

class CalendarList extends Loaded {
  user = null;
  isBack = false;
  errorKeys = ['calendars.errors'];
  leaving = false;
  problem = null;
  note = null;

  start() {
    super.start();
    if (!this.isBack) return;
    this.note = t('calendars.connected');
    history.replaceState(history.state, '', '#/calendars');
    announce(this.note);
  }

  stop() {
    clearTimeout(this.waiting);
  }

  async load() {
    /* the section is of use without them */
    const [status, writebacks] = await Promise.all([statusOf(), writebacksOf().catch(() => null)]);

    if (writebacks) rememberFailures(writebacks);
    this.waitForFirst(status.connections);
    return { ...status, writebacks };
  }

  /* An account that has just been connected is there in a moment. */
  waitForFirst(connections) {
    clearTimeout(this.waiting);
    if (!connections.some((one) => stateOf(one) === 'reading')) this.looks = 0;
    else if ((this.looks = (this.looks ?? 0) + 1) < LOOKS) this.waiting = setTimeout(() => this.lookAgain(), PAUSE);
  }

  async connect() {
    if (this.leaving) return;
    this.set({ leaving: true, problem: null });
    try {
      await leaveForGoogle();
    } catch (error) {
      this.set({ leaving: false, problem: error });
      focusOn(this, '.problem');
    }
  }

  /* A connection is another by now, or gone (null). */
  changed(id, connection) {
    const connections = this.data.connections.flatMap((old) => (old.id === id ? connection ?? [] : old));

    this.set({ data: { ...this.data, connections } });
    if (!connection) focusOn(this, 'h1');
    this.lookAgain();
  }

  view() {
    if (this.data) return super.view();
    return [h('h1', { key: 'h1' }, t('calendars.title')), super.view()];
  }

  content({ isConfigured, connections, writebacks }) {
    const any = connections.length > 0;

    return [
      h('header', { key: 'head', class: 'stack tight section-head' },
        h('div', { class: 'row between' },
          h('h1', null, t('calendars.title')),
          any && isConfigured && this.connectButton(t('calendars.another'))),
        any && h('p', { class: 'quiet' }, t('calendars.text'))),
      this.problem && h('p', { key: 'problem', class: 'note bad problem', role: 'alert', tabindex: '-1' },
        errorText(this.problem, this.errorKeys)),
      !isConfigured && h('p', { key: 'off', class: 'note warn' }, t('calendars.notConfigured')),
      this.note && any && h('p', { key: 'note', class: 'note good' }, this.note),
      !any && isConfigured && this.teach(),
      any && h('ul', { key: 'list', class: 'plain stack' }, connections.map((connection) => h('li', { key: connection.id },
        h('oc-calendar-connection', {
          of: { connection, zone: this.user.timezone, connect: () => this.connect() },
          onchanged: ({ detail }) => this.changed(connection.id, detail),
        })))),
      any && h('oc-calendar-target', {
        key: 'target', of: { connections, writebacks, zone: this.user.timezone }, onchanged: () => this.lookAgain(),
      }),
    ];
  }

  connectButton(text) {
    return h('button', {
      type: 'button', class: 'primary', 'aria-disabled': this.leaving ? 'true' : null, onclick: () => this.connect(),
    }, icon('add'), this.leaving ? t('common.busy') : text);
  }

  /* What a connection is for, and the first steps. */
  teach() {
    return h('div', { key: 'none', class: 'empty teach' },
      h('h2', null, t('calendars.empty.title')),
      h('p', null, t('calendars.empty.text')),
      h('ol', { class: 'plain teach-steps' },
        ['one', 'two', 'three'].map((step) => h('li', { key: step }, t(`calendars.empty.${step}`)))),
      h('p', null, this.connectButton(t('calendars.connect'))));
  }
}

customElements.define('oc-calendar-list', CalendarList);
customElements.define('oc-calendars', Calendars);

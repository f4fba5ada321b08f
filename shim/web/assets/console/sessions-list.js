/* <oc-sessions>: where the host is signed in; any of those can be ended. */
import { View, announce, focusOn, h } from '../view.js';
import { errorText, t } from '../i18n.js';
import { dateIn, formatDate } from '../time.js';
import { api, confirmDialog } from './session.js';

const BROWSERS = [[/Edg/, 'Edge'], [/OPR\//, 'Opera'], [/Firefox\//, 'Firefox'], [/Chrome|Chromium/, 'Chrome'],
  [/Safari\//, 'Safari'], [/curl\//, 'curl']];
const SYSTEMS = [[/Android/, 'Android'], [/iPhone|iPad/, 'iOS'], [/Windows/, 'Windows'], [/Mac OS X/, 'macOS'],
  [/CrOS/, 'ChromeOS'], [/Linux/, 'Linux']];
const nameIn = (table, text) => table.find(([pattern]) => pattern.test(text))?.[1];

/* "Firefox, Linux" of what a browser calls itself; its first word for all others. */
function deviceText(userAgent) {
  const text = userAgent ?? '';
  const names = [nameIn(BROWSERS, text), nameIn(SYSTEMS, text)].filter(Boolean);

  return names.join(', ') || text.split(/[\s/]/)[0] || t('console.sessions.unknown');
}

class Sessions extends View {
  user = null;
  sessions = null;
  error = null;

  start() {
    this.load();
  }

  async load() {
    try {
      const { sessions } = await api.get('/v0/auth/sessions');

      this.set({ sessions: sessions.sort((a, b) => b.isCurrent - a.isCurrent), error: null });
    } catch (error) {
      this.set({ error });
    }
  }

  async end(session, device) {
    const isSure = await confirmDialog({
      title: t('console.sessions.endTitle'), text: t('console.sessions.endText', { device }),
      confirmLabel: t('console.sessions.end'), danger: true,
    });

    if (!isSure) return undefined;
    try {
      await api.del(`/v0/auth/sessions/${session.id}`);
      announce(t('console.sessions.ended'));
    } catch (error) {
      if (error.status !== 404) return this.set({ error });
    }
    await this.load();
    return focusOn(this, 'h2');
  }

  async endAll() {
    const isSure = await confirmDialog({
      title: t('console.sessions.allTitle'), text: t('console.sessions.allText'), confirmLabel: t('console.sessions.all'),
      danger: true,
    });

    if (!isSure) return;
    try {
      await api.post('/v0/auth/logout', { everywhere: true });
      location.replace(location.pathname + location.search);
    } catch (error) {
      this.set({ error });
    }
  }

  view() {
    return h('section', { class: 'card stack', 'aria-labelledby': 'sessions-title' },
      h('h2', { id: 'sessions-title' }, t('console.sessions.title')),
      h('p', { class: 'quiet' }, t('console.sessions.text')),
      this.error && h('div', { class: 'note bad row between', role: 'alert' }, h('p', null, errorText(this.error)),
        h('button', { type: 'button', class: 'small', onclick: () => this.load() }, t('common.retry'))),
      this.sessions && h('ul', { class: 'plain session-list' }, this.sessions.map((session) => this.row(session))),
      h('p', null, h('button', { type: 'button', class: 'danger', onclick: () => this.endAll() }, t('console.sessions.all'))));
  }

  row(session) {
    const day = (text) => formatDate(dateIn(Date.parse(text), this.user.timezone),
      { day: 'numeric', month: 'long', year: 'numeric' });
    const device = deviceText(session.userAgent);

    return h('li', { key: session.id, class: 'row between' },
      h('div', { class: 'grow' },
        h('p', null, h('span', { class: 'strong' }, device), ' ',
          session.isCurrent && h('span', { class: 'badge good' }, t('console.sessions.current'))),
        h('p', { class: 'quiet small' }, t('console.sessions.since',
          { since: day(session.createdAt), until: day(session.expiresAt) }))),
      !session.isCurrent && h('button', {
        type: 'button', class: 'small', 'aria-label': t('console.sessions.endOf', { device, since: day(session.createdAt) }),
        onclick: () => this.end(session, device),
      }, t('console.sessions.end')));
  }
}

customElements.define('oc-sessions', Sessions);
